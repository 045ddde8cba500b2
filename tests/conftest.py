"""Real parts for tests that need them: the packaged embedder, Milvus Lite files, a server on the loopback."""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from support import GUIDELINES, Server, settings_for

from ingestion.build import sync
from ingestion.plan import Report
from ingestion.workshop import open_workshop
from services.core.settings import EmbeddingSettings, IndexSettings
from services.embedding.transformer import TransformerEmbedder


@pytest.fixture(scope="session")
def embedder() -> TransformerEmbedder:
    return TransformerEmbedder.open(EmbeddingSettings())


@pytest.fixture(scope="session")
def ingest(embedder: TransformerEmbedder) -> Callable[..., Report]:
    """Sync a folder into a Milvus Lite file, as the command does."""

    def run(folder: Path, uri: Path, *, rebuild: bool = False) -> Report:
        with open_workshop(IndexSettings(uri=str(uri)), embedder) as work:
            return sync(folder, work, rebuild=rebuild)

    return run


@pytest.fixture(scope="session")
def starter_index(ingest: Callable[..., Report], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter guidelines in a Milvus Lite file. Copy it before you open it."""
    uri = tmp_path_factory.mktemp("starter") / "starter.db"
    assert ingest(GUIDELINES, uri).problems == []
    return uri


@pytest.fixture
def index_copy(starter_index: Path, tmp_path: Path) -> Path:
    """A starter index of the test's own."""
    return Path(shutil.copytree(starter_index, tmp_path / "copy.db"))


@pytest.fixture(scope="session")
def server(starter_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    uri = Path(shutil.copytree(starter_index, tmp_path_factory.mktemp("served") / "served.db"))
    running = Server(settings_for(uri, max_body_bytes=300_000))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=30) as opened:
        yield opened


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
