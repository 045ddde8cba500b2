"""Which part of a guideline's sentence names what is usually absent: "fever, cough and rash are usually absent"."""

import re
from typing import Final

_ABSENT: Final = re.compile(r"\b(?:is|are)(?: \w+ly| often| mostly)? absent\b", re.IGNORECASE)
_WITHOUT: Final = re.compile(
    r"(?:通常|一般|大多|多数?|常|往往)(?:没有|无)(?!力|症状|痛|(?:明显)?诱因)(?:明显)?([^，；。！？,;]*)"
)
_CLAUSE_VERB: Final = re.compile(
    r"\b(?:is|are|has|have|may|can|occurs?|lasts?|begins?|causes?|follows?)\b", re.IGNORECASE
)
_NEXT_PART: Final = re.compile(r"[,;]\s+(?:and\s|but\s)?|\b(?:and|but)\s", re.IGNORECASE)
_RELATIVE: Final = re.compile(r"\b(?:that|which|who|when|aggravated by|caused by)\s", re.IGNORECASE)


def usually_absent(sentence: str) -> list[tuple[int, int]]:
    """Spans of the sentence that name it; empty where nothing is said to be absent.

    What stands outside of them says on what condition, or what the presence of a finding means: it is no finding of the
    condition. Of "pain that wakes the person" only the waking is meant.
    """
    spans: list[tuple[int, int]] = []
    begin = 0
    for found in _ABSENT.finditer(sentence):
        spans.append((_start(sentence, begin, found.start()), found.start()))
        begin = found.end()
    return spans + [found.span(1) for found in _WITHOUT.finditer(sentence)]


def _start(sentence: str, begin: int, end: int) -> int:
    """Where the list begins that ends before "is absent": behind the clause before, if there is one."""
    before = [begin] if begin else []
    before += [verb.end() for verb in _CLAUSE_VERB.finditer(sentence, begin, end)]
    if before:
        part = _NEXT_PART.search(sentence, before[-1], end)
        begin = part.end() if part else before[-1]
    relative = _RELATIVE.search(sentence, begin, end)
    return relative.end() if relative else begin
