"""Files are read in processes with a time and a memory limit, so that a bomb or a crash costs one file.

The pool is our own: pebble's workers load the parent's main module, and with it torch and Milvus; loky and
concurrent.futures know no time limit for one task, and give up all tasks when a worker crashes.
"""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ingestion.parsing_worker import READY, Outcome
from ingestion.readers.docx import DocxReader
from ingestion.readers.html import HtmlReader
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.pdf import PdfReader
from ingestion.readers.reader import Reader, Reading
from ingestion.readers.text import TextReader
from ingestion.scan import File
from services.core.errors import DocumentError, LibraryError

READERS: Final[tuple[Reader, ...]] = (MarkdownReader(), TextReader(), HtmlReader(), PdfReader(), DocxReader())
SUFFIXES: Final[frozenset[str]] = frozenset().union(*(reader.suffixes for reader in READERS))

_MAX_WORKERS: Final = 4
_GRACE_S: Final = 30.0
"""Start-up of a worker, and time for its own limit to end it, before it is killed."""

_AHEAD: Final = 64
"""Files read beyond the one that is waited for; their readings are held."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of a file: a reading, or why there is none."""

    reading: Reading | None
    failure: DocumentError | None


@dataclass(slots=True, eq=False)
class _Worker:
    """A process, our end of its socket, and the file it reads (its place in the sequence)."""

    process: subprocess.Popen[bytes]
    connection: Connection
    is_ready: bool = False
    place: int | None = None
    until: float = field(default=0.0)

    def give(self, place: int, path: Path, timeout_s: float) -> bool:
        """False if it is gone."""
        try:
            self.connection.send(str(path))
        except OSError:
            return False
        self.place, self.until = place, time.monotonic() + timeout_s + _GRACE_S
        return True

    def end(self) -> int:
        """End the process now; its exit status, negative for a signal."""
        self.connection.close()
        status = self.process.poll()
        if status is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        return status if status is not None else -signal.SIGKILL


class Parsers:
    """A pool of reading processes. They start with the first file and end with the `with` block, or with the parent."""

    def __init__(
        self,
        *,
        workers: int | None = None,
        timeout_s: float = 120.0,
        memory_mib: int = 2048,
        readers: str = "ingestion.parsing:READERS",
    ) -> None:
        """Nothing is started yet.

        Args:
            workers: Processes at once; None for one a core, four at most.
            timeout_s: For one file.
            memory_mib: For one process.
            readers: Module and name of a tuple of readers, which each process imports.
        """
        self._limit = workers or min(_MAX_WORKERS, os.cpu_count() or 1)
        self._timeout_s = timeout_s
        self._memory_mib = memory_mib
        self._readers = readers
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._workers:
            self._workers.pop().end()

    def read(self, files: Sequence[File]) -> Iterator[Parsed]:
        """One result for each file, in the order of the files.

        Raises:
            LibraryError: The processes do not start.
        """
        results: dict[int, Parsed] = {}
        queue = deque(range(len(files)))
        try:
            for place in range(len(files)):
                while place not in results:
                    self._hand_out(files, queue, place + _AHEAD)
                    results.update(self._collected())
                yield results.pop(place)
        finally:
            for worker in [worker for worker in self._workers if worker.place is not None]:
                self._drop(worker)  # the caller stopped early: what comes now would be taken for other files

    def _hand_out(self, files: Sequence[File], queue: deque[int], end: int) -> None:
        while queue and queue[0] < end:
            worker = next((worker for worker in self._workers if worker.place is None), None)
            if worker is None and len(self._workers) >= self._limit:
                return
            worker = worker or self._started()
            if worker.give(queue[0], files[queue[0]].path, self._timeout_s):
                queue.popleft()
            elif worker.is_ready:
                self._drop(worker)
            else:
                self._fail_to_start(worker)

    def _started(self) -> _Worker:
        ours, theirs = Pipe()
        with theirs:
            command = [
                sys.executable, "-P", "-m", "ingestion.parsing_worker", str(theirs.fileno()), "0",
                str(self._timeout_s), str(self._memory_mib * 1024 * 1024), self._readers,
            ]  # fmt: skip
            process = subprocess.Popen(  # noqa: S603 - the command is ours
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # libraries write there what documents contain
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _collected(self) -> dict[int, Parsed]:
        """Results of the workers that have one; waits for the first, and ends those whose time is over."""
        busy = {worker.connection: worker for worker in self._workers if worker.place is not None}
        left = min((worker.until for worker in busy.values()), default=0.0) - time.monotonic()
        found: dict[int, Parsed] = {}
        for connection in wait(list(busy), max(left, 0.0)):
            worker = busy.pop(connection)  # type: ignore[call-overload]  # wait() gives back what it was given
            self._take(worker, found)
        for worker in busy.values():
            if worker.until < time.monotonic() and worker.place is not None:
                found[worker.place] = self._too_slow()
                self._drop(worker)
        return found

    def _take(self, worker: _Worker, found: dict[int, Parsed]) -> None:
        place = worker.place
        if place is None:
            return
        try:
            message: str | Outcome = worker.connection.recv()
        except (EOFError, OSError):
            if not worker.is_ready:
                self._fail_to_start(worker)
            found[place] = self._crashed(self._drop(worker, has_closed=True))
            return
        if isinstance(message, str):
            worker.is_ready = message == READY
            return
        reading, failure, is_last = message
        found[place] = Parsed(reading, failure)
        worker.place = None
        if is_last:
            self._drop(worker)

    def _crashed(self, status: int) -> Parsed:
        if status == -signal.SIGALRM:
            return self._too_slow()
        reason = f"cannot be read: its reader crashed, or needed more than {self._memory_mib} MiB (status {status})"
        return Parsed(None, DocumentError(reason, kind="crashed"))

    def _too_slow(self) -> Parsed:
        reason = f"reading it takes more than {self._timeout_s:g} s: split it, or save it anew"
        return Parsed(None, DocumentError(reason, kind="too_slow"))

    def _fail_to_start(self, worker: _Worker) -> None:
        status = self._drop(worker, has_closed=True)
        raise LibraryError(f"processes that read files do not start (status {status})")

    def _drop(self, worker: _Worker, *, has_closed: bool = False) -> int:
        self._workers.remove(worker)
        if has_closed:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(1.0)  # its own status says more than that of our kill
        return worker.end()
