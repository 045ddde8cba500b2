"""Answers as they go over the wire.

One file, because it is the contract that clients read: from the answer down to a quote, without a jump.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.core.types import SectionRole, TriageLevel


class Out(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class SourceOut(Out):
    """A published guideline that a statement rests on; `checked`: its existence, title and year were looked up."""

    key: str
    publisher: str
    title: str
    year: int
    url: str
    checked: bool


class GuidelineRef(Out):
    """A guideline in short. `jurisdiction` is where it holds, as it says itself."""

    id: str
    title: str
    publisher: str | None
    jurisdiction: str | None
    edition: str | None
    published: str | None
    url: str | None
    licence: str | None


class CitationOut(Out):
    """A verbatim quote: `quote` is `text[start:end]` of the passage."""

    id: str
    passage_id: str
    guideline: GuidelineRef
    section: str
    page: int | None
    quote: str
    start: int
    end: int
    sources: list[SourceOut]


class ReasonOut(Out):
    """What a triage rule found."""

    finding: str
    citations: list[str]


class EmergencyNumbersOut(Out):
    """Whom to call in a region (ISO 3166-1 alpha-2)."""

    region: str
    ambulance: str
    police: str


class TriageOut(Out):
    """How soon, and where. `red_flags` are the reasons that ask for care within a day.

    `emergency_numbers` are given in emergencies, where the region is known.
    """

    level: TriageLevel
    red_flags: list[ReasonOut]
    reasons: list[ReasonOut]
    emergency_numbers: EmergencyNumbersOut | None


class FindingOut(Out):
    """A finding for or against a diagnosis; `weight` is its part of the score, 0 where only a model named it."""

    finding: str
    finding_id: str | None
    weight: float
    citations: list[str]


class DiagnosisOut(Out):
    """A possible diagnosis.

    `votes` says how far a model's samples agree on it: 1/2 for each first place, 1/4 for a second and so on, the mean
    over all samples; null without a model. `jurisdictions`: countries whose guidelines on it are in use for this
    patient.
    """

    name: str
    condition_id: str
    icd10: str | None
    confidence: Literal["high", "medium", "low"]
    probability: float
    rationale: str
    supporting: list[FindingOut]
    against: list[FindingOut]
    citations: list[str]
    votes: float | None
    score: float
    score_parts: dict[str, float]
    jurisdictions: list[str]


class TipOut(Out):
    """Advice."""

    text: str
    citations: list[str]


class ReferralOut(Out):
    """Whether, where and how soon to see somebody."""

    need_visit: bool
    recommended_department: str
    urgent_level: Literal["emergency", "high", "medium", "low"]
    suggested_tests: list[str]
    citations: list[str]


class ProvenanceOut(Out):
    """What made the answer. `calibrated`: probabilities are measured frequencies.

    `dropped_passages` and `dropped_turns` did not fit into the model's context. Tokens are what the model read and
    wrote, all samples together; null without one.
    """

    model: str | None
    prompt_version: str | None
    library_edition: str
    embedder: str
    service_version: str
    calibrated: bool
    dropped_passages: int
    dropped_turns: int
    prompt_tokens: int | None
    completion_tokens: int | None


class DiagnoseAnswer(Out):
    """An answer whose every statement is cited. `text` is there only where it was asked for."""

    id: str
    session_id: str | None = None
    language: str
    status: Literal["answered", "insufficient_evidence"]
    engine: Literal["vllm", "evidence"]
    degraded: bool
    triage: TriageOut
    possible_diagnoses: list[DiagnosisOut]
    lifestyle_tips: list[TipOut]
    medical_referral: ReferralOut
    follow_up_questions: list[str]
    citations: list[CitationOut]
    missing: str | None = Field(description="With `insufficient_evidence`: what is missing")
    text: str | None = None
    disclaimer: str
    ai_generated: bool = True
    provenance: ProvenanceOut


class TriageAnswerOut(Out):
    """Triage by rules alone."""

    triage: TriageOut
    citations: list[CitationOut]
    language: str
    text: str | None = None
    disclaimer: str


class LegacyReferral(Out):
    """As the older contract has it; words in the question's language."""

    need_visit: bool
    recommended_department: str
    urgent_level: str
    suggested_tests: list[str]


