"""The story of one request: intake, retrieve, draft, verify, answer."""

import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

import anyio.to_thread

from services.assistant.compose import Drafted, Place, citable, compose, triage_answer
from services.assistant.events import Answered, DraftWritten, Event, EvidenceFound, TriageFound
from services.assistant.intake import Intake, Question, language_of, prompt_question, take_in, triage_only
from services.assistant.jurisdiction import countries_of
from services.assistant.library import Library
from services.core.answer import (
    Answer,
    Citation,
    Draft,
    DraftDiagnosis,
    EmergencyNumbers,
    Provenance,
    TriageAnswer,
)
from services.core.errors import DraftRejectedError, ModelError, ModelInterruptedError
from services.core.types import DeidentifiedText, Language, Passage
from services.findings.extract import Findings, extract
from services.generation.advice import Guideline
from services.generation.evidence import EvidenceEngine, Ranking, Terminology
from services.generation.model import DraftText, ModelEngine, Task, Written
from services.generation.ranking import Case
from services.generation.reply import to_draft
from services.generation.selection import choose_evidence
from services.retrieval.retriever import Query, Retriever
from services.triage.engine import TriageEngine
from services.verification.calibration import Calibration
from services.verification.citations import Citations
from services.verification.claims import Said, Terms
from services.verification.confidence import Judged, chances_of, judge, with_votes
from services.verification.terminology import LANGUAGES
from services.verification.verdict import Grounds, verify

logger = logging.getLogger(__name__)

SERVICE_VERSION: Final = "0.1.0"


