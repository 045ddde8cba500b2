"""Questions: `/v1/diagnose`, `/diagnose` and `/v1/triage`."""

from http import HTTPStatus

import anyio
from fastapi import APIRouter, Request, Response

from services.api.deps import AssistantDep, ServerDep, TenantDep, question_of
from services.api.disconnect import unless_gone
from services.api.present import answer_out, legacy_out, triage_out
from services.api.problems import request_id, responses
from services.api.requests import DiagnoseRequest, LegacyRequest, TriageRequest
from services.api.schemas import DiagnoseAnswer, LegacyAnswer, TriageAnswerOut
from services.api.sse import EVENT_CONTENT, BoundedEventSource, event_stream
from services.assistant.intake import Question
from services.assistant.pipeline import Assistant
from services.core.answer import Answer
from services.core.errors import OverloadedError

_REFUSALS = responses(
    HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)  # fmt: skip

router = APIRouter(tags=["questions"], responses=_REFUSALS)


@router.post(
    "/v1/diagnose",
    summary="Triage, possible diagnoses, advice and referral, each cited",
    responses={200: {"model": DiagnoseAnswer, "content": EVENT_CONTENT}},
    response_model=DiagnoseAnswer,
)
async def diagnose(
    body: DiagnoseRequest, request: Request, assistant: AssistantDep, server: ServerDep, tenant: TenantDep
) -> DiagnoseAnswer | Response:
    """Answer from the loaded guidelines, or say that they do not cover the question; as events if `stream` is true."""
    question, as_text = question_of(body, tenant), body.output_format == "text"
    if body.stream:
        events = assistant.events(question, drafts_are_shown=True)
        return BoundedEventSource(event_stream(events, request_id(request), server.deadline_s, as_text=as_text))
    return answer_out(await _answer(request, assistant, question, server.deadline_s), as_text=as_text)


@router.post("/diagnose", summary="The same in the older contract")
async def diagnose_legacy(
    body: LegacyRequest, request: Request, assistant: AssistantDep, server: ServerDep, tenant: TenantDep
) -> LegacyAnswer:
    """Advice as clients of the older contract expect it, and the whole answer beside it."""
    answer = await _answer(request, assistant, question_of(body, tenant), server.deadline_s)
    return legacy_out(answer, as_text=body.output_format == "text")


@router.post("/v1/triage", summary="Triage by cited rules alone")
async def triage(body: TriageRequest, assistant: AssistantDep) -> TriageAnswerOut:
    """How soon, and where; needs no index and no model. No red flag found is not proof that there is none."""
    found, citations, language = await assistant.triage(question_of(body))
    return triage_out(found, citations, language, as_text=body.output_format == "text")


async def _answer(request: Request, assistant: Assistant, question: Question, deadline_s: float) -> Answer:
    """In time, and only as long as somebody waits for it."""

    async def work() -> Answer:
        try:
            with anyio.fail_after(deadline_s):
                return await assistant.diagnose(question)
        except TimeoutError as exc:
            raise OverloadedError("no answer within the deadline") from exc

    return await unless_gone(request, work)
