"""Whether the process lives, and whether it can answer."""

from http import HTTPStatus

import anyio.to_thread
from fastapi import APIRouter

from services.api.deps import AssistantDep
from services.api.problems import responses
from services.api.schemas import HealthAnswer, ReadyAnswer
from services.core.errors import ModelError

router = APIRouter(tags=["health"])


@router.get("/livez", summary="The process lives")
async def livez() -> HealthAnswer:
    """Says nothing of the index."""
    return HealthAnswer(status="ok")


@router.get("/readyz", summary="Questions can be answered", responses=responses(HTTPStatus.SERVICE_UNAVAILABLE))
async def readyz(assistant: AssistantDep) -> ReadyAnswer:
    """The index answers, and whether the model makes a token; without it the evidence engine answers."""
    await anyio.to_thread.run_sync(assistant.library.ping)
    if assistant.model is None:
        return ReadyAnswer(status="ready", model="none")
    try:
        await assistant.model.probe()
    except ModelError:
        return ReadyAnswer(status="ready", model="unavailable")
    return ReadyAnswer(status="ready", model="ready")
