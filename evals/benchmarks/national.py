"""A national guideline without our metadata: does retrieval find the right text, does the evidence engine rank it?

Baselines in the same run, on the same chunks, vectors and question text: dense search alone, and plain hybrid search
(reciprocal rank fusion of chunks with k = 60, BM25 over the text as it is) where the documents found are the diagnoses.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from evals.benchmarks.plain import CHUNKS, copy_plain, fused_documents
from evals.cases import Case, read_agentclinic
from evals.statistics import Share
from ingestion.build import sync
from ingestion.workshop import open_workshop
from services.assistant.pipeline import Assistant
from services.core.settings import Settings
from services.core.types import RawText
from services.embedding.transformer import TransformerEmbedder
from services.index.connection import connect
from services.index.editions import Editions
from services.index.guidelines import GuidelineIndex, Hit
from services.privacy.deidentify import deidentify
from services.wiring import open_service

MAPPING = Path(__file__).parents[1] / "datasets" / "nstg2022_agentclinic.yaml"
_MAX_K = 20
Ranking = Sequence[frozenset[str]]
"""Files of the guidelines found, best first; those on one condition are one place."""


def main(
    guidelines: Annotated[Path, typer.Option(help="Folder of the national guideline's text files.")],
    cases: Annotated[Path, typer.Option(help="Folder of the AgentClinic JSON Lines files.")],
    index: Annotated[Path, typer.Option(help="Milvus Lite file of this benchmark.")] = Path("var/national.db"),
) -> None:
    """Print the table."""
    base = Settings()
    settings = base.model_copy(update={"index": base.index.model_copy(update={"uri": str(index)})})
    with open_workshop(settings.index, settings.embedding) as work:
        sync(guidelines, work)
    known = read_agentclinic(cases, MAPPING)
    rankings = {**_baselines(settings, known), **asyncio.run(_ours(settings, known))}
    console = Console(width=160)
    for name, chosen in _sets(known).items():
        console.print(_table(f"{name} (n = {len(chosen)})", rankings, known, chosen))


def _baselines(settings: Settings, cases: Sequence[Case]) -> dict[str, list[Ranking]]:
    """On a copy of the index whose lexical side has the chunks' text as it is."""
    plain = settings.index.model_copy(update={"collection": "plain"})
    embedder = TransformerEmbedder.open(settings.embedding)
    with connect(settings.index) as client:
        copy_plain(Editions(client, settings.index), Editions(client, plain), embedder)
    index = GuidelineIndex.open(plain, embedder.fingerprint)
    try:
        texts = [case.question.symptoms.value for case in cases]
        dense = index.dense(embedder.encode_queries(texts), CHUNKS)
        lexical = index.lexical(texts, CHUNKS)
    finally:
        index.close()

    def fused(*sides: Sequence[Hit]) -> Ranking:
        return [frozenset({index.documents[document].file}) for document in fused_documents(*sides)]

    return {
        "dense only": [fused(hits) for hits in dense],
        "plain hybrid": [fused(*sides) for sides in zip(dense, lexical, strict=True)],
    }


async def _ours(settings: Settings, cases: Sequence[Case]) -> dict[str, list[Ranking]]:
    found: dict[str, list[Ranking]] = {"Citewell search": [], "evidence engine": []}
    async with open_service(settings) as service:
        assistant = service.assistant
        files: dict[str, set[str]] = {}
        for document in assistant.library.documents.values():
            files.setdefault(document.condition.id, set()).add(document.file)
        for case in track(cases, "asking"):
            searched, diagnosed = await _ask(assistant, case)
            found["Citewell search"].append([frozenset(files[condition]) for condition in searched])
            found["evidence engine"].append([frozenset(files[condition]) for condition in diagnosed])
    return found


async def _ask(assistant: Assistant, case: Case) -> tuple[list[str], list[str]]:
    passages = await assistant.search(deidentify(RawText(case.question.symptoms.value)), "en", _MAX_K)
    answer = await assistant.diagnose(case.question)
    return [p.document.condition.id for p in passages], [d.condition_id for d in answer.diagnoses]


def _sets(cases: Sequence[Case]) -> dict[str, list[int]]:
    first = [i for i, case in enumerate(cases) if case.id.startswith("agentclinic_medqa:")]
    return {
        "agentclinic_medqa": first,
        "agentclinic_medqa_extended, lines 108-214": [i for i in range(len(cases)) if i not in first],
        "both": list(range(len(cases))),
    }


def _table(title: str, rankings: dict[str, list[Ranking]], cases: Sequence[Case], chosen: Sequence[int]) -> Table:
    def hit(ranking: Ranking, case: Case, k: int) -> bool:
        return any(files & case.guidelines for files in ranking[:k])

    measures: dict[str, Callable[[Ranking, Case], bool]] = {
        "top-1": lambda ranking, case: hit(ranking, case, 1),
        "top-3": lambda ranking, case: hit(ranking, case, 3),
        "hit@5": lambda ranking, case: hit(ranking, case, 5),
    }

    def shares(name: str) -> list[Share]:
        return [Share.of([m(rankings[name][i], cases[i]) for i in chosen]) for m in measures.values()]

    base = shares("plain hybrid")
    table = Table("", *measures, title=title)
    for name in rankings:
        table.add_row(name, *(f"{s}, x{s.hits / b.hits:.2f}" for s, b in zip(shares(name), base, strict=True)))
    return table


if __name__ == "__main__":
    typer.run(main)
