"""Asking a service over HTTP: one that is running, or one in this process."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Final, Protocol

import httpx2

from evals.results import Compared, Named, Result
from evals.variants import VARIED
from evals.vignettes import Vignette
from services.api.app import create_app
from services.assistant.pipeline import Assistant
from services.core.answer import DraftDiagnosis
from services.core.settings import Settings
from services.core.types import Passage
from services.retrieval.retriever import Query, Retriever
from services.verification.calibration import question_signals, signals_of
from services.verification.confidence import Judged
from services.wiring import open_service

SEARCHED: Final = 20
_TIMEOUT_S: Final = 180.0


class Case(Protocol):
    """What can be put to a service: a vignette, or a case of another benchmark."""

    @property
    def id(self) -> str:
        """Of the case."""

    @property
    def said(self) -> str:
        """What is sent as symptoms."""

    @property
    def identifiers(self) -> Sequence[str]:
        """What must not come back."""

    @property
    def region(self) -> str | None:
        """Where the patient is; None where that is not said."""

    def body(self) -> dict[str, Any]:
        """The request of `/v1/diagnose`."""


class Asked(Protocol):
    """A service that vignettes are put to."""

    async def ask(self, vignette: Vignette, generation: Mapping[str, Any]) -> Result | None:
        """The result; None where this service cannot be asked this vignette."""

    async def library(self) -> dict[str, Any]:
        """What `/v1/library` says."""

    async def guidelines(self) -> list[dict[str, Any]]:
        """What `/v1/guidelines` lists."""


class OverHttp:
    """A running service. It has its own guidelines, so twins that need fewer or others cannot be asked."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        """Use this client, which knows the address."""
        self._client = client
        self._guidelines: dict[str, dict[str, Any]] = {}
        self._passages: dict[str, str] = {}

    async def library(self) -> dict[str, Any]:
        """What `/v1/library` says."""
        return await self._json("GET", "/v1/library")

    async def ask(self, vignette: Vignette, generation: Mapping[str, Any]) -> Result | None:
        """As `Asked`."""
        if vignette.twin in {"unanswerable", *VARIED}:
            return None
        return await self.answer(vignette, generation)

    async def answer(self, vignette: Case, generation: Mapping[str, Any]) -> Result:
        """The result of this vignette from whatever guidelines the service has."""
        body = vignette.body() | ({"generation": dict(generation)} if generation else {})
        began = time.perf_counter()
        answer = await self._json("POST", "/v1/diagnose", body)
        seconds = time.perf_counter() - began
        search = {"query": vignette.said, "k": SEARCHED, "region": vignette.region}
        found = await self._json("POST", "/v1/search", search)
        guidelines = await self._listed()
        superseded = {old for guideline in guidelines.values() for old in guideline["supersedes"]}
        cited = [id_ for statement in statements(answer) for id_ in statement]
        known = {citation["id"] for citation in answer["citations"]}
        verbatim = [await self._is_verbatim(citation) for citation in answer["citations"]]
        whole = str(answer)
        return Result(
            id=vignette.id,
            status=answer["status"],
            engine=answer["engine"],
            language=answer["language"],
            level=answer["triage"]["level"],
            red_flags=len(answer["triage"]["red_flags"]),
            diagnoses=tuple(_named(diagnosis) for diagnosis in answer["possible_diagnoses"]),
            retrieved=tuple(guidelines[p["guideline"]["id"]]["condition"]["id"] for p in found["passages"]),
            statements=len(statements(answer)),
            statements_cited=sum(bool(statement) for statement in statements(answer)),
            invalid_ids=sum(id_ not in known for id_ in cited),
            quotes=len(verbatim),
            quotes_verbatim=sum(verbatim),
            leaked=sum(identifier in whole for identifier in vignette.identifiers),
            stale=sum(citation["guideline"]["id"] in superseded for citation in answer["citations"]),
            foreign=sum(_is_foreign(citation, vignette.region) for citation in answer["citations"]),
            calibrated=answer["provenance"]["calibrated"],
            prompt_tokens=answer["provenance"]["prompt_tokens"],
            completion_tokens=answer["provenance"]["completion_tokens"],
            seconds=round(seconds, 4),
        )

    async def guidelines(self) -> list[dict[str, Any]]:
        """What `/v1/guidelines` lists."""
        return list((await self._listed()).values())

    async def _listed(self) -> dict[str, dict[str, Any]]:
        """The service's guidelines by id."""
        if not self._guidelines:
            listed = await self._json("GET", "/v1/guidelines")
            self._guidelines = {one["id"]: one for one in listed["guidelines"]}
        return self._guidelines

    async def _is_verbatim(self, citation: Mapping[str, Any]) -> bool:
        passage = citation["passage_id"]
        if passage not in self._passages:
            self._passages[passage] = (await self._json("GET", f"/v1/passages/{passage}"))["text"]
        quote: str = citation["quote"]
        return self._passages[passage][citation["start"] : citation["end"]] == quote

    async def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        response = await self._client.request(method, path, json=body)
        response.raise_for_status()
        read: dict[str, Any] = response.json()
        return read


