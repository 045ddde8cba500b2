"""Milvus by URI, and rows that go in through bulk import."""

import pytest
from milvus_lite.server_manager import server_manager_instance
from object_store import BUCKET, ObjectStore
from support import copy_guidelines

from ingestion.build import sync
from ingestion.workshop import open_workshop
from services.core.errors import IndexUnavailableError
from services.core.settings import BulkSettings, IndexSettings
from services.index.connection import connect
from services.index.editions import Editions
from services.index.guidelines import GuidelineIndex

NAMES = ("migraine.en.md", "migraine.zh.md", "common-cold.en.md")


@pytest.fixture
def folder(tmp_path):
    return copy_guidelines(tmp_path / "library", *NAMES)


@pytest.fixture
def milvus(tmp_path):
    """A Milvus that is reached by URI, as a server is."""
    path = str(tmp_path / "server.db")
    yield server_manager_instance.start_and_get_uri(path).removeprefix("http://")
    server_manager_instance.release_server(path)


@pytest.fixture
def store(milvus):
    with ObjectStore(milvus) as running:
        yield running


def settings_of(store, **changes):
    bulk = BulkSettings(
        endpoint=store.address, bucket=BUCKET, access_key="editor", secret_key="of guidelines",  # noqa: S106
        rest_uri=f"http://{store.address}", **changes,
    )  # fmt: skip
    return IndexSettings(uri=f"http://{store.milvus}", bulk=bulk)


def test_a_milvus_server_is_used_by_its_uri(folder, milvus, embedder, tmp_path, ingest):
    settings = IndexSettings(uri=f"http://{milvus}")
    with open_workshop(settings, embedder) as work:
        report = sync(folder, work)
    assert report.manifest.ids_hash == ingest(folder, tmp_path / "file.db").manifest.ids_hash
    index = GuidelineIndex.open(settings, embedder.fingerprint)
    try:
        assert len(index.documents) == len(NAMES)
        assert index.dense(embedder.encode_queries(["throbbing headache"]), 1)[0][0].document_id == "migraine.en"
    finally:
        index.close()


def test_bulk_import_makes_the_edition_that_inserting_makes(folder, store, embedder, tmp_path, ingest):
    inserted = ingest(folder, tmp_path / "file.db")
    with open_workshop(settings_of(store), embedder) as work:
        report = sync(folder, work)
    assert report.manifest.ids_hash == inserted.manifest.ids_hash
    (name,) = store.objects
    assert name.endswith(".parquet")
    rows = {row["id"]: row for row in store.rows(name)}
    assert len(rows) == inserted.manifest.chunks
    plain = IndexSettings(uri=str(tmp_path / "file.db"))
    with connect(plain) as client:
        editions = Editions(client, plain)
        entries = list(editions.entries_of(list(editions.documents())))
    for entry in entries:
        row = rows[entry.chunk.id]
        assert row["text"] == entry.chunk.text
        assert row["embedded"] == (entry.vector is not None)
        if entry.vector is not None:
            assert row["dense"] == pytest.approx(list(entry.vector), abs=1e-6)


def test_a_store_that_takes_nothing_publishes_nothing(folder, store, embedder):
    store.takes_files = False
    with open_workshop(settings_of(store), embedder) as work:
        with pytest.raises(IndexUnavailableError, match="object store"):
            sync(folder, work)
        assert work.editions.current() is None


def test_a_job_that_fails_publishes_nothing(folder, store, embedder):
    store.job = "Failed"
    with open_workshop(settings_of(store), embedder) as work:
        with pytest.raises(IndexUnavailableError, match="job failed"):
            sync(folder, work)
        assert work.editions.current() is None


def test_a_file_takes_no_bulk_import(folder, store, embedder, tmp_path):
    settings = settings_of(store).model_copy(update={"uri": str(tmp_path / "file.db")})
    with open_workshop(settings, embedder) as work, pytest.raises(IndexUnavailableError, match="needs a Milvus server"):
        sync(folder, work)
    assert store.objects == {}


def test_an_endpoint_that_is_none_is_told(folder, store, embedder):
    settings = settings_of(store)
    settings = settings.model_copy(update={"bulk": settings.bulk.model_copy(update={"endpoint": "http://a/b"})})
    with open_workshop(settings, embedder) as work, pytest.raises(IndexUnavailableError, match="object store"):
        sync(folder, work)
