"""Markdown with YAML front matter; a statement's sources follow it as `[^key]`."""

import re
from itertools import pairwise
from typing import Final

import frontmatter
import yaml
from llama_index.core import Document as LlamaDocument
from llama_index.core.node_parser import MarkdownNodeParser

from ingestion.readers.reader import Reading, Section, decode
from ingestion.readers.text import join_lines
from services.core.errors import DocumentError
from services.core.text import detect_language, sentence_spans
from services.core.types import Sentence

_HEADING: Final = re.compile(r"#{1,6}\s+(?P<title>.+?)\s*#*\s*(?:\n|$)")
_CLOSING_HASHES: Final = re.compile(r"\s+#+\s*$")
_LIST_MARK: Final = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_KEYS: Final = re.compile(r"(?:\s*\[\^[\w.-]+\])+")
_KEY: Final = re.compile(r"\[\^([\w.-]+)\]")
_DEFINITION: Final = re.compile(r" {0,3}\[\^[\w.-]+\]:")
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE: Final = re.compile(r"\s*(```|~~~)")
_ENDED: Final = re.compile(r"[.!?。！？…][\"'”’)）」』*_]*$")
_NO_SPACE_BEFORE: Final = re.compile(r"[,.;:!?)\]，。；：！？、）]")
_BETWEEN_HEADINGS: Final = "\n"
"""What no heading contains."""


class MarkdownReader:
    """Reads Markdown. llama-index's MarkdownNodeParser cuts it at headings, and knows code fences."""

    suffixes = frozenset({".md", ".markdown"})

    def read(self, content: bytes) -> Reading:
        """Take front matter, headings, lists and source keys apart.

        Raises:
            DocumentError: It is not UTF-8, the front matter is not YAML, or there is no text.
        """
        try:
            metadata, body = frontmatter.parse(decode(content))
        except yaml.YAMLError as exc:
            line = exc.problem_mark.line + 1 if isinstance(exc, yaml.MarkedYAMLError) and exc.problem_mark else 0
            raise DocumentError(f"front matter is not YAML (line {line})") from exc
        language = str(metadata.get("language") or detect_language(body))
        parser = MarkdownNodeParser(header_path_separator=_BETWEEN_HEADINGS)
        nodes = parser.get_nodes_from_documents([LlamaDocument(text=_prepared(body))])
        sections = []
        for node in nodes:
            headings = node.metadata.get("header_path", "").split(_BETWEEN_HEADINGS)
            parents = tuple(title for heading in headings if (title := _CLOSING_HASHES.sub("", heading).strip()))
            section = _section(node.get_content(), parents, language)
            if section.text:
                sections.append(section)
        if not sections:
            raise DocumentError("has no text")
        return Reading(tuple(sections), metadata or None, language)


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


def _section(content: str, parents: tuple[str, ...], language: str) -> Section:
    path = parents
    if heading := _HEADING.match(content):
        path, content = (*parents, heading["title"]), content[heading.end() :]
    lines: list[str] = []
    sentences: list[Sentence] = []
    at = 0
    for block in _blocks(content):
        line, found = _strip_keys(block, language)
        if line:
            sentences += [Sentence(s.start + at, s.end + at, s.sources) for s in found]
            lines.append(line)
            at += len(line) + 1
    return Section(path, "\n".join(lines), tuple(sentences))


def _blocks(content: str) -> list[str]:
    """Paragraphs and list items, each on one line, without list marks."""
    blocks: list[str] = []
    open_block = False
    for line in content.split("\n"):
        if not line.strip() or _FENCE.match(line):
            open_block = False
        elif (mark := _LIST_MARK.match(line)) or not open_block:
            blocks.append(line[mark.end() if mark else 0 :].strip())
            open_block = True
        else:
            blocks[-1] = join_lines(blocks[-1], line.strip())
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
