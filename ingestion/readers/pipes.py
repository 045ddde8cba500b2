"""Tables of Markdown: rows between pipes, below a line of dashes."""

import re
from collections.abc import Sequence
from typing import Final

from ingestion.readers.inline import unmarked
from ingestion.readers.outline import Cell, table_of

_RULE: Final = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_CELL_END: Final = re.compile(r"(?<!\\)\|")
_MAX_RULE_CHARACTERS: Final = 2000


def is_table(lines: Sequence[str], at: int) -> bool:
    """Whether a table's header stands at a place: as many cells as the line of dashes below it has."""
    if at + 1 >= len(lines) or "|" not in lines[at] or len(lines[at + 1]) > _MAX_RULE_CHARACTERS:
        return False
    rule = lines[at + 1]
    return "|" in rule and bool(_RULE.fullmatch(rule)) and len(_cells(lines[at])) == len(_cells(rule))


def rows_of(lines: Sequence[str], at: int) -> tuple[list[str], int]:
    """The rows of the table at a place, "Drug: X; Dose: Y", and how many lines it takes."""
    header = _cells(lines[at])
    end = at + 2
    while end < len(lines) and "|" in lines[end] and lines[end].strip():
        end += 1
    cells = [[*_cells(line), *[""] * len(header)][: len(header)] for line in lines[at + 2 : end]]
    table = table_of([[Cell(unmarked(text)) for text in row] for row in [header, *cells]], 1)
    return [line.text for line in table.lines()], end - at


def _cells(line: str) -> list[str]:
    cells = [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(line.strip())]
    if len(cells) > 1 and not cells[0]:
        cells = cells[1:]
    return cells[:-1] if len(cells) > 1 and not cells[-1] else cells
