"""Reading, cutting and embedding as stages of Ray Data, by the functions that do it on one machine.

Needs `citewell[ray]`. Files are read where the stage runs: on a cluster the folder must lie at the same path on every
machine. The catalog, the order of documents and the writing stay in the process that started the sync.
"""

import itertools
import os
import pickle
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from ingestion.embedding import WINDOW, KnowsVectors, Pending, Vector, chunks_of, embed
from ingestion.parsing import Parsed, Parsers
from ingestion.scan import File
from ingestion.spool import Read
from services.core.errors import CitewellError, LibraryError
from services.core.settings import EmbeddingSettings
from services.core.types import Document
from services.embedding.embedder import Embedder
from services.embedding.opening import open_embedder
from services.index.schema import Entry

_FILES: Final = 4
"""Files in a block: few, because one may take minutes."""

_DOCUMENTS: Final = 8
_CONNECT_S: Final = 5.0
_ITEM: Final = "item"
"""The only column: pickled objects of ours, which no other process writes."""

Batch = dict[str, Any]


class RayEngine:
    """The stages of a sync on Ray: on the cluster at RAY_ADDRESS, or on this machine alone."""

    def __init__(self, embedding: EmbeddingSettings) -> None:
        """Nothing is started yet.

        Raises:
            LibraryError: Ray is not installed.
        """
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # else it tells its makers how it is used
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its errors come as exceptions, too
        try:
            import ray.data
        except ImportError as exc:
            raise LibraryError("Ray is not installed: pip install 'citewell[ray]'") from exc
        self._ray = ray
        self._embedding = embedding

    def __enter__(self) -> Self:
        """Started."""
        context = self._ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        context.execution_options.preserve_order = True
        address = os.environ.get("RAY_ADDRESS", "")
        _check_reachable(address)
        with self._told():
            self._ray.init(log_to_driver=False, include_dashboard=None if address else False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stopped, or let go of the cluster."""
        self._ray.shutdown()

    def read(self, files: Sequence[File]) -> Iterator[Parsed]:
        """One result for each file, in their order.

        Raises:
            LibraryError: Ray did not finish.
        """
        if blocks := self._blocks(files, _FILES):
            yield from self._results(self._stage(self._ray.data.from_arrow_refs(blocks), _ReadingStage, None))

    def embed(
        self, reads: Iterable[Read], embedder: Embedder, known: KnowsVectors
    ) -> Iterator[tuple[list[Entry], int]]:
        """Entries in batches, and how many texts of each were embedded; the embedder is opened where it is used.

        Raises:
            LibraryError: Ray did not finish.
        """
        with_known = (
            (read, known.of(read.document) if embedder.knows(read.document.language) else {}) for read in reads
        )
        if blocks := self._blocks(with_known, _DOCUMENTS):
            cut = self._stage(self._ray.data.from_arrow_refs(blocks), _CuttingStage, None, self._embedding)
            yield from self._results(self._stage(cut, _EmbeddingStage, WINDOW, self._embedding))

    def _blocks(self, items: Iterable[object], size: int) -> list[Any]:
        """References to blocks in Ray's object store, which moves to disk what does not fit into memory."""
        import pyarrow as pa

        found = []
        stream = iter(items)
        while part := list(itertools.islice(stream, size)):
            with self._told():
                found.append(self._ray.put(pa.table(_batch(part))))
        return found

    def _stage(self, data: Any, stage: type, batch_size: int | None, *arguments: object) -> Any:
        """One stage more. Two run at once, so each gets half of the processors: of a single one, half an actor each."""
        half = self._ray.cluster_resources().get("CPU", 1) / 2
        return data.map_batches(
            stage,
            fn_constructor_args=arguments,
            batch_size=batch_size,
            num_cpus=min(1.0, half),
            compute=self._ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, int(half))),
        )

    def _results(self, data: Any) -> Iterator[Any]:
        with self._told():
            for batch in data.iter_batches(batch_size=None, batch_format="numpy"):
                yield from _items(batch)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Ray's errors as ours: our own error that ended a stage, else that Ray did not finish."""
        try:
            yield
        except self._ray.exceptions.RayError as exc:
            link: BaseException | None = exc
            while link is not None and not isinstance(link, CitewellError):
                link = getattr(link, "cause", None) or link.__cause__
            raise link or LibraryError(f"Ray did not finish ({type(exc).__name__}); nothing was published") from exc
        except (ConnectionError, ValueError, RuntimeError) as exc:
            reason = "Ray does not start or stopped: check RAY_ADDRESS, and RAY_AUTH_MODE=token if it asks for a token"
            raise LibraryError(f"{reason}; nothing was published") from exc


def _check_reachable(address: str) -> None:
    """Ask before Ray does, which tries for minutes; other forms than host:port are left to it.

    Raises:
        LibraryError: Nothing listens there.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as exc:
        raise LibraryError("no Ray listens at RAY_ADDRESS; nothing was published") from exc


class _ReadingStage:
    """Files to results, within the limits of time and memory that hold everywhere."""

    def __init__(self) -> None:
        self._parsers = Parsers(workers=1)

    def __call__(self, batch: Batch) -> Batch:
        return _batch(self._parsers.read(_items(batch)))


class _CuttingStage:
    """Documents to chunks. The embedder is opened for its tokenizer."""

    def __init__(self, embedding: EmbeddingSettings) -> None:
        self._embedder = open_embedder(embedding)

    def __call__(self, batch: Batch) -> Batch:
        items = _items(batch)
        known = _Known({read.document.id: vectors for read, vectors in items})
        return _batch(chunks_of((read for read, _ in items), self._embedder, known))


class _EmbeddingStage:
    """Chunks to entries."""

    def __init__(self, embedding: EmbeddingSettings) -> None:
        self._embedder = open_embedder(embedding)

    def __call__(self, batch: Batch) -> Batch:
        pending: list[Pending] = _items(batch)
        return _batch([embed(pending, self._embedder)])


@dataclass(frozen=True, slots=True)
class _Known:
    """Vectors that came with the documents."""

    vectors: dict[str, dict[str, Vector]]

    def of(self, document: Document) -> dict[str, Vector]:
        return self.vectors[document.id]


def _batch(items: Iterable[object]) -> Batch:
    return {_ITEM: [pickle.dumps(item) for item in items]}


def _items(batch: Batch) -> list[Any]:
    return [pickle.loads(item) for item in batch[_ITEM]]  # noqa: S301 - written by `_batch`
