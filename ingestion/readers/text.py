"""Plain text: headings and list items are recognised by how lines look."""

import re
from typing import Final

from ingestion.readers.encoding import decode
from ingestion.readers.invisible import VEILED
from ingestion.readers.reader import Reading, Section
from ingestion.sections import is_heading_wording
from services.core.errors import DocumentError
from services.core.text import detect_language, sentence_spans
from services.core.types import Sentence

_LIST_MARK: Final = re.compile(r"^\s*(?:[•●▪◦‣·*–—-]|o(?=\s)|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
_NUMBER_MARK: Final = re.compile(r"\s*(?!1[.)])\d{1,2}[.)]\s")
_UNFINISHED: Final = re.compile(r"[^.:;!?。：；！？]$")
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
        text = decoded.text
        language = detect_language(text)
        sections: list[Section] = []
        path: tuple[str, ...] = ()
        lines: list[str] = []
        for line in [*_join_wrapped(text.split("\n")), None]:
            if line is not None and not _is_heading(line):
                lines.append(_LIST_MARK.sub("", line).strip())
                continue
            if lines:
                sections.append(_section(path, [part for part in lines if part], language))
                lines = []
            if line is not None:
                path = _next_path(path, line.strip().rstrip(":："))
        if not sections:
            raise DocumentError("has no text", kind="no_text")
        notes = (*decoded.notes, VEILED) if decoded.is_veiled else decoded.notes
        return Reading(tuple(sections), None, language, notes, hidden_text=decoded.is_veiled)


def _section(path: tuple[str, ...], lines: list[str], language: str) -> Section:
    text = "\n".join(lines)
    return Section(path, text, tuple(Sentence(a, b) for a, b in sentence_spans(text, language)))


def _next_path(path: tuple[str, ...], heading: str) -> tuple[str, ...]:
    """A capitalised heading opens a section; another one opens a part of it. A repeated heading adds nothing."""
    if heading.isupper() or not path or not path[0].isupper():
        return (heading,)
    return (path[0], heading)


def _is_heading(line: str) -> bool:
    text = line.strip().rstrip(":：")
    if _LIST_MARK.match(line) or len(text) > _MAX_HEADING_CHARACTERS:
        return False
    letters = sum(character.isalpha() for character in text)
    return (letters >= _MIN_HEADING_LETTERS and text.isupper()) or is_heading_wording(text)


def _join_wrapped(lines: list[str]) -> list[str]:
    """One line per heading, paragraph or list item."""
    joined: list[str] = []
    fresh = True
    for line in lines:
        if not line.strip():
            fresh = True
        elif fresh or _starts_new(line, joined[-1]):
            joined.append(line.strip())
            fresh = _is_heading(line)
        else:
            joined[-1] = join_lines(joined[-1], line.strip())
    return joined


def join_lines(line: str, following: str) -> str:
    """A wrapped line as one: with a space, but none after a hyphen and none inside Chinese."""
    in_chinese = _CHINESE.match(line[-1:]) and _CHINESE.match(following[:1])
    return f"{line}{following}" if in_chinese or line.endswith("-") else f"{line} {following}"


def _starts_new(line: str, previous: str) -> bool:
    """Whether a line begins something new rather than going on with the previous one."""
    goes_on = _UNFINISHED.search(previous) and not _LIST_MARK.match(previous)
    if _NUMBER_MARK.match(line) and goes_on:
        return False
    if _LIST_MARK.match(line) or _is_heading(line):
        return True
    if previous.endswith((",", "-", "(", "/", "，", "、")):
        return False
    first = line.strip()[0]
    return first.isupper() or previous.endswith((".", ":", "。", "：", "!", "?", "！", "？"))
