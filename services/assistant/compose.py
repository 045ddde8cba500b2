"""A draft becomes an answer: what has no citation is left out, and a diagnosis without one with all that is said."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from services.assistant.intake import Intake
from services.assistant.library import Library
from services.assistant.wording import URGENT_LEVEL, WORDING, Wording
from services.core.answer import (
    Answer,
    CitedFinding,
    CitedText,
    Confidence,
    Diagnosis,
    Draft,
    DraftDiagnosis,
    EmergencyNumbers,
    FindingClaim,
    Provenance,
    Referral,
    TriageAnswer,
    UrgentLevel,
)
from services.core.types import Language, TriageLevel
from services.generation.advice import Guideline
from services.triage.levels import EMERGENCIES, most_urgent
from services.triage.rules import Triage, rule_ref
from services.verification.calibration import Calibration
from services.verification.citations import Citations
from services.verification.confidence import confidence_of

_URGENT: Final = EMERGENCIES | {TriageLevel.WITHIN_24_HOURS}
_RAISED_TO: Final[Mapping[UrgentLevel, TriageLevel]] = {
    "emergency": TriageLevel.EMERGENCY_DEPARTMENT,
    "high": TriageLevel.WITHIN_24_HOURS,
    "medium": TriageLevel.ROUTINE_VISIT,
    "low": TriageLevel.SELF_CARE,
}
"""What a model's word for urgency asks for; it takes effect only where it is more urgent than all else."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft that was verified, and who made it.

    Attributes:
        chances: Probabilities of its diagnoses, in their order.
        calibration: What made them frequencies, and says which confidence level they are.
    """

    draft: Draft
    chances: Sequence[float]
    engine: Literal["vllm", "evidence"]
    provenance: Provenance
    calibration: Calibration | None = None
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patient is, and what follows from it.

    Attributes:
        is_known: Whether the question or the settings name the region.
        numbers: Whom to call there.
        jurisdictions: By condition id, countries whose guidelines on it are in use.
    """

    is_known: bool
    numbers: EmergencyNumbers | None
    jurisdictions: Mapping[str, tuple[str, ...]]


def citable(library: Library, guidelines: Mapping[str, Sequence[Guideline]], *, for_clinician: bool) -> Citations:
    """Only what was really retrieved, and the triage rules, can be cited."""
    evidence = [guideline for found in guidelines.values() for guideline in found]
    chunks = {chunk.id: chunk for guideline in evidence for chunk in guideline.chunks}
    documents = {guideline.document.id: guideline.document for guideline in evidence}
    return Citations(
        {**chunks, **library.rule_chunks}, {**documents, **library.rule_documents}, for_clinician=for_clinician
    )


def compose(intake: Intake, drafted: Drafted, citations: Citations, place: Place) -> Answer:
    """The answer to a patient who is at this place."""
    language, wording = intake.language, WORDING[intake.language]
    draft = drafted.draft
    ordered = sorted(zip(draft.diagnoses, drafted.chances, strict=True), key=lambda pair: -pair[1])
    confidences = [confidence_of(chance, named.word, drafted.calibration) for named, chance in ordered]
    level = _level(intake.triage, draft, ordered, confidences)
    # Where nothing is answered nothing is cited, but for what asks for urgent care.
    told = intake.triage if draft.diagnoses or level in _URGENT else Triage(intake.triage.level)
    triage = triage_answer(told, level, citations, language, place.numbers)
    made = (_diagnosis(*pair, sure, citations, language) for pair, sure in zip(ordered, confidences, strict=True))
    diagnoses = tuple(replace(d, jurisdictions=place.jurisdictions.get(d.condition_id, ())) for d in made if d)
    offered = () if level in EMERGENCIES or not diagnoses else draft.tips
    tips = tuple(cited for tip in offered if (cited := CitedText(tip.text, citations.cite(tip.refs))).citations)
    referral = _referral(draft if diagnoses else Draft(), level, triage, citations, wording)
    missing = None if diagnoses else wording.not_covered if intake.findings.stated else wording.nothing_found
    return Answer(
        id=uuid.uuid4().hex,
        language=language,
        status="answered" if diagnoses else "insufficient_evidence",
        engine=drafted.engine,
        degraded=drafted.degraded,
        triage=triage,
        diagnoses=diagnoses,
        tips=tips,
        referral=referral,
        questions=(*draft.questions, *_where(diagnoses, place, wording)) if diagnoses else (),
        citations=citations.used(),
        missing=missing,
        disclaimer=wording.disclaimer,
        provenance=drafted.provenance,
    )


def _where(diagnoses: Sequence[Diagnosis], place: Place, wording: Wording) -> tuple[str, ...]:
    """Asks for the country, where the guidelines of several are in use because it is not known."""
    is_open = not place.is_known and any(len(diagnosis.jurisdictions) > 1 for diagnosis in diagnoses)
    return (wording.which_country,) if is_open else ()


def _level(
    triage: Triage, draft: Draft, ordered: Sequence[tuple[DraftDiagnosis, float]], confidences: Sequence[Confidence]
) -> TriageLevel:
    """The rules' level; the leading guideline and the model may raise it, nothing lowers it."""
    levels = [triage.level]
    if ordered and (urgency := ordered[0][0].urgency) and confidences[0] != "low":
        levels.append(urgency)
    if draft.urgency:
        levels.append(_RAISED_TO[draft.urgency])
    return most_urgent(levels) or triage.level


def triage_answer(
    triage: Triage, level: TriageLevel, citations: Citations, language: Language, numbers: EmergencyNumbers | None
) -> TriageAnswer:
    """The level, with the rules that ask for it, and in an emergency whom to call."""
    rules = triage.rules if triage.level is level else ()
    found = [(rule, rule.finding[language]) for rule in rules]
    if triage.resembled and triage.level is level:
        found.append((triage.resembled, WORDING[language].possibly + triage.resembled.finding[language]))
    reasons = (CitedText(text, citations.cite([rule_ref(rule, language)])) for rule, text in found)
    shown = numbers if level in EMERGENCIES else None
    return TriageAnswer(level, tuple(reason for reason in reasons if reason.citations), shown)


def _diagnosis(
    draft: DraftDiagnosis, chance: float, confidence: Confidence, citations: Citations, language: Language
) -> Diagnosis | None:
    supporting = _findings(draft.supporting, citations)
    against = _findings(draft.against, citations)
    own = citations.cite(draft.refs)
    if not own:
        return None
    return Diagnosis(
        name=draft.condition.name(language),
        condition_id=draft.condition.id,
        icd10=draft.condition.icd10,
        confidence=confidence,
        probability=round(chance, 3),
        rationale=draft.rationale or _rationale(supporting, against, WORDING[language]),
        supporting=supporting,
        against=against,
        citations=tuple(dict.fromkeys([*own, *(c for claim in against for c in claim.citations)])),
        votes=None if draft.votes is None else round(draft.votes, 3),
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
    if level in EMERGENCIES:
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
