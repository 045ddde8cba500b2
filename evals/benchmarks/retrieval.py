"""Retrieval, taken apart: what each part adds to finding the guideline on what a vignette is about.

Plain retrieval ranks chunks (dense, BM25 over the text as it is, or both by reciprocal rank fusion with k = 60) and
gives the first chunk of each condition; ours is built up part by part from the same chunks and vectors.
"""

import asyncio
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from evals.benchmarks.plain import CHUNKS, copy_plain, fused_documents
from evals.statistics import Share
from evals.vignettes import Vignette, read_vignettes
from services.assistant.pipeline import Assistant
from services.core.settings import BulkSettings, Settings
from services.core.types import Passage, RawText
from services.embedding.embedder import Embedder
from services.embedding.opening import open_embedder
from services.index.connection import connect
from services.index.editions import Editions
from services.index.guidelines import GuidelineIndex
from services.privacy.deidentify import deidentify
from services.retrieval.reranker import Reranker
from services.retrieval.retriever import Query, Retriever
from services.wiring import open_reranker, open_service

KS: Final = (3, 6, 12)
_PLAIN_HYBRID: Final = "plain hybrid"
_TRIED: Final = (0.7, 0.8)
"""Least relevances where none are asked for: the highest tenth that lost nothing on fit conditions, and the next."""

Found = Mapping[int, Sequence[Sequence[str]]]
"""By k: for each vignette the conditions of the passages that are left, best first."""


class Nameless(Retriever):
    """Finds what another retriever finds without the names of the findings."""

    def __init__(self, whole: Retriever) -> None:
        """Ask this one."""
        self._whole = whole

    async def retrieve(self, query: Query) -> tuple[Passage, ...]:
        """Passages for the text alone."""
        return await self._whole.retrieve(replace(query, names={}))


def main(
    relevant_from: Annotated[list[float] | None, typer.Option(help="Least relevance; may be given again.")] = None,
) -> None:
    """Print the tables."""
    settings = Settings()
    asked = [one for one in read_vignettes() if one.condition and one.twin is None]
    reranker = open_reranker(settings)  # before the embedder, which lets nothing be downloaded any more
    embedder = open_embedder(settings.embedding)
    found = _plain(settings, embedder, asked)
    found |= asyncio.run(_ours(settings, embedder, reranker, asked, relevant_from or _TRIED))
    embedder.close()
    console = Console(width=190)
    for name, chosen in _groups(asked).items():
        console.print(_table(f"{name} (n = {len(chosen)})", found, asked, chosen))


def _plain(settings: Settings, embedder: Embedder, asked: Sequence[Vignette]) -> dict[str, Found]:
    """On a copy of the index in a file of its own."""
    texts = [vignette.said for vignette in asked]
    with tempfile.TemporaryDirectory() as scratch:
        copy = settings.index.model_copy(update={"uri": str(Path(scratch) / "plain.db"), "bulk": BulkSettings()})
        with connect(settings.index) as client, connect(copy, create=True) as other:
            copy_plain(Editions(client, settings.index), Editions(other, copy), embedder)
        index = GuidelineIndex.open(copy, embedder.fingerprint)
        try:
            dense = index.dense(embedder.encode_queries(texts), CHUNKS)
            lexical = index.lexical(texts, CHUNKS)
        finally:
            index.close()

    def conditions(documents: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(index.documents[document].condition.id for document in documents))

    def found(rankings: Sequence[Sequence[str]]) -> Found:
        return {k: [conditions(ranked)[:k] for ranked in rankings] for k in KS}

    return {
        "plain dense": found([fused_documents(hits) for hits in dense]),
        "plain lexical": found([fused_documents(hits) for hits in lexical]),
        _PLAIN_HYBRID: found([fused_documents(*sides) for sides in zip(dense, lexical, strict=True)]),
    }


async def _ours(
    settings: Settings,
    embedder: Embedder,
    reranker: Reranker | None,
    asked: Sequence[Vignette],
    thresholds: Sequence[float],
) -> dict[str, Found]:
    """Each way on a retriever of its own, asked through the assistant, which adds the names of the findings."""
    plain = settings.retrieval.model_copy(update={"reranker": "", "relevant_from": 0.0})
    index = GuidelineIndex.open(settings.index, embedder.fingerprint)

    def ours(relevant_from: float = 0.0, read_by: Reranker | None = None) -> Retriever:
        return Retriever(index, embedder, plain.model_copy(update={"relevant_from": relevant_from}), read_by)

    ways: dict[str, Retriever] = {"our hybrid, by condition": Nameless(ours()), "and names of findings": ours()}
    ways |= {f"and filter from {least:g}": ours(least) for least in thresholds}
    if reranker is not None:
        ways["and reranker, no filter"] = ours(read_by=reranker)
        ways |= {f"and reranker and filter from {least:g}": ours(least, reranker) for least in thresholds}
    try:
        async with open_service(settings.model_copy(update={"retrieval": plain})) as service:
            return {name: await _found(service.assistant, way, asked, name) for name, way in ways.items()}
    finally:
        index.close()


async def _found(assistant: Assistant, way: Retriever, asked: Sequence[Vignette], name: str) -> Found:
    asking = assistant.with_retriever(lambda _: way)
    found: dict[int, list[list[str]]] = {k: [] for k in KS}
    for vignette in track(asked, name):
        text = deidentify(RawText(vignette.said))
        for k in KS:
            passages = await asking.search(text, vignette.language, k)
            found[k].append([passage.document.condition.id for passage in passages])
    return found


def _groups(asked: Sequence[Vignette]) -> dict[str, list[int]]:
    def chosen(is_one: Callable[[Vignette], bool]) -> list[int]:
        return [number for number, vignette in enumerate(asked) if is_one(vignette)]

    groups = {
        "test": chosen(lambda one: one.split == "test"),
        "all": chosen(lambda _: True),
        "all, English": chosen(lambda one: one.language == "en"),
        "all, Chinese": chosen(lambda one: one.language == "zh"),
    }
    return {name: numbers for name, numbers in groups.items() if numbers}


def _table(title: str, ways: Mapping[str, Found], asked: Sequence[Vignette], chosen: Sequence[int]) -> Table:
    def share(found: Found, k: int) -> Share:
        return Share.of([asked[i].condition in found[k][i] for i in chosen])

    def cell(found: Found, k: int) -> str:
        right, plain = share(found, k), share(ways[_PLAIN_HYBRID], k)
        ratio = f"x{right.hits / plain.hits:.2f}" if plain.hits else "no ratio"
        return f"{right}, {ratio}; {statistics.mean(len(found[k][i]) for i in chosen):.1f}"

    columns = [f"k = {k}: right one found; passages left" for k in KS]
    table = Table("", *columns, title=title, caption=f"x: against {_PLAIN_HYBRID}; intervals: 95 %")
    for name, found in ways.items():
        table.add_row(name, *(cell(found, k) for k in KS))
    if not any("reranker" in name for name in ways):
        table.add_row("and reranker", *["not set"] * len(KS))
    return table


if __name__ == "__main__":
    typer.run(main)
