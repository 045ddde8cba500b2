"""What ingestion adds to the embedder, how it compares with llama-index's pipeline, and how it grows with the library.

All ratios are from one run. The first tables embed with the packaged model; growth is measured with vectors that cost
nothing, so that it shows our own time and memory.
"""

import hashlib
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import numpy as np
import typer
from llama_index.core import Settings as LlamaSettings
from llama_index.core import SimpleDirectoryReader
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from rich.console import Console
from rich.table import Table

from ingestion.build import sync
from ingestion.chunk import CHUNK_TOKENS
from ingestion.parsing import SUFFIXES
from ingestion.workshop import open_workshop
from services.core.settings import IndexSettings, Settings
from services.core.types import Chunk, Condition, Document, SectionRole, Vectors
from services.embedding.embedder import Embedder
from services.embedding.opening import open_embedder
from services.index.connection import connect
from services.index.editions import Editions
from services.index.schema import FORMAT, Entry, Manifest, hash_ids

_TIMES: Final = (1, 4, 16)
_DIM: Final = 384
_Row = tuple[str, str, str, str, str]


def main(
    folder: Annotated[Path, typer.Option(help="Guidelines to ingest.")] = Path("guidelines"),
    runs: Annotated[int, typer.Option(min=1, help="Runs of the first ingestion.")] = 1,
    times: Annotated[list[int] | None, typer.Option(help="Sizes of the library for growth.")] = None,
) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(prefix="ingest-", dir="/tmp") as scratch:
        copied = Path(shutil.copytree(folder, f"{scratch}/library", ignore=_only_guidelines))
        embedder = open_embedder(Settings().embedding)
        embedder.encode_documents(["warm up"])
        rows = _against_others(copied, Path(scratch), embedder, runs)
        _print("ingestion", ("", "baseline", "Citewell", "ratio", "goal"), rows, folder)
        grown = [_grown(copied, Path(scratch), factor) for factor in times or _TIMES]
    _print("growth, without an embedder", ("documents", "chunks", "seconds", "chunks/s", "memory"), grown, folder)


def _against_others(folder: Path, scratch: Path, embedder: Embedder, runs: int) -> list[_Row]:
    indexes = [IndexSettings(uri=str(scratch / f"first-{run}.db")) for run in range(runs)]
    measured = [_first(folder, index, embedder) for index in indexes]
    texts = measured[0][3]
    again = _timed(lambda: _sync(folder, indexes[0], embedder))
    changed = next(path for path in sorted(folder.rglob("*")) if path.suffix in {".md", ".txt"})
    changed.write_text(changed.read_text(encoding="utf-8") + "\nOne sentence is new.\n", encoding="utf-8")
    one = _timed(lambda: _sync(folder, indexes[0], embedder))
    ours, raw_s, llama_s = (median(run[what] for run in measured) for what in range(3))
    first = f"{ours:.1f} s"
    return [
        ("first ingest against the embedder on the same texts", f"{texts / raw_s:.1f} chunks/s",
         f"{texts / ours:.1f} chunks/s", f"{raw_s / ours:.2f}", ">= 0.90"),
        ("first ingest against llama-index's pipeline", f"{llama_s:.1f} s", first,
         f"{llama_s / ours:.2f}", ">= 1.0"),
        ("again, nothing changed, against the first", first, f"{again:.2f} s", f"{ours / again:.0f}", ">= 20"),
        ("one document changed, against the first", first, f"{one:.2f} s", f"{one / ours:.3f}", "<= 0.05"),
    ]  # fmt: skip


def _first(folder: Path, index: IndexSettings, embedder: Embedder) -> tuple[float, float, float, int]:
    """Seconds of a first sync, of the embedder alone, of llama-index; and the number of texts."""
    recorder = _Recorder(embedder)
    ours = _timed(lambda: _sync(folder, index, recorder))
    raw = _timed(lambda: embedder.encode_documents(recorder.texts))
    llama = _timed(lambda: _with_llama_index(folder, Path(index.uri).with_suffix(".llama.db"), embedder))
    return ours, raw, llama, len(recorder.texts)


