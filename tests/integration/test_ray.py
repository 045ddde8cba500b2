"""The stages of a sync on a local Ray give what one process gives."""

import json

import numpy as np
import pytest
from support import ingest_command
from tiny_embedder import write_tiny_embedder

from ingestion.build import sync
from ingestion.distributed import RayEngine
from ingestion.embedding import KnownVectors
from ingestion.spool import Read
from ingestion.workshop import open_workshop
from services.core.errors import LibraryError
from services.core.settings import EmbeddingSettings, IndexSettings
from services.core.types import Condition, Document
from services.index.connection import connect
from services.index.editions import Editions

DOCUMENTS = 270
FINDINGS = (
    "a dry cough",
    "wheezing at night",
    "itchy eyes",
    "a runny nose",
    "throbbing headache",
    "loose stools",
    "thirst",
)


def guideline(number: int) -> str:
    found = [FINDINGS[(number + step * (1 + number % 3)) % len(FINDINGS)] for step in range(4)]
    lines = [f"Illness {number} is known by {one}. It may last {number + step} days." for step, one in enumerate(found)]
    return (
        f"---\ntitle: Illness {number}\n---\n## Presentation\n{' '.join(lines)}\n\n## Tests\nA test for {found[0]}.\n"
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    model = write_tiny_embedder(tmp_path_factory.mktemp("embedder"))
    return EmbeddingSettings(model=str(model), languages=("en",), dtype="float32")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "library"
    made.mkdir()
    for number in range(DOCUMENTS):
        (made / f"illness-{number}.md").write_text(guideline(number), encoding="utf-8")
    (made / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (made / "copy.md").write_text(guideline(7), encoding="utf-8")
    return made


def made_by(engine, folder, uri, settings):
    """The report, and chunk ids with their vectors."""
    index = IndexSettings(uri=str(uri))
    with open_workshop(index, settings, engine=engine) as work:
        report = sync(folder, work)
    with connect(index) as client:
        editions = Editions(client, index)
        return report, {entry.chunk.id: entry.vector for entry in editions.entries_of(list(editions.documents()))}


def test_ray_gives_the_same_ids_and_vectors_as_one_process(folder, tmp_path, settings):
    here, plain = made_by("local", folder, tmp_path / "plain.db", settings)
    there, spread = made_by("ray", folder, tmp_path / "ray.db", settings)
    assert there.manifest.documents == DOCUMENTS
    assert there.manifest.ids_hash == here.manifest.ids_hash
    assert (there.problems, there.duplicates) == (here.problems, here.duplicates)
    assert there.chunks_embedded == here.chunks_embedded == len(plain)
    assert spread.keys() == plain.keys()
    ids = sorted(plain)
    assert np.allclose([spread[one] for one in ids], [plain[one] for one in ids], atol=1e-5)
    # What is known is not embedded again here either.
    (folder / "illness-3.md").write_text(guideline(3).replace("days", "weeks"), encoding="utf-8")
    again, changed = made_by("ray", folder, tmp_path / "ray.db", settings)
    assert again.changed == ["illness-3.md"]
    assert again.chunks_embedded == 1
    assert len(changed.keys() & plain.keys()) == len(plain) - 1


def test_what_fails_in_a_stage_is_told_as_ever(tmp_path, embedder):
    document = Document("a", "A", "en", Condition("a", {"en": "A"}), "a.md", "0" * 64)
    with RayEngine(EmbeddingSettings(model=str(tmp_path))) as engine, pytest.raises(LibraryError, match="nothing was"):
        list(engine.embed([Read(document, ())], embedder, KnownVectors({}, None)))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999"])
def test_a_ray_that_is_not_there_is_told_at_once(monkeypatch, address):
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(LibraryError, match="RAY_ADDRESS"), RayEngine(EmbeddingSettings()):
        pass


def test_an_embedder_that_is_open_cannot_be_sent(embedder, tmp_path):
    with pytest.raises(TypeError), open_workshop(IndexSettings(uri=str(tmp_path / "a.db")), embedder, engine="ray"):
        pass


def test_the_command_takes_the_engine(tmp_path, settings):
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "a.md").write_text(guideline(1), encoding="utf-8")
    ran = ingest_command(
        "sync", folder, "--engine", "ray", "--json", index=tmp_path / "a.db", CITEWELL_EMBEDDING__MODEL=settings.model
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["added"] == ["a.md"]
    assert "Traceback" not in ran.stderr
