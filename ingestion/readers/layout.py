"""Printed lines in reading order become headings, paragraphs and list items, without what repeats on every page."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Final

from ingestion.readers.notes import goes_on_beside, with_notes_first, without_marks
from ingestion.readers.outline import Heading, Line, Part
from ingestion.readers.printed import BREAK, Printed, PrintedLine, PrintedTable
from ingestion.readers.running import without_running
from ingestion.readers.text import OPEN_END, join_lines
from services.core.text import sentence_spans

_MARK: Final = re.compile(r"^\s*(?:[•●▪■›»►▶◆◦‣·○❖➢✓–—*-]|o(?=\s)|\(?(?:\d{1,2}|[a-z])[.)])(?:\s+|$)")
_NUMBER_MARK: Final = re.compile(r"\s*(?!1[.)])\d{1,2}[.)]\s")
_DASH: Final = re.compile(r"[–—-]\s")
_DASH_LETTERS: Final = 3
"""Letters that have the width of a dash, the space before it, and a little more."""

_NUMBERED: Final = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+[A-Z\u4e00-\u9fff]")
_UNFINISHED: Final = re.compile(r"[^.:;!?。：；！？]$")
_LETTER: Final = re.compile(r"[^\W\d_]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN: Final = re.compile(rf"(\w*){BREAK}\s*(\w*)")
_MAX_HEADING_CHARACTERS: Final = 150
_MAX_NUMBERED_CHARACTERS: Final = 80
_LARGER: Final = 1.1
_UNNUMBERED_DEPTH: Final = 5
_MIN_PART: Final = 3
_ROOM: Final = 0.35
"""Share of a line left free at its end, at which a paragraph ended there."""


def parts_of(printed: Sequence[Printed], language: str) -> list[Part]:
    """Headings are told by size, weight and numbering against the document's most used size."""
    kept = list(without_marks(without_running(printed)))
    whole = _Whole([item for item in kept if isinstance(item, PrintedLine)])
    parts: list[Part] = []
    paragraph: list[PrintedLine] = []
    joined = list(_with_headings_joined(list(with_notes_first(kept, whole.size)), whole))
    for item, following in pairwise([*joined, None, None]):
        if isinstance(item, PrintedLine) and (not whole.is_heading(item) or _goes_on(item, following)):
            if paragraph and _starts_new(item, paragraph[-1], paragraph, whole):
                parts += _paragraph(paragraph, whole, language)
                paragraph = []
            paragraph.append(item)
            continue
        parts += _paragraph(paragraph, whole, language)
        paragraph = []
        if isinstance(item, PrintedTable):
            parts += item.table.lines(item.page)
        elif item is not None:
            parts.append(Heading(whole.mended(item.text).rstrip(":： "), whole.level(item)))
    return parts