class LegacyAdvice(Out):
    """As the older contract has it."""

    possible_diagnoses: list[str]
    lifestyle_tips: list[str]
    medical_referral: LegacyReferral


class LegacyAnswer(Out):
    """Advice as the older contract has it, or one string, and the whole answer."""

    advice: LegacyAdvice | str
    details: DiagnoseAnswer


class PassageHit(Out):
    """A passage found. `score` orders passages of one search; it means nothing beyond that."""

    id: str
    text: str
    score: float
    similarity: float | None
    guideline: GuidelineRef
    section: str
    page: int | None


class SearchAnswer(Out):
    """Passages, best first."""

    passages: list[PassageHit]


class DeltaEvent(Out):
    """More text of a model's draft: JSON that is not verified, to be shown as a draft at most."""

    text: str


class SpanOut(Out):
    """A sentence: `text[start:end]`."""

    start: int
    end: int


class PassageOut(Out):
    """A passage with its sentences."""

    id: str
    text: str
    sentences: list[SpanOut]
    guideline: GuidelineRef
    section: str
    page: int | None
    edition: str | None


class ConditionOut(Out):
    """What a guideline is about."""

    id: str
    names: dict[str, str]
    synonyms: dict[str, list[str]]
    icd10: str | None


class GuidelineSummary(GuidelineRef):
    """A guideline of the library.

    It is in force from `effective` until the day before `withdrawn`, where these are given, and `supersedes` the
    guidelines with these ids. `full_text_may_be_shown` is what its licence allows; where it is false, show quotes only.
    """

    language: str
    effective: str | None
    withdrawn: str | None
    supersedes: list[str]
    full_text_may_be_shown: bool
    condition: ConditionOut
    other_conditions: list[ConditionOut]
    review: str | None


class GuidelinesAnswer(Out):
    """All guidelines of the published edition, by id."""

    guidelines: list[GuidelineSummary]


class SectionOut(Out):
    """A passage of a guideline, in reading order."""

    passage_id: str
    section: str
    role: SectionRole
    text: str


class GuidelineAnswer(GuidelineSummary):
    """A guideline with its text and sources."""

    sources: list[SourceOut]
    passages: list[SectionOut]


class ConfidenceOut(Out):
    """What a confidence level means.

    Of `n` leading diagnoses with this level that no fit had seen, the share `right` was right, with its 95 % interval
    from `low` to `high`; null where there were none. `least` is the least probability of the level.
    """

    level: Literal["high", "medium", "low"]
    least: float
    right: float | None
    low: float | None
    high: float | None
    n: int


class LibraryAnswer(Out):
    """The published edition, and what confidence levels mean on it: nothing measured unless it is `calibrated`."""

    edition: str
    created: str
    documents: int
    conditions: int
    chunks: int
    triage_rules: int
    languages: list[str]
    embedder: str
    reranker: str | None
    engine: Literal["vllm", "evidence"]
    model: str | None
    calibrated: bool
    confidence: list[ConfidenceOut]
    service_version: str


class HealthAnswer(Out):
    """The process is up."""

    status: Literal["ok"]


class ReadyAnswer(Out):
    """Questions can be answered; while the model is unavailable, the evidence engine answers them."""

    status: Literal["ready"]
    model: Literal["none", "ready", "unavailable"]


class FieldProblem(Out):
    """Which field is wrong, and how; never what it held."""

    field: str
    code: str


class Problem(Out):
    """RFC 9457. Nothing that the caller sent is in it."""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    detail: str | None = None
    retry_after_s: int | None = None
    errors: list[FieldProblem] | None = None
