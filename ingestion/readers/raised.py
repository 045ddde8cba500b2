"""Raised digits of a PDF page: "10⁹" must not become "109"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ingestion.readers.glyphs import baseline, size_of
from ingestion.readers.outline import exponent

_CANDIDATE: Final = re.compile(r"(?:\d|(?<![^\W\d_])[^\W\d_]{1,2})([\r\n]*)([+\-−]?\d)")
"""Behind a number or a unit; behind a longer word, raised digits are the mark of a note."""

_RISE: Final = 0.15
"""Of the size of the letter before it: how much higher a raised digit stands at least."""

_SMALLER: Final = 0.9
_NEAR: Final = 0.5
_CONTEXT: Final = 3
"""Characters before an exponent by which it is found again in a cell's text."""

GLUE: Final = "\x00"
"""In place of line breaks that pdfium sees around an exponent where there are none; readable() drops it."""


@dataclass(frozen=True, slots=True)
class Exponent:
    """Where it stands (its middle, in points), and what is printed and meant there, with what is around it."""

    x: float
    y: float
    printed: str
    meant: str

    def put_into(self, text: str) -> str:
        """The text of a cell that it stands in; pdfium may see line breaks around it there."""
        letters = r"\s*".join(re.escape(letter) for letter in self.printed if not letter.isspace())
        behind = r"[\r\n]*" if self.printed[-1].isspace() else ""
        return re.sub(letters + behind, lambda _: self.meant, text, count=1)


def with_exponents(text: str, text_page: Any) -> tuple[str, list[Exponent]]:
    """The page's text, as long as before, and its exponents."""
    made, found = list(text), []
    for base, start, end in _runs(text, text_page):
        raised = exponent(text[start:end], text[base])
        behind = _break_behind(text, base, end, text_page)
        made[base + 1 : end + behind] = [*GLUE * (start - base - 1), *raised, *GLUE * behind]
        left, bottom, right, top = text_page.get_charbox(start)
        before = max(0, base + 1 - _CONTEXT)
        printed, meant = text[before : end + behind], text[before : base + 1] + raised
        found.append(Exponent((left + right) / 2, (bottom + top) / 2, printed, meant))
    return "".join(made), found


def _runs(text: str, text_page: Any) -> Iterator[tuple[int, int, int]]:
    """A letter or digit, and begin and end of the digits behind it, with their sign, that all stand higher."""
    at = 0
    while (match := _CANDIDATE.search(text, at)) is not None:
        base, start, at = match.start(1) - 1, match.start(2), match.start() + 1
        if not _is_raised(start, base, text_page) or (match[1] and not _is_next(start, base, text_page)):
            continue
        end = match.end()
        while text[end : end + 1].isdigit() and _is_raised(end, base, text_page):
            end += 1
        at = end
        yield base, start, end


def _is_raised(index: int, base: int, text_page: Any) -> bool:
    size = size_of(text_page, base)
    rise = baseline(text_page, index) - baseline(text_page, base)
    return _RISE * size < rise < size and size_of(text_page, index) < _SMALLER * size


def _is_next(index: int, base: int, text_page: Any) -> bool:
    distance = text_page.get_charbox(index)[0] - text_page.get_charbox(base)[2]
    return bool(abs(distance) < _NEAR * size_of(text_page, base))


def _break_behind(text: str, base: int, end: int, text_page: Any) -> int:
    """How many characters of a line break stand behind an exponent though the line goes on."""
    count = len(text[end:]) - len(text[end:].lstrip("\r\n")) if text[end : end + 1] in {"\r", "\n"} else 0
    following = end + count
    while following < len(text) and text[following] == " ":
        following += 1
    if not count or following >= len(text) or text[following] in "\r\n":
        return 0
    drop = abs(baseline(text_page, following) - baseline(text_page, base))
    return count if drop < _RISE * size_of(text_page, base) else 0
