"""Markdown with YAML front matter; a statement's sources follow it as `[^key]`."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import frontmatter
from frontmatter.default_handlers import YAMLHandler
from markdown_it import MarkdownIt

from ingestion.bounded_yaml import read_value
from ingestion.readers.encoding import decode
from ingestion.readers.inline import unmarked
from ingestion.readers.invisible import VEILED
from ingestion.readers.pipes import is_table, rows_of
from ingestion.readers.reader import Reading, Section
from ingestion.readers.text import join_lines
from services.core.errors import DocumentError
from services.core.text import detect_language, sentence_spans
from services.core.types import Sentence

_LIST_MARK: Final = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_KEYS: Final = re.compile(r"(?:\s*\[\^[\w.-]+\])+")
_KEY: Final = re.compile(r"\[\^([\w.-]+)\]")
_DEFINITION: Final = re.compile(r" {0,3}\[\^[\w.-]+\]:")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE: Final = re.compile(r"\s*(```|~~~)")
_ENDED: Final = re.compile(r"[.!?。！？…][\"'”’)）」』*_]*$")
_NO_SPACE_BEFORE: Final = re.compile(r"[,.;:!?)\]，。；：！？、）]")


class MarkdownReader:
    """Reads Markdown. markdown-it finds headings and code fences; llama-index's parser takes seconds to load."""

    suffixes = frozenset({".md", ".markdown"})

    def read(self, content: bytes) -> Reading:
        """Take front matter, headings, lists and source keys apart.

        Raises:
            DocumentError: Its encoding is not known, the front matter is not YAML, or there is no text.
        """
        decoded = decode(content)
        metadata, body = _parted(decoded.text)
        language = str(metadata.get("language") or detect_language(body))
        sections = [_section(part, path, language) for path, part in _parts(_prepared(body))]
        sections = [section for section in sections if section.text]
        if not sections:
            raise DocumentError("has no text", kind="no_text")
        notes = (*decoded.notes, VEILED) if decoded.is_veiled else decoded.notes
        return Reading(tuple(sections), metadata or None, language, notes, hidden_text=decoded.is_veiled)


class _FrontMatter(YAMLHandler):  # type: ignore[misc]
    """YAML within bounds: the library's own loader dies of deep nesting, and lets impossible dates escape."""

    def load(self, fm: str, **_: object) -> Any:
        return read_value(fm)


def _parted(text: str) -> tuple[dict[str, object], str]:
    """Front matter and body. JSON and TOML are not looked for: a text may well begin with a brace or plus signs."""
    handler = _FrontMatter()
    if not handler.detect(text.strip()):
        return {}, text.strip()
    try:
        metadata, body = frontmatter.parse(text, handler=handler)
    except DocumentError as exc:
        raise DocumentError(f"front matter: {exc}", kind="metadata_invalid") from exc
    return metadata, body


def _prepared(body: str) -> str:
    """Without comments and the definitions of source keys; all fences as the parser knows them."""
    lines: list[str] = []
    fence = None
    for line in _COMMENT.sub("", body).split("\n"):
        mark = found[1] if (found := _FENCE.match(line)) else None
        if mark and fence in {None, mark}:
            fence = None if fence else mark
            lines.append("```")
        elif not mark and (fence or not _DEFINITION.match(line)):
            lines.append(line)
    return "\n".join(lines)


def _parts(body: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """What stands under each heading, with the headings that lead to it, from the outermost."""
    lines = body.split("\n")
    tokens = MarkdownIt("zero").enable(["fence", "heading", "lheading"]).parse(body)
    opened: list[tuple[int, str]] = []
    start = 0
    for token, inner in pairwise([*tokens, None, None]):
        if token is not None and (token.type != "heading_open" or token.map is None or inner is None):
            continue
        end = token.map[0] if token and token.map else len(lines)
        yield tuple(title for _, title in opened if title), "\n".join(lines[start:end])
        if token and token.map and inner:
            level = int(token.tag[1:])
            opened = [*((above, title) for above, title in opened if above < level), (level, unmarked(inner.content))]
            start = token.map[1]


def _section(content: str, path: tuple[str, ...], language: str) -> Section:
    lines: list[str] = []
    sentences: list[Sentence] = []
    at = 0
    for block, is_row in _blocks(content):
        line, found = _strip_keys(block if is_row else unmarked(block), language)
        if is_row and found:
            found = [Sentence(0, len(line), tuple(key for sentence in found for key in sentence.sources))]
        if line:
            sentences += [Sentence(s.start + at, s.end + at, s.sources) for s in found]
            lines.append(line)
            at += len(line) + 1
    return Section(path, "\n".join(lines), tuple(sentences))


def _blocks(content: str) -> list[tuple[str, bool]]:
    """Paragraphs, list items and table rows, each on one line, without list marks; True for rows."""
    blocks: list[tuple[str, bool]] = []
    lines = content.split("\n")
    open_block, at = False, 0
    while at < len(lines):
        line, taken = lines[at], 1
        if not line.strip() or _FENCE.match(line):
            open_block = False
        elif is_table(lines, at):
            rows, taken = rows_of(lines, at)
            blocks += [(row, True) for row in rows]
            open_block = False
        elif (mark := _LIST_MARK.match(line)) or not open_block:
            blocks.append((line[mark.end() if mark else 0 :].strip(), False))
            open_block = True
        else:
            blocks[-1] = join_lines(blocks[-1][0], line.strip()), False
        at += taken
    return blocks


def _strip_keys(block: str, language: str) -> tuple[str, list[Sentence]]:
    """The text without source keys, and its sentences; keys belong to the sentence before them.

    Keys end a sentence only where it is complete: in the middle of one they belong to it.
    """
    text, start = "", 0
    ends: list[int] = [0]
    keyed: list[tuple[int, list[str]]] = []
    for keys in [*_KEYS.finditer(block), None]:
        piece = block[start : keys.start() if keys else len(block)].strip()
        if piece:
            text += ("" if not text or language == "zh" or _NO_SPACE_BEFORE.match(piece) else " ") + piece
        if keys:
            start = keys.end()
            keyed.append((len(text), _KEY.findall(keys.group())))
            if _ENDED.search(text):
                ends.append(len(text))
    spans: list[tuple[int, int]] = []
    for begin, end in pairwise([*ends, len(text)]):
        spans += [(begin + a, begin + b) for a, b in sentence_spans(text[begin:end], language)]
    return text, [Sentence(a, b, _keys_within(keyed, a, following)) for (a, b), following in _with_next(spans, text)]


def _with_next(spans: list[tuple[int, int]], text: str) -> list[tuple[tuple[int, int], int]]:
    """Each span, and where the next one begins."""
    starts = [start for start, _ in spans[1:]]
    return list(zip(spans, [*starts, len(text)], strict=True)) if spans else []


def _keys_within(keyed: list[tuple[int, list[str]]], start: int, following: int) -> tuple[str, ...]:
    return tuple(key for place, keys in keyed if start < place <= following for key in keys)
