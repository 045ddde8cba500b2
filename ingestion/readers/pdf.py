"""PDF: text in reading order with its page numbers, ruled tables row by row."""

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from ingestion.readers.aligned import with_aligned
from ingestion.readers.glyphs import baseline, is_bold, size_of
from ingestion.readers.layout import parts_of
from ingestion.readers.outline import reading_of
from ingestion.readers.printed import BREAK, Printed, PrintedLine, PrintedTable
from ingestion.readers.raised import GLUE, with_exponents
from ingestion.readers.reader import Reading
from ingestion.readers.ruled import UNREADABLE, RuledTables, is_ruled, readable
from ingestion.readers.unseen import has_image, page_box, unseen_places
from services.core.errors import DocumentError
from services.core.text import detect_language

_MAX_PAGES: Final = 3000
_MAX_UNREADABLE: Final = 0.3
_SAMPLES: Final = 7
_MAX_NAMED: Final = 20
"""Pages that a note lists."""

_WIDE: Final = 1.2
"""Of the letters' size; a word space is a third of it, and in justified text seldom more than one."""


class PdfReader:
    """Reads PDF: pypdfium2 for text, pdfplumber for the places of tables' cells."""

    suffixes = frozenset({".pdf"})

    def read(self, content: bytes) -> Reading:
        """Take headings, paragraphs, list items and tables apart; each section lies on one page.

        Raises:
            DocumentError: The file needs a password, is broken, has images only, or its fonts do not tell letters.
        """
        import pypdfium2

        try:
            with _opened(content) as document:
                pages = _Pages()
                printed = pages.printed(document, content)
        except pypdfium2.PdfiumError as exc:
            raise DocumentError("broken: a page cannot be read; print it to a new PDF", kind="broken") from exc
        texts = [item.text for item in printed if isinstance(item, PrintedLine)]
        language = detect_language("\n".join(texts))
        parts = parts_of(printed, language)
        if not parts:
            raise DocumentError("has no text: images or drawings only; have its text recognized (OCR)", kind="no_text")
        return reading_of(parts, language, notes=pages.notes(), hidden=pages.hidden)


def _opened(content: bytes) -> Any:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as exc:
        is_locked = getattr(exc, "err_code", None) in {pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY}
        if is_locked:
            raise DocumentError("encrypted: needs a password; save it without one", kind="encrypted") from exc
        raise DocumentError("broken: not a readable PDF", kind="broken") from exc
    count = len(document)
    if not 0 < count <= _MAX_PAGES:
        document.close()
        if count:
            raise DocumentError(f"has more than {_MAX_PAGES} pages: split it", kind="too_large")
        raise DocumentError("broken: has no page", kind="broken")
    return document


class _Pages:
    """Goes through the pages once; counts what is not text to a person."""

    def __init__(self) -> None:
        self.hidden = 0
        self._pictures: list[int] = []
        self._unreadable = self._total = 0

    def printed(self, document: Any, content: bytes) -> list[Printed]:
        """All lines and tables, in reading order."""
        printed: list[Printed] = []
        with RuledTables(content) as tables:
            for number, page in enumerate(document, 1):
                text_page = page.get_textpage()
                printed += self._page(page, text_page, number, tables)
                text_page.close()
                page.close()
        if self._unreadable > _MAX_UNREADABLE * self._total:
            raise DocumentError(
                "text cannot be decoded: its fonts do not tell which letters they show", kind="unknown_encoding"
            )
        return [item for item in printed if isinstance(item, PrintedTable) or item.text.strip()]

    def notes(self) -> list[str]:
        """What the editor should know."""
        if len(self._pictures) == 1:
            return [f"page {self._pictures[0]} has no text, only an image"]
        pages = ", ".join(map(str, self._pictures[:_MAX_NAMED]))
        more = f" and {len(self._pictures) - _MAX_NAMED} more" if len(self._pictures) > _MAX_NAMED else ""
        return [f"pages {pages}{more} have no text, only images"] if self._pictures else []

    def _page(self, page: Any, text_page: Any, number: int, tables: RuledTables) -> Sequence[Printed]:
        text = _text(text_page)
        self._total += len("".join(text.split()))
        self._unreadable += len(UNREADABLE.findall(text))
        unseen = unseen_places(text, text_page, page) if text.strip() else []
        self.hidden += len(unseen)
        if unseen:
            kept = list(text)
            for place in unseen:
                kept[place] = " "
            text = "".join(kept)
        if not text.strip():
            self._pictures += [number] if has_image(page) else []
            return []
        text, exponents = with_exponents(text, text_page)
        lines = _apart(list(_lines(text, text_page, page, number)), text, text_page)
        if lines and is_ruled(page):
            return with_aligned(tables.placed(lines, text_page, number, unseen, exponents))
        return with_aligned(lines)


def _text(text_page: Any) -> str:
    """One character for each index of pdfium's, so that places can be asked for."""
    from pypdfium2 import raw

    codes = (raw.FPDFText_GetUnicode(text_page, index) for index in range(text_page.count_chars()))
    return "".join(
        chr(code) if code < 0xD800 or 0xE000 <= code <= 0x10FFFF else "\ufffd"  # noqa: PLR2004 - surrogates
        for code in codes
    ).replace("\x02", BREAK)


def _lines(text: str, text_page: Any, page: Any, number: int) -> Iterator[PrintedLine]:
    _, bottom, _, top = page_box(page)
    for match in re.finditer(r"[^\r\n]+", text):
        printed = (at for at, char in enumerate(match.group(), match.start()) if not char.isspace())
        places = [place for place in printed if text[place] not in {BREAK, GLUE}]
        if not places:
            continue
        letters = [place for place in places if text[place].isalnum()] or places
        sampled = letters[:: max(1, len(letters) // _SAMPLES)]
        first, last = text_page.get_charbox(places[0]), text_page.get_charbox(places[-1])
        y = baseline(text_page, places[0])
        yield PrintedLine(
            text=readable(match.group()),
            page=number,
            x0=first[0],
            x1=last[2],
            y=y,
            last_y=baseline(text_page, places[-1]),
            share=(y - bottom) / max(top - bottom, 1.0),
            size=statistics.median_low([size_of(text_page, place) for place in sampled]),
            is_bold=all(is_bold(text_page, place) for place in sampled),
            start=match.start(),
            end=match.end(),
        )


def _apart(lines: Sequence[PrintedLine], text: str, text_page: Any) -> Sequence[PrintedLine]:
    """Lines with their cells, if one of them may be the header of a table."""
    if not any(line.is_bold and len(_cells(line, text, text_page)) > 1 for line in lines):
        return lines
    return [replace(line, cells=_cells(line, text, text_page)) for line in lines]


def _cells(line: PrintedLine, text: str, text_page: Any) -> tuple[tuple[float, float, str], ...]:
    """The line's parts, cut where more than a wide space is free."""
    words = list(re.finditer(rf"[^\s{BREAK}{GLUE}]+", text[line.start : line.end]))
    boxes = [
        (text_page.get_charbox(line.start + word.start()), text_page.get_charbox(line.start + word.end() - 1))
        for word in words
    ]
    found, first = [], 0
    for number in range(1, len(words) + 1):
        if number == len(words) or boxes[number][0][0] - boxes[number - 1][1][2] > _WIDE * line.size:
            start, end = line.start + words[first].start(), line.start + words[number - 1].end()
            found.append((boxes[first][0][0], boxes[number - 1][1][2], readable(text[start:end])))
            first = number
    return tuple(found)
