"""Whether to speak, what to name, and how sure to be of it.

With a calibration (`services/verification/calibration.py`) probabilities are frequencies that were measured; without
one they are a first mapping of scores, answers say `calibrated: false`, and none says "high".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.core.answer import Confidence, DraftDiagnosis
from services.verification.calibration import Calibration

MOST_NAMED: Final = 5

MIN_COVERAGE: Final = 0.25
"""Least share of the stated symptoms and signs, weighted by rarity, that the leading guideline must speak of."""

MIN_USUALNESS: Final = 0.6
"""How usual the guideline must call one of them: what a condition has now and then covers no question."""

MIN_SIMILARITY: Final = 0.4
"""Least cosine at which a text counts as speaking of the question if it expects some finding at all."""

SURE_SIMILARITY: Final = 0.5
"""Least cosine at which it does even if the lexicon knows no finding of the question."""

TEMPERATURE: Final = 1.0
NONE_OF_THESE: Final = 1.5
"""How far below the best score the possibility stands that none of the conditions is right."""

MEDIUM_FROM: Final = 0.35
_FAR_BEHIND: Final = 3.0
"""Conditions this much below the best score are not worth naming."""

_LEAST_CHANCE: Final = 0.02
"""Nor those of a smaller calibrated chance."""

_LEAST_COVERED: Final = 0.5
_HIGHEST_FIRST: Final[tuple[Confidence, ...]] = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Judged:
    """What may be named.

    Attributes:
        diagnoses: Most probable first; none where the library does not cover the question.
        chances: Probabilities of these, in their order.
        compared: All conditions, most probable first.
    """

    diagnoses: tuple[DraftDiagnosis, ...]
    chances: tuple[float, ...]
    compared: tuple[DraftDiagnosis, ...]


def judge(ranked: Sequence[DraftDiagnosis], calibration: Calibration | None) -> Judged:
    """What of the conditions compared, best score first, may be named."""
    return _by_score(ranked) if calibration is None else _calibrated(ranked, calibration)


def _by_score(ranked: Sequence[DraftDiagnosis]) -> Judged:
    worthy = [diagnosis for diagnosis in ranked if is_worth_naming(diagnosis)]
    if not worthy or not is_covered(worthy[0]):
        return Judged((), (), tuple(ranked))
    named = tuple(d for d in worthy if d.score > worthy[0].score - _FAR_BEHIND)[:MOST_NAMED]
    return Judged(named, tuple(probabilities(named)), tuple(ranked))


def _calibrated(ranked: Sequence[DraftDiagnosis], calibration: Calibration) -> Judged:
    chances, none = calibration.chances(ranked)
    order = sorted(range(len(ranked)), key=lambda place: -chances[place])
    compared = tuple(ranked[place] for place in order)
    if none >= calibration.silent_from or not compared or not is_covered(compared[0]):
        return Judged((), (), compared)
    frequencies = calibration.frequencies(chances)
    named = [place for place in order if frequencies[place] >= _LEAST_CHANCE and is_worth_naming(ranked[place])]
    named = named[:MOST_NAMED]
    return Judged(tuple(ranked[p] for p in named), tuple(frequencies[p] for p in named), compared)


def is_covered(leading: DraftDiagnosis) -> bool:
    """Whether the leading guideline speaks of enough of what was stated, or its text is close enough to it."""
    by_findings = leading.coverage >= MIN_COVERAGE and leading.usualness >= MIN_USUALNESS
    by_both = bool(leading.supporting) and leading.similarity >= MIN_SIMILARITY
    return by_findings or by_both or leading.similarity >= SURE_SIMILARITY


def is_worth_naming(diagnosis: DraftDiagnosis) -> bool:
    """A diagnosis needs a symptom for it or a text that is close."""
    return diagnosis.coverage > 0 or diagnosis.similarity >= MIN_SIMILARITY


def probabilities(diagnoses: Sequence[DraftDiagnosis]) -> list[float]:
    """A probability for each diagnosis, in their order; together less than 1.

    The softmax of the scores beside "none of these", each scaled down to half where its guideline speaks of none of
    the findings.
    """
    if not diagnoses:
        return []
    best = max(diagnosis.score for diagnosis in diagnoses)
    weights = [math.exp((diagnosis.score - best) / TEMPERATURE) for diagnosis in diagnoses]
    total = sum(weights) + math.exp(-NONE_OF_THESE / TEMPERATURE)
    covered = [_LEAST_COVERED + (1 - _LEAST_COVERED) * min(1.0, diagnosis.coverage) for diagnosis in diagnoses]
    return [weight / total * share for weight, share in zip(weights, covered, strict=True)]


def chances_of(diagnoses: Sequence[DraftDiagnosis], calibration: Calibration | None) -> list[float]:
    """A probability for each diagnosis, in their order: calibrated, or from the scores."""
    if calibration is None:
        return probabilities(diagnoses)
    return calibration.frequencies(calibration.chances(diagnoses)[0])


def with_votes(diagnoses: Sequence[DraftDiagnosis], known: Mapping[str, float]) -> list[float]:
    """Probabilities of a model's diagnoses, in their order, uncalibrated: the mean of the scores' and of its votes.

    Args:
        diagnoses: The model's.
        known: Probabilities from the scores, by condition id.
    """
    return [(known[diagnosis.condition.id] + (diagnosis.votes or 0.0)) / 2 for diagnosis in diagnoses]


def confidence_of(
    probability: float, word: Confidence | None = None, calibration: Calibration | None = None
) -> Confidence:
    """The level of a probability; what the model calls its confidence may lower it, never raise it."""
    if calibration is not None:
        level: Confidence = calibration.level(probability)
    else:
        level = "medium" if probability >= MEDIUM_FROM else "low"
    return level if word is None else max(level, word, key=_HIGHEST_FIRST.index)
