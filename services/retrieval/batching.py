"""Concurrent calls are gathered into one, because threads gain nothing in Milvus Lite and in a forward pass."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from services.core.errors import OverloadedError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Runs one batch at a time; what arrives meanwhile forms the next one. An idle batcher starts at once."""

    def __init__(
        self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], *, max_batch: int, max_waiting: int
    ) -> None:
        """`work` returns one result for each item, in their order."""
        self._work = work
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """The result for this item.

        Raises:
            OverloadedError: Too many are waiting.
        """
        if len(self._waiting) >= self._max_waiting:
            raise OverloadedError("too many queries are waiting")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(self._max_batch, len(self._waiting)))]
            batch = [(item, future) for item, future in taken if not future.cancelled()]
            if not batch:
                continue
            try:
                results = await self._work([item for item, _ in batch])
            # Whatever the work raises belongs to those who wait for it.
            except Exception as exc:  # noqa: BLE001
                for _, future in batch:
                    if not future.done():
                        future.set_exception(exc)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
