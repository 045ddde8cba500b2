"""What a person wrote becomes what the system works with: findings, facts, triage, and text without identifiers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from services.core.text import base_language, detect_language
from services.core.types import DeidentifiedText, Language, Onset, Patient, RawText
from services.findings.extract import Findings, extract
from services.findings.facts import read_duration_days, read_onset, read_patient
from services.findings.lexicon import Lexicon
from services.privacy.deidentify import deidentify
from services.triage.rules import Rule, Triage, triage

PREGNANCY: Final = "pregnancy"
"""The finding that makes a patient count as pregnant where nothing else was said."""

Audience = Literal["patient", "clinician"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it came in.

    Attributes:
        language: A BCP 47 tag, or "auto".
    """

    symptoms: RawText
    duration: RawText | None = None
    history: RawText | None = None
    record: RawText | None = None
    patient: Patient = field(default_factory=Patient)
    language: str = "auto"
    audience: Audience = "patient"

    def whole(self) -> RawText:
        """All that was written, one part a line."""
        parts = (self.symptoms, self.duration, self.history, self.record)
        return RawText("\n".join(part.value for part in parts if part and part.value))


@dataclass(frozen=True, slots=True)
class Intake:
    """A question as the system works with it.

    Attributes:
        query: What to search for: the symptoms, without identifiers.
        duration_days: None if unknown.
    """

    language: Language
    findings: Findings
    patient: Patient
    duration_days: float | None
    onset: Onset | None
    triage: Triage
    query: DeidentifiedText
    audience: Audience


def take_in(question: Question, rules: Sequence[Rule], lexicon: Lexicon) -> Intake:
    """Red flags first, then everything else.

    Raises:
        DeidentificationError: Identifiers could not be removed; nothing is sent on.
    """
    whole = question.whole()
    findings, patient, duration_days = _read(question, whole, lexicon)
    return Intake(
        language=language_of(question),
        findings=findings,
        patient=patient,
        duration_days=duration_days,
        onset=read_onset(question.symptoms.value),
        triage=triage(rules, findings, patient, duration_days),
        query=deidentify(question.symptoms),
        audience=question.audience,
    )


def triage_only(question: Question, rules: Sequence[Rule], lexicon: Lexicon) -> Triage:
    """The level from rules alone: no retrieval, no model, no index."""
    findings, patient, duration_days = _read(question, question.whole(), lexicon)
    return triage(rules, findings, patient, duration_days)


def language_of(question: Question) -> Language:
    """The language that fixed wording is in."""
    if question.language == "auto":
        return detect_language(question.symptoms.value)
    return base_language(question.language)


def _read(question: Question, whole: RawText, lexicon: Lexicon) -> tuple[Findings, Patient, float | None]:
    stated = question.duration.value if question.duration else ""
    days = read_duration_days(stated)
    if days is None:
        days = read_duration_days(question.symptoms.value)
    findings, patient = extract(whole.value, lexicon), read_patient(whole.value, question.patient)
    if patient.pregnant is None and PREGNANCY in findings.present:
        patient = replace(patient, pregnant=True, sex="female")
    return findings, patient, days
