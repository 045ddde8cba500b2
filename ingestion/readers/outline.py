"""Headings, lines and tables in reading order become sections."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ingestion.readers.invisible import VEILED, without_invisible
from ingestion.readers.reader import Reading, Section
from services.core.errors import DocumentError
from services.core.text import detect_language, sentence_spans
from services.core.types import Sentence

_MIN_HIDDEN: Final = 20
"""Characters; fewer are left out, too, but are a layout's blank label or separator, not a message to a model."""

_MAX_HEADER_CHARACTERS: Final = 60
_SUPERSCRIPT: Final = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_EXPONENT: Final = re.compile(r"[+\-−]?\d+")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; it closes all headings of its level and of higher numbers."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph, a list item or a table row; a row is one sentence, whatever its punctuation."""

    text: str
    page: int | None = None
    is_row: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A table cell. A cell that spans several columns or rows stands as the same object in each place."""

    text: str


Part = Heading | Line
Rows = Sequence[Sequence[Cell]]


def reading_of(
    parts: Iterable[Part], language: str | None = None, *, notes: Sequence[str] = (), hidden: int = 0
) -> Reading:
    """Parts as a reading, without invisible characters.

    Args:
        parts: In reading order.
        language: None if the text tells.
        notes: What the editor should know.
        hidden: How many characters were left out since a person would not see them.

    Raises:
        DocumentError: There is no text.
    """
    clean, veiled = [], False
    for part in parts:
        text, is_veiled = without_invisible(part.text)
        clean.append(part if text == part.text else replace(part, text=text))
        veiled |= is_veiled
    language = language or detect_language("\n".join(part.text for part in clean))
    sections = sections_of(clean, language)
    if not sections:
        raise DocumentError("has no text", kind="no_text")
    if hidden:
        notes = (*notes, f"left out {hidden} characters that a person does not see")
    if veiled:
        notes = (*notes, VEILED)
    return Reading(sections, None, language, tuple(notes), hidden_text=hidden >= _MIN_HIDDEN or veiled)


def sections_of(parts: Iterable[Part], language: str) -> tuple[Section, ...]:
    """A new section begins at a heading and at a page; one without text is left out."""
    sections: list[Section] = []
    open_headings: list[Heading] = []
    lines: list[Line] = []

    def close() -> None:
        if lines:
            sections.append(_section(tuple(heading.text for heading in open_headings), lines, language))
            lines.clear()

    for part in parts:
        if isinstance(part, Heading):
            close()
            while open_headings and open_headings[-1].level >= part.level:
                open_headings.pop()
            open_headings.append(part)
        elif part.text:
            if lines and lines[-1].page != part.page:
                close()
            lines.append(part)
    close()
    return tuple(sections)


def _section(path: tuple[str, ...], lines: Sequence[Line], language: str) -> Section:
    sentences: list[Sentence] = []
    at = 0
    for line in lines:
        spans = [(0, len(line.text))] if line.is_row else sentence_spans(line.text, language)
        sentences += [Sentence(at + start, at + end) for start, end in spans]
        at += len(line.text) + 1
    return Section(path, "\n".join(line.text for line in lines), tuple(sentences), lines[0].page)


@dataclass(slots=True)
class Table:
    """Rows of equal length. Without `header` (as many texts as columns) cells stand alone."""

    rows: Rows
    header: Sequence[str] = field(default=())

    def lines(self, page: int | None = None) -> Iterator[Line]:
        """One line a row, "Drug: X; Dose: Y"; empty cells are left out, a cell over the whole width stands alone."""
        labels = self.header or [""] * max((len(row) for row in self.rows), default=0)
        for row in self.rows:
            groups = [
                (list(dict.fromkeys(label for label, _ in group if label)), cell.text)
                for cell, group in (
                    (members[0][1], members)
                    for _, found in itertools.groupby(zip(labels, row, strict=True), key=lambda pair: id(pair[1]))
                    for members in [list(found)]
                )
                if cell.text
            ]
            if len(row) > 1 and len(set(map(id, row))) == 1 and groups:
                groups = [([], groups[0][1])]
            text = "; ".join(f"{' / '.join(names)}: {value}" if names else value for names, value in groups)
            if text:
                yield Line(text, page, is_row=True)


def table_of(rows: Rows, header_rows: int | None = None) -> Table:
    """A table whose first rows are headers; None: they are if they look like headers."""
    if header_rows is None:
        header_rows = _header_rows(rows)
    columns = zip(*rows[:header_rows], strict=True)
    header = [", ".join(dict.fromkeys(cell.text for cell in column if cell.text)) for column in columns]
    return Table(rows[header_rows:], [text.rstrip(":：") for text in header])


def _header_rows(rows: Rows) -> int:
    """How many first rows name the columns: the first, and those that a cell of it reaches into.

    Names are short and different, and no number begins them; only the corner may be empty.
    """
    count = 1
    while count < len(rows) and set(map(id, rows[0])) & set(map(id, rows[count])):
        count += 1
    if count >= len(rows) or len(rows[0]) < 2:  # noqa: PLR2004 - one column has nothing to name
        return 0
    names = [" ".join(dict.fromkeys(cell.text for cell in column)) for column in zip(*rows[:count], strict=True)]
    is_named = all(names[1:]) and len(set(names)) == len(names)
    is_wording = not any(
        len(name) > _MAX_HEADER_CHARACTERS or name[:1].isdigit() or name.endswith((".", "。", ";", "；"))
        for name in names
    )
    return count if is_named and is_wording else 0


def exponent(raised: str, before: str) -> str:
    """Raised text: after a number or unit, digits stay an exponent ("10⁹" is not "109"); other text stands as it is."""
    return raised.translate(_SUPERSCRIPT) if _EXPONENT.fullmatch(raised) and before[-1:].isalnum() else raised
