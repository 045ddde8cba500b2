"""How well conditions fit a case: a written score whose parts are returned with it.

    score = retrieval + similarity + findings for - findings against + wording
            + age + sex + duration + onset + frequency

Each part is in the same unit, the worth of one rare finding that the guideline calls typical.

retrieval   RETRIEVAL x (fused rank score / the best one's)
similarity  SIMILARITY x cosine of the question and the condition's best passage; 0 in a language without vectors
for         sum over stated findings that the guideline expects: usualness x role x rarity; GENERAL of that where it
            only speaks of a more general finding (abdominal pain for pain in the right lower abdomen)
against     sum over stated findings that the guideline says are absent: CONTRADICTED x usualness x rarity, and over
            findings said to be absent that the guideline expects: MISSING x usualness x rarity
            (absent ones that it says are absent count for it: MISSING x usualness x rarity)
wording     WORDING x share of the question's content terms, weighted by rarity, that describe the condition;
            this is what is left for findings that no lexicon knows
age, sex, duration, onset, frequency
            from the front matter, 0 where either side is unknown; outside the guideline's population the condition
            is not ranked at all

Rarity of a finding or term is log(1 + n / df) / log(1 + n) among the n candidate conditions, of which df have it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.core.answer import DraftDiagnosis, FindingClaim, SentenceRef, Stated
from services.core.text import content_terms
from services.core.types import Condition, Frequency, Onset, Patient, Profile
from services.findings.extract import Findings
from services.findings.lexicon import Kind, Lexicon
from services.generation.profile import GuidelineProfile, Mention, strongest

# Chosen on 68 development cases over 256 national guidelines, on a plateau rather than at the best point.
RETRIEVAL: Final = 2.0
SIMILARITY: Final = 8.0
CONTRADICTED: Final = 0.6
MISSING: Final = 0.3
WORDING: Final = 0.5
GENERAL: Final = 0.5
COMPLAINTS: Final = frozenset({Kind.SYMPTOM, Kind.SIGN})
AGE_UNUSUAL: Final = -0.4
SEX_UNUSUAL: Final = -0.3
DURATION_FITS: Final = 0.2
DURATION_OFF: Final = -0.6
ONSET_FITS: Final = 0.2
ONSET_OFF: Final = -0.4
FREQUENCY: Final[Mapping[Frequency, float]] = {Frequency.COMMON: 0.15, Frequency.OCCASIONAL: 0.0, Frequency.RARE: -0.15}

_SENTENCES_PER_FINDING: Final = 1
_LEADING_SENTENCES: Final = 2


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked.

    Attributes:
        text: De-identified symptoms, for their wording.
        duration_days: None if unknown.
        for_clinician: Whether sentences with medicines and doses may be shown.
    """

    text: str
    language: str
    findings: Findings
    patient: Patient
    duration_days: float | None = None
    onset: Onset | None = None
    for_clinician: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A condition that retrieval found.

    Attributes:
        retrieval: Fused rank score divided by the best one's, 0 to 1.
        similarity: Cosine of the question and its best passage; 0 where there are no vectors.
        first_ref: A sentence to cite where no finding points at one; None if its passage has no sentence.
    """

    condition: Condition
    profile: Profile | None
    says: GuidelineProfile
    retrieval: float
    similarity: float
    first_ref: SentenceRef | None


@dataclass(slots=True)
class _Tally:
    parts: dict[str, float] = field(default_factory=dict)
    supporting: list[FindingClaim] = field(default_factory=list)
    against: list[FindingClaim] = field(default_factory=list)
    explained: float = 0.0
    usualness: float = 0.0


def rank(case: Case, candidates: Sequence[Candidate], lexicon: Lexicon) -> list[DraftDiagnosis]:
    """The conditions that the patient can have, best first."""
    fitting = [candidate for candidate in candidates if _in_population(case.patient, candidate.profile)]
    rarity = _finding_rarity(case, fitting)
    stated = Stated(len(case.findings.stated), sum(rarity[finding] for finding in _complaints(case, lexicon)))
    terms = _term_rarity(content_terms(case.text), fitting)
    ranked = []
    for candidate in fitting:
        tally = _Tally(
            parts={"retrieval": RETRIEVAL * candidate.retrieval, "similarity": SIMILARITY * candidate.similarity}
        )
        _tally_present(case, candidate, rarity, lexicon, tally)
        _tally_absent(case, candidate, rarity, lexicon, tally)
        tally.parts["wording"] = _wording(candidate, terms)
        tally.parts.update(_circumstances(case, candidate.profile))
        ranked.append(_to_draft(candidate, tally, stated, terms))
    return sorted(ranked, key=lambda draft: -draft.score)


def _to_draft(candidate: Candidate, tally: _Tally, stated: Stated, terms: Mapping[str, float]) -> DraftDiagnosis:
    refs = dict.fromkeys(ref for claim in tally.supporting for ref in claim.refs)
    if not refs:
        best = _best_wording(candidate, terms) or candidate.first_ref
        refs = dict.fromkeys([best] if best else [])
    return DraftDiagnosis(
        condition=candidate.condition,
        urgency=candidate.profile.urgency if candidate.profile else None,
        score=sum(tally.parts.values()),
        parts=tally.parts,
        coverage=tally.explained / stated.weight if stated.weight else 0.0,
        usualness=tally.usualness,
        similarity=candidate.similarity,
        stated=stated,
        supporting=_strongest_of_each(tally.supporting),
        against=tuple(sorted(tally.against, key=lambda claim: claim.weight)),
        refs=tuple(refs),
    )


def _tally_present(
    case: Case, candidate: Candidate, rarity: Mapping[str, float], lexicon: Lexicon, tally: _Tally
) -> None:
    says = candidate.says
    for finding in case.findings.stated:
        unexpected = says.unexpected.get(finding, ())
        spoken_of, share = _expected(finding, says, lexicon)
        expected = says.expected.get(spoken_of, ())
        if expected and strongest(expected) >= strongest(unexpected):
            if lexicon.concepts[finding].kind in COMPLAINTS:
                tally.explained += share * rarity[finding]
                tally.usualness = max(tally.usualness, share * strongest(expected))
            name = lexicon.concepts[spoken_of].name(case.language)
            weight = share * strongest(expected) * rarity[finding]
            tally.supporting.append(FindingClaim(spoken_of, name, weight, _refs(expected)))
        elif unexpected:
            name = lexicon.concepts[finding].name(case.language)
            weight = CONTRADICTED * strongest(unexpected) * rarity[finding]
            tally.against.append(FindingClaim(finding, name, -weight, _refs(unexpected)))
    tally.parts["findings_for"] = sum(claim.weight for claim in tally.supporting)


def _complaints(case: Case, lexicon: Lexicon) -> list[str]:
    """What is felt or seen, as opposed to risk factors and history."""
    return [finding for finding in case.findings.stated if lexicon.concepts[finding].kind in COMPLAINTS]


def _tally_absent(
    case: Case, candidate: Candidate, rarity: Mapping[str, float], lexicon: Lexicon, tally: _Tally
) -> None:
    as_expected = 0.0
    for finding in sorted(case.findings.denied):
        expected = candidate.says.expected.get(finding, ())
        unexpected = candidate.says.unexpected.get(finding, ())
        if strongest(unexpected) > strongest(expected):
            as_expected += MISSING * strongest(unexpected) * rarity[finding]
        elif expected:
            name = lexicon.concepts[finding].name(case.language)
            weight = MISSING * strongest(expected) * rarity[finding]
            tally.against.append(FindingClaim(finding, _absent(name, case.language), -weight, _refs(expected)))
    tally.parts["absent_as_expected"] = as_expected
    tally.parts["findings_against"] = sum(claim.weight for claim in tally.against)


def _expected(finding: str, says: GuidelineProfile, lexicon: Lexicon) -> tuple[str, float]:
    """The finding as the guideline expects it and what it counts: itself fully, a more general one by GENERAL."""
    if finding in says.expected:
        return finding, 1.0
    general = [other for other in sorted(lexicon.concepts[finding].implies) if other in says.expected]
    return max(general, key=lambda other: strongest(says.expected[other]), default=finding), GENERAL


def _finding_rarity(case: Case, candidates: Sequence[Candidate]) -> dict[str, float]:
    asked = {*case.findings.stated, *case.findings.denied}
    known = {f: sum(f in c.says.expected or f in c.says.unexpected for c in candidates) for f in asked}
    return {finding: _rarity(df, len(candidates)) for finding, df in known.items()}


def _term_rarity(terms: set[str], candidates: Sequence[Candidate]) -> dict[str, float]:
    known = {term: sum(term in candidate.says.words for candidate in candidates) for term in terms}
    return {term: _rarity(df, len(candidates)) for term, df in known.items()}


def _rarity(df: int, n: int) -> float:
    """1 for what one candidate or none has, towards 0.2 for what all have."""
    return math.log(1 + n / max(df, 1)) / math.log(1 + n) if n else 1.0


def _wording(candidate: Candidate, terms: Mapping[str, float]) -> float:
    total = sum(terms.values())
    if not total:
        return 0.0
    return WORDING * sum(weight for term, weight in terms.items() if term in candidate.says.words) / total


def _best_wording(candidate: Candidate, terms: Mapping[str, float]) -> SentenceRef | None:
    """The sentence that shares most of the question's rare terms."""
    shared: dict[SentenceRef, float] = {}
    for term, weight in terms.items():
        for ref in candidate.says.words.get(term, ()):
            shared[ref] = shared.get(ref, 0.0) + weight
    return max(shared, key=lambda ref: (shared[ref], ref), default=None)


