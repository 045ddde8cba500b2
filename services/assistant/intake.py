"""What a person wrote becomes what the system works with: findings, facts, triage, and text without identifiers."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from services.assistant.wording import WORDING
from services.core.text import base_language, detect_language
from services.core.types import DeidentifiedText, Language, Onset, Patient, RawText
from services.findings.extract import Findings, extract
from services.findings.facts import read_duration_days, read_onset, read_patient
from services.findings.lexicon import Lexicon
from services.generation.model import Wish
from services.generation.prompt import PromptQuestion
from services.privacy.deidentify import deidentify
from services.triage.engine import TriageEngine
from services.triage.rules import Triage

PREGNANCY: Final = "pregnancy"
"""The finding that makes a patient count as pregnant where nothing else was said."""

Audience = Literal["patient", "clinician"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it came in.

    Attributes:
        language: A BCP 47 tag, or "auto".
        generation: How a language model is to answer, where there is one.
        tenant: Whose question it is; prefixes are cached for one tenant at a time.
    """

    symptoms: RawText
    duration: RawText | None = None
    history: RawText | None = None
    record: RawText | None = None
    patient: Patient = field(default_factory=Patient)
    language: str = "auto"
    audience: Audience = "patient"
    generation: Wish = field(default_factory=Wish)
    tenant: str = field(default="", repr=False)

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


def take_in(question: Question, engine: TriageEngine, lexicon: Lexicon) -> Intake:
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
        triage=engine.assess(question.symptoms.value, findings, patient, duration_days),
        query=deidentify(question.symptoms),
        audience=question.audience,
    )


def prompt_question(question: Question, intake: Intake, lexicon: Lexicon) -> PromptQuestion:
    """The question as a language model reads it: without identifiers, and with what code read from it.

    Raises:
        DeidentificationError: Identifiers could not be removed; nothing is sent on.
    """
    language, patient = intake.language, intake.patient
    facts = {
        "patient": ", ".join(_about(patient, language)),
        "present": ", ".join(lexicon.concepts[finding].name(language) for finding in intake.findings.stated),
        "absent": ", ".join(lexicon.concepts[finding].name(language) for finding in intake.findings.denied),
        "triage": WORDING[language].levels[intake.triage.level],
    }
    return PromptQuestion(
        symptoms=intake.query,
        duration=deidentify(question.duration) if question.duration else None,
        history=deidentify(question.history) if question.history else None,
        record=deidentify(question.record) if question.record else None,
        facts=facts,
    )


def _about(patient: Patient, language: Language) -> Iterator[str]:
    """Age, sex and pregnancy in words."""
    is_chinese = language == "zh"
    if patient.age_years is not None:
        yield f"{patient.age_years:g}岁" if is_chinese else f"{patient.age_years:g} years"
    if patient.sex is not None:
        yield {"female": "女", "male": "男"}[patient.sex] if is_chinese else patient.sex
    if patient.pregnant:
        yield "妊娠" if is_chinese else "pregnant"


def triage_only(question: Question, engine: TriageEngine, lexicon: Lexicon) -> Triage:
    """The level alone: no retrieval, no model, no index."""
    findings, patient, duration_days = _read(question, question.whole(), lexicon)
    return engine.assess(question.symptoms.value, findings, patient, duration_days)


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
