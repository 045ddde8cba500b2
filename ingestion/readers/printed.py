"""What is printed on a page of a PDF: lines and tables, with their places."""

from dataclasses import dataclass
from typing import Final

from ingestion.readers.outline import Table

BREAK: Final = "\ufffe"
"""A hyphen at a line's end; whether it belongs to the word, its other uses in the document decide."""

Style = tuple[float, bool]
"""Size to half a point, and whether it is bold."""


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line of a page. Places are in points from the page's lower left corner.

    Attributes:
        x0: Where it begins.
        x1: Where it ends.
        y: Its baseline.
        last_y: The baseline of its end; another one if a broken word goes on in the next printed line.
        share: `y` as a share of the page's height.
        start: Its first character's index in the page's text.
        end: The index after its last one.
        cells: Where its parts that stand wide apart begin and end, and their texts; empty where nobody looked.
    """

    text: str
    page: int
    x0: float
    x1: float
    y: float
    last_y: float
    share: float
    size: float
    is_bold: bool
    start: int
    end: int
    cells: tuple[tuple[float, float, str], ...] = ()

    @property
    def style(self) -> Style:
        """What headings of one level have in common."""
        return round(self.size * 2) / 2, self.is_bold


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """A table where its first line stood."""

    table: Table
    page: int


Printed = PrintedLine | PrintedTable
