"""A new edition is tried before readers see it: it must find its own documents."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from services.core.errors import LibraryError
from services.index.guidelines import GuidelineIndex, Hit
from services.index.schema import Entry

_PROBES: Final = 16
_LIMIT: Final = 20
_MOST_FAILED: Final = 0.5
"""Share of a side's probes: near twins of one text may push each other off the list; a broken side finds none."""

_SAME: Final = 0.999
"""Share of the best strength from which two hits are as good as one another."""


class Probes:
    """A few chunks, each of another document, spread evenly over the library and the same at every run."""

    def __init__(self) -> None:
        """None yet."""
        self._entries: dict[str, tuple[str, Entry]] = {}

    def add(self, entries: Sequence[Entry]) -> None:
        """Consider these."""
        for entry in entries:
            if entry.chunk.ordinal == 0:
                document = entry.chunk.document_id
                self._entries[document] = (hashlib.sha256(document.encode()).hexdigest(), entry)
        if len(self._entries) > _PROBES:
            kept = sorted(self._entries.items(), key=lambda item: item[1][0])[:_PROBES]
            self._entries = dict(kept)

    def check(self, index: GuidelineIndex) -> None:
        """Search for each by its own words and its own vector.

        Raises:
            LibraryError: One of the two finds less than half of them.
        """
        entries = [entry for _, entry in self._entries.values()]
        by_words = [entry for entry in entries if entry.search_text]
        found = index.lexical([entry.search_text for entry in by_words], _LIMIT)
        _judge([_has(entry, hits) for entry, hits in zip(by_words, found, strict=True)], "words")
        by_meaning = [entry for entry in entries if entry.vector is not None]
        if by_meaning:
            found = index.dense(np.asarray([entry.vector for entry in by_meaning], np.float32), _LIMIT)
            _judge([_has(entry, hits) for entry, hits in zip(by_meaning, found, strict=True)], "meaning")


def _has(entry: Entry, hits: Sequence[Hit]) -> bool:
    """Whether its document is among the hits, or these are so many twins that there is no room for it."""
    is_full_of_twins = len(hits) == _LIMIT and hits[-1].strength >= _SAME * hits[0].strength
    return is_full_of_twins or entry.chunk.document_id in {hit.document_id for hit in hits}


def _judge(are_found: Sequence[bool], side: str) -> None:
    failed = are_found.count(False)
    if failed > _MOST_FAILED * len(are_found):
        raise LibraryError(
            f"the new edition does not find {failed} of {len(are_found)} of its own documents by {side}: "
            "it is not published"
        )