@dataclass(frozen=True, slots=True)
class Parts:
    """What an assistant is made of; `wiring` builds it. Without a model the evidence engine answers.

    Attributes:
        emergency_numbers: By region.
        region: Of patients where a question names none; may be "".
        conditions: How many conditions are compared.
        prompt_conditions: How many of them the model may name.
        calibration: Of the evidence engine on this library; None where there is none.
        model_calibration: Of the model's answers on this library.
        reranker: Name of what put passages into their order after the search.
        observe: Is told what was compared.
    """

    library: Library
    retriever: Retriever
    engine: EvidenceEngine
    terminology: Terminology
    triage: TriageEngine
    emergency_numbers: Mapping[str, EmergencyNumbers]
    region: str
    conditions: int
    prompt_conditions: int = 6
    model: ModelEngine | None = None
    calibration: Calibration | None = None
    model_calibration: Calibration | None = None
    reranker: str | None = None
    observe: Callable[[Judged], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class _Reading:
    """A question and what the guidelines that were found say of it."""

    question: Question
    intake: Intake
    case: Case
    passages: Sequence[Passage]
    guidelines: Mapping[str, Sequence[Guideline]]
    ranking: Ranking
    judged: Judged

    @property
    def evidence(self) -> tuple[Passage, ...]:
        """The passages of the conditions that may be named, best first; none where the case is not covered."""
        found = {passage.document.condition.id: passage for passage in self.passages}
        return tuple(found[diagnosis.condition.id] for diagnosis in self.judged.diagnoses)


class Assistant:
    """Answers questions from the library's guidelines."""

    def __init__(self, parts: Parts) -> None:
        """Use these parts."""
        self._parts = parts
        self.library: Final = parts.library
        self.model: Final = parts.model
        self.calibration: Final = parts.calibration if parts.model is None else parts.model_calibration
        """Of the engine that answers."""
        self.reranker: Final = parts.reranker

    def without_model(self) -> "Assistant":
        """The same, answering from evidence alone."""
        return Assistant(replace(self._parts, model=None))

    def with_retriever(self, changed: Callable[[Retriever], Retriever]) -> "Assistant":
        """The same, finding its passages in another way."""
        return Assistant(replace(self._parts, retriever=changed(self._parts.retriever)))

    def observed(self, observe: Callable[[Judged], None]) -> "Assistant":
        """The same, telling of each question what was compared, whether or not it is named."""
        return Assistant(replace(self._parts, observe=observe))

    async def diagnose(self, question: Question) -> Answer:
        """Answer with triage, possible diagnoses, advice and referral, each cited.

        Raises:
            DeidentificationError: Identifiers could not be removed.
            IndexUnavailableError: The guidelines cannot be searched.
            OverloadedError: Too many questions are waiting.
            PromptTooLongError: The question does not fit into the model's context.
        """
        async with aclosing(self.events(question, drafts_are_shown=False)) as events:
            async for event in events:
                if isinstance(event, Answered):
                    return event.answer
        raise AssertionError("the last event is an answer")

    async def events(self, question: Question, *, drafts_are_shown: bool) -> AsyncGenerator[Event]:
        """What happens on the way to the answer, which is the last event and the same as that of `diagnose`.

        Args:
            question: The question.
            drafts_are_shown: A model that breaks off after its first words is then an error; else another engine
                takes over.

        Raises:
            ModelInterruptedError: The model broke off in the middle of a draft that was shown.
            CitewellError: As `diagnose`.
        """
        parts = self._parts
        intake = await anyio.to_thread.run_sync(take_in, question, parts.triage, parts.terminology.findings)
        yield self._triage_found(question, intake)
        reading = await self._reading(question, intake)
        yield EvidenceFound(reading.evidence)
        if parts.model is None or not reading.judged.diagnoses:
            yield Answered(await anyio.to_thread.run_sync(self._from_evidence, reading))
            return
        was_shown = False
        try:
            async with aclosing(parts.model.write(await anyio.to_thread.run_sync(self._task, reading))) as written:
                async for part in written:
                    if isinstance(part, DraftText):
                        was_shown = True
                        yield DraftWritten(part.text)
                    else:
                        answer = await anyio.to_thread.run_sync(self._from_model, reading, part)
                        break
        except ModelError as exc:
            logger.warning("model_failed", extra={"code": exc.code})
            if drafts_are_shown and was_shown and isinstance(exc, ModelInterruptedError):
                raise
            answer = await anyio.to_thread.run_sync(self._from_evidence, reading, True)
        yield Answered(answer)

    async def triage(self, question: Question) -> tuple[TriageAnswer, tuple[Citation, ...], Language]:
        """The level and its red flags from rules alone; works whatever state the index is in."""
        parts = self._parts
        found = await anyio.to_thread.run_sync(triage_only, question, parts.triage, parts.terminology.findings)
        language = language_of(question)
        citations = Citations(parts.library.rule_chunks, parts.library.rule_documents)
        answer = triage_answer(found, found.level, citations, language, self._numbers(question))
        return answer, citations.used(), language

    async def search(
        self, text: DeidentifiedText, language: str, k: int, region: str | None = None
    ) -> tuple[Passage, ...]:
        """Passages for a query, best first, each of another condition, of guidelines that hold in this region."""
        findings = await anyio.to_thread.run_sync(extract, text, self._parts.terminology.findings)
        return await self._parts.retriever.retrieve(self._query(text, language, findings, k, self._region(region)))

    def _query(self, text: DeidentifiedText, language: str, findings: Findings, k: int, region: str) -> Query:
        concepts = [self._parts.terminology.findings.concepts[finding] for finding in findings.stated]
        names = {known: ", ".join(concept.name(known) for concept in concepts) for known in LANGUAGES}
        return Query(text, language, k, names, self.library.set_aside(region))

    def _region(self, stated: str | None) -> str:
        """Where a patient is: as the question says, else as the settings do; "" is unknown."""
        return stated or self._parts.region

    def _triage_found(self, question: Question, intake: Intake) -> TriageFound:
        citations = Citations(self.library.rule_chunks, self.library.rule_documents)
        numbers = self._numbers(question)
        triage = triage_answer(intake.triage, intake.triage.level, citations, intake.language, numbers)
        return TriageFound(triage, citations.used(), intake.language)

    async def _reading(self, question: Question, intake: Intake) -> _Reading:
        region = self._region(question.patient.region)
        query = self._query(intake.query, intake.language, intake.findings, self._parts.conditions, region)
        passages = await self._parts.retriever.retrieve(query)
        return await anyio.to_thread.run_sync(self._read, question, intake, passages)

    def _read(self, question: Question, intake: Intake, passages: Sequence[Passage]) -> _Reading:
        found = [passage.document.condition.id for passage in passages]
        guidelines = self.library.guidelines_on(found, intake.language, self._region(question.patient.region))
        case = Case(
            text=intake.query,
            language=intake.language,
            findings=intake.findings,
            patient=intake.patient,
            duration_days=intake.duration_days,
            onset=intake.onset,
            for_clinician=intake.audience == "clinician",
        )
        ranking = self._parts.engine.rank(case, passages, guidelines)
        judged = judge(ranking.diagnoses, self._parts.calibration)
        self._parts.observe(judged)
        return _Reading(question, intake, case, passages, guidelines, ranking, judged)

    def _from_evidence(self, reading: _Reading, degraded: bool = False) -> Answer:
        parts, named = self._parts, Draft(reading.judged.diagnoses)
        draft = parts.engine.complete(named, reading.case, reading.ranking, reading.guidelines)
        made = Drafted(
            draft,
            reading.judged.chances,
            "evidence",
            self._provenance(parts.calibration),
            parts.calibration,
            degraded=degraded,
        )
        return self._composed(reading, made)

    def _nameable(self, reading: _Reading) -> tuple[DraftDiagnosis, ...]:
        """The conditions that the model may name."""
        return reading.judged.compared[: self._parts.prompt_conditions]

    def _task(self, reading: _Reading) -> Task:
        parts, intake = self._parts, reading.intake
        return Task(
            language=intake.language,
            evidence=choose_evidence(
                self._nameable(reading),
                reading.passages,
                reading.guidelines,
                with_medicines=reading.case.for_clinician,
            ),
            asked=prompt_question(reading.question, intake, parts.terminology.findings),
            wish=reading.question.generation,
            cache_salt=hashlib.sha256(f"citewell\n{reading.question.tenant}".encode()).hexdigest()[:32],
            for_clinician=reading.case.for_clinician,
        )

    def _from_model(self, reading: _Reading, written: Written) -> Answer:
        """The verified part of what the model wrote.

        Raises:
            DraftRejectedError: Nothing of it is left.
        """
        parts = self._parts
        known = {diagnosis.condition.id: diagnosis for diagnosis in self._nameable(reading)}
        logger.info(
            "model_answered",
            extra={
                "samples": len(written.replies),
                "prompt_tokens": written.usage.prompt_tokens,
                "completion_tokens": written.usage.completion_tokens,
            },
        )
        draft = to_draft(written.replies, written.prompt, known, parts.terminology.findings)
        verified = verify(draft, self._grounds(reading))
        if not verified.diagnoses:
            raise DraftRejectedError("no statement of the model is supported by what it cites")
        completed = parts.engine.complete(verified, reading.case, reading.ranking, reading.guidelines)
        provenance = replace(
            self._provenance(parts.model_calibration),
            model=written.model,
            prompt_version=written.prompt.version,
            dropped_passages=written.prompt.dropped_passages,
            dropped_turns=written.prompt.dropped_turns,
            prompt_tokens=written.usage.prompt_tokens,
            completion_tokens=written.usage.completion_tokens,
        )
        chances = self._with_votes(verified.diagnoses, known)
        return self._composed(reading, Drafted(completed, chances, "vllm", provenance, parts.model_calibration))

    def _with_votes(self, diagnoses: Sequence[DraftDiagnosis], known: Mapping[str, DraftDiagnosis]) -> Sequence[float]:
        if self._parts.model_calibration is not None:
            return chances_of(diagnoses, self._parts.model_calibration)
        chances = chances_of(list(known.values()), self._parts.calibration)
        return with_votes(diagnoses, dict(zip(known, chances, strict=True)))

    def _grounds(self, reading: _Reading) -> Grounds:
        guidelines = [one for found in reading.guidelines.values() for one in found]
        terms = self._parts.terminology
        return Grounds(
            chunks={chunk.id: chunk for one in guidelines for chunk in one.chunks},
            documents={one.document.id: one.document for one in guidelines},
            said=Said.of(reading.question.whole().value, reading.intake.findings),
            terms=Terms(terms.findings, (terms.tests, terms.departments)),
            for_clinician=reading.case.for_clinician,
        )

    def _composed(self, reading: _Reading, made: Drafted) -> Answer:
        citations = citable(self.library, reading.guidelines, for_clinician=reading.case.for_clinician)
        made = replace(made, draft=self._aligned(made.draft))
        place = Place(
            is_known=bool(self._region(reading.question.patient.region)),
            numbers=self._numbers(reading.question),
            jurisdictions={c: countries_of(one.document for one in found) for c, found in reading.guidelines.items()},
        )
        return compose(reading.intake, made, citations, place)

    def _aligned(self, draft: Draft) -> Draft:
        """The draft with its conditions under codes and preferred names."""
        named = tuple(replace(one, condition=self.library.aligned(one.condition)) for one in draft.diagnoses)
        return replace(draft, diagnoses=named)

    def _numbers(self, question: Question) -> EmergencyNumbers | None:
        return self._parts.emergency_numbers.get(self._region(question.patient.region))

    def _provenance(self, calibration: Calibration | None) -> Provenance:
        manifest, is_calibrated = self.library.manifest, calibration is not None
        return Provenance(None, None, manifest.edition, manifest.embedder, SERVICE_VERSION, is_calibrated)
