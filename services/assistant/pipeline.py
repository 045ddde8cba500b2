"""The story of one request: intake, retrieve, draft, verify, answer."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import anyio.to_thread

from services.assistant.intake import Intake, Question, language_of, take_in, triage_only
from services.assistant.library import Library
from services.assistant.wording import URGENT_LEVEL, WORDING, Wording
from services.core.answer import (
    Answer,
    Citation,
    CitedFinding,
    CitedText,
    Diagnosis,
    Draft,
    DraftDiagnosis,
    FindingClaim,
    Provenance,
    Referral,
    TriageAnswer,
)
from services.core.types import DeidentifiedText, Language, Passage, TriageLevel
from services.generation.advice import Guideline
from services.generation.evidence import EvidenceEngine, Terminology
from services.generation.ranking import Case
from services.retrieval.retriever import Query, Retriever
from services.triage.levels import most_urgent
from services.triage.rules import Rule, Triage, rule_ref
from services.verification.citations import Citations
from services.verification.confidence import CALIBRATED, confidence_of, probabilities

SERVICE_VERSION: Final = "0.1.0"
_EMERGENCIES: Final = frozenset({TriageLevel.CALL_AMBULANCE, TriageLevel.EMERGENCY_DEPARTMENT})
_URGENT: Final = _EMERGENCIES | {TriageLevel.WITHIN_24_HOURS}


@dataclass(frozen=True, slots=True)
class Parts:
    """What an assistant is made of; `wiring` builds it."""

    library: Library
    retriever: Retriever
    engine: EvidenceEngine
    terminology: Terminology
    rules: Sequence[Rule]
    conditions: int


class Assistant:
    """Answers questions from the library's guidelines."""

    def __init__(self, parts: Parts) -> None:
        """Use these parts."""
        self._parts = parts
        self.library: Final = parts.library

    async def diagnose(self, question: Question) -> Answer:
        """Answer with triage, possible diagnoses, advice and referral, each cited.

        Raises:
            DeidentificationError: Identifiers could not be removed.
            IndexUnavailableError: The guidelines cannot be searched.
            OverloadedError: Too many questions are waiting.
        """
        parts = self._parts
        intake = await anyio.to_thread.run_sync(take_in, question, parts.rules, parts.terminology.findings)
        passages = await parts.retriever.retrieve(Query(intake.query, intake.language, parts.conditions))
        return await anyio.to_thread.run_sync(self._answer, intake, passages)

    async def triage(self, question: Question) -> tuple[TriageAnswer, tuple[Citation, ...], Language]:
        """The level and its red flags from rules alone; works whatever state the index is in."""
        parts = self._parts
        found = await anyio.to_thread.run_sync(triage_only, question, parts.rules, parts.terminology.findings)
        language = language_of(question)
        citations = Citations(parts.library.rule_chunks, parts.library.rule_documents)
        return _triage_answer(found, found.level, citations, language), citations.used(), language

    async def search(self, text: DeidentifiedText, language: str, k: int) -> tuple[Passage, ...]:
        """Passages for a query, best first, each of another condition."""
        return await self._parts.retriever.retrieve(Query(text, language, k))

    def _answer(self, intake: Intake, passages: Sequence[Passage]) -> Answer:
        library = self._parts.library
        guidelines = library.guidelines_on([passage.document.condition.id for passage in passages], intake.language)
        case = Case(
            text=intake.query,
            language=intake.language,
            findings=intake.findings,
            patient=intake.patient,
            duration_days=intake.duration_days,
            onset=intake.onset,
            for_clinician=intake.audience == "clinician",
        )
        draft = self._parts.engine.draft(case, passages, guidelines)
        return _compose(intake, draft, _citations(library, guidelines), self._provenance())

    def _provenance(self) -> Provenance:
        manifest = self._parts.library.manifest
        return Provenance(None, None, manifest.edition, manifest.embedder, SERVICE_VERSION, CALIBRATED)


def _citations(library: Library, guidelines: Mapping[str, Sequence[Guideline]]) -> Citations:
    """Only what was really retrieved, and the triage rules, can be cited."""
    evidence = [guideline for found in guidelines.values() for guideline in found]
    chunks = {chunk.id: chunk for guideline in evidence for chunk in guideline.chunks}
    documents = {guideline.document.id: guideline.document for guideline in evidence}
    return Citations({**chunks, **library.rule_chunks}, {**documents, **library.rule_documents})


