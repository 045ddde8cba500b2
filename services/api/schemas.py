"""What goes over the wire. Strict: nothing is coerced, unknown fields are refused."""

from typing import Annotated, Final, Literal

import langcodes
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.core.types import SectionRole, TriageLevel

MAX_SYMPTOMS_CHARACTERS: Final = 8_000


def _writable(text: str) -> str:
    """Text that can be written as UTF-8: JSON escapes can smuggle half a character in."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("contains characters that are not valid Unicode") from None
    return text


def _language_tag(tag: str) -> str:
    if tag != "auto" and not langcodes.tag_is_valid(tag):
        raise ValueError("is not a BCP 47 language tag")
    return tag


_Unicode = AfterValidator(_writable)
Symptoms = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SYMPTOMS_CHARACTERS), _Unicode
]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), _Unicode]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8_000), _Unicode]
RecordText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200_000), _Unicode]
LanguageTag = Annotated[str, StringConstraints(max_length=35), AfterValidator(_language_tag)]


class Wire(BaseModel):
    """Base of requests."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class PatientIn(Wire):
    """What is known of the patient; what is missing is read from the text where it says so."""

    age_years: float | None = Field(None, ge=0, le=120, description="0.25 is three months")
    sex: Literal["female", "male"] | None = None
    pregnant: bool | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        None, description="ISO 3166-1 alpha-2"
    )


class TriageRequest(Wire):
    """A question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "symptoms": "Persistent cough for two weeks, worse at night, no fever, but chest tightness",
                    "duration": "two weeks",
                    "history": "allergic rhinitis, smoker for five years",
                }
            ]
        }
    )

    symptoms: Symptoms = Field(description="What is felt, in the person's own words, English or Chinese")
    duration: ShortText | None = Field(None, description="How long")
    history: LongText | None = Field(None, description="Past illnesses, habits, medicines")
    record: RecordText | None = Field(None, description="Long text such as notes or reports")
    patient: PatientIn | None = None
    output_format: Literal["json", "text"] = "json"
    language: LanguageTag = Field("auto", description="`auto`, or a BCP 47 tag; fixed wording is English or Chinese")
    audience: Literal["patient", "clinician"] = "patient"


class DiagnoseRequest(TriageRequest):
    """A question, as `/v1/triage` takes it."""


class LegacyRequest(Wire):
    """A question in the older contract."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "symptoms": "持续咳嗽两周，伴有夜间加重，无发热，但有胸闷感",
                    "duration": "两周",
                    "history": "有过敏性鼻炎史，吸烟5年",
                    "output_format": "json",
                }
            ]
        }
    )

    symptoms: Symptoms
    duration: ShortText | None = None
    history: LongText | None = None
    output_format: Literal["json", "text"] = "json"


class SearchRequest(Wire):
    """A search of the library."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": "cough worse at night", "k": 3}]})

    query: Symptoms
    k: int = Field(6, ge=1, le=20, description="How many passages, each of another condition")
    language: LanguageTag = "auto"


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
    """A guideline in short."""

    id: str
    title: str
    publisher: str | None
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


class TriageOut(Out):
    """How soon, and where. `red_flags` are the reasons that ask for care within a day."""

    level: TriageLevel
    red_flags: list[ReasonOut]
    reasons: list[ReasonOut]


class FindingOut(Out):
    """A finding for or against a diagnosis; `weight` is its part of the score."""

    finding: str
    finding_id: str
    weight: float
    citations: list[str]


class DiagnosisOut(Out):
    """A possible diagnosis."""

    name: str
    condition_id: str
    icd10: str | None
    confidence: Literal["high", "medium", "low"]
    probability: float
    rationale: str
    supporting: list[FindingOut]
    against: list[FindingOut]
    citations: list[str]
    score: float
    score_parts: dict[str, float]


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
    """What made the answer. `calibrated`: probabilities are measured frequencies."""

    model: str | None
    prompt_version: str | None
    library_edition: str
    embedder: str
    service_version: str
    calibrated: bool


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
    """A guideline of the library."""

    language: str
    condition: ConditionOut
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


class LibraryAnswer(Out):
    """The published edition."""

    edition: str
    created: str
    documents: int
    conditions: int
    chunks: int
    triage_rules: int
    languages: list[str]
    embedder: str
    engine: Literal["vllm", "evidence"]
    calibrated: bool
    service_version: str


class HealthAnswer(Out):
    """The process is up, or ready."""

    status: Literal["ok", "ready"]


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
