"""The vocabulary of the system as frozen types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NewType

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""(n, dim), L2-normalised rows."""

Language = Literal["en", "zh"]
"""A language that Citewell has fixed wording for."""

DeidentifiedText = NewType("DeidentifiedText", str)
"""Text whose identifiers were replaced; only `services.privacy.deidentify` makes it."""


@dataclass(frozen=True, slots=True)
class RawText:
    """What a person wrote. It does not show itself in logs, tracebacks or `repr`."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return f"<raw text, {len(self.value)} characters>"


class SectionRole(StrEnum):
    """What a section of a guideline is about."""

    PRESENTATION = "presentation"
    RED_FLAGS = "red_flags"
    DIFFERENTIAL = "differential"
    TESTS = "tests"
    TREATMENT = "treatment"
    SELF_CARE = "self_care"
    REFERRAL = "referral"
    FOLLOW_UP = "follow_up"
    OTHER = "other"


class TriageLevel(StrEnum):
    """How soon, and where, a person should be seen."""

    CALL_AMBULANCE = "call_ambulance"
    EMERGENCY_DEPARTMENT = "emergency_department"
    WITHIN_24_HOURS = "within_24_hours"
    ROUTINE_VISIT = "routine_visit"
    SELF_CARE = "self_care"


class Onset(StrEnum):
    """How a complaint begins."""

    SUDDEN = "sudden"
    GRADUAL = "gradual"
    EITHER = "either"


class Frequency(StrEnum):
    """How often a condition is seen in primary care."""

    COMMON = "common"
    OCCASIONAL = "occasional"
    RARE = "rare"


Sex = Literal["female", "male"]


@dataclass(frozen=True, slots=True)
class Source:
    """A published guideline that a statement rests on.

    Attributes:
        checked: The source's existence, title and year were looked up.
    """

    publisher: str
    title: str
    year: int
    url: str
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """What a guideline is about.

    Attributes:
        names: Preferred name by language; at least one.
        synonyms: Other names by language, lay and clinical.
        icd10: None where the guideline does not say.
    """

    id: str
    names: Mapping[str, str]
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    icd10: str | None = None

    def name(self, language: str) -> str:
        """The name in this language (of any region), or the first there is."""
        base = language.split("-", maxsplit=1)[0]
        return self.names.get(language) or self.names.get(base) or next(iter(self.names.values()))


@dataclass(frozen=True, slots=True)
class AgeRange:
    """Ages in years, min inclusive, max inclusive; None is no bound."""

    min_years: float | None = None
    max_years: float | None = None

    def contains(self, age_years: float) -> bool:
        """Whether this age lies within the bounds."""
        above = self.min_years is None or age_years >= self.min_years
        return above and (self.max_years is None or age_years <= self.max_years)


@dataclass(frozen=True, slots=True)
class Profile:
    """When to think of a condition, as the guideline's front matter says; None is unknown."""

    population: AgeRange = AgeRange()
    usual_age: AgeRange = AgeRange()
    sex: Sex | None = None
    usual_sex: Sex | None = None
    onset: Onset = Onset.EITHER
    min_duration_days: float | None = None
    max_duration_days: float | None = None
    frequency: Frequency | None = None
    urgency: TriageLevel | None = None
    department: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """One guideline document of an edition.

    Attributes:
        file: Path inside the library folder, with forward slashes.
        content_hash: SHA-256 of the file, hex.
        metadata_hash: SHA-256, hex, of what is said of the document outside of the file; "" where nothing is.
        text_hash: SHA-256, hex, of the text that was read; "" where it was not kept.
        language: BCP 47.
        other_conditions: What it is about besides `condition`.
        jurisdiction: Where it applies; None where unknown.
        published: ISO 8601 date, month or year; None where unknown.
        effective: ISO 8601 date, the first day on which it is in force; None is always.
        withdrawn: ISO 8601 date, the first day on which it is no longer in force; None is never.
        supersedes: Ids of the documents that it replaces.
        full_text: The licence allows the whole text to be shown; if not, quotes only.
        profile: None where nothing is said of it.
    """

    id: str
    title: str
    language: str
    condition: Condition
    file: str
    content_hash: str
    publisher: str | None = None
    edition: str | None = None
    published: str | None = None
    url: str | None = None
    licence: str | None = None
    review: str | None = None
    profile: Profile | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)
    metadata_hash: str = ""
    text_hash: str = ""
    other_conditions: tuple[Condition, ...] = ()
    jurisdiction: str | None = None
    effective: str | None = None
    withdrawn: str | None = None
    supersedes: tuple[str, ...] = ()
    full_text: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence inside a passage: `text[start:end]`, characters; `sources` are keys of the document's sources."""

    start: int
    end: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one section of a document, as it is indexed.

    Attributes:
        ordinal: Place in the document, from 0.
        section: Heading path, joined by " > ".
        text: Verbatim but for white space; what quotes are cut from.
        page: From 1; None for formats without pages.
    """

    id: str
    document_id: str
    ordinal: int
    section: str
    role: SectionRole
    text: str
    sentences: tuple[Sentence, ...]
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk.

    Attributes:
        score: Fused rank score, higher is better; only its order has a meaning.
        similarity: Cosine to the query, or None if only the lexical side found it.
    """

    chunk: Chunk
    document: Document
    score: float
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """What is known of the patient; None is unknown."""

    age_years: float | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    region: str | None = None
