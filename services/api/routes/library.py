"""The library: search, guidelines and passages."""

from http import HTTPStatus
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Path

from services.api.deps import AssistantDep
from services.api.present import evidence_out, guideline_ref, sources_out
from services.api.problems import responses
from services.api.requests import SearchRequest
from services.api.schemas import (
    ConditionOut,
    ConfidenceOut,
    GuidelineAnswer,
    GuidelinesAnswer,
    GuidelineSummary,
    LibraryAnswer,
    PassageOut,
    SearchAnswer,
    SectionOut,
    SpanOut,
)
from services.assistant.pipeline import SERVICE_VERSION
from services.core.text import base_language, detect_language
from services.core.types import Condition, Document, RawText
from services.privacy.deidentify import deidentify
from services.verification.calibration import Calibration

router = APIRouter(tags=["library"])

_Id = Annotated[str, Path(alias="id", max_length=200)]
_UNFOUND = responses(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)


@router.post(
    "/v1/search",
    summary="Passages for a query, best first",
    responses=responses(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)
async def search(body: SearchRequest, assistant: AssistantDep) -> SearchAnswer:
    """Dense and lexical search, fused by rank; one passage for each condition."""
    language = detect_language(body.query) if body.language == "auto" else base_language(body.language)
    passages = await assistant.search(deidentify(RawText(body.query)), language, body.k, body.region)
    return evidence_out(passages)


@router.get("/v1/library", summary="The published edition")
async def library(assistant: AssistantDep) -> LibraryAnswer:
    """What answers rest on."""
    manifest, documents = assistant.library.manifest, assistant.library.documents
    return LibraryAnswer(
        edition=manifest.edition,
        created=manifest.created,
        documents=manifest.documents,
        conditions=len(assistant.library.conditions),
        chunks=manifest.chunks,
        triage_rules=assistant.library.rules,
        languages=sorted({document.language for document in documents.values()}),
        embedder=manifest.embedder,
        reranker=assistant.reranker,
        engine="evidence" if assistant.model is None else "vllm",
        model=None if assistant.model is None else assistant.model.name,
        calibrated=assistant.calibration is not None,
        confidence=_confidence(assistant.calibration),
        service_version=SERVICE_VERSION,
    )


@router.get("/v1/guidelines", summary="All guidelines of the published edition")
async def guidelines(assistant: AssistantDep) -> GuidelinesAnswer:
    """In the order of their ids."""
    documents = assistant.library.documents
    return GuidelinesAnswer(guidelines=[_summary(documents[key]) for key in sorted(documents)])


@router.get("/v1/guidelines/{id}", summary="One guideline with its text and sources", responses=_UNFOUND)
async def guideline(guideline_id: _Id, assistant: AssistantDep) -> GuidelineAnswer:
    """Its passages in reading order."""
    document, chunks = await anyio.to_thread.run_sync(assistant.library.document, guideline_id)
    return GuidelineAnswer(
        **_summary(document).model_dump(),
        sources=sources_out(document.sources, list(document.sources)),
        passages=[SectionOut(passage_id=c.id, section=c.section, role=c.role, text=c.text) for c in chunks],
    )


@router.get("/v1/passages/{id}", summary="One passage with its sentences", responses=_UNFOUND)
async def passage(passage_id: _Id, assistant: AssistantDep) -> PassageOut:
    """What a citation's `start` and `end` count in. Triage rules are passages too: `triage:<rule>`."""
    document, chunk = await anyio.to_thread.run_sync(assistant.library.passage, passage_id)
    return PassageOut(
        id=chunk.id,
        text=chunk.text,
        sentences=[SpanOut(start=sentence.start, end=sentence.end) for sentence in chunk.sentences],
        guideline=guideline_ref(document),
        section=chunk.section,
        page=chunk.page,
        edition=document.edition,
    )


def _summary(document: Document) -> GuidelineSummary:
    return GuidelineSummary(
        **guideline_ref(document).model_dump(),
        language=document.language,
        effective=document.effective,
        withdrawn=document.withdrawn,
        supersedes=list(document.supersedes),
        full_text_may_be_shown=document.full_text,
        condition=_condition_out(document.condition),
        other_conditions=[_condition_out(condition) for condition in document.other_conditions],
        review=document.review,
    )


def _condition_out(condition: Condition) -> ConditionOut:
    return ConditionOut(
        id=condition.id,
        names=dict(condition.names),
        synonyms={language: list(words) for language, words in condition.synonyms.items()},
        icd10=condition.icd10,
    )


def _confidence(calibration: Calibration | None) -> list[ConfidenceOut]:
    levels = {} if calibration is None else calibration.levels
    return [ConfidenceOut(level=level, **bounds.model_dump()) for level, bounds in levels.items()]
