"""A cross-encoder of random weights behind the reranker's door, and the filter, on a real index."""

import math
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import httpx2
import pytest
from support import ROOT, Server, copy_guidelines, settings_for
from tiny_embedder import write_tiny_embedder
from tiny_reranker import write_tiny_reranker

from services.core.errors import RerankerError
from services.core.settings import EmbeddingSettings, IndexSettings, RetrievalSettings
from services.core.text import lexical_form
from services.core.types import DeidentifiedText
from services.index.guidelines import GuidelineIndex
from services.retrieval.fusion import reciprocal_rank_fusion, strengths_of_groups
from services.retrieval.reranker import CrossEncoderReranker, Reranker
from services.retrieval.retriever import Query, Retriever

PLAIN = EmbeddingSettings(dtype="float32", batch_size=3)
QUESTION = "Throbbing headache on one side with nausea, light hurts my eyes"
TEXTS = ["Migraine often comes with nausea.", "咳嗽", "A cold.", "fever " * 300]
NAMES = ("migraine", "common-cold", "tension-headache", "influenza", "gastroenteritis")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_reranker(tmp_path_factory.mktemp("reranker"))


@pytest.fixture(scope="module")
def reranker(folder):
    return CrossEncoderReranker.open(str(folder), PLAIN)


@pytest.fixture(scope="module")
def index(ingest, embedder, tmp_path_factory):
    made = tmp_path_factory.mktemp("library")
    files = [f"{name}.{language}.md" for name in NAMES for language in ("en", "zh")]
    ingest(copy_guidelines(made / "guidelines", *files), made / "library.db")
    opened = GuidelineIndex.open(IndexSettings(uri=str(made / "library.db")), embedder.fingerprint)
    yield opened
    opened.close()


@pytest.fixture
def find(index, embedder):
    """Conditions and scores that a retriever of these settings finds."""

    def run(k: int, reranker: Reranker | None = None, **settings: object):
        async def ask():
            retriever = Retriever(index, embedder, RetrievalSettings(**settings), reranker)
            return await retriever.retrieve(Query(DeidentifiedText(QUESTION), "en", k))

        return anyio.run(ask)

    return run


def conditions(passages) -> list[str]:
    return [passage.document.condition.id for passage in passages]


def as_read(passage) -> str:
    return f"{passage.document.title}\n{passage.chunk.section}\n{passage.chunk.text}"


class Fixed:
    """Scores by the condition that a text is headed by; keeps what it was given."""

    def __init__(self, **scores: float) -> None:
        self.scores_of = scores
        self.read = []

    def scores(self, query, passages):
        self.read.append((query, list(passages)))
        return [self.scores_of.get(passage.split("\n")[0], 0.5) for passage in passages]


def test_scores_are_what_the_model_says_of_each_pair(folder, reranker):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    wanted = []
    for text in TEXTS:
        tokens = tokenizer(QUESTION, text, truncation="longest_first", return_tensors="pt")
        with torch.inference_mode():
            wanted.append(float(torch.sigmoid(model(**tokens).logits)))
    assert reranker.scores(QUESTION, TEXTS) == pytest.approx(wanted, abs=1e-4)
    assert len({round(score, 3) for score in wanted}) == len(wanted)


def test_nothing_to_read_has_no_scores(reranker):
    assert reranker.scores(QUESTION, []) == []


def test_a_model_whose_configuration_asks_for_logits_gives_shares(folder, reranker, tmp_path):
    other = write_tiny_reranker(tmp_path, activation="torch.nn.modules.linear.Identity")
    found = CrossEncoderReranker.open(str(other), PLAIN).scores(QUESTION, TEXTS)
    assert found == pytest.approx(reranker.scores(QUESTION, TEXTS), abs=1e-6)


def test_passages_come_in_the_order_of_the_model_and_the_places_keep_their_scores(find, reranker):
    fused, reranked = find(5), find(5, reranker)
    scores = dict(zip(conditions(fused), reranker.scores(QUESTION, [as_read(one) for one in fused]), strict=True))
    assert conditions(reranked) == sorted(scores, key=lambda condition: -scores[condition])
    assert conditions(reranked) != conditions(fused)
    assert [one.score for one in reranked] == [one.score for one in fused]
    assert {one.chunk.id for one in reranked} == {one.chunk.id for one in fused}
    assert {one.similarity for one in reranked} == {one.similarity for one in fused}


def test_what_is_not_among_the_first_k_can_be_brought_up(find):
    last = find(5)[-1]
    best = Fixed(**{last.document.title: 0.9})
    assert conditions(find(1, best)) == conditions([last])
    assert best.read == [(QUESTION, [as_read(one) for one in find(5)])]


def test_only_so_many_are_read_and_the_rest_stays_behind(find):
    fused = find(5)
    best = Fixed(**{fused[1].document.title: 0.9, fused[4].document.title: 1.0})
    found = conditions(find(5, best, reranked=2))
    assert found == conditions([fused[1], fused[0], *fused[2:]])
    assert [len(passages) for _, passages in best.read] == [2]


def test_without_a_reranker_and_a_filter_the_fused_order_is_what_it_was(find, index, embedder):
    settings = RetrievalSettings()
    dense = index.dense(embedder.encode_queries([QUESTION]), settings.candidates)[0]
    lexical = index.lexical([lexical_form(QUESTION)], settings.candidates)[0]

    def ranked(hits):
        by_condition = [(index.documents[hit.document_id].condition.id, hit.strength) for hit in hits]
        return list(strengths_of_groups(by_condition))

    wanted = reciprocal_rank_fusion([ranked(dense), ranked(lexical)], settings.rrf_k)
    for off in (find(5), find(5, reranked=1), find(5, Fixed())):
        assert {one.document.condition.id: one.score for one in off} == wanted
        assert conditions(off) == list(wanted)


