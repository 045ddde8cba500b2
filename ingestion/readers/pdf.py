"""PDF: text in reading order with its page numbers, ruled tables row by row."""

import ctypes
import io
import logging
import math
import re
import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from ingestion.readers.layout import BREAK, Printed, PrintedLine, PrintedTable, parts_of
from ingestion.readers.outline import Cell, Rows, sections_of, table_of
from ingestion.readers.reader import Reading
from services.core.errors import DocumentError
from services.core.text import detect_language

_MAX_PAGES: Final = 3000
_MAX_PATH_SEGMENTS: Final = 50_000
"""A page with more is a drawing; looking for tables in it takes minutes."""

_MIN_PATH_SEGMENTS: Final = 8
"""Two cells need that many."""

_MAX_CELL_CHARACTERS: Final = 2000
_MAX_UNREADABLE: Final = 0.3
_SAMPLES: Final = 7
_UPPER_BAND: Final = 0.9
_BOLD_WEIGHT: Final = 600
_UNREADABLE: Final = re.compile(r"[\ue000-\uf8ff\ufffd]|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BULLET: Final = re.compile(r"^\s*[\uf000-\uf0ff]\s*")


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
                printed = _printed(document, content)
        except pypdfium2.PdfiumError as exc:
            raise DocumentError("broken: a page cannot be read") from exc
        texts = [item.text for item in printed if isinstance(item, PrintedLine)]
        language = detect_language("\n".join(texts))
        sections = sections_of(parts_of(printed, language), language)
        if not sections:
            raise DocumentError("has no text: images or drawings only")
        return Reading(sections, None, language)


def _opened(content: bytes) -> Any:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as exc:
        is_locked = getattr(exc, "err_code", None) in {pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY}
        raise DocumentError("encrypted: needs a password" if is_locked else "broken: not a readable PDF") from exc
    if not 0 < len(document) <= _MAX_PAGES:
        document.close()
        raise DocumentError(f"broken: has no page, or more than {_MAX_PAGES}")
    return document


def _printed(document: Any, content: bytes) -> list[Printed]:
    """All lines and tables, in reading order."""
    printed: list[Printed] = []
    unreadable = total = 0
    with _Tables(content) as tables:
        for number, page in enumerate(document, 1):
            text_page = page.get_textpage()
            text = _text(text_page)
            total += len("".join(text.split()))
            unreadable += len(_UNREADABLE.findall(text))
            lines = list(_lines(text, text_page, page, number)) if text.strip() else []
            printed += tables.placed(lines, text_page, number) if lines and _is_ruled(page) else lines
            text_page.close()
            page.close()
    if unreadable > _MAX_UNREADABLE * total:
        raise DocumentError("text cannot be decoded: its fonts do not tell which letters they show")
    return [item for item in printed if isinstance(item, PrintedTable) or item.text.strip()]


def _text(text_page: Any) -> str:
    """One character for each index of pdfium's, so that places can be asked for."""
    from pypdfium2 import raw

    codes = (raw.FPDFText_GetUnicode(text_page, index) for index in range(text_page.count_chars()))
    return "".join(
        chr(code) if code < 0xD800 or 0xE000 <= code <= 0x10FFFF else "\ufffd"  # noqa: PLR2004 - surrogates
        for code in codes
    ).replace("\x02", BREAK)


def _lines(text: str, text_page: Any, page: Any, number: int) -> Iterator[PrintedLine]:
    bottom, top = _visible(page)
    for match in re.finditer(r"[^\r\n]+", text):
        places = [match.start() + at for at, char in enumerate(match.group()) if not char.isspace() and char != BREAK]
        if not places:
            continue
        letters = [place for place in places if text[place].isalnum()] or places
        sampled = letters[:: max(1, len(letters) // _SAMPLES)]
        first, last = text_page.get_charbox(places[0]), text_page.get_charbox(places[-1])
        y = _baseline(text_page, places[0])
        yield PrintedLine(
            text=_readable(match.group()),
            page=number,
            x0=first[0],
            x1=last[2],
            y=y,
            last_y=_baseline(text_page, places[-1]),
            share=(y - bottom) / max(top - bottom, 1.0),
            size=statistics.median_low([_size(text_page, place) for place in sampled]),
            is_bold=all(_is_bold(text_page, place) for place in sampled),
        )


def _visible(page: Any) -> tuple[float, float]:
    """Lower and upper edge of what is shown; pypdfium2's own boxes do not know inherited ones."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page, box)
    return min(box.bottom, box.top), max(box.bottom, box.top)


def _readable(text: str) -> str:
    """Glyphs of symbol fonts as bullets at a line's start; elsewhere they say nothing."""
    return _UNREADABLE.sub("", _BULLET.sub("• ", text))


def _baseline(text_page: Any, index: int) -> float:
    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text_page, index, x, y)
    return y.value


def _size(text_page: Any, index: int) -> float:
    """As it is printed: many files set size 1 and scale it."""
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    size = float(raw.FPDFText_GetFontSize(text_page, index))
    if raw.FPDFText_GetMatrix(text_page, index, matrix):
        size *= math.hypot(matrix.c, matrix.d)
    return size


def _is_bold(text_page: Any, index: int) -> bool:
    from pypdfium2 import raw

    if raw.FPDFText_GetFontWeight(text_page, index) >= _BOLD_WEIGHT:
        return True
    name = ctypes.create_string_buffer(128)
    raw.FPDFText_GetFontInfo(text_page, index, name, len(name), ctypes.c_int())
    return any(word in name.value.lower() for word in (b"bold", b"black", b"heavy"))


def _is_ruled(page: Any) -> bool:
    """Whether a page has lines that may be a table's; rotated pages are read as text."""
    from pypdfium2 import raw

    segments = 0
    for found in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=3):
        segments += max(raw.FPDFPath_CountSegments(found), 0)
    return _MIN_PATH_SEGMENTS <= segments <= _MAX_PATH_SEGMENTS and page.get_rotation() == 0


class _Tables:
    """Finds tables with pdfplumber, opened when the first page asks for it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._plumber: Any = None
        self._previous: tuple[int, list[float], Sequence[str], Rows] | None = None

    def __enter__(self) -> "_Tables":
        return self

    def __exit__(self, *_: object) -> None:
        if self._plumber:
            self._plumber.close()

    def placed(self, lines: Sequence[PrintedLine], text_page: Any, number: int) -> list[Printed]:
        """The page's lines, those inside a table replaced by it."""
        placed: list[Printed] = list(lines)
        for box, edges, rows in self._found(text_page, number):
            inside = [item for item in placed if isinstance(item, PrintedLine) and _is_inside(item, box)]
            if not inside:
                continue
            at = placed.index(inside[0])
            is_first = all(isinstance(item, PrintedLine) and item.share > _UPPER_BAND for item in placed[:at])
            table = self._continued(rows, edges, number) if is_first else None
            table = table or table_of(rows)
            self._previous = (number, edges, table.header, rows)
            kept = [item for item in placed if item not in inside]
            at = sum(item not in inside for item in placed[:at])
            placed = [*kept[:at], PrintedTable(table, number), *kept[at:]]
        return placed

    def _continued(self, rows: Rows, edges: list[float], number: int) -> Any:
        """A table that goes on from the page before keeps its header."""
        if self._previous is None or self._previous[0] != number - 1 or len(self._previous[1]) != len(edges):
            return None
        _, before, header, _ = self._previous
        if not header or any(abs(a - b) > 3 for a, b in zip(before, edges, strict=True)):  # noqa: PLR2004 - points
            return None
        if [cell.text.rstrip(":：") for cell in rows[0]] == list(header):
            return None
        table = table_of(rows, 0)
        table.header = header
        return table

    def _found(self, text_page: Any, number: int) -> list[tuple[Any, list[float], Rows]]:
        import pdfplumber
        from pdfminer.pdfexceptions import PDFException
        from pdfminer.psexceptions import PSException
        from pdfplumber.utils.exceptions import PdfminerException

        logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # its warnings quote what a file contains
        found = []
        try:
            if self._plumber is None:
                self._plumber = pdfplumber.open(io.BytesIO(self._content))
            page = self._plumber.pages[number - 1]
            top = page.mediabox[3]
            for table in page.find_tables():
                edges = sorted({round(x, 1) for cell in table.cells for x in (cell[0], cell[2])})
                rows = _rows(table, edges, text_page, top)
                if _is_table(rows):
                    x0, upper, x1, lower = table.bbox
                    found.append(((x0, top - lower, x1, top - upper), edges, rows))
            page.close()
        except (
            PdfminerException,
            PDFException,
            PSException,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            RecursionError,
        ):
            return []  # pdfplumber is stricter than pdfium about broken files: the page is read as text
        return found


def _is_inside(line: PrintedLine, box: tuple[float, float, float, float]) -> bool:
    middle = line.y + line.size / 3
    return box[0] - 1 <= line.x0 + 1 <= box[2] + 1 and box[1] <= middle <= box[3]


def _rows(table: Any, edges: Sequence[float], text_page: Any, top: float) -> Rows:
    """Cells by pdfplumber's lines, their text by pdfium; a cell that spans stands in every place it covers."""
    cells = [(box, Cell(_cell_text(box, text_page, top))) for box in table.cells]
    ys = sorted({round(y, 1) for box, _ in cells for y in (box[1], box[3])})
    columns = [(a + b) / 2 for a, b in pairwise(edges) if b - a > 2]  # noqa: PLR2004 - double rules are no columns
    rows: list[list[Cell]] = []
    for a, b in pairwise(ys):
        row = [_at(cells, x, (a + b) / 2) for x in columns]
        is_new = not rows or any(cell is not above for cell, above in zip(row, rows[-1], strict=True))
        if any(cell.text for cell in row) and is_new:
            rows.append(row)
    return rows


def _at(cells: Sequence[tuple[Any, Cell]], x: float, y: float) -> Cell:
    return next((cell for box, cell in cells if box[0] <= x <= box[2] and box[1] <= y <= box[3]), Cell(""))


def _cell_text(box: Any, text_page: Any, top: float) -> str:
    text = text_page.get_text_bounded(left=box[0], bottom=top - box[3], right=box[2], top=top - box[1])
    return " ".join(_readable(text.replace("\x02", "-").replace(BREAK, "-")).split())


def _is_table(rows: Rows) -> bool:
    """Two rows and two columns with text at least; frames around text and page layouts are none."""
    filled = [{cell for cell in row if cell.text} for row in rows]
    longest = max((len(cell.text) for row in filled for cell in row), default=0)
    return len(rows) > 1 and sum(len(row) > 1 for row in filled) > 1 and longest <= _MAX_CELL_CHARACTERS
