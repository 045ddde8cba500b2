"""What routes are handed."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from services.api.requests import DiagnoseRequest, GenerationIn, LegacyRequest, PatientIn, TriageRequest
from services.assistant.intake import Question
from services.assistant.pipeline import Assistant
from services.core.settings import ServerSettings
from services.core.types import Patient, RawText
from services.generation.model import Wish


def _assistant(request: Request) -> Assistant:
    current: Callable[[], Assistant] = request.app.state.assistant
    return current()


def _server(request: Request) -> ServerSettings:
    settings: ServerSettings = request.app.state.server
    return settings


def _tenant(request: Request) -> str:
    """Who asks, as the gateway before the service says."""
    settings: ServerSettings = request.app.state.server
    return request.headers.get(settings.tenant_header, "")


AssistantDep = Annotated[Assistant, Depends(_assistant)]
ServerDep = Annotated[ServerSettings, Depends(_server)]
TenantDep = Annotated[str, Depends(_tenant)]


def question_of(body: TriageRequest | LegacyRequest, tenant: str = "") -> Question:
    """The question in a request."""
    known = body if isinstance(body, TriageRequest) else TriageRequest(symptoms=body.symptoms)
    return Question(
        symptoms=RawText(body.symptoms),
        duration=_raw(body.duration),
        history=_raw(body.history),
        record=_raw(known.record),
        patient=_patient(known.patient),
        language=known.language,
        audience=known.audience,
        generation=_wish(body.generation if isinstance(body, DiagnoseRequest) else None),
        tenant=tenant,
    )


def _wish(given: GenerationIn | None) -> Wish:
    return Wish() if given is None else Wish(**given.model_dump())


def _raw(text: str | None) -> RawText | None:
    return RawText(text) if text else None


def _patient(given: PatientIn | None) -> Patient:
    return Patient() if given is None else Patient(given.age_years, given.sex, given.pregnant, given.region)
