"""The door to an OpenAI-compatible embeddings endpoint, such as vLLM's or text-embeddings-inference's."""

import hashlib
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, Self

import httpx2
import numpy as np
from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError
from tenacity import Retrying, retry_if_exception_type, wait_fixed

from services.core.errors import EmbedderError, EmbedderUnavailableError
from services.core.settings import EmbeddingSettings
from services.core.types import Vectors
from services.embedding.token_estimate import cut_to, estimate_tokens

_RETRY_AFTER_S: Final = 0.1
_IDLE_S: Final = 2.0
"""Servers close connections that are idle for 5 s; one that is just being closed must not be used again."""

_PROBES: Final = (
    "A dry cough at night, worse after exercise, with wheezing.",
    "Inhaled corticosteroids reduce attacks of asthma.",
    "Fasting blood glucose of 7.0 mmol/L or more on two occasions.",
)
_COSINE_STEP: Final = 0.05


class _Item(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    index: int
    embedding: list[FiniteFloat]


class _Reply(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    data: list[_Item]


class EndpointEmbedder:
    """A model behind a URL. Thread-safe. Texts leave this machine for that URL and are never part of an error."""

    def __init__(self, settings: EmbeddingSettings, transport: httpx2.BaseTransport | None = None) -> None:
        """Not asked yet: use `open`."""
        if not settings.name:
            raise EmbedderError("the endpoint's model has no name: set CITEWELL_EMBEDDING__NAME")
        key = settings.key.get_secret_value()
        try:
            self._http = httpx2.Client(
                base_url=settings.base_url.rstrip("/") + "/",
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=settings.timeout_s,
                limits=httpx2.Limits(keepalive_expiry=_IDLE_S),
                transport=transport,
            )
        except httpx2.InvalidURL as exc:
            raise EmbedderError("the embeddings endpoint's URL is none: check CITEWELL_EMBEDDING__BASE_URL") from exc
        self._settings = settings
        self._dim = 0
        self._fingerprint = ""

    @classmethod
    def open(cls, settings: EmbeddingSettings, transport: httpx2.BaseTransport | None = None) -> Self:
        """Connect and embed three texts, which tell the dimension and the fingerprint.

        Args:
            settings: Where the endpoint is.
            transport: Stands in for the network in tests.

        Raises:
            EmbedderError: It is not usable; the message names the setting to check.
        """
        made = cls(settings, transport)
        try:
            probes = made._embed(_PROBES)
        except BaseException:
            made.close()
            raise
        made._dim = probes.shape[1]
        made._fingerprint = fingerprint(settings.name, probes)
        return made

    def close(self) -> None:
        """Let go of all connections."""
        self._http.close()

    @property
    def fingerprint(self) -> str:
        """Name of the model, and a hash that differs for another model behind the same URL."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def max_tokens(self) -> int:
        """As the settings say: the protocol does not tell."""
        return self._settings.max_tokens

    def knows(self, language: str) -> bool:
        """Whether the settings name this language."""
        return language.split("-", maxsplit=1)[0] in self._settings.languages

    def count_tokens(self, text: str) -> int:
        """An estimate that is rather too high: a chunker counts far too often to ask a server each time."""
        return estimate_tokens(text)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, L2-normalised.

        Raises:
            EmbedderUnavailableError: No answer came in time, after one more try.
            EmbedderError: The endpoint refuses, or answers with other than one finite vector of `dim` for each text.
        """
        return self._encode(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, L2-normalised; raises as `encode_queries` does."""
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        size = self._settings.batch_size
        batches = [self._embed(texts[start : start + size]) for start in range(0, len(texts), size)]
        return np.concatenate([np.empty((0, self._dim), np.float32), *batches])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        """One request, and one more where nothing was answered and time is left."""
        body = {
            "model": self._settings.name,
            "input": [cut_to(text, self.max_tokens) for text in texts],
            "encoding_format": "float",
        }
        until = time.monotonic() + self._settings.timeout_s
        once_more = Retrying(
            stop=lambda state: state.attempt_number > 1 or time.monotonic() + _RETRY_AFTER_S >= until,
            wait=wait_fixed(_RETRY_AFTER_S),
            retry=retry_if_exception_type(EmbedderUnavailableError),
            reraise=True,
        )
        return read_vectors(once_more(self._post, body, until), len(texts), self._dim)

    def _post(self, body: dict[str, object], until: float) -> bytes:
        """The content of an answer with status 200. Read in pieces: a timeout of HTTP clients bounds one piece."""
        content = bytearray()
        try:
            left = max(_RETRY_AFTER_S, until - time.monotonic())
            with self._http.stream("POST", "embeddings", json=body, timeout=left) as response:
                if response.status_code != HTTPStatus.OK:
                    raise refusal(response.status_code)
                for piece in response.iter_bytes():
                    content += piece
                    if time.monotonic() > until:
                        raise EmbedderUnavailableError("the embeddings endpoint does not answer in time")
        except httpx2.InvalidURL as exc:
            raise EmbedderError("the embeddings endpoint's URL is none: check CITEWELL_EMBEDDING__BASE_URL") from exc
        except httpx2.RequestError as exc:
            raise EmbedderUnavailableError(
                "the embeddings endpoint does not answer: check CITEWELL_EMBEDDING__BASE_URL"
            ) from exc
        return bytes(content)


def refusal(status: int) -> EmbedderError:
    """What a status other than 200 means; the body is not read, since it may quote the texts."""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return EmbedderError("the embeddings endpoint refuses the key: check CITEWELL_EMBEDDING__KEY")
    if status == HTTPStatus.NOT_FOUND:
        return EmbedderError(
            "the embeddings endpoint has no such path or model: "
            "check CITEWELL_EMBEDDING__BASE_URL and CITEWELL_EMBEDDING__NAME"
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return EmbedderUnavailableError(f"the embeddings endpoint answers with status {status}")
    return EmbedderError(
        f"the embeddings endpoint refuses the request with status {status}: check CITEWELL_EMBEDDING__NAME, "
        "CITEWELL_EMBEDDING__MAX_TOKENS and CITEWELL_EMBEDDING__BATCH_SIZE"
    )


def read_vectors(content: bytes, count: int, dim: int) -> Vectors:
    """(count, dim) float32, L2-normalised, in the order of the texts; a `dim` of 0 takes any.

    Raises:
        EmbedderError: It is anything else.
    """
    try:
        items = sorted(_Reply.model_validate_json(content).data, key=lambda item: item.index)
    except ValidationError as exc:
        raise EmbedderError(
            "the embeddings endpoint does not answer with vectors of finite numbers: check CITEWELL_EMBEDDING__BASE_URL"
        ) from exc
    if [item.index for item in items] != list(range(count)):
        raise EmbedderError(f"the embeddings endpoint answers with {len(items)} vectors for {count} texts")
    lengths = {len(item.embedding) for item in items}
    if len(lengths) != 1 or 0 in lengths or (dim and lengths != {dim}):
        raise EmbedderError(f"the embeddings endpoint answers with vectors of other lengths than {dim or 'one'}")
    vectors = np.asarray([item.embedding for item in items], np.float64)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(norms).all() and norms.all()):
        raise EmbedderError("the embeddings endpoint answers with a vector of no length")
    return np.asarray(vectors / norms, np.float32)


def fingerprint(name: str, probes: Vectors) -> str:
    """Name, and a hash of the dimension and the cosines among the probes (3, dim), rounded to 0.05.

    Not a hash of rounded components: among hundreds of them some always lie on the edge of two steps, where the last
    bits of another batch or card tip them. A cosine sums that noise away, and another model moves it by tenths. With
    all-MiniLM-L6-v2 in bfloat16 against float32, the coarsest change that a server makes, 93% of vectors had a
    component in another step, but 2% of cosines (they moved by 0.0008 in the median, 0.004 at most). Where one does
    tip, the index asks for a rebuild; vectors of two models are never mixed for that.
    """
    cosines = (probes @ probes.T)[np.triu_indices(len(probes), 1)]
    steps = np.rint(cosines / _COSINE_STEP).astype(int).tolist()
    digest = hashlib.sha256(repr((probes.shape[1], steps)).encode()).hexdigest()
    return f"{name}@{digest[:12]}"
