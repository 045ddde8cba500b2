"""What vLLM sends, at the network's place under the real client."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import anyio
import httpx2

from services.core.settings import ModelSettings
from services.generation.vllm import VllmClient

NAME = "qwen"
KEY = "sk-very-secret"
DONE = b"data: [DONE]\n\n"
HEADERS = {"content-type": "text/event-stream"}

Answer = httpx2.Response | Exception | Callable[[], httpx2.Response]


def settings_with(**changes: object) -> ModelSettings:
    """Bounds that a test can wait for."""
    quick = {
        "base_url": "http://model.test/v1",
        "name": NAME,
        "key": KEY,
        "first_token_s": 1.0,
        "between_tokens_s": 1.0,
        "total_s": 5.0,
        "probe_s": 1.0,
        "breaker_failures": 100,
    }
    return ModelSettings(**{**quick, **changes})


def event(**fields: object) -> bytes:
    return b"data: " + json.dumps(fields, ensure_ascii=False).encode() + b"\n\n"


def piece(text: str, sample: int = 0) -> bytes:
    return event(choices=[{"index": sample, "delta": {"content": text}, "finish_reason": None}])


def ended(reason: str = "stop", sample: int = 0) -> bytes:
    return event(choices=[{"index": sample, "delta": {"content": ""}, "finish_reason": reason}])


def used(prompt: int, completion: int) -> bytes:
    return event(choices=[], usage={"prompt_tokens": prompt, "completion_tokens": completion})


GOOD = (piece("Hel"), piece("lo"), ended(), used(7, 2), DONE)


class Chunks(httpx2.AsyncByteStream):
    """Bytes in turn; a number is a pause in seconds, an exception breaks the stream."""

    def __init__(self, chunks: Iterable[bytes | float | Exception]) -> None:
        self.chunks = list(chunks)
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            if isinstance(chunk, bytes):
                yield chunk
            else:
                await anyio.sleep(chunk)

    async def aclose(self) -> None:
        self.is_closed = True


def streamed(*chunks: bytes | float | Exception) -> httpx2.Response:
    return httpx2.Response(200, headers=HEADERS, stream=Chunks(chunks))


def listed(*models: dict[str, object]) -> httpx2.Response:
    return httpx2.Response(200, json={"data": list(models) or [{"id": NAME, "max_model_len": 4096}]})


class Wire:
    """A server with an answer for each streaming request in turn, the last one for all that follow."""

    def __init__(
        self,
        answers: Sequence[Answer] = (),
        *,
        models: Answer | None = None,
        token: Answer | None = None,
        count: Callable[[str], Answer] = lambda text: httpx2.Response(200, json={"count": len(text)}),
    ) -> None:
        self.requests: list[httpx2.Request] = []
        self._answers = list(answers)
        self._models = models or listed
        self._token = token or (lambda: httpx2.Response(200, json={"choices": []}))
        self._count = count

    def client(self, **changes: object) -> VllmClient:
        return VllmClient(settings_with(**changes), httpx2.MockTransport(self._answer))

    def bodies(self, path: str = "/v1/chat/completions") -> list[dict]:
        return [json.loads(request.content) for request in self.requests if request.url.path == path]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self._answer_to(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx2.Response) else answer()

    def _answer_to(self, request: httpx2.Request) -> Answer:
        if request.url.path == "/v1/models":
            return self._models
        if request.url.path == "/tokenize":
            return self._count(json.loads(request.content)["prompt"])
        if not json.loads(request.content).get("stream"):
            return self._token
        if len(self._answers) > 1:
            return self._answers.pop(0)
        return self._answers[0] if self._answers else streamed(*GOOD)
