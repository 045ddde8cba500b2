"""Triage rules as data: which findings, in whom, ask for which level, and the guideline sentence that says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from services.core.answer import SentenceRef
from services.core.datafile import read_yaml
from services.core.errors import LibraryError
from services.core.types import (
    Chunk,
    Condition,
    Document,
    Language,
    Patient,
    SectionRole,
    Sentence,
    Sex,
    Source,
    TriageLevel,
)
from services.findings.extract import Findings
from services.findings.lexicon import Lexicon
from services.triage.levels import DEFAULT, EMERGENCIES, most_urgent

PASSAGE_PREFIX: Final = "triage:"
"""A rule's citation has the passage id `triage:<rule id>`."""


_UNKNOWN_AGE_YEARS: Final = 30.0
"""Who writes of a child says so, and then a typical age is read from the word."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        finding: What it found, by language.
        all_of: Findings that must all be present.
        any_of: If not empty, at least one of them must be present too.
        only: For self-care rules: every present finding, risk factors included, must be among `all_of`, `any_of` and
            these.
        min_age_years, max_age_years: Inclusive, exclusive; an unknown age counts as that of an adult.
        sex: An unknown sex fits in emergencies only.
        min_duration_days, max_duration_days: Inclusive; with a bound, an unknown duration does not fit.
        sentence: What the guideline says, in our words, by language.
    """

    id: str
    level: TriageLevel
    finding: Mapping[str, str]
    source: Source
    sentence: Mapping[str, str]
    all_of: frozenset[str]
    any_of: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    min_age_years: float | None = None
    max_age_years: float | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    min_duration_days: float | None = None
    max_duration_days: float | None = None


@dataclass(frozen=True, slots=True)
class Triage:
    """The level and the rules that ask for it; no rules where none applies.

    Attributes:
        resembled: Where no rule applies, but the text resembles this one's examples.
    """

    level: TriageLevel
    rules: tuple[Rule, ...] = field(default=())
    resembled: Rule | None = None


def triage(rules: Sequence[Rule], findings: Findings, patient: Patient, duration_days: float | None) -> Triage:
    """Apply all rules; the most urgent one wins and nothing lowers it."""
    applying = [
        rule
        for rule in rules
        if _findings_fit(rule, findings.present)
        and fits_patient(rule, patient)
        and _within(duration_days, rule.min_duration_days, rule.max_duration_days)
    ]
    level = most_urgent(rule.level for rule in applying)
    if level is None:
        return Triage(DEFAULT)
    return Triage(level, tuple(rule for rule in applying if rule.level is level))


def _findings_fit(rule: Rule, present: frozenset[str]) -> bool:
    if not rule.all_of <= present or (rule.any_of and not rule.any_of & present):
        return False
    return rule.only is None or present <= rule.all_of | rule.any_of | rule.only


def fits_patient(rule: Rule, patient: Patient) -> bool:
    """Whether the rule is about somebody of this age, sex and pregnancy, as far as they are known."""
    if rule.pregnant is not None and rule.pregnant != bool(patient.pregnant):
        return False
    if rule.sex is not None and patient.sex != rule.sex and not (patient.sex is None and rule.level in EMERGENCIES):
        return False
    age = _UNKNOWN_AGE_YEARS if patient.age_years is None else patient.age_years
    above = rule.min_age_years is None or age >= rule.min_age_years
    return above and (rule.max_age_years is None or age < rule.max_age_years)


def _within(value: float | None, low: float | None, high: float | None) -> bool:
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _When(_Part):
    all_of: list[str] = Field([], alias="all")
    any_of: list[str] = Field([], alias="any")
    only: list[str] | None = None


class _Age(_Part):
    min: float | None = None
    max: float | None = None


class _RuleSource(_Part):
    publisher: _Text
    title: _Text
    year: int = Field(ge=1900, le=2100)
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    checked: bool = False


class _Entry(_Part):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    level: TriageLevel
    finding: dict[str, _Text]
    when: _When
    age_years: _Age = _Age()
    sex: Sex | None = None
    pregnant: bool | None = None
    min_duration_days: float | None = None
    max_duration_days: float | None = None
    source: _RuleSource
    sentence: dict[str, _Text]


_ENTRIES: Final = TypeAdapter(list[_Entry])


def load_rules(folder: Path, lexicon: Lexicon) -> tuple[Rule, ...]:
    """Read all rule files of a folder.

    Raises:
        LibraryError: There are none, one is not valid, or a rule names a finding that the lexicon does not have.
    """
    rules: dict[str, Rule] = {}
    for file in sorted(folder.glob("*.yaml")):
        for entry in read_yaml(file, _ENTRIES):
            rule = _to_rule(entry)
            unknown = (rule.all_of | rule.any_of | (rule.only or frozenset())) - lexicon.concepts.keys()
            if unknown:
                raise LibraryError(f"triage rule {rule.id} names unknown findings: {', '.join(sorted(unknown))}")
            if rule.id in rules:
                raise LibraryError(f"triage rule {rule.id} exists twice")
            rules[rule.id] = rule
    if not rules:
        raise LibraryError("there are no triage rules: check CITEWELL_LIBRARY__FOLDER")
    return tuple(rules.values())


def _to_rule(entry: _Entry) -> Rule:
    if not (entry.when.all_of or entry.when.any_of):
        raise LibraryError(f"triage rule {entry.id} has no finding")
    if set(entry.finding) != {"en", "zh"} or set(entry.sentence) != {"en", "zh"}:
        raise LibraryError(f"triage rule {entry.id} is not in both languages")
    return Rule(
        id=entry.id,
        level=entry.level,
        finding={**entry.finding},
        source=Source(**entry.source.model_dump()),
        sentence={**entry.sentence},
        all_of=frozenset(entry.when.all_of),
        any_of=frozenset(entry.when.any_of),
        only=None if not entry.when.only else frozenset(entry.when.only),
        min_age_years=entry.age_years.min,
        max_age_years=entry.age_years.max,
        sex=entry.sex,
        pregnant=entry.pregnant,
        min_duration_days=entry.min_duration_days,
        max_duration_days=entry.max_duration_days,
    )


def rule_passage(rule: Rule) -> tuple[Document, Chunk]:
    """A rule as a passage of its source, so that it is cited like any guideline: English sentence, then Chinese."""
    identity = f"{PASSAGE_PREFIX}{rule.id}"
    english, chinese = rule.sentence["en"], rule.sentence["zh"]
    document = Document(
        id=identity,
        title=rule.source.title,
        language="en",
        condition=Condition(identity, dict(rule.finding)),
        file="",
        content_hash="",
        publisher=rule.source.publisher,
        published=str(rule.source.year),
        url=rule.source.url,
        review="unreviewed digest",
        sources={"source": rule.source},
    )
    split = len(english)
    sentences = (Sentence(0, split, ("source",)), Sentence(split + 1, split + 1 + len(chinese), ("source",)))
    text = f"{english}\n{chinese}"
    return document, Chunk(identity, identity, 0, "Triage rule", SectionRole.RED_FLAGS, text, sentences)


def rule_ref(rule: Rule, language: Language) -> SentenceRef:
    """The rule's sentence in this language."""
    return SentenceRef(f"{PASSAGE_PREFIX}{rule.id}", 1 if language == "zh" else 0)
