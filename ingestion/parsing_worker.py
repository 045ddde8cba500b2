"""The process in which files are read: it may hang, crash or run out of memory without harm to others.

Started by `ingestion.parsing` with the number of a socket, of the pipe that tells of the parent's end, and the limits.
"""

import importlib
import os
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from ingestion.readers.reader import Reader, Reading, reader_for
from services.core.errors import DocumentError

READY: Final = "ready"
_FULL: Final = 0.5
"""Share of the memory limit from which on a worker is not used again: libraries keep what they once took."""

_MAX_CHARACTERS: Final = 10_000_000
"""A book of 3000 pages; what comes after reading has no time limit of its own."""

Outcome = tuple[Reading | None, DocumentError | None, bool]
"""Reading or error, and whether the worker ends now."""


def main() -> None:
    """Read the files whose paths come over the socket until it closes."""
    socket, lifeline, timeout_s, memory_bytes, readers = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    _end_with_parent(int(lifeline))
    _limit_memory(int(memory_bytes))
    with Connection(int(socket)) as connection, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        module, _, name = readers.partition(":")
        known: tuple[Reader, ...] = getattr(importlib.import_module(module), name)
        connection.send(READY)
        is_last = False
        while not is_last:
            path = connection.recv()
            signal.setitimer(signal.ITIMER_REAL, float(timeout_s))  # its default action ends the process, in C too
            reading, error = _read(Path(path), known)
            signal.setitimer(signal.ITIMER_REAL, 0)
            is_last = _memory_used() > _FULL * int(memory_bytes)
            connection.send((reading, error, is_last))


def _read(path: Path, readers: tuple[Reader, ...]) -> tuple[Reading | None, DocumentError | None]:
    try:
        return _reading(path, readers), None
    except DocumentError as exc:
        return None, DocumentError(str(exc), kind=exc.kind)  # without the cause, which may hold the document
    except OSError as exc:
        return None, DocumentError(f"cannot be read ({exc.strerror})", kind="unreadable")
    except MemoryError:
        return None, DocumentError("needs too much memory: split it", kind="too_much_memory")
    except Exception as exc:  # noqa: BLE001 - a process's entry: one file fails, the next ones go on
        return None, DocumentError(f"cannot be read: its reader failed ({type(exc).__name__})", kind="crashed")


def _reading(path: Path, readers: tuple[Reader, ...]) -> Reading:
    reader = reader_for(path, readers)
    if reader is None:
        raise DocumentError("no reader knows this format", kind="unsupported")
    reading = reader.read(path.read_bytes())
    if sum(len(section.text) for section in reading.sections) > _MAX_CHARACTERS:
        raise DocumentError(f"has over {_MAX_CHARACTERS:,} characters: split it", kind="too_large")
    return reading


def _end_with_parent(lifeline: int) -> None:
    """Let the kernel end this process when the parent's end of a pipe closes, whatever code runs here then."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _limit_memory(limit_bytes: int) -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold documents


def _memory_used() -> int:
    """The most that this program ever held, in bytes."""
    with suppress(OSError, ValueError, IndexError):
        # In Linux ru_maxrss also counts what the parent held when it started this process.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return 1024 * int(status.partition("VmHWM:")[2].split(maxsplit=1)[0])
    with suppress(ImportError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else 1024 * used
    return 0


if __name__ == "__main__":
    main()
