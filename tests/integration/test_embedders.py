"""Embedders other than the packaged one: another model by its folder, and an endpoint over real HTTP."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import httpx2
import numpy as np
import pytest
from embeddings_server import KEY, NAME, EmbeddingsServer
from support import GUIDELINES, ROOT, Server, settings_for
from tiny_embedder import HIDDEN, MAX_TOKENS, write_tiny_embedder

from ingestion.build import sync
from ingestion.plan import Report
from ingestion.workshop import open_workshop
from services.core.errors import EmbedderError, EmbedderUnavailableError, IndexEmbedderError
from services.core.settings import EmbeddingSettings, IndexSettings, RetrievalSettings
from services.core.types import DeidentifiedText
from services.embedding.embedder import Embedder
from services.embedding.opening import fingerprint_of, open_embedder
from services.embedding.token_estimate import estimate_tokens
from services.index.guidelines import GuidelineIndex
from services.retrieval.retriever import Query, Retriever

BOTH = ("en", "zh")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Folder of a model that reads English and Chinese."""
    return write_tiny_embedder(tmp_path_factory.mktemp("embedder"))


@pytest.fixture(scope="module")
def tiny_settings(tiny):
    return EmbeddingSettings(model=str(tiny), languages=BOTH, dtype="float32")


@pytest.fixture(scope="module")
def tiny_embedder(tiny_settings):
    return open_embedder(tiny_settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("library")
    for name in ("migraine.en.md", "migraine.zh.md", "common-cold.en.md", "common-cold.zh.md"):
        shutil.copy(GUIDELINES / name, made)
    return made


@pytest.fixture
def serve():
    """Starts endpoints that stop with the test."""
    running = []

    def start(embedder: Embedder) -> EmbeddingsServer:
        server = EmbeddingsServer(embedder)
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


LIKE_MIGRAINE = "偏头痛的头痛常位于一侧，通常为搏动性（跳痛），常为中度或重度；偏头痛常伴恶心，走路使偏头痛加重。"
"""Near the guideline's own words: a model of random weights knows characters, not meaning."""


def settings_of(server: EmbeddingsServer, **changes: object) -> EmbeddingSettings:
    return EmbeddingSettings(**{"base_url": server.url, "name": NAME, "key": KEY, "languages": BOTH, **changes})


def ingest(folder: Path, uri: Path, settings: EmbeddingSettings) -> Report:
    with open_workshop(IndexSettings(uri=str(uri)), settings) as work:
        return sync(folder, work)


def test_a_multilingual_model_embeds_chinese_chunks_and_finds_them_by_meaning(
    folder, tiny_settings, tiny_embedder, tmp_path
):
    uri = tmp_path / "library.db"
    report = ingest(folder, uri, tiny_settings)
    assert report.problems == []
    assert report.manifest.embedder == tiny_embedder.fingerprint
    assert report.chunks_embedded == report.manifest.chunks
    index = GuidelineIndex.open(IndexSettings(uri=str(uri)), fingerprint_of(tiny_settings))
    try:
        question = LIKE_MIGRAINE
        hits = index.dense(tiny_embedder.encode_queries([question]), 100)[0]
        assert hits[0].document_id == "migraine.zh"
        assert {hit.document_id for hit in hits} == set(index.documents)

        async def ask():
            retriever = Retriever(index, tiny_embedder, RetrievalSettings())
            return await retriever.retrieve(Query(DeidentifiedText(question), "zh", 3))

        first = anyio.run(ask)[0]
        assert first.document.id == "migraine.zh"
        assert first.similarity is not None
    finally:
        index.close()


def test_the_service_refuses_an_edition_of_another_embedder_and_says_how_to_rebuild(folder, tiny_settings, tmp_path):
    uri = tmp_path / "library.db"
    ingest(folder, uri, tiny_settings)
    done = run("services.api", uri, CITEWELL_SERVER__PORT="1")
    assert done.returncode == 1
    assert "citewell: index_embedder" in done.stderr
    assert f"written with {fingerprint_of(tiny_settings)}" in done.stderr
    assert "citewell-ingest sync FOLDER --rebuild" in done.stderr


def run(module: str, uri: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT, env={**os.environ, "CITEWELL_INDEX__URI": str(uri), **variables},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_other_weights_in_the_same_folder_have_another_fingerprint_and_other_vectors(tiny, tiny_embedder, tmp_path):
    other = write_tiny_embedder(tmp_path, seed=1)
    settings = EmbeddingSettings(model=str(other), languages=BOTH, dtype="float32")
    assert other.name == tiny.name
    assert fingerprint_of(settings) != tiny_embedder.fingerprint
    vectors = open_embedder(settings).encode_queries(["头痛"])
    assert not np.allclose(vectors, tiny_embedder.encode_queries(["头痛"]), atol=0.1)


def test_sharded_and_pickled_weights_are_loaded_and_give_the_same_vectors(tiny, tiny_embedder, tmp_path):
    import torch
    from transformers import BertModel

    loaded = BertModel.from_pretrained(tiny)
    sharded, pickled = (Path(shutil.copytree(tiny, tmp_path / name)) for name in ("sharded", "pickled"))
    for made in (sharded, pickled):
        (made / "model.safetensors").unlink()
    loaded.save_pretrained(sharded, max_shard_size="200KB")
    torch.save(loaded.state_dict(), pickled / "pytorch_model.bin")
    assert len(list(sharded.glob("model-*-of-*.safetensors"))) > 1
    for made in (sharded, pickled):
        again = open_embedder(EmbeddingSettings(model=str(made), dtype="float32"))
        np.testing.assert_allclose(again.encode_queries(["头痛"]), tiny_embedder.encode_queries(["头痛"]), atol=1e-6)


def test_prompts_of_the_model_go_before_queries_and_documents(tiny_embedder, tmp_path):
    prompted = write_tiny_embedder(tmp_path, prompts={"query": "headache ", "passage": "fever "})
    embedder = open_embedder(EmbeddingSettings(model=str(prompted), dtype="float32"))
    plain = tiny_embedder.encode_documents(["headache cough", "fever cough"])
    found = np.concatenate([embedder.encode_queries(["cough"]), embedder.encode_documents(["cough"])])
    np.testing.assert_allclose(found, plain, atol=1e-5)
    assert tiny_embedder.max_tokens == MAX_TOKENS
    assert embedder.max_tokens == MAX_TOKENS - 1


def test_texts_of_many_lengths_come_back_in_their_order(tiny_embedder):
    texts = ["cough " * n for n in (40, 1, 90, 3)]
    together = tiny_embedder.encode_documents(texts)
    alone = np.concatenate([tiny_embedder.encode_documents([text]) for text in texts])
    assert together.shape == (4, HIDDEN)
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_model_names_the_setting(tiny, tmp_path, name):
    damaged = Path(shutil.copytree(tiny, tmp_path / "damaged"))
    (damaged / name).write_bytes(b"not what it was")
    with pytest.raises(EmbedderError, match="CITEWELL_EMBEDDING__MODEL"):
        open_embedder(EmbeddingSettings(model=str(damaged)))


def test_an_endpoint_gives_the_vectors_of_the_model_behind_it(embedder, serve):
    server = serve(embedder)
    texts = [path.read_text(encoding="utf-8")[:400] for path in sorted(GUIDELINES.glob("*.en.md"))]
    remote = open_embedder(settings_of(server, batch_size=4))
    found = remote.encode_documents(texts)
    remote.close()
    local = embedder.encode_documents(texts)
    assert remote.dim == embedder.dim
    cosines = np.sum(found * local, axis=1) / np.linalg.norm(local, axis=1)
    assert cosines.min() > 0.999
    assert max(server.batches) == 4
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_an_edition_of_an_endpoint_is_searched_with_it_and_refused_with_another_model_behind_the_url(
    folder, tiny_embedder, embedder, serve, tmp_path
):
    uri = tmp_path / "library.db"
    server = serve(tiny_embedder)
    variables = {
        "CITEWELL_EMBEDDING__BASE_URL": server.url,
        "CITEWELL_EMBEDDING__NAME": NAME,
        "CITEWELL_EMBEDDING__KEY": KEY,
        "CITEWELL_EMBEDDING__LANGUAGES": json.dumps(BOTH),
    }
    report = ingest(folder, uri, settings_of(server))
    assert report.chunks_embedded == report.manifest.chunks
    index = GuidelineIndex.open(IndexSettings(uri=str(uri)), fingerprint_of(settings_of(server)))
    hits = index.dense(tiny_embedder.encode_queries([LIKE_MIGRAINE]), 3)[0]
    index.close()
    assert hits[0].document_id == "migraine.zh"
    server.embedder = embedder
    with pytest.raises(IndexEmbedderError, match="--rebuild"):
        GuidelineIndex.open(IndexSettings(uri=str(uri)), fingerprint_of(settings_of(server)))
    done = run("services.api", uri, CITEWELL_SERVER__PORT="1", **variables)
    assert done.returncode == 1
    assert "citewell: index_embedder" in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_the_service_answers_with_an_endpoint_and_says_503_while_it_is_gone(tiny_embedder, serve, tmp_path):
    uri = tmp_path / "library.db"
    server = serve(tiny_embedder)
    ingest(GUIDELINES, uri, settings_of(server))
    service = Server(settings_for(uri).model_copy(update={"embedding": settings_of(server, timeout_s=2)}))
    service.start()
    try:
        with httpx2.Client(base_url=service.url, timeout=30) as client:
            asked = {"symptoms": "单侧搏动性头痛，畏光"}
            named = client.post("/v1/diagnose", json=asked).json()["possible_diagnoses"]
            assert "migraine" in {diagnosis["condition_id"] for diagnosis in named}
            server.stop()
            gone = client.post("/v1/diagnose", json=asked)
            assert gone.status_code == 503
            assert gone.json()["code"] == "embedder_unavailable"
            assert gone.headers["retry-after"] == "5"
            assert "头痛" not in gone.text
    finally:
        service.stop()


@pytest.mark.parametrize(("changes", "setting"), [({"key": "wrong"}, "KEY"), ({"name": "other"}, "NAME")])
def test_a_wrong_key_or_name_is_told_when_it_is_opened(tiny_embedder, serve, changes, setting):
    with pytest.raises(EmbedderError, match=f"CITEWELL_EMBEDDING__{setting}"):
        open_embedder(settings_of(serve(tiny_embedder), **changes))


def test_an_endpoint_that_is_not_there_is_told(unused_port):
    settings = EmbeddingSettings(base_url=f"http://127.0.0.1:{unused_port}/v1", name=NAME)
    with pytest.raises(EmbedderUnavailableError, match="CITEWELL_EMBEDDING__BASE_URL"):
        fingerprint_of(settings)


@pytest.mark.parametrize("path", sorted(GUIDELINES.glob("*.md")), ids=lambda path: path.stem)
def test_the_estimate_of_tokens_is_not_below_what_a_tokenizer_counts(embedder, path):
    text = path.read_text(encoding="utf-8")
    counted = embedder.count_tokens(text)
    assert counted <= estimate_tokens(text) <= 2 * counted