def test_a_filter_leaves_fewer_than_k_and_the_strongest_of_each_side(find):
    whole = find(5)
    strict = find(5, relevant_from=1.0)
    assert 1 <= len(strict) <= 2
    assert whole[0] in strict
    between = find(5, relevant_from=0.7)
    assert set(conditions(strict)) <= set(conditions(between)) < set(conditions(whole))
    assert list(between) == [one for one in whole if one in between]


def test_a_filter_goes_by_the_reranker_where_there_is_one(find):
    fused = find(5)
    liked = Fixed(**{one.document.title: 0.1 for one in fused[:3]}, **{fused[4].document.title: 0.8})
    assert conditions(find(5, liked, relevant_from=0.4)) == conditions([fused[4], fused[3]])
    assert find(5, liked, relevant_from=0.9) == ()


def test_the_loop_goes_on_while_a_reranker_reads(index, embedder):
    class Waiting:
        def __init__(self):
            self.may_go_on = threading.Event()

        def scores(self, query, passages):
            assert self.may_go_on.wait(20), "nobody could say so"
            return [0.5] * len(passages)

    waiting = Waiting()

    async def ask():
        async with anyio.create_task_group() as group:
            retriever = Retriever(index, embedder, RetrievalSettings(), waiting)
            group.start_soon(retriever.retrieve, Query(DeidentifiedText(QUESTION), "en", 3))
            await anyio.sleep(0.2)
            waiting.may_go_on.set()

    anyio.run(ask)


@pytest.mark.parametrize("name", ["nowhere", "some-lab/some-reranker", "."])
def test_a_model_that_is_not_there_names_the_setting(name, monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RerankerError, match="CITEWELL_RETRIEVAL__RERANKER"):
        CrossEncoderReranker.open(name, PLAIN)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_model_names_the_setting(folder, tmp_path, name):
    damaged = Path(shutil.copytree(folder, tmp_path / "damaged"))
    (damaged / name).write_bytes(b"not what it was")
    with pytest.raises(RerankerError, match="cannot be loaded: check CITEWELL_RETRIEVAL__RERANKER"):
        CrossEncoderReranker.open(str(damaged), PLAIN)


def test_a_model_that_is_no_reranker_is_refused(tmp_path):
    embedder, classifier = write_tiny_embedder(tmp_path / "e"), write_tiny_reranker(tmp_path / "c", labels=3)
    with pytest.raises(RerankerError, match="is no cross-encoder"):
        CrossEncoderReranker.open(str(embedder), PLAIN)
    with pytest.raises(RerankerError, match="more than one score"):
        CrossEncoderReranker.open(str(classifier), PLAIN)


def test_a_model_whose_scores_are_no_numbers_is_refused(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    weights = load_file(broken / "model.safetensors")
    weights["classifier.bias"].fill_(math.nan)
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(RerankerError, match="no numbers"):
        CrossEncoderReranker.open(str(broken), PLAIN)


@pytest.fixture
def serve(folder, index_copy):
    """A client of a service with the reranker."""
    running = []

    def start(**changes: object) -> httpx2.Client:
        settings = settings_for(index_copy)
        retrieval = settings.retrieval.model_copy(update={"reranker": str(folder), **changes})
        service = Server(settings.model_copy(update={"retrieval": retrieval, "embedding": PLAIN}))
        service.start()
        running.append(service)
        return httpx2.Client(base_url=service.url, timeout=60)

    yield start
    for service in running:
        service.stop()


def test_the_service_answers_with_a_reranker(serve, reranker):
    with serve() as client:
        found = client.post("/v1/search", json={"query": QUESTION, "k": 20}).json()["passages"]
        texts = [f"{one['guideline']['title']}\n{one['section']}\n{one['text']}" for one in found]
        scores = reranker.scores(QUESTION, texts)
        assert len(found) == 20
        assert scores == pytest.approx(sorted(scores, reverse=True), abs=1e-4)
        answer = client.post("/v1/diagnose", json={"symptoms": QUESTION}).json()
        assert answer["possible_diagnoses"]
        assert client.post("/v1/diagnose", json={"symptoms": "单侧搏动性头痛，畏光"}).status_code == 200


def test_where_nothing_is_relevant_enough_the_service_abstains(serve):
    with serve(relevant_from=1.0) as client:
        assert client.post("/v1/search", json={"query": QUESTION}).json()["passages"] == []
        answer = client.post("/v1/diagnose", json={"symptoms": QUESTION}).json()
        assert answer["status"] == "insufficient_evidence"
        assert answer["possible_diagnoses"] == []


def test_a_service_with_a_wrong_reranker_says_so_at_start(index_copy):
    variables = {"CITEWELL_INDEX__URI": str(index_copy), "CITEWELL_RETRIEVAL__RERANKER": "nowhere"}
    done = subprocess.run(
        [sys.executable, "-m", "services.api"],
        cwd=ROOT, env={**os.environ, **variables, "CITEWELL_SERVER__PORT": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "citewell: reranker_unusable" in done.stderr
    assert "check CITEWELL_RETRIEVAL__RERANKER" in done.stderr
