"""Tables of a PDF page without rules: a bold header over rows whose cells begin below its names."""

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from ingestion.readers.outline import Cell, Rows, table_of
from ingestion.readers.printed import BREAK, Printed, PrintedLine, PrintedTable

_MIN_ROWS: Final = 3
"""With the header."""

_NEAR: Final = 0.5
"""Of the letters' size: how far from its name's beginning a cell may begin."""

_MAX_LEADING: Final = 3.0
_MIN_FREE: Final = 0.25
"""Share of a column's width that is free behind its cells, at the median; columns of running text have less."""


def with_aligned(printed: Sequence[Printed]) -> list[Printed]:
    """The lines of a page, those of a table replaced by it. What is not clearly a table stays lines."""
    placed: list[Printed] = []
    at = 0
    while at < len(printed):
        run = _run(printed, at)
        table = table_of(_rows(run)) if _is_table(run, printed[at + len(run) :]) else None
        if table is not None and table.header:
            placed.append(PrintedTable(table, run[0].page))
            at += len(run)
        else:
            placed.append(printed[at])
            at += 1
    return placed


def _run(printed: Sequence[Printed], at: int) -> list[PrintedLine]:
    """A header, and the lines below it whose cells all begin where its names do."""
    header = printed[at]
    if not isinstance(header, PrintedLine) or not header.is_bold or len(header.cells) < 2:  # noqa: PLR2004
        return []
    run = [header]
    for line in printed[at + 1 :]:
        if not isinstance(line, PrintedLine) or line.is_bold or BREAK in line.text:
            break
        if not 0 < run[-1].y - line.y < _MAX_LEADING * header.size or not _is_below(line, header):
            break
        run.append(line)
    return run


def _is_below(line: PrintedLine, header: PrintedLine) -> bool:
    """Whether its cells begin below names; one below the first name alone is a paragraph after the table."""
    columns = [_column(x, header) for x, _, _ in line.cells]
    return None not in columns and columns != [0]


def _column(x: float, header: PrintedLine) -> int | None:
    """Which name a cell begins below."""
    starts = (start for start, _, _ in header.cells)
    return next((number for number, start in enumerate(starts) if abs(x - start) < _NEAR * header.size), None)


def _is_table(run: Sequence[PrintedLine], after: Sequence[Printed]) -> bool:
    """Rows enough, room behind the cells, and nothing of it in what comes after."""
    if not run or any(_belongs(line, run) for line in after if isinstance(line, PrintedLine)):
        return False
    starts = [_column(line.cells[0][0], run[0]) == 0 for line in run]
    if sum(starts) < _MIN_ROWS or not starts[1]:
        return False
    if not all(_goes_on(line) for line, is_row in zip(run, starts, strict=True) if not is_row):
        return False
    for (start, _, _), (end, _, _) in pairwise(run[0].cells):
        ends = [x1 for line in run[1:] for x0, x1, _ in line.cells if abs(x0 - start) < _NEAR * run[0].size]
        if not ends or end - statistics.median(ends) < _MIN_FREE * (end - start):
            return False
    return True


def _belongs(line: PrintedLine, run: Sequence[PrintedLine]) -> bool:
    """Whether a line after the table lies beside it, or is one more row below something that is none."""
    is_beside = run[-1].y - 1 <= line.y <= run[0].y + 1
    is_row = len(line.cells) > 1 and _is_below(line, run[0]) and 0 < run[-1].y - line.y < 2 * _MAX_LEADING * line.size
    return is_beside or is_row


def _goes_on(line: PrintedLine) -> bool:
    """Whether a line without a first cell is the rest of one cell; else it may be a row below a cell for two."""
    return len(line.cells) == 1 and (line.text.lstrip()[0].islower() or line.text.lstrip()[0] == "(")


def _rows(run: Sequence[PrintedLine]) -> Rows:
    rows: list[list[str]] = []
    for line in run:
        texts = dict(_placed(line, run[0]))
        if 0 in texts:
            rows.append([texts.get(number, "") for number in range(len(run[0].cells))])
        else:
            rows[-1] = [f"{above} {texts.get(number, '')}".strip() for number, above in enumerate(rows[-1])]
    return [[Cell(text) for text in row] for row in rows]


def _placed(line: PrintedLine, header: PrintedLine) -> Iterator[tuple[int, str]]:
    for x, _, text in line.cells:
        number = _column(x, header)
        if number is not None:
            yield number, text
