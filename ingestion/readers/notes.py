"""Footnotes of a PDF: their marks are no text, and they do not cut the sentence that goes over the page's end."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from ingestion.readers.printed import Printed, PrintedLine

_MARK: Final = re.compile(r"\s*\d{1,3}(?:\s*,\s*\d{1,3})*\s*")
_FINISHED: Final = re.compile(r"[.:;!?。：；！？][\"”’)）]*\s*$")
_CONTINUED: Final = re.compile(r"\s*[a-zß-öø-ÿ\u3400-\u9fff]")
"""How no sentence begins, and a Chinese one may."""

_SMALL: Final = 0.9
_MIN_RISE: Final = 0.15
_NEAR: Final = 1.5
"""Of the letters' size: what is farther away is in another column."""


def without_marks(printed: Sequence[Printed]) -> Iterator[Printed]:
    """Raised small digits that pdfium tells as a line of their own; those behind units are exponents, in their line."""
    for before, item in pairwise([None, *printed]):
        if item is None:
            continue
        is_mark = (
            isinstance(item, PrintedLine)
            and isinstance(before, PrintedLine)
            and bool(_MARK.fullmatch(item.text))
            and item.size < _SMALL * before.size
            and _MIN_RISE * before.size < item.y - before.last_y < before.size
            and abs(item.x0 - before.x1) < before.size
        )
        if not is_mark:
            yield item


def goes_on_beside(line: PrintedLine, previous: PrintedLine) -> bool:
    """Whether it stands right behind the previous one, where a mark cut the line."""
    is_level = line.page == previous.page and abs(line.y - previous.last_y) < _MIN_RISE * line.size
    return is_level and -1 <= line.x0 - previous.x1 < _NEAR * line.size


def with_notes_first(printed: Sequence[Printed], size: float) -> Iterator[Printed]:
    """Small lines at a page's end stand before the sentence that they would cut.

    Args:
        printed: In reading order.
        size: Of the document's usual letters.
    """
    pages = [list(group) for _, group in groupby(printed, key=lambda item: item.page)]
    for page, following in pairwise([*pages, []]):
        start = end = len(page)
        if following and isinstance(following[0], PrintedLine) and _CONTINUED.match(following[0].text):
            while end and _is_small(page[end - 1], size):
                end -= 1
            start = end
            while start and _is_open(page[start - 1], size):
                start -= 1
        yield from [*page[:start], *page[end:], *page[start:end]]


def _is_small(item: Printed, size: float) -> bool:
    return isinstance(item, PrintedLine) and item.size < _SMALL * size


def _is_open(item: Printed, size: float) -> bool:
    """Whether it is running text whose sentence does not end with the line."""
    return (
        isinstance(item, PrintedLine) and item.style == (round(size * 2) / 2, False) and not _FINISHED.search(item.text)
    )
