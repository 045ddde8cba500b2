"""Text of Markdown without the marks inside it: what a person sees, and what a quote shows."""

import re
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt

_MARKS: Final = re.compile(r"[*_~`\\&<\[]")
_NOT_MARKS: Final = re.compile(r"(?<=\d)[*~]+(?=\d)|\[(?=\^)")
"""A product of numbers, which no dose may lose, and the keys of sources, which are read later."""

_BOLD: Final = re.compile(r"(?<![\d\\*])\*\*([^\s*](?:[^*]*[^\s*])?)\*\*(?!\*)")
"""CommonMark knows none whose last sign is punctuation with a letter after it, as all Chinese labels have it."""

_TEXTS: Final = frozenset({"text", "text_special", "code_inline"})
"""Images have none, as in HTML."""


def unmarked(text: str) -> str:
    """One line without emphasis, code marks, escapes and entities; of a link its wording."""
    if not _MARKS.search(text):
        return text
    kept = _NOT_MARKS.sub(lambda found: "".join(f"\\{mark}" for mark in found.group()), _BOLD.sub(r"\1", text))
    (line,) = _parser().parseInline(kept)
    texts = (token.content for token in line.children or () if token.type in _TEXTS)
    return " ".join("".join(texts).split())


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    rules = ["autolink", "backticks", "emphasis", "entity", "escape", "image", "link", "strikethrough"]
    return MarkdownIt("zero").enable(rules)
