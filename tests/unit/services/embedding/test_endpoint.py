import json
import time
import traceback

import httpx2
import numpy as np
import pytest

from services.core.errors import EmbedderError, EmbedderUnavailableError
from services.core.settings import EmbeddingSettings
from services.embedding.endpoint import EndpointEmbedder, fingerprint
from services.embedding.opening import open_embedder

PRIVATE = "my-private-question"
KEY = "sk-very-secret"
DIM = 4


def vector_of(text: str) -> list[float]:
    """Differs from text to text; never of length one."""
    return [float(len(text)), 2.0, -1.0, float(sum(text.encode()) % 97)]


def good(request: httpx2.Request) -> httpx2.Response:
    texts = json.loads(request.content)["input"]
    return answer([vector_of(text) for text in texts])


def answer(vectors, **changes) -> httpx2.Response:
    items = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
    # Python's own JSON, which writes NaN as some servers do.
    return httpx2.Response(200, content=json.dumps({"object": "list", "data": items, **changes}).encode())


class Wire:
    """An endpoint that answers well until `then` has answers, which it gives in turn."""

    def __init__(self, *then):
        self.requests = []
        self.then = []
        self._later = list(then)

    def open(self, **changes) -> EndpointEmbedder:
        settings = EmbeddingSettings(
            **{"base_url": "http://embedder.test/v1", "name": "bge-m3", "key": KEY, "timeout_s": 5.0, **changes}
        )
        opened = EndpointEmbedder.open(settings, httpx2.MockTransport(self._answer))
        self.requests.clear()
        self.then = self._later
        return opened

    def bodies(self):
        return [json.loads(request.content) for request in self.requests]

    def _answer(self, request):
        self.requests.append(request)
        if not self.then:
            return good(request)
        following = self.then.pop(0)
        if isinstance(following, Exception):
            raise following
        return following(request) if callable(following) else following


def says(status):
    """An error as servers word it: it may quote what it was sent."""
    return httpx2.Response(status, json={"error": {"message": f"{PRIVATE} {KEY}"}})


def failure_of(wire, kind=EmbedderError, **changes):
    embedder = wire.open(**changes)
    with pytest.raises(kind) as caught:
        embedder.encode_queries([PRIVATE, "b"])
    embedder.close()
    assert type(caught.value) is kind
    said = "".join(traceback.format_exception(caught.value))
    assert PRIVATE not in said
    assert KEY not in said
    return str(caught.value)


def test_vectors_come_in_the_order_of_the_texts_and_have_length_one():
    def reversed_(request):
        items = json.loads(good(request).content)["data"]
        return httpx2.Response(200, json={"data": items[::-1]})

    texts = ["a", "bb", "ccc"]
    vectors = Wire(reversed_).open().encode_documents(texts)
    assert vectors.dtype == np.float32
    wanted = np.array([vector_of(text) for text in texts])
    np.testing.assert_allclose(vectors, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), rtol=1e-6)


def test_texts_go_in_batches():
    wire = Wire()
    texts = ["x" * n for n in range(1, 8)]
    vectors = wire.open(batch_size=3).encode_documents(texts)
    assert [len(body["input"]) for body in wire.bodies()] == [3, 3, 1]
    np.testing.assert_allclose(vectors, Wire().open().encode_documents(texts))


def test_no_text_is_no_request():
    wire = Wire()
    assert wire.open().encode_queries([]).shape == (0, DIM)
    assert wire.requests == []


def test_the_request_is_what_the_protocol_says_and_the_key_is_in_the_header_alone():
    wire = Wire()
    wire.open().encode_queries(["fever"])
    (request,) = wire.requests
    assert str(request.url) == "http://embedder.test/v1/embeddings"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(request.content) == {"model": "bge-m3", "input": ["fever"], "encoding_format": "float"}


def test_without_a_key_no_header_is_sent():
    wire = Wire()
    wire.open(key="").encode_queries(["fever"])
    assert "authorization" not in wire.requests[0].headers


def test_a_text_is_cut_to_what_the_model_reads():
    wire = Wire()
    wire.open(max_tokens=64).encode_queries(["咳" * 100])
    assert wire.bodies()[0]["input"] == ["咳" * 62]


def test_the_settings_say_which_languages_it_knows():
    embedder = Wire().open(languages=("en", "zh"))
    assert embedder.knows("zh-CN")
    assert not embedder.knows("fr")


