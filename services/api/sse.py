"""Server-Sent Events: `triage`, `evidence`, `delta`..., then one `final` or one `error`."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from typing import Any, Final

import anyio
from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic import BaseModel
from starlette.types import Message, Send

from services.api.present import answer_out, evidence_out, triage_out
from services.api.problems import problem_body
from services.api.schemas import DeltaEvent, Problem
from services.assistant.events import Answered, DraftWritten, Event, EvidenceFound, TriageFound
from services.core.errors import CitewellError, OverloadedError

logger = logging.getLogger(__name__)

SEND_WITHIN_S: Final = 30.0
"""A client that takes nothing for so long is let go, so that it holds no slot of the model."""

EVENT_CONTENT: Final[dict[str, Any]] = {
    "text/event-stream": {
        "itemSchema": {
            "type": "object",
            "properties": {
                "event": {"enum": ["triage", "evidence", "delta", "final", "error"]},
                "data": {"type": "string", "contentMediaType": "application/json"},
            },
            "required": ["event", "data"],
        }
    }
}
"""How the API's description speaks of the stream (OpenAPI 3.2, "Sequential Media Types")."""


class BoundedEventSource(EventSourceResponse):
    """An event stream that ends when its reader stops reading."""

    async def stream_response(self, send: Send) -> None:
        """Send the events."""

        async def bounded(message: Message) -> None:
            with anyio.fail_after(SEND_WITHIN_S):
                await send(message)

        try:
            await super().stream_response(bounded)
        except TimeoutError:
            logger.warning("client_too_slow")


async def event_stream(
    events: AsyncGenerator[Event], request_id: str, deadline_s: float, *, as_text: bool
) -> AsyncIterator[bytes]:
    """The events as bytes; whatever fails becomes one `error`, and nothing follows it."""
    until = anyio.current_time() + deadline_s
    try:
        async with aclosing(events):
            while (event := await _next(events, until)) is not None:
                yield _event(event, as_text=as_text)
    except CitewellError as exc:
        logger.warning("request_failed", extra={"code": exc.code, "request_id": request_id})
        yield _error(problem_body(request_id, exc))
    # At this point the response has begun: the problem handlers of the app cannot answer any more.
    except Exception as exc:
        logger.exception("unexpected_error", exc_info=exc, extra={"request_id": request_id})
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        yield _error(
            Problem(
                type="urn:citewell:problem:internal_error",
                title="Internal error",
                status=status,
                code="internal_error",
                request_id=request_id,
            )
        )


async def _next(events: AsyncGenerator[Event], until: float) -> Event | None:
    try:
        with anyio.fail_after(max(0.0, until - anyio.current_time())):
            return await anext(events, None)
    except TimeoutError as exc:
        raise OverloadedError("no answer within the deadline") from exc


def _event(event: Event, *, as_text: bool) -> bytes:
    match event:
        case TriageFound():
            return _format("triage", triage_out(event.triage, event.citations, event.language, as_text=as_text))
        case EvidenceFound():
            return _format("evidence", evidence_out(event.passages))
        case DraftWritten():
            return _format("delta", DeltaEvent(text=event.text))
        case Answered():
            return _format("final", answer_out(event.answer, as_text=as_text))


def _error(body: Problem) -> bytes:
    return format_sse_event(event="error", data_str=body.model_dump_json(exclude_none=True))


def _format(name: str, body: BaseModel) -> bytes:
    return format_sse_event(event=name, data_str=body.model_dump_json())
