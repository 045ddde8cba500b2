"""Whether the process lives, and whether it can answer."""

from http import HTTPStatus

import anyio.to_thread
from fastapi import APIRouter

from services.api.deps import AssistantDep
from services.api.problems import responses
from services.api.schemas import HealthAnswer

router = APIRouter(tags=["health"])


@router.get("/livez", summary="The process lives")
async def livez() -> HealthAnswer:
    """Says nothing of the index."""
    return HealthAnswer(status="ok")


@router.get("/readyz", summary="Questions can be answered", responses=responses(HTTPStatus.SERVICE_UNAVAILABLE))
async def readyz(assistant: AssistantDep) -> HealthAnswer:
    """The index answers; everything else was loaded before the first request."""
    await anyio.to_thread.run_sync(assistant.library.ping)
    return HealthAnswer(status="ready")
