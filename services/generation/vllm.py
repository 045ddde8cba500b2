"""The door to vLLM's OpenAI-compatible API."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any, Final

import anyio
import httpx2
from tenacity import AsyncRetrying, retry_if_exception, wait_fixed

from services.core.errors import (
    CitewellError,
    ModelBusyError,
    ModelInterruptedError,
    ModelSettingError,
    ModelUnavailableError,
    only_ours,
)
from services.core.settings import ModelSettings
from services.generation.breaker import Breaker
from services.generation.prompt import Message
from services.generation.wire import (
    DONE,
    Ended,
    Event,
    Piece,
    Sampling,
    Usage,
    chat_body,
    context_of,
    parts_of,
    read_event,
    refusal,
)

_KEPT_COUNTS: Final = 5_000
_LEAST_WAIT_S: Final = 0.001
_RETRY_AFTER_S: Final = 0.1
_IDLE_S: Final = 2.0
"""vLLM closes connections that are idle for 5 s; one that it is just closing must not be used again."""


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
        self.context_tokens = context_of(listed, settings.name)
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
            raise refusal(response)
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
        body = chat_body(self._settings.name, messages, schema, sampling, cache_salt)
        began = anyio.current_time()
        until = began + self._settings.total_s
        await self._take_slot()
        try:
            with self.breaker.attempt():
                async with AsyncExitStack() as stack:
                    first, events = await self._begin(body, began + self._settings.first_token_s, stack)
                    for part in parts_of(first):
                        yield part
                    while (event := await self._next(events, until)) is not None:
                        for part in parts_of(event):
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
    ) -> tuple[Event, AsyncIterator[Any]]:
        """The first event and the rest, after one more try if none came and time is left."""
        async for attempt in _once_more(until):
            with attempt:
                return await self._connect(body, until, stack)
        raise AssertionError("tenacity ends by returning or raising")

    async def _connect(
        self, body: Mapping[str, Any], until: float, stack: AsyncExitStack
    ) -> tuple[Event, AsyncIterator[Any]]:
        async with AsyncExitStack() as opening:
            try:
                with anyio.fail_after(max(_LEAST_WAIT_S, until - anyio.current_time())):
                    request = self._http.sse("chat/completions", method="POST", json=body)
                    source = await opening.enter_async_context(request)
                    if source.response.status_code != HTTPStatus.OK:
                        await source.response.aread()
                        raise refusal(source.response)
                    events = aiter(source)
                    first = read_event((await anext(events)).data)
            except (httpx2.RequestError, TimeoutError, StopAsyncIteration) as exc:
                raise ModelUnavailableError("no token came from the language model in time") from exc
            self._last_token_at = anyio.current_time()
            stack.push_async_callback(opening.pop_all().aclose)
        return first, events

    async def _next(self, events: AsyncIterator[Any], until: float) -> Event | None:
        """The next event, or None after the last."""
        left = min(self._settings.between_tokens_s, until - anyio.current_time())
        try:
            with anyio.fail_after(max(_LEAST_WAIT_S, left)):
                event = await anext(events)
        except (httpx2.RequestError, TimeoutError, StopAsyncIteration) as exc:
            raise ModelInterruptedError("the language model stopped in the middle of an answer") from exc
        self._last_token_at = anyio.current_time()
        return None if event.data == DONE else read_event(event.data)

    async def _count_all(self, texts: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        until = anyio.current_time() + self._settings.first_token_s

        async def count(text: str) -> None:
            async for attempt in _once_more(until):
                with attempt:
                    found[text] = await self._count(text, until)

        try:
            async with anyio.create_task_group() as group:
                for text in texts:
                    group.start_soon(count, text)
        except ExceptionGroup as failed:
            raise only_ours(failed) from failed
        return found

    async def _count(self, text: str, until: float) -> int:
        body = {"model": self._settings.name, "prompt": text, "add_special_tokens": False}
        try:
            with anyio.fail_after(max(_LEAST_WAIT_S, until - anyio.current_time())):
                response = await self._http.post(self._http.base_url.join("/tokenize"), json=body)
        except (httpx2.RequestError, TimeoutError) as exc:
            raise ModelUnavailableError("the model server does not count tokens") from exc
        if response.status_code != HTTPStatus.OK:
            raise refusal(response)
        try:
            return int(response.json()["count"])
        except (ValueError, KeyError, TypeError) as exc:
            raise ModelUnavailableError("the model server does not count tokens") from exc


def _once_more(until: float) -> AsyncRetrying:
    """One more try where nothing was answered and time is left."""
    return AsyncRetrying(
        stop=lambda state: state.attempt_number > 1 or anyio.current_time() >= until,
        wait=wait_fixed(_RETRY_AFTER_S),
        retry=retry_if_exception(lambda exc: type(exc) is ModelUnavailableError),
        sleep=anyio.sleep,
        reraise=True,
    )
