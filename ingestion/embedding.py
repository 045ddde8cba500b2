"""Chunks become entries: embedded in batches of like length, or with the vector that their text already has."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ingestion.chunk import chunk_document, embedding_text, search_text
from ingestion.spool import Read
from services.core.types import Chunk, Document
from services.embedding.embedder import Embedder
from services.index.schema import Entry

WINDOW: Final = 512
"""Chunks embedded and written at a time: one window is written while the next is embedded."""

_SORTED: Final = 4 * WINDOW
"""Chunks put in the order of their length before they are cut into windows: texts of one length need no padding."""

Vector = list[float]
EntriesOf = Callable[[Sequence[str]], Iterable[Entry]]


@dataclass(frozen=True, slots=True)
class Pending:
    """A chunk on its way, with its vector if that is known."""

    chunk: Chunk
    document: Document
    vector: Vector | None


class KnowsVectors(Protocol):
    """Knows vectors of a document's texts."""

    def of(self, document: Document, /) -> dict[str, Vector]:
        """By the text that they were made from; none where nothing is known."""


def embed_all(reads: Iterable[Read], embedder: Embedder, known: KnowsVectors) -> Iterator[tuple[list[Entry], int]]:
    """All that was read as entries, in windows, and how many texts of each were embedded."""
    for window in windows(chunks_of(reads, embedder, known)):
        yield embed(window, embedder)


def chunks_of(reads: Iterable[Read], embedder: Embedder, known: KnowsVectors) -> Iterator[Pending]:
    """The chunks of all documents."""
    for read in reads:
        document = read.document
        vectors = known.of(document) if embedder.knows(document.language) else {}
        for chunk in chunk_document(document, read.sections, embedder.count_tokens, embedder.max_tokens):
            yield Pending(chunk, document, vectors.get(embedding_text(document, chunk.section, chunk.text)))


def windows(pending: Iterable[Pending]) -> Iterator[list[Pending]]:
    """Windows to embed, the longest chunks of each stretch first."""
    stream = iter(pending)
    while stretch := list(itertools.islice(stream, _SORTED)):
        stretch.sort(key=lambda one: -len(one.chunk.text))
        for start in range(0, len(stretch), WINDOW):
            yield stretch[start : start + WINDOW]


def embed(window: list[Pending], embedder: Embedder) -> tuple[list[Entry], int]:
    """Entries in the order of the window, and how many texts were embedded.

    A language that the embedder does not know gets no vector.
    """
    missing = [one for one in window if one.vector is None and embedder.knows(one.document.language)]
    texts = [embedding_text(one.document, one.chunk.section, one.chunk.text) for one in missing]
    made = embedder.encode_documents(texts).tolist() if texts else []
    vectors = dict(zip((one.chunk.id for one in missing), made, strict=True))
    entries = [
        Entry(one.chunk, search_text(one.document, one.chunk), vectors.get(one.chunk.id, one.vector)) for one in window
    ]
    return entries, len(texts)


class KnownVectors:
    """Vectors of the published edition, by the text that they were made from."""

    def __init__(self, published: Mapping[str, Document], entries_of: EntriesOf) -> None:
        """Use the published documents, by file."""
        self._published = published
        self._entries_of = entries_of

    def of(self, document: Document) -> dict[str, Vector]:
        """Those of the published version of a document; none if it is new."""
        before = self._published.get(document.file)
        if before is None:
            return {}
        return {
            embedding_text(before, entry.chunk.section, entry.chunk.text): list(entry.vector)
            for entry in self._entries_of([before.id])
            if entry.vector is not None
        }
