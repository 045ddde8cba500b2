"""Ruled tables of a PDF page: where their cells are, by pdfplumber; what is in them, by pdfium."""

import io
import logging
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from ingestion.readers.outline import Cell, Rows, table_of
from ingestion.readers.printed import BREAK, Printed, PrintedLine, PrintedTable
from ingestion.readers.raised import Exponent

_MAX_PATH_SEGMENTS: Final = 50_000
"""A page with more is a drawing; looking for tables in it takes minutes."""

_MIN_PATH_SEGMENTS: Final = 8
"""Two cells need that many."""

_MAX_CELL_CHARACTERS: Final = 2000
_MIN_COLUMN: Final = 6.0
"""Points; what is narrower is a double rule, or the margin of a cell whose text alone is shaded."""

_UPPER_BAND: Final = 0.9
_LOWER_BAND: Final = 0.08
UNREADABLE: Final = re.compile(r"[\ue000-\uf8ff\ufffd]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BULLET: Final = re.compile(r"^\s*[\uf000-\uf0ff\x80-\x9f]\s*")


def readable(text: str) -> str:
    """Glyphs of symbol fonts as bullets at a line's start; elsewhere they say nothing."""
    return UNREADABLE.sub("", _BULLET.sub("• ", text))


def is_ruled(page: Any) -> bool:
    """Whether a page has lines that may be a table's; rotated pages are read as text."""
    from pypdfium2 import raw

    segments = 0
    for found in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=3):
        segments += max(raw.FPDFPath_CountSegments(found), 0)
    return _MIN_PATH_SEGMENTS <= segments <= _MAX_PATH_SEGMENTS and page.get_rotation() == 0


class RuledTables:
    """Finds tables with pdfplumber, opened when the first page asks for it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._plumber: Any = None
        self._previous: tuple[int, list[float], Sequence[str], Rows] | None = None

    def __enter__(self) -> "RuledTables":
        return self

    def __exit__(self, *_: object) -> None:
        if self._plumber:
            self._plumber.close()

    def placed(
        self,
        lines: Sequence[PrintedLine],
        text_page: Any,
        number: int,
        unseen: Sequence[int],
        exponents: Sequence[Exponent],
    ) -> list[Printed]:
        """The page's lines, those inside a table replaced by it.

        A table with unseen characters (their indexes) stays lines: pdfium's text of its cells would have them.
        """
        middles = [_middle(text_page.get_charbox(index)) for index in unseen]
        placed: list[Printed] = list(lines)
        for box, edges, rows in self._found(text_page, number, exponents):
            if any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for x, y in middles):
                continue
            inside = [item for item in placed if isinstance(item, PrintedLine) and _is_inside(item, box)]
            if not inside:
                continue
            at = placed.index(inside[0])
            is_first = all(isinstance(item, PrintedLine) and _is_outer(item) for item in placed[:at])
            table = self._continued(rows, edges, number) if is_first else None
            if table is None and len(rows) == 1:  # lines, but the header of what may follow on the next page
                self._previous = (number, edges, table_of([*rows, [Cell("") for _ in rows[0]]]).header, rows)
                continue
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

    def _found(self, text_page: Any, number: int, exponents: Sequence[Exponent]) -> list[tuple[Any, list[float], Rows]]:
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
                rows = _rows(table, edges, text_page, top, exponents)
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


def _is_outer(line: PrintedLine) -> bool:
    """Where running lines stand; many files draw those of the lower end before the text, too."""
    return not _LOWER_BAND < line.share < _UPPER_BAND


def _middle(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _is_inside(line: PrintedLine, box: tuple[float, float, float, float]) -> bool:
    middle = line.y + line.size / 3
    return box[0] - 1 <= line.x0 + 1 <= box[2] + 1 and box[1] <= middle <= box[3]


def _rows(table: Any, edges: Sequence[float], text_page: Any, top: float, exponents: Sequence[Exponent]) -> Rows:
    """Cells by pdfplumber's lines, their text by pdfium; a cell that spans stands in every place it covers."""
    cells = [(box, Cell(_cell_text(box, text_page, top, exponents))) for box in table.cells]
    ys = sorted({round(y, 1) for box, _ in cells for y in (box[1], box[3])})
    columns = [(a + b) / 2 for a, b in pairwise(edges) if b - a > _MIN_COLUMN]
    rows: list[list[Cell]] = []
    for a, b in pairwise(ys):
        row = [_at(cells, x, (a + b) / 2) for x in columns]
        is_new = not rows or any(cell is not above for cell, above in zip(row, rows[-1], strict=True))
        if any(cell.text for cell in row) and is_new:
            rows.append(row)
    return rows


def _at(cells: Sequence[tuple[Any, Cell]], x: float, y: float) -> Cell:
    return next((cell for box, cell in cells if box[0] <= x <= box[2] and box[1] <= y <= box[3]), Cell(""))


def _cell_text(box: Any, text_page: Any, top: float, exponents: Sequence[Exponent]) -> str:
    text = text_page.get_text_bounded(left=box[0], bottom=top - box[3], right=box[2], top=top - box[1])
    for found in exponents:
        if box[0] <= found.x <= box[2] and box[1] <= top - found.y <= box[3]:
            text = found.put_into(text)
    lines = re.split(r"[\r\n]+", text.replace("\x02", "-").replace(BREAK, "-"))
    return " ".join(" ".join(map(readable, lines)).split())


def _is_table(rows: Rows) -> bool:
    """Two columns with text at least, in two rows if there are as many; frames and page layouts are none."""
    filled = [{cell for cell in row if cell.text} for row in rows]
    longest = max((len(cell.text) for row in filled for cell in row), default=0)
    telling = sum(len(row) > 1 for row in filled)
    return 0 < min(len(rows), 2) <= telling and longest <= _MAX_CELL_CHARACTERS