def _in_population(patient: Patient, profile: Profile | None) -> bool:
    if profile is None:
        return True
    if profile.sex is not None and patient.sex not in {None, profile.sex}:
        return False
    return patient.age_years is None or profile.population.contains(patient.age_years)


def _circumstances(case: Case, profile: Profile | None) -> dict[str, float]:
    if profile is None:
        return {}
    parts: dict[str, float] = {}
    age = case.patient.age_years
    if age is not None and not profile.usual_age.contains(age):
        parts["age"] = AGE_UNUSUAL
    if profile.usual_sex is not None and case.patient.sex not in {None, profile.usual_sex}:
        parts["sex"] = SEX_UNUSUAL
    bounds = profile.min_duration_days, profile.max_duration_days
    if case.duration_days is not None and bounds != (None, None):
        long_enough = bounds[0] is None or case.duration_days >= bounds[0]
        short_enough = bounds[1] is None or case.duration_days <= bounds[1]
        parts["duration"] = DURATION_FITS if long_enough and short_enough else DURATION_OFF
    if case.onset is not None and profile.onset is not Onset.EITHER:
        parts["onset"] = ONSET_FITS if case.onset is profile.onset else ONSET_OFF
    if profile.frequency is not None:
        parts["frequency"] = FREQUENCY[profile.frequency]
    return parts


def _strongest_of_each(claims: Sequence[FindingClaim]) -> tuple[FindingClaim, ...]:
    """Strongest first, each finding once: two special findings may rest on one more general."""
    ordered = sorted(claims, key=lambda claim: -claim.weight)
    return tuple({claim.finding_id: claim for claim in reversed(ordered)}.values())[::-1]


def _refs(mentions: Sequence[Mention]) -> tuple[SentenceRef, ...]:
    return tuple(mention.ref for mention in mentions[:_SENTENCES_PER_FINDING])


def _absent(name: str, language: str) -> str:
    return f"无{name}" if language == "zh" else f"no {name}"
