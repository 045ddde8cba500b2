"""A draft, whose statements point at sentences, and an answer, whose statements carry resolved citations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.core.types import Condition, Document, Language, TriageLevel

Confidence = Literal["high", "medium", "low"]
UrgentLevel = Literal["emergency", "high", "medium", "low"]


@dataclass(frozen=True, slots=True, order=True)
class SentenceRef:
    """A sentence by its passage and its place there, from 0."""

    passage_id: str
    sentence: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement and the sentences that support it."""

    text: str
    refs: tuple[SentenceRef, ...]


@dataclass(frozen=True, slots=True)
class FindingClaim:
    """A finding that speaks for or against a condition.

    Attributes:
        finding_id: None for one that the lexicon does not know.
        weight: What it adds to the score; negative where it speaks against, 0 where only the model named it.
    """

    finding_id: str | None
    text: str
    weight: float
    refs: tuple[SentenceRef, ...]


@dataclass(frozen=True, slots=True)
class Stated:
    """How much a question says.

    Attributes:
        findings: How many findings it states.
        weight: Sum of the rarities of its symptoms and signs among the conditions compared.
    """

    findings: int = 0
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class DraftDiagnosis:
    """A condition that may explain the findings.

    Attributes:
        parts: What the score is made of, by name; they add up to it.
        coverage: Share of the stated symptoms and signs, weighted by rarity, that the guideline speaks of, 0 to 1.
        usualness: How usual the guideline calls the most usual of them, 0 to 1.
        similarity: Cosine of the question and the guideline's best passage; 0 where there are no vectors.
        stated: How much the question says; the same in all that were compared.
        rationale: The model's words, if it wrote any.
        word: What the model calls its confidence; None without a model.
        votes: Mean over the model's samples of 1/2 for a first place, 1/4 for a second and so on; None without a model.
    """

    condition: Condition
    urgency: TriageLevel | None
    score: float
    parts: Mapping[str, float]
    coverage: float
    supporting: tuple[FindingClaim, ...]
    against: tuple[FindingClaim, ...]
    refs: tuple[SentenceRef, ...]
    usualness: float = 0.0
    similarity: float = 0.0
    stated: Stated = Stated()
    rationale: str = ""
    word: Confidence | None = None
    votes: float | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What an engine would answer, before its citations are verified. No diagnoses: the evidence is too thin.

    Attributes:
        urgency: How urgent the model finds a visit; it may raise the level of the triage rules, never lower it.
    """

    diagnoses: tuple[DraftDiagnosis, ...] = ()
    tips: tuple[Claim, ...] = ()
    department: Claim | None = None
    tests: tuple[Claim, ...] = ()
    referral_refs: tuple[SentenceRef, ...] = ()
    questions: tuple[str, ...] = ()
    urgency: UrgentLevel | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote: `quote == text[start:end]` of its passage.

    Attributes:
        sources: Keys of the guideline's own sources for this sentence.
    """

    id: str
    passage_id: str
    guideline: Document
    section: str
    page: int | None
    quote: str
    start: int
    end: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CitedFinding:
    """A finding for or against, with ids of citations."""

    finding_id: str | None
    text: str
    weight: float
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CitedText:
    """A statement with ids of citations."""

    text: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A possible diagnosis as it is answered.

    Attributes:
        votes: As in its draft.
        jurisdictions: Countries (ISO 3166-1 alpha-2) whose guidelines on it are in use for this patient.
    """

    name: str
    condition_id: str
    icd10: str | None
    confidence: Confidence
    probability: float
    rationale: str
    supporting: tuple[CitedFinding, ...]
    against: tuple[CitedFinding, ...]
    citations: tuple[str, ...]
    votes: float | None
    score: float
    score_parts: Mapping[str, float]
    jurisdictions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Referral:
    """Whether, where and how soon to see somebody, and which tests to expect."""

    need_visit: bool
    recommended_department: str
    urgent_level: UrgentLevel
    suggested_tests: tuple[str, ...]
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmergencyNumbers:
    """Whom to call in a region (ISO 3166-1 alpha-2)."""

    region: str
    ambulance: str
    police: str


@dataclass(frozen=True, slots=True)
class TriageAnswer:
    """The level and why.

    Attributes:
        reasons: What the rules of this level found; empty where no rule applies or a guideline raised the level.
        numbers: Whom to call, in an emergency and where the region is known.
    """

    level: TriageLevel
    reasons: tuple[CitedText, ...]
    numbers: EmergencyNumbers | None = None

    @property
    def red_flags(self) -> tuple[CitedText, ...]:
        """The reasons, where they ask for care within a day."""
        urgent = self.level in {
            TriageLevel.CALL_AMBULANCE,
            TriageLevel.EMERGENCY_DEPARTMENT,
            TriageLevel.WITHIN_24_HOURS,
        }
        return self.reasons if urgent else ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made the answer.

    Attributes:
        dropped_passages, dropped_turns: What did not fit into the model's context.
        prompt_tokens, completion_tokens: What the model read and wrote, all samples together; None without one.
    """

    model: str | None
    prompt_version: str | None
    library_edition: str
    embedder: str
    service_version: str
    calibrated: bool
    dropped_passages: int = 0
    dropped_turns: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose every statement is cited. `citations` are exactly those that it uses."""

    id: str
    language: Language
    status: Literal["answered", "insufficient_evidence"]
    engine: Literal["vllm", "evidence"]
    degraded: bool
    triage: TriageAnswer
    diagnoses: tuple[Diagnosis, ...]
    tips: tuple[CitedText, ...]
    referral: Referral
    questions: tuple[str, ...]
    citations: tuple[Citation, ...]
    missing: str | None
    disclaimer: str
    provenance: Provenance
