"""One connection to Milvus, with its errors translated once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pymilvus import MilvusClient, MilvusException

from services.core.errors import IndexFormatError, IndexLockedError, IndexMissingError, IndexUnavailableError
from services.core.settings import IndexSettings

_SQLITE_MAGIC: Final = b"SQLite format 3\x00"


def is_lite(uri: str) -> bool:
    """Whether the URI names a Milvus Lite file rather than a server."""
    return "://" not in uri


@contextmanager
def connect(settings: IndexSettings, *, create: bool = False) -> Iterator[MilvusClient]:
    """A client, closed at the end; a Milvus Lite file is unlocked again.

    Args:
        settings: Where Milvus is.
        create: Make the Milvus Lite file if there is none.

    Raises:
        IndexMissingError: There is no Milvus Lite file.
        IndexLockedError: Another process holds it.
        IndexFormatError: It is a file of milvus-lite 2 or something else.
        IndexUnavailableError: The server does not answer.
    """
    client = open_client(settings, create=create)
    try:
        yield client
    finally:
        close_client(client, settings)


def open_client(settings: IndexSettings, *, create: bool = False) -> MilvusClient:
    """As `connect`, to be closed by `close_client`."""
    # pymilvus logs each failed call with its arguments; the error itself is translated and raised.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    if is_lite(settings.uri):
        _check_lite_file(Path(settings.uri), create=create)
        _quiet_jieba()
    try:
        return MilvusClient(settings.uri, token=settings.token, timeout=settings.timeout_s)
    except MilvusException as exc:
        if is_lite(settings.uri):
            raise IndexLockedError(
                "the Milvus Lite file is in use by another process (or cannot be opened): stop the running service "
                "or ingestion first, or give both a Milvus server by CITEWELL_INDEX__URI"
            ) from exc
        raise IndexUnavailableError("the Milvus server does not answer: check CITEWELL_INDEX__URI") from exc


def close_client(client: MilvusClient, settings: IndexSettings) -> None:
    """Close the connection and, for Milvus Lite, end its server so that another process may open the file."""
    client.close()
    if is_lite(settings.uri):
        from milvus_lite.server_manager import server_manager_instance

        server_manager_instance.release_server(str(Path(settings.uri).absolute()))


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
