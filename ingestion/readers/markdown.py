"""Markdown with YAML front matter; a statement's sources follow it as `[^key]`."""

import re
from typing import Final

import frontmatter
import yaml
from llama_index.core import Document as LlamaDocument
from llama_index.core.node_parser import MarkdownNodeParser

from ingestion.readers.reader import Reading, Section
from services.core.errors import DocumentError
from services.core.text import detect_language, sentence_spans
from services.core.types import Sentence

_HEADING: Final = re.compile(r"#{1,6}\s+(?P<title>.+?)\s*#*\s*(?:\n|$)")
_LIST_MARK: Final = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_KEYS: Final = re.compile(r"(?:\s*\[\^[\w.-]+\])+")
_KEY: Final = re.compile(r"\[\^([\w.-]+)\]")


class MarkdownReader:
    """Reads Markdown. llama-index's MarkdownNodeParser cuts it at headings, and knows code fences."""

    suffixes = frozenset({".md", ".markdown"})

    def read(self, content: str) -> Reading:
        """Take front matter, headings, lists and source keys apart.

        Raises:
            DocumentError: The front matter is not YAML, or there is no text.
        """
        try:
            metadata, body = frontmatter.parse(content)
        except yaml.YAMLError as exc:
            line = exc.problem_mark.line + 1 if isinstance(exc, yaml.MarkedYAMLError) and exc.problem_mark else 0
            raise DocumentError(f"front matter is not YAML (line {line})") from exc
        language = str(metadata.get("language") or detect_language(body))
        nodes = MarkdownNodeParser().get_nodes_from_documents([LlamaDocument(text=body)])
        sections = []
        for node in nodes:
            parents = tuple(part for part in node.metadata.get("header_path", "/").split("/") if part)
            section = _section(node.get_content(), parents, language)
            if section.text:
                sections.append(section)
        if not sections:
            raise DocumentError("has no text")
        return Reading(tuple(sections), metadata or None, language)


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
        if not line.strip():
            open_block = False
        elif (mark := _LIST_MARK.match(line)) or not open_block:
            blocks.append(line[mark.end() if mark else 0 :].strip())
            open_block = True
        else:
            blocks[-1] += " " + line.strip()
    return blocks


def _strip_keys(block: str, language: str) -> tuple[str, list[Sentence]]:
    """The text without source keys, and its sentences; keys belong to the sentence before them."""
    text, sentences = "", []
    start = 0
    for keys in [*_KEYS.finditer(block), None]:
        piece = block[start : keys.start() if keys else len(block)].strip()
        if piece:
            text += (" " if text and language != "zh" else "") + piece
            at = len(text) - len(piece)
            sentences += [Sentence(at + a, at + b) for a, b in sentence_spans(piece, language)]
        if keys:
            start = keys.end()
            if sentences:
                last = sentences.pop()
                sentences.append(Sentence(last.start, last.end, (*last.sources, *_KEY.findall(keys.group()))))
    return text, sentences
