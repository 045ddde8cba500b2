"""What Citewell adds in time, as ratios against a baseline of the same run, interleaved."""

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx2
import typer
from pymilvus import AnnSearchRequest, MilvusClient, RRFRanker
from rich.console import Console
from rich.table import Table

from evals.benchmarks.processes import free_port, run_until_ready
from ingestion.build import sync
from ingestion.workshop import open_workshop
from services.assistant.intake import Question
from services.core.settings import IndexSettings, Settings
from services.core.text import lexical_form
from services.core.types import RawText
from services.embedding.transformer import TransformerEmbedder
from services.index.guidelines import GuidelineIndex
from services.index.schema import DENSE, LEXICAL
from services.privacy.deidentify import deidentify
from services.retrieval.retriever import Query, Retriever
from services.wiring import open_service

QUESTIONS = (
    "Persistent cough for two weeks, worse at night, no fever, but chest tightness",
    "Burning when passing urine and needing to go all the time since yesterday",
    "Throbbing headache on one side with nausea, light hurts my eyes",
    "Watery diarrhea and vomiting after a meal in a restaurant, no blood",
    "Thirsty all the time, passing a lot of urine, losing weight, 55 years old",
    "Fever, cough with yellow sputum and pain when breathing in for three days",
    "持续咳嗽两周，伴有夜间加重，无发热，但有胸闷感",
    "右下腹痛一天，伴恶心和低烧",
)
_ROUNDS = 8
_STARTS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: figures of the baseline and of Citewell, and their ratio with its goal."""

    what: str
    baseline: str
    ours: str
    ratio: str
    goal: str


def main(
    folder: Annotated[Path, typer.Option(help="Guidelines to ingest.")] = Path("guidelines"),
    parallel: Annotated[list[int] | None, typer.Option(help="Requests in parallel.")] = None,
) -> None:
    """Print the table."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as scratch:
        index = settings.index.model_copy(update={"uri": f"{scratch}/bench.db"})
        embedder = TransformerEmbedder.open(settings.embedding)
        with open_workshop(index, embedder) as work:
            sync(folder, work)
        rows = [asyncio.run(_retrieval(index, embedder, settings))]
        shutil.copytree(index.uri, f"{scratch}/server.db")
        inside = settings.model_copy(update={"index": index})
        first: list[float] = []
        for _ in range(_STARTS - 1):
            with _server(f"{scratch}/server.db") as url:
                first.append(asyncio.run(_timed_post(url)))
        with _server(f"{scratch}/server.db") as url:
            first.append(asyncio.run(_timed_post(url)))
            rows += asyncio.run(_over_http(inside, url, statistics.median(first)))
            for clients in parallel or [1, 16, 64]:
                rows.append(asyncio.run(_in_parallel(url, clients)))
    table = Table("", "baseline", "Citewell", "ratio", "goal", title=f"{os.cpu_count()} cores, {folder}")
    for row in rows:
        table.add_row(row.what, row.baseline, row.ours, row.ratio, row.goal)
    Console(width=140).print(table)


async def _retrieval(index: IndexSettings, embedder: TransformerEmbedder, settings: Settings) -> Row:
    """English queries one at a time, against embedding one and a hybrid search of pymilvus with the same limits."""
    queries = [question for question in QUESTIONS if question.isascii()]
    opened = GuidelineIndex.open(index, embedder.fingerprint)
    try:
        client = MilvusClient(index.uri)
        retriever = Retriever(opened, embedder, settings.retrieval)

        def hybrid(text: str) -> None:
            limit = settings.retrieval.candidates
            vector = embedder.encode_queries([text])[0].tolist()
            requests = [
                AnnSearchRequest([vector], DENSE, {"metric_type": "COSINE"}, limit),
                AnnSearchRequest([lexical_form(text)], LEXICAL, {"metric_type": "BM25"}, limit),
            ]
            client.hybrid_search(index.collection, requests, RRFRanker(60), limit=6, output_fields=["text", "section"])

        plain: list[float] = []
        ours: list[float] = []
        for round_ in range(_ROUNDS + 1):
            for text in queries:
                began = time.perf_counter()
                hybrid(text)
                middle = time.perf_counter()
                await retriever.retrieve(Query(deidentify(RawText(text)), "en", 6))
                if round_:
                    plain.append(middle - began)
                    ours.append(time.perf_counter() - middle)
    finally:
        opened.close()
    return _ratio_row("retrieval, p50 of one query", plain, ours, "<= 1.25")