class _Whole:
    """What only the whole document tells: its usual size, its headings' styles, its words."""

    def __init__(self, lines: Sequence[PrintedLine]) -> None:
        sizes: Counter[float] = Counter()
        words: Counter[str] = Counter()
        for line in lines:
            sizes[line.style[0]] += len(line.text)
            words.update(_WORD.findall(_BROKEN.sub(" ", line.text.lower())))
        self.size = sizes.most_common(1)[0][0] if sizes else 0.0
        self._words = words
        self._lines = {page: list(found) for page, found in groupby(lines, key=lambda line: line.page)}
        styles = {line.style for line in lines if self.is_heading(line)}
        self._rank = {style: rank for rank, style in enumerate(sorted(styles, key=lambda s: (-s[0], not s[1])))}

    def is_heading(self, line: PrintedLine) -> bool:
        text = line.text.strip()
        if len(_LETTER.findall(text)) < 2 or text[0].islower() or text.endswith((".", ",", ";", "。", "，", "；")):  # noqa: PLR2004
            return False
        numbered = _NUMBERED.match(text)
        if _MARK.match(text) and not numbered:
            return False
        if self.is_marked(line):
            return len(text) <= _MAX_HEADING_CHARACTERS
        return bool(numbered and "." in numbered[1]) and len(text) <= _MAX_NUMBERED_CHARACTERS

    def is_marked(self, line: PrintedLine) -> bool:
        """Whether it is printed as headings are."""
        size = line.style[0]
        return size >= _LARGER * self.size or (line.is_bold and size >= self.size)

    def level(self, line: PrintedLine) -> int:
        numbered = _NUMBERED.match(line.text.strip())
        depth = numbered[1].count(".") + 1 if numbered else _UNNUMBERED_DEPTH
        return self._rank.get(line.style, len(self._rank)) * (_UNNUMBERED_DEPTH + 1) + depth

    def is_full(self, line: PrintedLine) -> bool:
        """Whether a dash had no room at its end, by the longest line of the page that begins at the same x."""
        letter = (line.x1 - line.x0) / max(len(line.text.strip()), 1)
        ends = (other.x1 for other in self._lines[line.page] if abs(other.x0 - line.x0) < line.size / 2)
        return line.x1 + _DASH_LETTERS * letter > max(ends)

    def mended(self, text: str) -> str:
        """Broken words made whole."""
        return " ".join(_BROKEN.sub(self._joined, text).replace("\u00ad", "").split())

    def _joined(self, match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        joined, hyphened = self._words[(first + second).lower()], self._words[f"{first}-{second}".lower()]
        if not second or not second[0].islower() or not first.isalpha():
            keeps = True
        elif joined or hyphened:
            keeps = hyphened > joined
        else:
            keeps = all(len(part) >= _MIN_PART and self._words[part.lower()] for part in (first, second))
        return f"{first}-{second}" if keeps else first + second


def _with_headings_joined(printed: Sequence[Printed], whole: _Whole) -> Iterator[Printed]:
    """A heading that goes over two or three lines as one; many lines in a heading's style are a paragraph."""
    for same, group in groupby(
        printed, key=lambda item: (item.page, item.style) if isinstance(item, PrintedLine) else None
    ):
        run = list(group)
        first = run[0]
        if same is None or not isinstance(first, PrintedLine) or not whole.is_marked(first):
            yield from run
            continue
        joined = first
        for line in run[1:]:
            close = isinstance(line, PrintedLine) and 0 < joined.last_y - line.y < 1.5 * line.size
            if (
                isinstance(line, PrintedLine)
                and close
                and not _MARK.match(line.text)
                and not _NUMBERED.match(line.text)
            ):
                joined = replace(joined, text=_joined_text(joined.text, line.text), last_y=line.last_y, x1=line.x1)
                continue
            yield joined
            if not isinstance(line, PrintedLine):
                return
            joined = line
        yield joined


def _goes_on(line: PrintedLine, following: Printed | None) -> bool:
    """Whether what looks like a heading is the first line of a sentence."""
    if not isinstance(following, PrintedLine) or following.page != line.page:
        return False
    return following.text.strip()[0].islower() or bool(OPEN_END.search(line.text))


def _joined_text(text: str, following: str) -> str:
    text, following = text.strip(), following.strip()
    if following in {"-", BREAK} and text[-1:].isalpha():
        return f"{text}-"  # some files print the hyphen at a line's end by itself
    if text.endswith("-") and text[-2:-1].isalpha():
        return f"{text[:-1]}{BREAK}{following}"
    return join_lines(text, following)


def _starts_new(line: PrintedLine, previous: PrintedLine, paragraph: Sequence[PrintedLine], whole: _Whole) -> bool:
    """Whether a line begins a paragraph or list item rather than going on with the open one."""
    text, before = line.text.strip(), previous.text.strip()
    is_unfinished = bool(_UNFINISHED.search(before))
    if (_MARK.fullmatch(before + " ") and len(paragraph) == 1) or goes_on_beside(line, previous):
        return False
    is_inside = is_unfinished and not _MARK.match(paragraph[0].text)
    is_dash = bool(_DASH.match(text)) and line.x0 < previous.x0 + line.size / 4 and whole.is_full(previous)
    if _MARK.match(text) and not (is_inside and (is_dash or _NUMBER_MARK.match(text))):
        return True
    drop = previous.last_y - line.y
    if line.page != previous.page or drop < -line.size or drop > 2.2 * max(line.size, previous.size):
        return not is_unfinished or not (text[0].islower() or not text[0].isascii())
    if abs(line.size - previous.size) > 0.15 * previous.size and not text[0].islower():
        return True
    if text[0].isupper() and line.x1 - previous.x1 > _ROOM * (line.x1 - line.x0) and not OPEN_END.search(before):
        return True
    width = max(previous.x1 - previous.x0, 1.0)
    is_short = max(part.x1 for part in paragraph) - previous.x1 > 0.25 * width and len(paragraph) > 1
    return not is_unfinished and (is_short or drop > 1.6 * line.size or line.x0 - paragraph[-1].x0 > line.size)


def _paragraph(lines: Sequence[PrintedLine], whole: _Whole, language: str) -> list[Part]:
    """One line, or one a page: a sentence belongs to the page where it begins."""
    if not lines:
        return []
    text = _MARK.sub("", lines[0].text, count=1).strip()
    starts = [(0, lines[0].page)]
    for line in lines[1:]:
        text = _joined_text(text, line.text) if text else line.text.strip()
        if line.page != starts[-1][1]:
            starts.append((len(text) - len(line.text.strip()), line.page))
    if len(starts) == 1:
        return _item(text, lines[0].page, whole)
    spans = sentence_spans(text, language)
    pages = [max(page for at, page in starts if at <= start or at == 0) for start, _ in spans]
    found: list[Part] = []
    for page, group in groupby(zip(pages, spans, strict=True), key=lambda pair: pair[0]):
        inside = [span for _, span in group]
        found += _item(text[inside[0][0] : inside[-1][1]], page, whole)
    return found


def _item(text: str, page: int, whole: _Whole) -> list[Part]:
    text = whole.mended(text)
    return [Line(text, page)] if text else []