def _sync(folder: Path, index: IndexSettings, embedder: Embedder) -> None:
    with open_workshop(index, embedder) as work:
        sync(folder, work)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class _Recorder:
    """An embedder that remembers the texts it was given."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.texts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return self._embedder.encode_documents(texts)


class _LlamaEmbedding(BaseEmbedding):  # type: ignore[misc]
    """The same embedder behind llama-index's interface."""

    embedder: Any

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self.embedder.encode_documents(texts).tolist()
        return found

    _get_query_embedding = _get_text_embedding

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def _with_llama_index(folder: Path, uri: Path, embedder: Embedder) -> None:
    """Read, split, embed with llama-index's own parts; store with one upsert and one flush into the same schema."""
    LlamaSettings.tokenizer = lambda text: range(embedder.count_tokens(text))
    documents = SimpleDirectoryReader(str(folder), recursive=True).load_data()
    pipeline = IngestionPipeline(
        transformations=[
            SentenceSplitter(chunk_size=CHUNK_TOKENS, chunk_overlap=0),
            _LlamaEmbedding(embedder=embedder, embed_batch_size=512),
        ]
    )
    nodes = pipeline.run(documents=documents)
    document = Document("all", "all", "en", Condition("all", {"en": "all"}), "all", "")
    entries = [
        Entry(
            Chunk(f"all:{n}", "all", n, "", SectionRole.OTHER, node.get_content(), ()),
            node.get_content(),
            node.embedding,
        )
        for n, node in enumerate(nodes)
    ]
    index = IndexSettings(uri=str(uri))
    with connect(index, create=True) as client:
        editions = Editions(client, index)
        editions.create("1", embedder.dim)
        editions.add("1", entries, {"all": document}, embedder.dim)
        ids = [entry.chunk.id for entry in entries]
        manifest = Manifest("1", FORMAT, embedder.fingerprint, "llama", 1, len(ids), hash_ids(ids), "")
        editions.complete(manifest)
        editions.publish(manifest)


class _FreeEmbedder:
    """Vectors from a hash, at no cost; tokens are words and Chinese characters."""

    fingerprint, dim, max_tokens = "hash@1", _DIM, 256

    def knows(self, language: str) -> bool:
        return True

    def close(self) -> None:
        pass

    def count_tokens(self, text: str) -> int:
        return len(text.split()) + sum("一" <= character <= "鿿" for character in text)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        vectors = np.stack([np.random.default_rng(seed).standard_normal(_DIM) for seed in seeds])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    encode_queries = encode_documents


def _grown(folder: Path, scratch: Path, factor: int) -> _Row:
    """Copies that differ in one sentence each, ingested by a process of its own."""
    grown = scratch / f"times-{factor}"
    for copy in range(factor):
        made = Path(shutil.copytree(folder, grown / str(copy)))
        for path in made.rglob("*"):
            if path.suffix in {".md", ".txt"}:
                text = path.read_text(encoding="utf-8", errors="ignore").replace("\nid: ", f"\nid: copy{copy}-")
                path.write_text(f"{text}\nThis is copy {copy}.\n", encoding="utf-8")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs, grown, scratch / f"times-{factor}.db"))
    process.start()
    documents, chunks, seconds, mib = ours.recv()
    process.join()
    return (f"{documents}", f"{chunks}", f"{seconds:.1f}", f"{chunks / seconds:.0f}", f"{mib:.0f} MiB")


def _measure(answer: Any, folder: Path, uri: Path) -> None:
    began = time.perf_counter()
    with open_workshop(IndexSettings(uri=str(uri), timeout_s=120), _FreeEmbedder()) as work:
        manifest = sync(folder, work).manifest
    used = _peak_mib()
    if manifest is not None:
        answer.send((manifest.documents, manifest.chunks, time.perf_counter() - began, used))


def _peak_mib() -> float:
    """Most memory that this process held; Linux's `ru_maxrss` would begin with that of the process that started it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def _only_guidelines(folder: str, names: list[str]) -> set[str]:
    """What is not to be copied."""
    return {name for name in names if Path(folder, name).is_file() and Path(name).suffix not in SUFFIXES}


def _print(title: str, header: Sequence[str], rows: Sequence[_Row], folder: Path) -> None:
    table = Table(*header, title=f"{title}: {folder.name}, {os.cpu_count()} cores")
    for row in rows:
        table.add_row(*row)
    Console(width=140).print(table)


if __name__ == "__main__":
    typer.run(main)