def _compose(intake: Intake, draft: Draft, citations: Citations, provenance: Provenance) -> Answer:
    """Verify the draft: what has no citation is left out, and a diagnosis without one with all that is said of it."""
    language, wording = intake.language, WORDING[intake.language]
    chances = probabilities(draft.diagnoses)
    level = _level(intake.triage, draft, chances)
    # Where nothing is answered nothing is cited, but for what asks for urgent care.
    told = intake.triage if draft.diagnoses or level in _URGENT else Triage(intake.triage.level)
    triage = _triage_answer(told, level, citations, language)
    diagnoses = tuple(
        diagnosis
        for made in zip(draft.diagnoses, chances, strict=True)
        if (diagnosis := _diagnosis(*made, citations, language))
    )
    emergency = level in _EMERGENCIES
    tips = (
        ()
        if emergency
        else tuple(c for tip in draft.tips if (c := CitedText(tip.text, citations.cite(tip.refs))).citations)
    )
    referral = _referral(draft if diagnoses else Draft(), level, triage, citations, wording)
    missing = None if diagnoses else wording.not_covered if intake.findings.stated else wording.nothing_found
    return Answer(
        id=uuid.uuid4().hex,
        language=language,
        status="answered" if diagnoses else "insufficient_evidence",
        engine="evidence",
        degraded=False,
        triage=triage,
        diagnoses=diagnoses,
        tips=tips if diagnoses else (),
        referral=referral,
        questions=draft.questions if diagnoses else (),
        citations=citations.used(),
        missing=missing,
        disclaimer=wording.disclaimer,
        provenance=provenance,
    )


def _level(triage: Triage, draft: Draft, chances: Sequence[float]) -> TriageLevel:
    """The rules' level; the leading guideline may raise it, nothing lowers it."""
    levels = [triage.level]
    if draft.diagnoses and draft.diagnoses[0].urgency and confidence_of(chances[0]) != "low":
        levels.append(draft.diagnoses[0].urgency)
    return most_urgent(levels) or triage.level


def _triage_answer(triage: Triage, level: TriageLevel, citations: Citations, language: Language) -> TriageAnswer:
    rules = triage.rules if triage.level is level else ()
    reasons = (CitedText(rule.finding[language], citations.cite([rule_ref(rule, language)])) for rule in rules)
    return TriageAnswer(level, tuple(reason for reason in reasons if reason.citations))


def _diagnosis(draft: DraftDiagnosis, chance: float, citations: Citations, language: Language) -> Diagnosis | None:
    supporting = _findings(draft.supporting, citations)
    against = _findings(draft.against, citations)
    own = citations.cite(draft.refs)
    if not own:
        return None
    return Diagnosis(
        name=draft.condition.name(language),
        condition_id=draft.condition.id,
        icd10=draft.condition.icd10,
        confidence=confidence_of(chance),
        probability=round(chance, 3),
        rationale=_rationale(supporting, against, WORDING[language]),
        supporting=supporting,
        against=against,
        citations=tuple(dict.fromkeys([*own, *(c for claim in against for c in claim.citations)])),
        score=round(draft.score, 3),
        score_parts={name: round(part, 3) for name, part in draft.parts.items()},
    )


def _findings(claims: Sequence[FindingClaim], citations: Citations) -> tuple[CitedFinding, ...]:
    made = (CitedFinding(c.finding_id, c.text, round(c.weight, 3), citations.cite(c.refs)) for c in claims)
    return tuple(claim for claim in made if claim.citations)


def _rationale(supporting: Sequence[CitedFinding], against: Sequence[CitedFinding], wording: Wording) -> str:
    if not supporting:
        return wording.wording_only
    said = wording.fits + wording.joiner.join(claim.text for claim in supporting) + wording.stop
    if against:
        said += wording.does_not_fit + wording.joiner.join(claim.text for claim in against) + wording.stop
    return said.strip()


def _referral(
    draft: Draft, level: TriageLevel, triage: TriageAnswer, citations: Citations, wording: Wording
) -> Referral:
    flags = tuple(citation for reason in triage.reasons for citation in reason.citations)
    department, cited = wording.general_practice, tuple[str, ...]()
    if draft.department:
        department, cited = draft.department.text, citations.cite(draft.department.refs)
    if level in _EMERGENCIES:
        department = wording.emergency_department
    tests = [(test.text, found) for test in draft.tests if (found := citations.cite(test.refs))]
    used = (*flags, *cited, *citations.cite(draft.referral_refs), *(c for _, found in tests for c in found))
    return Referral(
        need_visit=level is not TriageLevel.SELF_CARE,
        recommended_department=department,
        urgent_level=URGENT_LEVEL[level],
        suggested_tests=tuple(dict.fromkeys(name for name, _ in tests)),
        citations=tuple(dict.fromkeys(used)),
    )
