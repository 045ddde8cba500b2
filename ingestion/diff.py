"""Which guideline sentences two editions do not share."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.core.types import Chunk


@dataclass(frozen=True, slots=True)
class Difference:
    """Sentences of one document that only the newer edition has, and that only the older had, in reading order."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def difference(older: Iterable[Chunk], newer: Iterable[Chunk]) -> dict[str, Difference]:
    """By document id, in its order; documents whose sentences are the same are left out.

    A sentence that moved within its document is no difference; one that is there twice counts twice.
    """
    before, after = _sentences(older), _sentences(newer)
    found = {}
    for document_id in sorted(before.keys() | after.keys()):
        old, new = before.get(document_id, []), after.get(document_id, [])
        made = Difference(added=_only(new, old), removed=_only(old, new))
        if made.added or made.removed:
            found[document_id] = made
    return found


def _sentences(chunks: Iterable[Chunk]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for chunk in sorted(chunks, key=lambda chunk: (chunk.document_id, chunk.ordinal)):
        found[chunk.document_id] += [" ".join(chunk.text[s.start : s.end].split()) for s in chunk.sentences]
    return found


def _only(these: list[str], others: list[str]) -> tuple[str, ...]:
    spare = Counter(these) - Counter(others)
    kept = []
    for sentence in these:
        if spare[sentence]:
            spare[sentence] -= 1
            kept.append(sentence)
    return tuple(kept)
