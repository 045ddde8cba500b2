"""Draft text for patients: strings with doses or medicines never leave, not even in an unverified draft."""

import json

from services.findings.orders import is_order, names_medicine

WITHHELD = "…"
"""Stands for a string that was withheld."""


class Redactor:
    """Passes JSON text on; holds each string back until it is closed, and withholds it if it orders a medicine."""

    def __init__(self, *, is_on: bool) -> None:
        """`is_on` False passes everything on as it comes."""
        self._is_on = is_on
        self._string: list[str] | None = None
        self._is_escaped = False

    def feed(self, text: str) -> str:
        """What of the text so far may be shown now."""
        if not self._is_on:
            return text
        return "".join(map(self._character, text))

    def _character(self, character: str) -> str:
        if self._string is None:
            if character == '"':
                self._string = []
            return character
        if character == '"' and not self._is_escaped:
            held = "".join(self._string)
            self._string = None
            return (WITHHELD if _orders(held) else held) + character
        self._is_escaped = character == "\\" and not self._is_escaped
        self._string.append(character)
        return ""


def _orders(held: str) -> bool:
    """Whether the string inside the quotes gives a dose or names a medicine, however it is escaped."""
    try:
        text = str(json.loads(f'"{held}"', strict=False))
    except ValueError:
        return True
    return is_order(text) or names_medicine(text)
