"""One connection to Milvus, with its errors translated once.

A Milvus Lite file can be opened by one process only. That process serves it on the loopback and leaves the address in
a file beside it, so that others on the machine can use it meanwhile: `sync` beside a running service, and the reverse.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
from pymilvus import MilvusClient, MilvusException

from services.core.errors import IndexFormatError, IndexLockedError, IndexMissingError, IndexUnavailableError
from services.core.settings import IndexSettings

if TYPE_CHECKING:
    from milvus_lite.server_manager import ServerManager

_SQLITE_MAGIC: Final = b"SQLite format 3\x00"
_OPENING_S: Final = 3.0
"""How long a process may take from locking the file to telling where it serves it."""

_LOOK_AGAIN_S: Final = 0.1


class BoundedClient:
    """A `MilvusClient` whose every call ends in time: one without a timeout is tried again for minutes, or for ever.

    A call may still give its own `timeout` in seconds.
    """

    def __init__(self, client: MilvusClient, timeout_s: float) -> None:
        self._client = client
        self._timeout_s = timeout_s

    def __getattr__(self, name: str) -> Any:
        return partial(getattr(self._client, name), timeout=self._timeout_s)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


_owners: Final[dict[BoundedClient, Path]] = {}
"""Clients of files that this process has open itself; the last one lets go of its file."""


def is_lite(uri: str) -> bool:
    """Whether the URI names a Milvus Lite file rather than a server."""
    return "://" not in uri


def is_borrowed(settings: IndexSettings) -> bool:
    """Whether the URI names a Milvus Lite file that is used through another process."""
    return is_lite(settings.uri) and Path(settings.uri).absolute() not in _owners.values()


@contextmanager
def connect(settings: IndexSettings, *, create: bool = False) -> Iterator[BoundedClient]:
    """A client, closed at the end; a Milvus Lite file is unlocked again if this process had it open.

    Args:
        settings: Where Milvus is.
        create: Make the Milvus Lite file if there is none.

    Raises:
        IndexMissingError: There is no Milvus Lite file.
        IndexLockedError: Another process holds it and does not answer.
        IndexFormatError: It is a file of milvus-lite 2 or something else.
        IndexUnavailableError: The server does not answer.
    """
    client = open_client(settings, create=create)
    try:
        yield client
    finally:
        close_client(client)


def open_client(settings: IndexSettings, *, create: bool = False) -> BoundedClient:
    """As `connect`, to be closed by `close_client`."""
    # pymilvus logs each failed call with its arguments; the error itself is translated and raised.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    if is_lite(settings.uri):
        _check_lite_file(Path(settings.uri), create=create)
        _quiet_jieba()
        return _open_lite(Path(settings.uri).absolute(), settings)
    try:
        return BoundedClient(
            MilvusClient(settings.uri, token=settings.token, timeout=settings.timeout_s), settings.timeout_s
        )
    except (MilvusException, grpc.RpcError) as exc:
        raise IndexUnavailableError("the Milvus server does not answer: check CITEWELL_INDEX__URI") from exc


def close_client(client: BoundedClient) -> None:
    """Close the connection; a Milvus Lite file that this process has open may then be opened by another one."""
    client.close()
    path = _owners.pop(client, None)
    if path is not None and path not in _owners.values():
        _address_file(path).unlink(missing_ok=True)
        _servers().release_server(str(path))


def _open_lite(path: Path, settings: IndexSettings) -> BoundedClient:
    """Open the file, or use it through the process that has it open."""
    deadline = time.monotonic() + _OPENING_S
    while True:
        address, is_own = _served_at(path)
        if address is not None:
            with suppress(MilvusException, grpc.RpcError):  # whoever had it open is gone, or just starts
                client = BoundedClient(MilvusClient(address, timeout=settings.timeout_s), settings.timeout_s)
                if is_own:
                    # Lite opens a collection at its first use, and twice if two calls come at once: then one loads the
                    # first copy and waits for the second. So all are opened before anyone else knows the address.
                    client.list_collections()
                    _tell(path, address)
                    _owners[client] = path
                return client
        if time.monotonic() > deadline:
            raise IndexLockedError(
                "the Milvus Lite file is in use by another process that does not answer, or it cannot be opened: stop "
                "that process, or give both a Milvus server by CITEWELL_INDEX__URI"
            )
        time.sleep(_LOOK_AGAIN_S)


def _served_at(path: Path) -> tuple[str | None, bool]:
    """Where the file is served, if it is, and whether by this process."""
    own = _servers().start_and_get_uri(str(path))
    if own is not None:
        return own, True
    with suppress(FileNotFoundError):
        return _address_file(path).read_text(encoding="ascii"), False
    return None, False


def _tell(path: Path, address: str) -> None:
    """Where the file is served, for other processes; complete at once."""
    written = _address_file(path).with_suffix(f".{os.getpid()}")
    written.write_text(address, encoding="ascii")
    written.replace(_address_file(path))


def _address_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.address")


def _servers() -> "ServerManager":
    """milvus-lite's servers of this process; it logs tracebacks of files and calls whose errors are translated."""
    from milvus_lite.server_manager import server_manager_instance

    for name in ("milvus_lite", "grpc._server"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return server_manager_instance


@contextmanager
def translated() -> Iterator[None]:
    """Milvus's exceptions as ours.

    Raises:
        IndexUnavailableError: Milvus did not do what was asked.
    """
    try:
        yield
    except MilvusException as exc:
        raise IndexUnavailableError(f"Milvus refused or did not answer (code {exc.code})") from exc
    except grpc.RpcError as exc:  # pymilvus lets deadlines and refusals pass as they are
        code = exc.code().name.lower() if isinstance(exc, grpc.Call) else "unknown"
        raise IndexUnavailableError(f"Milvus refused or did not answer ({code})") from exc


def _quiet_jieba() -> None:
    """Milvus Lite's Chinese tokenizer says on standard error that it loads its dictionary."""
    import jieba

    jieba.setLogLevel(logging.WARNING)


def _check_lite_file(path: Path, *, create: bool) -> None:
    if path.suffix != ".db":
        raise IndexFormatError("a Milvus Lite file must end in .db: check CITEWELL_INDEX__URI")
    if path.is_file():
        kind = "of milvus-lite 2" if path.open("rb").read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC else "no index"
        raise IndexFormatError(
            f"the file at CITEWELL_INDEX__URI is {kind}: move it away, then run `citewell-ingest sync`"
        )
    if path.exists():
        return
    if not create:
        raise IndexMissingError("there is no guideline index yet: run `citewell-ingest sync guidelines`")
    path.parent.mkdir(parents=True, exist_ok=True)
