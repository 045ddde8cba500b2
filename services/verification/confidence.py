"""A first mapping from scores to probabilities and confidence levels. It is not calibrated yet, and says so."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from services.core.answer import Confidence, DraftDiagnosis

CALIBRATED: Final = False
"""Until a calibrator is fitted on evaluation runs, no answer says "high"."""

TEMPERATURE: Final = 1.0
NONE_OF_THESE: Final = 1.5
"""How far below the best score the possibility stands that none of the conditions is right."""

HIGH_FROM: Final = 0.7
MEDIUM_FROM: Final = 0.35
_LEAST_COVERED: Final = 0.5
_HIGHEST_FIRST: Final[tuple[Confidence, ...]] = ("high", "medium", "low")


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


def with_votes(diagnoses: Sequence[DraftDiagnosis], known: Mapping[str, float]) -> list[float]:
    """Probabilities of a model's diagnoses, in their order: the mean of the scores' and of the model's votes.

    Args:
        diagnoses: The model's.
        known: Probabilities from the scores, by condition id.
    """
    return [(known[diagnosis.condition.id] + (diagnosis.votes or 0.0)) / 2 for diagnosis in diagnoses]


def confidence_of(probability: float, word: Confidence | None = None) -> Confidence:
    """The level of a probability; what the model calls its confidence may lower it, never raise it."""
    if CALIBRATED and probability >= HIGH_FROM:
        level: Confidence = "high"
    else:
        level = "medium" if probability >= MEDIUM_FROM else "low"
    return level if word is None else max(level, word, key=_HIGHEST_FIRST.index)
