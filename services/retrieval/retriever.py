"""Dense and lexical search in parallel, fused by rank, one passage for each condition; reranked and filtered if set."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import anyio
import anyio.to_thread

from services.core.errors import RerankerError, only_ours
from services.core.settings import RetrievalSettings
from services.core.text import lexical_form
from services.core.types import DeidentifiedText, Document, Passage
from services.embedding.embedder import Embedder
from services.index.guidelines import GuidelineIndex, Hit
from services.retrieval.batching import Batcher
from services.retrieval.fusion import first_of_each, reciprocal_rank_fusion, strengths_of_groups
from services.retrieval.relevance import Weighed, relative_strengths, relevant, reordered
from services.retrieval.reranker import Reranker

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for.

    Attributes:
        k: Passages at most, each of another condition.
        names: What the text's findings are called, by language; finds guidelines in other languages than the text's.
        without: Ids of documents that must not be found.
    """

    text: DeidentifiedText
    language: str
    k: int
    names: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What stands for a condition: its best chunk, fused score and relevance."""

    chunk_id: str
    score: float
    relevance: float


@dataclass(frozen=True, slots=True)
class _Unread:
    """What a text found, best first."""

    text: DeidentifiedText
    found: tuple[Weighed, ...]


class Retriever:
    """Finds passages in the published edition."""

    def __init__(
        self, index: GuidelineIndex, embedder: Embedder, settings: RetrievalSettings, reranker: Reranker | None = None
    ) -> None:
        """Search this index with vectors of this embedder, which must be the one it was written with."""
        self._index = index
        self._embedder = embedder
        self._settings = settings
        # A reranker may bring up what is not among the first k.
        self._least_wanted = 0 if reranker is None else settings.reranked
        self._searches = Batcher(self._search, max_batch=settings.max_batch, max_waiting=settings.max_waiting)
        self._rereading: Batcher[_Unread, tuple[Weighed, ...]] | None = None
        if reranker is not None:
            work = partial(_reread, reranker, settings.reranked)
            # One query at a time: in a batch the first one would wait for the last.
            self._rereading = Batcher(work, max_batch=1, max_waiting=settings.max_waiting)

    async def retrieve(self, query: Query) -> tuple[Passage, ...]:
        """Passages, best first; empty if no word and no meaning matches. A filter may leave fewer than there are.

        In a language that the embedder does not know, the names of the findings in one that it knows are searched by
        meaning. The lexical side has the conditions' names and synonyms in all languages beside the text.

        A reranker that fails leaves the order as it was.

        Raises:
            IndexUnavailableError: Milvus does not answer.
            OverloadedError: Too many queries are waiting.
        """
        found = await self._searches.submit(query)
        if self._rereading is not None:
            try:
                found = await self._rereading.submit(_Unread(query.text, found))
            except RerankerError as exc:
                logger.warning("reranker_failed", extra={"code": exc.code})
        return relevant(found[: query.k], self._settings.relevant_from)

    async def _search(self, queries: Sequence[Query]) -> list[tuple[Weighed, ...]]:
        sides: dict[str, list[list[Hit]]] = {}

        async def run(side: str) -> None:
            search = self._dense if side == "dense" else self._lexical
            sides[side] = await anyio.to_thread.run_sync(search, queries)

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(run, "dense")
                group.start_soon(run, "lexical")
        except ExceptionGroup as failed:
            raise only_ours(failed) from failed
        return await anyio.to_thread.run_sync(self._passages, queries, sides["dense"], sides["lexical"])

    def _dense(self, queries: Sequence[Query]) -> list[list[Hit]]:
        texts = [self._text_with_meaning(query) for query in queries]
        known = [number for number, text in enumerate(texts) if text]
        found: list[list[Hit]] = [[] for _ in queries]
        if known:
            vectors = self._embedder.encode_queries([texts[number] for number in known])
            for number, hits in zip(known, self._index.dense(vectors, self._settings.candidates), strict=True):
                found[number] = hits
        return found

    def _text_with_meaning(self, query: Query) -> str:
        """The text in a language that the embedder knows, or the names of its findings in one; else nothing."""
        if self._embedder.knows(query.language):
            return query.text
        return next((names for language, names in query.names.items() if self._embedder.knows(language)), "")

    def _lexical(self, queries: Sequence[Query]) -> list[list[Hit]]:
        texts = [lexical_form("\n".join([query.text, *query.names.values()])) for query in queries]
        asked = [number for number, text in enumerate(texts) if text]
        found: list[list[Hit]] = [[] for _ in queries]
        results = self._index.lexical([texts[number] for number in asked], self._settings.candidates)
        for number, hits in zip(asked, results, strict=True):
            found[number] = hits
        return found

    def _passages(
        self, queries: Sequence[Query], dense: Sequence[Sequence[Hit]], lexical: Sequence[Sequence[Hit]]
    ) -> list[tuple[Weighed, ...]]:
        chosen = [self._choose(*sides) for sides in zip(queries, dense, lexical, strict=True)]
        chunks = self._index.chunks(list({one.chunk_id for ranked in chosen for one in ranked}))
        cosines = [{hit.chunk_id: hit.strength for hit in hits} for hits in dense]
        documents = self._index.documents
        return [
            tuple(
                Weighed(Passage(chunk, documents[chunk.document_id], one.score, cosine.get(chunk.id)), one.relevance)
                for one in ranked
                if (chunk := chunks.get(one.chunk_id))
            )
            for ranked, cosine in zip(chosen, cosines, strict=True)
        ]

    def _choose(self, query: Query, dense: Sequence[Hit], lexical: Sequence[Hit]) -> list[_Chosen]:
        """Of each of the best conditions the chunk that fits best, best first."""
        k = self._settings.rrf_k
        dense, lexical = ([hit for hit in hits if hit.document_id not in query.without] for hits in (dense, lexical))
        documents = {hit.chunk_id: self._index.documents[hit.document_id] for hit in (*dense, *lexical)}
        conditions = {chunk_id: document.condition.id for chunk_id, document in documents.items()}
        in_language = frozenset(c for c, document in documents.items() if _speaks(document, query.language))
        chunks = reciprocal_rank_fusion([[hit.chunk_id for hit in hits] for hits in (dense, lexical)], k)
        best = first_of_each(chunks, conditions, in_language)
        sides = [
            strengths_of_groups([(conditions[hit.chunk_id], hit.strength) for hit in hits]) for hits in (dense, lexical)
        ]
        ranked = reciprocal_rank_fusion([list(side) for side in sides], k)
        relevance = relative_strengths(sides)
        first = list(ranked.items())[: max(query.k, self._least_wanted)]
        return [_Chosen(best[condition], score, relevance[condition]) for condition, score in first]


async def _reread(reranker: Reranker, most: int, unread: Sequence[_Unread]) -> list[tuple[Weighed, ...]]:
    """What was found, in the reranker's order; it reads so many passages of each query."""

    def read() -> Iterator[tuple[Weighed, ...]]:
        for one in unread:
            texts = [_with_headings(weighed.passage) for weighed in one.found[:most]]
            yield reordered(one.found, reranker.scores(one.text, texts))

    return await anyio.to_thread.run_sync(lambda: list(read()))


def _with_headings(passage: Passage) -> str:
    """A passage as a reranker reads it: a chunk need not say what it is about."""
    return "\n".join(part for part in (passage.document.title, passage.chunk.section, passage.chunk.text) if part)


def _speaks(document: Document, language: str) -> bool:
    return document.language.split("-")[0] == language.split("-", maxsplit=1)[0]