async def _over_http(settings: Settings, url: str, first: float) -> list[Row]:
    async with open_service(settings) as service:
        assistant = service.assistant
        inside: list[float] = []
        outside: list[float] = []
        async with httpx2.AsyncClient(timeout=60) as client:
            for round_ in range(_ROUNDS + 1):
                for text in QUESTIONS:
                    began = time.perf_counter()
                    await assistant.diagnose(Question(RawText(text)))
                    middle = time.perf_counter()
                    (await client.post(f"{url}/v1/diagnose", json={"symptoms": text})).raise_for_status()
                    if round_:
                        inside.append(middle - began)
                        outside.append(time.perf_counter() - middle)
    warm = statistics.median(outside[:: len(QUESTIONS)])
    return [
        _ratio_row("/v1/diagnose, HTTP against in-process", inside, outside, "<= 1.30"),
        Row("first answer after start against a warm one", f"{1000 * warm:.0f} ms", f"{1000 * first:.0f} ms",
            f"{first / warm:.2f}", "<= 1.20"),
    ]  # fmt: skip


async def _in_parallel(url: str, clients: int) -> Row:
    """Each client asks its questions one after the other; the baseline is the throughput of one client."""
    durations: list[float] = []
    errors = 0

    async def ask(client: httpx2.AsyncClient, number: int) -> None:
        nonlocal errors
        for turn in range(max(2, 64 // clients)):
            began = time.perf_counter()
            text = QUESTIONS[(number + turn) % len(QUESTIONS)]
            answer = await client.post(f"{url}/v1/diagnose", json={"symptoms": text})
            durations.append(time.perf_counter() - began)
            errors += answer.status_code != httpx2.codes.OK

    async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=clients)) as client:
        began = time.perf_counter()
        await asyncio.gather(*(ask(client, number) for number in range(clients)))
        rate = len(durations) / (time.perf_counter() - began)
    durations.sort()
    p50, p99 = durations[len(durations) // 2], durations[int(len(durations) * 0.99)]
    return Row(f"{clients} in parallel", "", f"p50 {1000 * p50:.0f} ms, p99 {1000 * p99:.0f} ms, {rate:.1f} answers/s",
               f"{errors} errors of {len(durations)}", "0 errors")  # fmt: skip


def _ratio_row(what: str, baseline: list[float], ours: list[float], goal: str) -> Row:
    """Medians of both, and the median of the ratios pair by pair, since the machine's speed drifts."""
    ratio = statistics.median(b / a for a, b in zip(baseline, ours, strict=True))
    medians = [f"{1000 * statistics.median(times):.1f} ms" for times in (baseline, ours)]
    return Row(what, medians[0], medians[1], f"{ratio:.2f}", goal)


async def _timed_post(url: str) -> float:
    async with httpx2.AsyncClient(timeout=60) as client:
        await client.get(f"{url}/livez")
        began = time.perf_counter()
        (await client.post(f"{url}/v1/diagnose", json={"symptoms": QUESTIONS[0]})).raise_for_status()
        return time.perf_counter() - began


@contextmanager
def _server(uri: str) -> Iterator[str]:
    """The service on a free port."""
    port = free_port()
    environment = {"CITEWELL_INDEX__URI": uri, "CITEWELL_SERVER__PORT": str(port), "CITEWELL_LOG_LEVEL": "WARNING"}
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "services.api"]
    with run_until_ready(command, f"{url}/readyz", environment, Path(uri).with_suffix(".log")):
        yield url


if __name__ == "__main__":
    typer.run(main)
