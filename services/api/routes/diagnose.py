"""Questions: `/v1/diagnose`, `/diagnose` and `/v1/triage`."""

from http import HTTPStatus

import anyio
from fastapi import APIRouter

from services.api.deps import AssistantDep, ServerDep, question_of
from services.api.present import answer_out, legacy_out, triage_out
from services.api.problems import responses
from services.api.requests import DiagnoseRequest, LegacyRequest, TriageRequest
from services.api.schemas import DiagnoseAnswer, LegacyAnswer, TriageAnswerOut
from services.assistant.intake import Question
from services.assistant.pipeline import Assistant
from services.core.answer import Answer
from services.core.errors import OverloadedError

_REFUSALS = responses(
    HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)  # fmt: skip

router = APIRouter(tags=["questions"], responses=_REFUSALS)


@router.post("/v1/diagnose", summary="Triage, possible diagnoses, advice and referral, each cited")
async def diagnose(body: DiagnoseRequest, assistant: AssistantDep, server: ServerDep) -> DiagnoseAnswer:
    """Answer from the loaded guidelines, or say that they do not cover the question."""
    answer = await _in_time(assistant, question_of(body), server.deadline_s)
    return answer_out(answer, as_text=body.output_format == "text")


@router.post("/diagnose", summary="The same in the older contract")
async def diagnose_legacy(body: LegacyRequest, assistant: AssistantDep, server: ServerDep) -> LegacyAnswer:
    """Advice as clients of the older contract expect it, and the whole answer beside it."""
    answer = await _in_time(assistant, question_of(body), server.deadline_s)
    return legacy_out(answer, as_text=body.output_format == "text")


@router.post("/v1/triage", summary="Triage by cited rules alone")
async def triage(body: TriageRequest, assistant: AssistantDep) -> TriageAnswerOut:
    """How soon, and where; needs no index and no model. No red flag found is not proof that there is none."""
    found, citations, language = await assistant.triage(question_of(body))
    return triage_out(found, citations, language, as_text=body.output_format == "text")


async def _in_time(assistant: Assistant, question: Question, deadline_s: float) -> Answer:
    try:
        with anyio.fail_after(deadline_s):
            return await assistant.diagnose(question)
    except TimeoutError as exc:
        raise OverloadedError("no answer within the deadline") from exc