class InProcess(OverHttp):
    """A service of this process, whose guidelines on what is right can be taken away."""

    def __init__(self, client: httpx2.AsyncClient, asked: ContextVar[Assistant]) -> None:
        """Ask the assistant that this variable holds in the task that asks."""
        super().__init__(client)
        self._asked = asked

    async def ask(self, vignette: Vignette, generation: Mapping[str, Any]) -> Result | None:
        """As `Asked`."""
        assistant = self._asked.get()
        if vignette.twin == "unanswerable":
            assistant = assistant.with_retriever(lambda whole: Lacking(whole, vignette.right))
        seen: list[Judged] = []
        token = self._asked.set(assistant.observed(seen.append))
        try:
            return _with_signals(await self.answer(vignette, generation), seen[0].compared)
        finally:
            self._asked.reset(token)


class Lacking(Retriever):
    """Finds what another retriever finds, but for some conditions."""

    def __init__(self, whole: Retriever, conditions: frozenset[str]) -> None:
        """Leave these conditions out."""
        self._whole = whole
        self._conditions = conditions

    async def retrieve(self, query: Query) -> tuple[Passage, ...]:
        """Passages of the other conditions, best first."""
        found = await self._whole.retrieve(replace(query, k=query.k + len(self._conditions)))
        return tuple(p for p in found if p.document.condition.id not in self._conditions)[: query.k]


def _named(diagnosis: Mapping[str, Any]) -> Named:
    found = (claim["finding_id"] for claim in diagnosis["supporting"])
    return Named.model_validate({**diagnosis, "supporting": tuple(finding for finding in found if finding)})


def _with_signals(result: Result, compared: Sequence[DraftDiagnosis]) -> Result:
    """The result with what its confidence is made of; a model's votes are known for what it named."""
    votes = {named.condition_id: named.votes for named in result.diagnoses}
    seen = [replace(one, votes=votes.get(one.condition.id)) for one in compared]
    kept = (Compared(condition_id=one.condition.id, signals=_rounded(signals_of(one))) for one in seen)
    question = _rounded(question_signals(seen[0])) if seen else {}
    return result.model_copy(update={"compared": tuple(kept), "question": question})


def _rounded(signals: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in signals.items()}


def _is_foreign(citation: Mapping[str, Any], region: str | None) -> bool:
    """Whether it is of another jurisdiction than this region; one without a jurisdiction is of all."""
    return region is not None and citation["guideline"]["jurisdiction"] not in {None, region}


def statements(answer: Mapping[str, Any]) -> list[list[str]]:
    """The citations of each statement of an answer: reasons, diagnoses, findings for and against, advice, referral."""
    made = [reason["citations"] for reason in answer["triage"]["reasons"]]
    for diagnosis in answer["possible_diagnoses"]:
        made.append(diagnosis["citations"])
        made += [finding["citations"] for finding in (*diagnosis["supporting"], *diagnosis["against"])]
    made += [tip["citations"] for tip in answer["lifestyle_tips"]]
    if answer["medical_referral"]["suggested_tests"]:
        made.append(answer["medical_referral"]["citations"])
    return made


@asynccontextmanager
async def at(url: str) -> AsyncIterator[OverHttp]:
    """A service that is running."""
    async with httpx2.AsyncClient(base_url=url, timeout=_TIMEOUT_S) as client:
        yield OverHttp(client)


@asynccontextmanager
async def here(settings: Settings) -> AsyncIterator[InProcess]:
    """A service in this process, on the index of these settings."""
    async with open_service(settings) as service:
        asked = ContextVar("asked", default=service.assistant)
        transport = httpx2.ASGITransport(create_app(asked.get, settings.server))
        async with httpx2.AsyncClient(transport=transport, base_url="http://here", timeout=_TIMEOUT_S) as client:
            yield InProcess(client, asked)
