"""Running heads, page numbers and tables of contents: what is printed on a page and is no text of the document."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from ingestion.readers.printed import Printed, PrintedLine, PrintedTable, Style

_BAND: Final = 0.08
"""Share of a page's height, at the top and at the bottom, where running headers, footers and page numbers stand."""

_REPEATS: Final = 3
"""On so many pages a line in the band is a running one; on half the pages of a shorter document."""

_PAGE_NUMBER: Final = re.compile(
    r"[\W_]*(?:page|p\.|第)?\s*(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of)\s*\d{1,4})?\s*页?[\W_]*", re.IGNORECASE
)
_LEADERS: Final = re.compile(r"(?:\.\s?){5,}\s*(?:\d{1,4}|[ivxlc]{1,7})\s*$")
"""A line of a table of contents."""

_MOSTLY: Final = 0.75
"""Share of the lines in one place and style that repeat; the others name a chapter that has one page."""

_MAX_HEAD_CHARACTERS: Final = 100


def without_running(printed: Sequence[Printed]) -> list[Printed]:
    """The lines and tables without them."""
    in_band = [item for item in printed if isinstance(item, PrintedLine) and is_outer(item)]
    pages = len({item.page for item in printed if isinstance(item, PrintedLine)})
    seen = Counter(wording for _, wording in {(line.page, _wording(line)) for line in in_band})
    enough = max(2, min(_REPEATS, (pages + 1) // 2))
    heads = Counter(_place(line) for line in in_band if seen[_wording(line)] >= enough)
    all_lines = Counter(map(_place, in_band))
    places = {place for place, count in heads.items() if count >= max(_REPEATS, _MOSTLY * all_lines[place])}

    def is_running(line: PrintedLine) -> bool:
        if _LEADERS.search(line.text):
            return True
        if not is_outer(line):
            return False
        is_head = _place(line) in places and len(line.text) <= _MAX_HEAD_CHARACTERS
        return is_head or seen[_wording(line)] >= enough or bool(_PAGE_NUMBER.fullmatch(line.text))

    return [item for item in printed if isinstance(item, PrintedTable) or not is_running(item)]


def is_outer(line: PrintedLine) -> bool:
    """Whether it stands where running lines stand."""
    return not _BAND < line.share < 1 - _BAND


def _wording(line: PrintedLine) -> tuple[str, int]:
    """What repeats: the text but for numbers, and the height."""
    return re.sub(r"\d+", "#", " ".join(line.text.split()).lower()), round(line.y / 4)


def _place(line: PrintedLine) -> tuple[int, Style]:
    return round(line.y / 4), line.style
