"""Plain text: headings and list items are recognised by how lines look."""

import re
from dataclasses import replace
from typing import Final

from ingestion.readers.encoding import decode
from ingestion.readers.invisible import VEILED
from ingestion.readers.outline import Heading, Line, Part, reading_of
from ingestion.readers.pipes import is_table, rows_of
from ingestion.readers.reader import Reading
from ingestion.sections import is_heading_wording

_LIST_MARK: Final = re.compile(
    r"^\s*(?:[•●▪■◼□◆❖➢►▶‣◦○✓・]\s*|(?:[·*–—-]|o(?=\s)|\(?\d{1,2}[.)]|\(?[a-z][.)])(?:\s+|$))"
)
_HASHES: Final = re.compile(r"\s*#{1,6}\s+(?=[A-Z\u4e00-\u9fff])")
_CAPTION: Final = re.compile(r"(?:table|fig(?:ure|\.)|[表图]) ?\d", re.IGNORECASE)
_FRAME: Final = "".join(map(chr, range(0x2500, 0x2580)))
"""Characters that frames around text are drawn with."""

_NUMBER_MARK: Final = re.compile(r"\s*(?!1[.)])\d{1,2}[.)]\s")
_UNFINISHED: Final = re.compile(r"[^.:;!?。：；！？]$")
OPEN_END: Final = re.compile(
    r"\b(?:an?|the|of|to|than|and|or|from|in|with|for|by|at|is|are|every|like|as|including)\s*$"
)
"""Words that no heading and no item ends with."""

_CHINESE: Final = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_MAX_HEADING_CHARACTERS: Final = 120
_MIN_HEADING_LETTERS: Final = 4


class TextReader:
    """Reads plain text. Wrapped lines are joined; a hyphen at a line's end is kept, since it may be the author's."""

    suffixes = frozenset({".txt"})

    def read(self, content: bytes) -> Reading:
        """Take headings, paragraphs and list items apart.

        Raises:
            DocumentError: Its encoding is not known, or there is no text.
        """
        decoded = decode(content)
        notes = (*decoded.notes, VEILED) if decoded.is_veiled else decoded.notes
        lines = [line.strip().strip(_FRAME) for line in decoded.text.split("\n")]
        reading = reading_of(map(_part, _joined(lines)), notes=notes)
        return replace(reading, hidden_text=decoded.is_veiled)


def _part(line: Line) -> Part:
    """A capitalised heading opens a section; another one opens a part of it."""
    if line.is_row or not _is_heading(line.text):
        return line if line.is_row else Line(_LIST_MARK.sub("", line.text).strip())
    hashes = _HASHES.match(line.text)
    text = line.text[hashes.end() if hashes else 0 :].strip().rstrip(":：")
    return Heading(text, 1 + hashes.group().count("#") if hashes else 1 if text.isupper() else 2)


def _is_heading(line: str) -> bool:
    if _HASHES.match(line):
        return True
    text = line.strip().rstrip(":：")
    if _LIST_MARK.match(line) or len(text) > _MAX_HEADING_CHARACTERS:
        return False
    letters = sum(character.isalpha() for character in text)
    return (letters >= _MIN_HEADING_LETTERS and text.isupper()) or is_heading_wording(text)


def _joined(lines: list[str]) -> list[Line]:
    """One line per heading, paragraph, list item or table row."""
    joined: list[Line] = []
    fresh, at = True, 0
    while at < len(lines):
        line, taken = lines[at].strip(), 1
        if is_table(lines, at):
            rows, taken = rows_of(lines, at)
            joined += [Line(row, is_row=True) for row in rows]
            fresh = True
        elif not line:
            fresh = True
        elif _is_caption(lines, at):
            joined.append(Line(_HASHES.sub("", line)))
            fresh = True
        elif fresh or _starts_new(line, joined[-1].text):
            joined.append(Line(line))
            fresh = _is_heading(line)
        else:
            joined[-1] = Line(join_lines(joined[-1].text, line))
        at += taken
    return joined


def _is_caption(lines: list[str], at: int) -> bool:
    """Whether a line with hashes names a table: what comes after the table is not about it, as if it were a heading."""
    following = next((place for place in range(at + 1, len(lines)) if lines[place].strip()), at)
    hashes = _HASHES.match(lines[at])
    return bool(hashes and (_CAPTION.match(lines[at], hashes.end()) or is_table(lines, following)))


def join_lines(line: str, following: str) -> str:
    """A wrapped line as one: with a space, but none after a hyphen and none inside Chinese."""
    in_chinese = _CHINESE.match(line[-1:]) and _CHINESE.match(following[:1])
    return f"{line}{following}" if in_chinese or line.endswith("-") else f"{line} {following}"


def _starts_new(line: str, previous: str) -> bool:
    """Whether a line begins something new rather than going on with the previous one."""
    is_unfinished = bool(_UNFINISHED.search(previous))
    if _NUMBER_MARK.match(line) and is_unfinished and not _LIST_MARK.match(previous):
        return False
    is_open = OPEN_END.search(previous) and not is_heading_wording(line.rstrip(":："))
    if is_unfinished and not _LIST_MARK.match(line) and (line[0].islower() or is_open):
        return False  # though "diagnosis" or "CEA, CA 19-9" may look like a heading
    if _LIST_MARK.match(line) or _is_heading(line):
        return True
    if previous.endswith((",", "-", "(", "/", "，", "、")):
        return False
    first = line[0]
    return first.isupper() or previous.endswith((".", ":", "。", "：", "!", "?", "！", "？"))
