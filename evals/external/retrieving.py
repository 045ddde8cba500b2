"""A retrieval run: a corpus goes through chunker, embedder and Milvus Lite as a library does, and is searched as one.

Each document of the corpus is a condition of its own, since search answers with one passage for each condition.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio.to_thread
import ir_measures
import numpy as np
from ir_measures import RR, Qrel, R, ScoredDoc, nDCG
from rich.progress import track

from evals.external.beir import Sought, Text
from evals.metrics import Metric, bootstrapped
from evals.results import Kept, digest_of, now
from ingestion.chunk import PIPELINE
from ingestion.embedding import KnownVectors, embed_all
from ingestion.readers.reader import Section
from ingestion.spool import Read
from services.core.settings import IndexSettings, Settings
from services.core.text import detect_language, lexical_form, sentence_spans
from services.core.types import Condition, Document, RawText, Sentence
from services.embedding.embedder import Embedder
from services.embedding.opening import open_embedder
from services.index.connection import connect
from services.index.editions import Editions
from services.index.guidelines import GuidelineIndex, Hit
from services.index.schema import FORMAT, Manifest, hash_ids
from services.privacy.deidentify import deidentify
from services.retrieval.retriever import Query, Retriever

INDEX: Final = "index.db"
KEPT_DOCUMENTS: Final = 100
_INDEX_TIMEOUT_S: Final = 120.0
_MEASURES: Final = (nDCG @ 10, R @ 10, R @ 100, RR)


class Found(Kept):
    """Document ids that were found for a query, best first, by each way of searching.

    Attributes:
        hybrid: As the service searches: both sides, fused.
    """

    dense: tuple[str, ...]
    lexical: tuple[str, ...]
    hybrid: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Searcher:
    """Searches a corpus that was indexed."""

    index: GuidelineIndex
    embedder: Embedder
    retriever: Retriever
    candidates: int

    async def search(self, query: Sought) -> Found:
        """What is found, without the identifiers in the query, as the service does it.

        Raises:
            IndexUnavailableError: Milvus does not answer.
        """
        text = deidentify(RawText(query.text))
        language = detect_language(text)
        passages = await self.retriever.retrieve(Query(text, language, KEPT_DOCUMENTS))
        dense, lexical = await anyio.to_thread.run_sync(self._sides, text, language)
        hybrid = tuple(passage.document.file for passage in passages)
        return Found(id=query.id, dense=dense, lexical=lexical, hybrid=hybrid)

    def _sides(self, text: str, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What each side finds alone; the dense one nothing in a language that the embedder does not know."""
        dense: list[Hit] = []
        if self.embedder.knows(language):
            [dense] = self.index.dense(self.embedder.encode_queries([text]), self.candidates)
        words = lexical_form(text)
        lexical = self.index.lexical([words], self.candidates)[0] if words else []
        return self._documents(dense), self._documents(lexical)

    def _documents(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.index.documents[hit.document_id].file for hit in hits))[:KEPT_DOCUMENTS]


def edition_of(corpus: str, embedder: str) -> str:
    """The edition's name from the digest of the corpus and the fingerprint of the embedder."""
    return digest_of(f"{corpus}\n{embedder}\n{PIPELINE}".encode())


@asynccontextmanager
async def open_searcher(
    folder: Path, documents: Mapping[str, Text], edition: str, settings: Settings
) -> AsyncIterator[Searcher]:
    """A searcher of a corpus, which is indexed first, unless the folder has it.

    Args:
        folder: Where the Milvus Lite file is or will be.
        documents: By id.
        edition: Of this corpus, see `edition_of`.
        settings: How to embed and to search; its index is left alone.

    Raises:
        CitewellError: The embedder or the index cannot be used.
    """
    own = {"uri": str(folder / INDEX), "token": "", "timeout_s": _INDEX_TIMEOUT_S}
    index_settings = settings.index.model_copy(update=own)
    embedder = open_embedder(settings.embedding)
    try:
        await anyio.to_thread.run_sync(_index, documents, edition, index_settings, embedder)
        index = GuidelineIndex.open(index_settings, embedder.fingerprint)
        try:
            retriever = Retriever(index, embedder, settings.retrieval)
            yield Searcher(index, embedder, retriever, settings.retrieval.candidates)
        finally:
            index.close()
    finally:
        embedder.close()


def _index(documents: Mapping[str, Text], edition: str, settings: IndexSettings, embedder: Embedder) -> None:
    """Publish the corpus as this edition, unless it is published."""
    with connect(settings, create=True) as client:
        editions = Editions(client, settings)
        current = editions.current()
        if current and current.edition == edition:
            return
        reads = [_read(number, id_, text) for number, (id_, text) in enumerate(documents.items())]
        by_id = {read.document.id: read.document for read in reads}
        editions.create(edition, embedder.dim)
        ids: set[str] = set()
        for entries, _ in embed_all(track(reads, "embedding"), embedder, KnownVectors({}, editions.entries_of)):
            editions.add(edition, entries, by_id, embedder.dim)
            ids.update(entry.chunk.id for entry in entries)
        manifest = Manifest(
            edition=edition,
            format=FORMAT,
            embedder=embedder.fingerprint,
            pipeline=PIPELINE,
            documents=len(reads),
            chunks=len(ids),
            ids_hash=hash_ids(ids),
            created=now(),
        )
        editions.complete(manifest)
        editions.publish(manifest)


def _read(number: int, id_: str, text: Text) -> Read:
    """A document of the corpus as a reader would have it, under an id of ours: theirs may have any characters."""
    content = text.text or text.title
    language = detect_language(content)
    own = f"d{number}"
    condition = Condition(own, {language: text.title})
    document = Document(own, text.title, language, condition, file=id_, content_hash="")
    sentences = tuple(Sentence(start, end) for start, end in sentence_spans(content, language))
    return Read(document, (Section((), content, sentences),))


def measure_found(queries: Sequence[Sought], found: Mapping[str, Found]) -> Iterator[Metric]:
    """nDCG, recall and reciprocal rank of each way of searching, by ir-measures; a query that finds nothing has 0."""
    asked = [query for query in queries if query.id in found]
    if not asked:
        return
    gold = [Qrel(query.id, document, score) for query in asked for document, score in query.relevance.items()]
    for way in ("dense", "lexical", "hybrid"):
        ranked = {query.id: getattr(found[query.id], way) for query in asked}
        run = [ScoredDoc(id_, document, -float(n)) for id_, ids in ranked.items() for n, document in enumerate(ids)]
        values: dict[str, list[float]] = {str(measure): [] for measure in _MEASURES}
        for one in ir_measures.iter_calc(_MEASURES, gold, run):
            values[str(one.measure)].append(one.value)
        for name, numbers in values.items():
            yield bootstrapped(name, way, np.mean, np.asarray(numbers))
