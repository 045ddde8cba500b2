"""Dense and lexical search in parallel, fused by rank, one passage for each condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.to_thread

from services.core.errors import only_ours
from services.core.settings import RetrievalSettings
from services.core.text import lexical_form
from services.core.types import DeidentifiedText, Document, Passage
from services.embedding.embedder import Embedder
from services.index.guidelines import GuidelineIndex, Hit
from services.retrieval.batching import Batcher
from services.retrieval.fusion import first_of_each, rank_groups, reciprocal_rank_fusion


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


class Retriever:
    """Finds passages in the published edition."""

    def __init__(self, index: GuidelineIndex, embedder: Embedder, settings: RetrievalSettings) -> None:
        """Search this index with vectors of this embedder, which must be the one it was written with."""
        self._index = index
        self._embedder = embedder
        self._settings = settings
        self._batcher = Batcher(self._search, max_batch=settings.max_batch, max_waiting=settings.max_waiting)

    async def retrieve(self, query: Query) -> tuple[Passage, ...]:
        """Passages, best first; empty if no word and no meaning matches.

        In a language that the embedder does not know, the names of the findings in one that it knows are searched by
        meaning. The lexical side has the conditions' names and synonyms in all languages beside the text.

        Raises:
            IndexUnavailableError: Milvus does not answer.
            OverloadedError: Too many queries are waiting.
        """
        return await self._batcher.submit(query)

    async def _search(self, queries: Sequence[Query]) -> list[tuple[Passage, ...]]:
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
    ) -> list[tuple[Passage, ...]]:
        chosen = [self._choose(*sides) for sides in zip(queries, dense, lexical, strict=True)]
        chunks = self._index.chunks(list({chunk_id for ranked in chosen for chunk_id in ranked}))
        cosines = [{hit.chunk_id: hit.strength for hit in hits} for hits in dense]
        return [
            tuple(
                Passage(chunk, self._index.documents[chunk.document_id], score, cosine.get(chunk.id))
                for chunk_id, score in ranked.items()
                if (chunk := chunks.get(chunk_id))
            )
            for ranked, cosine in zip(chosen, cosines, strict=True)
        ]

    def _choose(self, query: Query, dense: Sequence[Hit], lexical: Sequence[Hit]) -> dict[str, float]:
        """Chunk ids with their condition's score: of each of the best conditions the chunk that fits best."""
        k = self._settings.rrf_k
        dense, lexical = ([hit for hit in hits if hit.document_id not in query.without] for hits in (dense, lexical))
        documents = {hit.chunk_id: self._index.documents[hit.document_id] for hit in (*dense, *lexical)}
        conditions = {chunk_id: document.condition.id for chunk_id, document in documents.items()}
        in_language = frozenset(c for c, document in documents.items() if _speaks(document, query.language))
        chunks = reciprocal_rank_fusion([[hit.chunk_id for hit in hits] for hits in (dense, lexical)], k)
        best = first_of_each(chunks, conditions, in_language)
        sides = [rank_groups([(conditions[hit.chunk_id], hit.strength) for hit in hits]) for hits in (dense, lexical)]
        ranked = reciprocal_rank_fusion(sides, k)
        return {best[condition]: score for condition, score in list(ranked.items())[: query.k]}


def _speaks(document: Document, language: str) -> bool:
    return document.language.split("-")[0] == language.split("-", maxsplit=1)[0]
