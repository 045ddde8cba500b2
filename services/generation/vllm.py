"""The door to vLLM's OpenAI-compatible API, and the only HTTP client."""

import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import anyio
import httpx2
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_fixed

from services.core.errors import (
    CitewellError,
    ModelBusyError,
    ModelInterruptedError,
    ModelRefusalError,
    ModelSettingError,
    ModelUnavailableError,
    PromptTooLongError,
    only_ours,
)
from services.core.settings import ModelSettings
from services.generation.breaker import Breaker
from services.generation.prompt import Message

_KEPT_COUNTS: Final = 5_000
_LEAST_WAIT_S: Final = 0.001
_RETRY_AFTER_S: Final = 0.1
_IDLE_S: Final = 2.0
"""vLLM closes connections that are idle for 5 s; one that it is just closing must not be used again."""

_DONE: Final = "[DONE]"
_COMPLETE: Final = "stop"
_ABORTED: Final = "abort"
_Event: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw; `samples` answers are drawn at once."""

    temperature: float
    top_p: float
    max_tokens: int
    samples: int = 1
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some more text of one sample."""

    sample: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A sample has ended; `is_complete` unless it was cut off."""

    sample: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """What a request took, in tokens."""

    prompt_tokens: int
    completion_tokens: int


class VllmClient:
    """Asks one served model. All its methods bound their time.

    Attributes:
        context_tokens: The model's context, known after `check`.
    """

    def __init__(self, settings: ModelSettings, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        """Not connected yet; `transport` stands in for the network in tests.

        Raises:
            ModelSettingError: The URL is none.
        """
        self._settings = settings
        key = settings.key.get_secret_value()
        try:
            self._http = httpx2.AsyncClient(
                base_url=settings.base_url.rstrip("/") + "/",
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=httpx2.Timeout(settings.total_s, connect=settings.connect_s),
                limits=httpx2.Limits(max_connections=None, keepalive_expiry=_IDLE_S),
                transport=transport,
            )
        except httpx2.InvalidURL as exc:
            raise ModelSettingError("the model server's URL is none: check CITEWELL_MODEL__BASE_URL") from exc
        self._slots = anyio.Semaphore(settings.in_flight)
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._last_token_at: float | None = None
        self.breaker: Final = Breaker(settings.breaker_failures, settings.breaker_cooldown_s)
        self.context_tokens = 0

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.aclose()

    async def check(self) -> None:
        """At start: the server answers, takes the key, serves the model and makes a token.

        Raises:
            ModelSettingError: The message names the setting that is wrong.
        """
        settings = self._settings
        try:
            with anyio.fail_after(settings.first_token_s):
                listed = await self._http.get("models")
        except (httpx2.RequestError, TimeoutError, httpx2.InvalidURL) as exc:
            raise ModelSettingError("the model server does not answer: check CITEWELL_MODEL__BASE_URL") from exc
        if listed.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise ModelSettingError("the model server refuses the key: check CITEWELL_MODEL__KEY")
        if listed.status_code != HTTPStatus.OK:
            raise ModelSettingError(
                f"the model server answers with status {listed.status_code}: check CITEWELL_MODEL__BASE_URL"
            )
        self.context_tokens = _context_of(listed, settings.name)
        try:
            await self._make_one_token(settings.first_token_s)
        except CitewellError as exc:
            raise ModelSettingError("the model server serves the model but makes no token: restart it") from exc

    async def probe(self) -> None:
        """Make one token, unless one came within the probe's time anyhow: `/health` answers for dead engines too.

        Raises:
            ModelUnavailableError: No token came.
        """
        probe_s, last = self._settings.probe_s, self._last_token_at
        if last is None or self.breaker.is_troubled or anyio.current_time() - last >= probe_s:
            await self._make_one_token(probe_s)

    async def _make_one_token(self, within_s: float) -> None:
        body = {
            "model": self._settings.name,
            "messages": [{"role": "user", "content": "."}],
            "max_tokens": 1,
        }
        try:
            with anyio.fail_after(within_s):
                response = await self._http.post("chat/completions", json=body)
        except (httpx2.RequestError, TimeoutError) as exc:
            raise ModelUnavailableError("the model server makes no token") from exc
        if response.status_code != HTTPStatus.OK:
            raise _refusal(response)
        self._last_token_at = anyio.current_time()

    async def count_tokens(self, texts: Sequence[str], keep: frozenset[str]) -> dict[str, int]:
        """The model's tokens of each text, by its own tokenizer; counts of those in `keep` are remembered.

        Raises:
            ModelUnavailableError: The server does not count.
        """
        found = {text: self._counts[text] for text in texts if text in self._counts}
        with self.breaker.attempt(proves=False):
            found |= await self._count_all([text for text in dict.fromkeys(texts) if text not in found])
        for text in keep & found.keys():
            self._counts[text] = found[text]
        while len(self._counts) > _KEPT_COUNTS:
            self._counts.popitem(last=False)
        return found

    async def stream(
        self, messages: Sequence[Message], schema: Mapping[str, Any] | None, sampling: Sampling, cache_salt: str
    ) -> AsyncGenerator[Piece | Ended | Usage]:
        """Text as it comes, and how each sample ended.

        To stop early, close the iterator: the connection is dropped, and the server aborts within a moment.

        Args:
            messages: The prompt.
            schema: What the text must follow; None leaves it free.
            sampling: How to draw.
            cache_salt: Prefixes are shared in the server's cache only among requests with the same salt.

        Raises:
            ModelBusyError: No slot came free in time.
            ModelUnavailableError: No token came in time, after one more try; or the breaker is open.
            ModelInterruptedError: The stream broke, stalled or was aborted after its first token.
            PromptTooLongError: The prompt does not fit into the model's context.
        """
        body = self._body(messages, schema, sampling, cache_salt)
        began = anyio.current_time()
        until = began + self._settings.total_s
        await self._take_slot()
        try:
            with self.breaker.attempt():
                async with AsyncExitStack() as stack:
                    first, events = await self._begin(body, began + self._settings.first_token_s, stack)
                    for part in _parts(first):
                        yield part
                    while (event := await self._next(events, until)) is not None:
                        for part in _parts(event):
                            yield part
        finally:
            self._slots.release()

    async def _take_slot(self) -> None:
        try:
            with anyio.fail_after(self._settings.first_token_s):
                await self._slots.acquire()
        except TimeoutError as exc:
            raise ModelBusyError("the language model has no free slot") from exc

    async def _begin(
        self, body: Mapping[str, Any], until: float, stack: AsyncExitStack
    ) -> tuple[_Event, AsyncIterator[Any]]:
        """The first event and the rest, after one more try if none came and time is left."""
        async for attempt in _once_more():
            with attempt:
                return await self._connect(body, until, stack)
        raise AssertionError("tenacity ends by returning or raising")

    async def _connect(
        self, body: Mapping[str, Any], until: float, stack: AsyncExitStack
    ) -> tuple[_Event, AsyncIterator[Any]]:
        async with AsyncExitStack() as opening:
            try:
                with anyio.fail_after(max(_LEAST_WAIT_S, until - anyio.current_time())):
                    request = self._http.sse("chat/completions", method="POST", json=body)
                    source = await opening.enter_async_context(request)
                    if source.response.status_code != HTTPStatus.OK:
                        await source.response.aread()
                        raise _refusal(source.response)
                    events = aiter(source)
                    first = _read(await anext(events))
            except (httpx2.RequestError, TimeoutError, StopAsyncIteration) as exc:
                raise ModelUnavailableError("no token came from the language model in time") from exc
            self._last_token_at = anyio.current_time()
            stack.push_async_callback(opening.pop_all().aclose)
        return first, events

    async def _next(self, events: AsyncIterator[Any], until: float) -> _Event | None:
        """The next event, or None after the last."""
        left = min(self._settings.between_tokens_s, until - anyio.current_time())
        try:
            with anyio.fail_after(max(_LEAST_WAIT_S, left)):
                event = await anext(events)
        except (httpx2.RequestError, TimeoutError, StopAsyncIteration) as exc:
            raise ModelInterruptedError("the language model stopped in the middle of an answer") from exc
        self._last_token_at = anyio.current_time()
        return None if event.data == _DONE else _read(event)

    async def _count_all(self, texts: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}

        async def count(text: str) -> None:
            async for attempt in _once_more():
                with attempt:
                    found[text] = await self._count(text)

        try:
            async with anyio.create_task_group() as group:
                for text in texts:
                    group.start_soon(count, text)
        except ExceptionGroup as failed:
            raise only_ours(failed) from failed
        return found

    async def _count(self, text: str) -> int:
        body = {"model": self._settings.name, "prompt": text, "add_special_tokens": False}
        try:
            with anyio.fail_after(self._settings.first_token_s):
                response = await self._http.post(self._http.base_url.join("/tokenize"), json=body)
        except (httpx2.RequestError, TimeoutError) as exc:
            raise ModelUnavailableError("the model server does not count tokens") from exc
        if response.status_code != HTTPStatus.OK:
            raise _refusal(response)
        try:
            return int(response.json()["count"])
        except (ValueError, KeyError, TypeError) as exc:
            raise ModelUnavailableError("the model server does not count tokens") from exc

    def _body(
        self, messages: Sequence[Message], schema: Mapping[str, Any] | None, sampling: Sampling, cache_salt: str
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._settings.name,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "n": sampling.samples,
            "stream": True,
            "stream_options": {"include_usage": True},
            "cache_salt": cache_salt,
        }
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        if schema is not None:
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        return body


def _once_more() -> AsyncRetrying:
    """One more try where nothing was answered."""
    return AsyncRetrying(
        stop=stop_after_attempt(2),
        wait=wait_fixed(_RETRY_AFTER_S),
        retry=retry_if_exception(lambda exc: type(exc) is ModelUnavailableError),
        sleep=anyio.sleep,
        reraise=True,
    )


def _read(event: httpx2.ServerSentEvent) -> _Event:
    """An event's object.

    Raises:
        ModelInterruptedError: It is none, or it says that something failed.
    """
    try:
        read = json.loads(event.data)
    except ValueError as exc:
        raise ModelInterruptedError("the model server sent something that is no event") from exc
    if not isinstance(read, dict) or "error" in read:
        raise ModelInterruptedError("the model server reports an error in the middle of an answer")
    return read


def _parts(event: _Event) -> Iterator[Piece | Ended | Usage]:
    """What an event says.

    Raises:
        ModelInterruptedError: The server gave the request up, or the event is not of vLLM's form.
    """
    try:
        for choice in event.get("choices", ()):
            if text := choice.get("delta", {}).get("content"):
                yield Piece(choice["index"], text)
            if reason := choice.get("finish_reason"):
                if reason == _ABORTED:
                    raise ModelInterruptedError("the model server gave the answer up")
                yield Ended(choice["index"], reason == _COMPLETE)
        if usage := event.get("usage"):
            yield Usage(usage["prompt_tokens"], usage["completion_tokens"])
    except (KeyError, TypeError, AttributeError) as exc:
        raise ModelInterruptedError("the model server sent an event of another form") from exc


def _refusal(response: httpx2.Response) -> CitewellError:
    """What a status other than 200 means while requests are served; the text of the error may quote the prompt."""
    if response.status_code == HTTPStatus.BAD_REQUEST and _is_too_long(response):
        return PromptTooLongError("the question does not fit into the model's context: shorten `record`")
    if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelRefusalError(f"the model server refuses the request with status {response.status_code}")
    return ModelUnavailableError(f"the model server answers with status {response.status_code}")


def _is_too_long(response: httpx2.Response) -> bool:
    try:
        return bool(response.json()["error"]["param"] == "input_tokens")
    except (ValueError, KeyError, TypeError):
        return False


def _context_of(listed: httpx2.Response, name: str) -> int:
    """The context in tokens of the model with this name.

    Raises:
        ModelSettingError: It is not served.
    """
    try:
        served = {model["id"]: model for model in listed.json()["data"]}
        if name in served:
            return int(served[name].get("max_model_len") or _context_of_base(served, name))
    except (ValueError, KeyError, TypeError) as exc:
        raise ModelSettingError("what answers is no vLLM server: check CITEWELL_MODEL__BASE_URL") from exc
    raise ModelSettingError("the server does not serve the model of this name: check CITEWELL_MODEL__NAME")


def _context_of_base(served: Mapping[str, Mapping[str, Any]], name: str) -> int:
    """An adapter is listed with its base model, which has the context."""
    return int(served[served[name]["parent"]]["max_model_len"])