@pytest.mark.parametrize(
    ("response", "setting"),
    [(says(401), "KEY"), (says(403), "KEY"), (says(404), "NAME"), (says(400), "MAX_TOKENS"), (says(302), "302")],
)
def test_a_refusal_names_the_setting_and_is_not_tried_again(response, setting):
    wire = Wire(response, response)
    assert setting in failure_of(wire)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "failure", [says(500), says(503), says(429), httpx2.ConnectError("refused"), httpx2.RemoteProtocolError("closed")]
)
def test_a_failure_is_tried_once_more(failure):
    wire = Wire(failure)
    assert wire.open().encode_queries(["a"]).shape == (1, DIM)
    assert len(wire.requests) == 2
    twice = Wire(failure, failure)
    failure_of(twice, EmbedderUnavailableError)
    assert len(twice.requests) == 2


def test_after_a_timeout_no_time_is_left_for_another_try():
    def hang(request):
        time.sleep(0.2)
        raise httpx2.ReadTimeout("no answer", request=request)

    wire = Wire(hang, hang)
    failure_of(wire, EmbedderUnavailableError, timeout_s=0.2)
    assert len(wire.requests) == 1


class Trickle(httpx2.SyncByteStream):
    """A body that never ends, each piece within the time of one."""

    def __iter__(self):
        while True:
            time.sleep(0.05)
            yield b" "


def test_an_answer_that_trickles_is_given_up():
    wire = Wire(httpx2.Response(200, stream=Trickle()))
    assert "in time" in failure_of(wire, EmbedderUnavailableError, timeout_s=0.3)


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, content=f"<html>{PRIVATE}".encode()),
        httpx2.Response(200, json={"data": PRIVATE}),
        httpx2.Response(200, json={"error": PRIVATE}),
        httpx2.Response(200, json=[]),
        answer([[1.0, 2.0, 3.0, "x"], [1.0] * DIM]),
        answer([[1.0] * DIM, [float("nan")] * DIM]),
        answer([[1.0] * DIM, [float("inf")] * DIM]),
        answer([[1.0] * DIM, [0.0] * DIM]),
        answer([[1.0] * DIM, [1.0] * (DIM + 1)]),
        answer([[1.0] * (DIM - 1)] * 2),
        answer([[], []]),
        answer([[1.0] * DIM]),
        answer([[1.0] * DIM] * 3),
        answer([]),
        answer([], data=[{"index": 0, "embedding": [1.0] * DIM}] * 2),
    ],
    ids=[
        "HTML", "no list", "no data", "no object", "a word", "NaN", "infinite", "zero", "ragged", "another length",
        "empty vectors", "fewer", "more", "none", "one index twice",
    ],
)  # fmt: skip
def test_what_is_not_one_vector_for_each_text_is_refused(response):
    wire = Wire(response)
    failure_of(wire)
    assert len(wire.requests) == 1


@pytest.mark.parametrize("first", [says(401), says(404), httpx2.Response(200, json={})])
def test_what_is_wrong_shows_when_it_is_opened(first):
    wire = Wire()
    wire.then = [first]
    with pytest.raises(EmbedderError, match="CITEWELL_EMBEDDING__"):
        wire.open()


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"base_url": "http://embedder.test/v1"}, "NAME"),
        ({"base_url": "http://embedder.test:port/v1", "name": "bge-m3"}, "BASE_URL"),
        ({"base_url": "http://embedder.test/v1", "name": "bge-m3", "model": "BAAI/bge-m3"}, "MODEL"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_before_anything_is_asked(settings, setting):
    with pytest.raises(EmbedderError, match=f"CITEWELL_EMBEDDING__{setting}") as caught:
        open_embedder(EmbeddingSettings(**settings))
    assert KEY not in "".join(traceback.format_exception(caught.value))


def probes(seed, dim=1024):
    vectors = np.random.default_rng(seed).normal(size=(3, dim)) + 0.7
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_a_fingerprint_is_the_name_with_a_hash():
    assert fingerprint("bge-m3", probes(1)).startswith("bge-m3@")
    assert len(fingerprint("bge-m3", probes(1))) == len("bge-m3@") + 12


def test_another_name_dimension_or_model_has_another_fingerprint():
    other = probes(1).copy()
    other[1] = (other[0] + other[1]) / np.linalg.norm(other[0] + other[1])
    longer = np.pad(probes(1), ((0, 0), (0, 8)))
    prints = {fingerprint("a", probes(1)), fingerprint("b", probes(1)), fingerprint("a", other)}
    assert len(prints | {fingerprint("a", longer)}) == 4


@pytest.mark.parametrize("seed", range(5))
def test_noise_as_of_another_number_format_leaves_it_alone(seed):
    vectors = probes(1)
    # Of a cosine of 0.9999 to the vector without noise, as between bfloat16 and float32.
    noise = np.random.default_rng(seed).normal(size=vectors.shape) * 0.014 / np.sqrt(vectors.shape[1])
    noisy = np.asarray(vectors + noise, np.float32)
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    assert fingerprint("a", vectors) == fingerprint("a", noisy)
