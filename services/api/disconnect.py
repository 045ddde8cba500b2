"""A caller that is gone needs no answer: the work for it is cancelled."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from fastapi import Request

from services.core.errors import ClientGoneError

Result = TypeVar("Result")


async def unless_gone(request: Request, work: Callable[[], Awaitable[Result]]) -> Result:
    """The result of the work, which is cancelled when the caller drops the connection.

    Raises:
        ClientGoneError: The caller is gone.
    """
    made: list[Result] = []
    failed: list[Exception] = []

    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        try:
            made.append(await work())
        # Raised again below; inside the group it would come out wrapped in a group of exceptions.
        except Exception as exc:  # noqa: BLE001
            failed.append(exc)
        group.cancel_scope.cancel()
    if failed:
        raise failed[0]
    if not made:
        raise ClientGoneError("the caller is gone")
    return made[0]
