"""Fits a calibration on the `fit` half of a run: weights of signals, the worth of "none of these", confidence levels.

Everything that is stated of it (levels, the threshold of silence) comes from folds: each condition is judged by weights
that were fitted without it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold

from evals.outcomes import Pair
from evals.results import RunCard
from evals.statistics import Share
from services.core.answer import Confidence
from services.verification.calibration import Calibration, Isotonic, Level, Logistic

FOLDS: Final = 8
PENALTIES: Final = (0.0003, 0.001, 0.003, 0.01)
UNANSWERABLE_SHARE: Final = 0.1
"""Share of questions that the library does not cover, as it is taken for fitting; the run has more such twins."""

ANSWERED: Final = 0.97
"""Least share of answerable questions that is answered, among those that were fitted on."""

LEAST: Final[Mapping[Confidence, float]] = {"high": 0.8, "medium": 0.5, "low": 0.0}
"""Least frequency of each level."""

LEAST_WEIGHT: Final = 0.25
_NAMED: Final = 5
_TINY: Final = 1e-9

_Floats = NDArray[np.floating[Any]]


class NothingToFitError(Exception):
    """The run has no answers that a calibration can be fitted on."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A question, as a choice among the conditions compared and "none of these".

    Attributes:
        signals: `(n, signals)`.
        question: `(signals,)`.
        right: `(n + 1,)` bool: the right conditions, or the last, which is "none of these".
    """

    condition: str
    signals: _Floats
    question: _Floats
    right: NDArray[np.bool_]
    weight: float

    @property
    def is_answerable(self) -> bool:
        """Whether a right condition exists in the library."""
        return not self.right[-1]


@dataclass(frozen=True, slots=True)
class Model:
    """A conditional logit."""

    weights: _Floats
    none: _Floats

    def chances(self, choice: Choice) -> _Floats:
        """Of each condition and of "none of these": `(n + 1,)`."""
        worth = np.append(choice.signals @ self.weights, choice.question @ self.none)
        shares = np.exp(worth - worth.max())
        return np.asarray(shares / shares.sum())


def calibrate(pairs: Sequence[Pair], card: RunCard) -> Calibration:
    """A calibration of the engine of this run, fitted on its `fit` vignettes alone.

    Args:
        pairs: Of the run.
        card: Of the run.

    Raises:
        NothingToFitError: It has no such vignettes with signals, or no twins without their guideline.
    """
    fitted = [pair for pair in pairs if pair.asked.split == "fit" and pair.got.compared]
    names = sorted({name for pair in fitted for one in pair.got.compared for name in one.signals})
    asked = sorted({name for pair in fitted for name in pair.got.question})
    choices = _choices(fitted, names, asked)
    if not any(choice.is_answerable for choice in choices) or all(choice.is_answerable for choice in choices):
        raise NothingToFitError(
            "a calibration needs vignettes of the fit half and their unanswerable twins, asked in process"
        )
    penalty, unseen = min(
        ((penalty, _unseen(choices, penalty)) for penalty in PENALTIES), key=lambda tried: _loss(choices, tried[1])
    )
    model = _fit(choices, penalty)
    silent_from = _silent_from(choices, unseen)
    answered = [place for place, found in enumerate(unseen) if found[-1] < silent_from]
    curve = _curve([choices[place] for place in answered], [unseen[place] for place in answered])
    return Calibration(
        engine="vllm" if card.engine == "vllm" else "evidence",
        conditions=card.conditions,
        embedder=card.embedder,
        reranker=card.reranker,
        weights=_named(names, model.weights),
        none=_named(asked, model.none),
        curve=curve,
        silent_from=round(silent_from, 4),
        levels=_levels(choices, unseen, curve, silent_from),
        fitted={
            "questions": len(choices),
            "unanswerable": sum(not choice.is_answerable for choice in choices),
            "penalty": penalty,
            "unseen_log_loss": round(_loss(choices, unseen), 4),
            "commit": card.commit or "",
            "model": card.model or "",
            "suite_digest": card.suite_digest,
            "began": card.began,
        },
    )


def _choices(pairs: Sequence[Pair], names: Sequence[str], asked: Sequence[str]) -> list[Choice]:
    answerable = sum(pair.is_answerable for pair in pairs)
    ratio = UNANSWERABLE_SHARE / (1 - UNANSWERABLE_SHARE) * answerable / max(len(pairs) - answerable, 1)
    made = []
    for pair in pairs:
        right = [pair.is_answerable and one.condition_id in pair.asked.right for one in pair.got.compared]
        if pair.is_answerable and not any(right):
            continue
        made.append(
            Choice(
                condition=pair.asked.condition or pair.asked.id,
                signals=np.array([[one.signals.get(name, 0.0) for name in names] for one in pair.got.compared]),
                question=np.array([pair.got.question.get(name, 0.0) for name in asked]),
                right=np.array([*right, not any(right)]),
                weight=1.0 if pair.is_answerable else ratio,
            )
        )
    return made


def _fit(choices: Sequence[Choice], penalty: float) -> Model:
    """The weights of greatest likelihood, held near to 0.

    Every signal of a diagnosis is made so that more is better, and keeps a weight of at least LEAST_WEIGHT: with few
    questions a sign can come out wrong by chance, and a finding that speaks against must not count for nothing.
    """
    width, asked = choices[0].signals.shape[1], choices[0].question.shape[0]
    total = sum(choice.weight for choice in choices)

    def loss(theta: _Floats) -> tuple[float, _Floats]:
        model = Model(theta[:width], theta[width:])
        value, slope = 0.0, np.zeros_like(theta)
        for choice in choices:
            chances = model.chances(choice)
            hit = chances[choice.right].sum()
            value -= choice.weight * np.log(max(hit, _TINY))
            off = choice.weight * (chances - np.where(choice.right, chances / max(hit, _TINY), 0.0))
            slope[:width] += choice.signals.T @ off[:-1]
            slope[width:] += choice.question * off[-1]
        return value / total + penalty * float(theta @ theta), slope / total + 2 * penalty * theta

    bounds = [(LEAST_WEIGHT, None)] * width + [(None, None)] * asked
    start = np.array([LEAST_WEIGHT] * width + [0.0] * asked)
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 1_000})
    return Model(found.x[:width], found.x[width:])


def _unseen(choices: Sequence[Choice], penalty: float) -> list[_Floats]:
    """Chances of each choice by a model that has not seen its condition."""
    made: list[_Floats] = [np.zeros(0)] * len(choices)
    groups = [choice.condition for choice in choices]
    folds = GroupKFold(min(FOLDS, len(set(groups))), shuffle=True, random_state=0)
    for seen, held in folds.split(choices, groups=groups):
        model = _fit([choices[place] for place in seen], penalty)
        for place in held:
            made[place] = model.chances(choices[place])
    return made


def _loss(choices: Sequence[Choice], chances: Sequence[_Floats]) -> float:
    hits = [max(float(found[choice.right].sum()), _TINY) for choice, found in zip(choices, chances, strict=True)]
    weights = [choice.weight for choice in choices]
    return -float(np.average(np.log(hits), weights=weights))


def _curve(choices: Sequence[Choice], chances: Sequence[_Floats]) -> Logistic | Isotonic | None:
    """What bends chances to frequencies best on conditions that it has not seen: nothing, a logistic, or a line."""
    said, right, weights, groups = _statements(choices, chances)
    tried: dict[str, Callable[..., Logistic | Isotonic]] = {"logistic": _logistic, "isotonic": _isotonic}
    losses = {"none": log_loss(right, said, sample_weight=weights)}
    for name, make in tried.items():
        bent = np.zeros_like(said)
        for seen, held in GroupKFold(FOLDS, shuffle=True, random_state=1).split(said, groups=groups):
            curve = make(said[seen], right[seen], weights[seen])
            bent[held] = [curve(chance) for chance in said[held]]
        losses[name] = log_loss(right, np.clip(bent, _TINY, 1 - _TINY), sample_weight=weights)
    best = min(losses, key=lambda name: losses[name])
    return None if best == "none" else tried[best](said, right, weights)


def _statements(choices: Sequence[Choice], chances: Sequence[_Floats]) -> tuple[_Floats, _Floats, _Floats, list[str]]:
    """The chance of each diagnosis that would be named, whether it is right, its weight and its condition."""
    rows = [
        (found[place], float(choice.right[place]), choice.weight, choice.condition)
        for choice, found in zip(choices, chances, strict=True)
        for place in np.argsort(-found[:-1], kind="stable")[:_NAMED]
    ]
    said, right, weights, groups = zip(*rows, strict=True)
    return np.clip(np.array(said), _TINY, 1 - _TINY), np.array(right), np.array(weights), list(groups)


def _logistic(said: _Floats, right: _Floats, weights: _Floats) -> Logistic:
    logits = np.log(said / (1 - said)).reshape(-1, 1)
    fitted = LogisticRegression(C=1e6).fit(logits, right, sample_weight=weights)
    return Logistic(slope=max(float(fitted.coef_[0, 0]), _TINY), intercept=float(fitted.intercept_[0]))


def _isotonic(said: _Floats, right: _Floats, weights: _Floats) -> Isotonic:
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(said, right, sample_weight=weights)
    return Isotonic(chances=tuple(fitted.X_thresholds_.tolist()), frequencies=tuple(fitted.y_thresholds_.tolist()))


def _silent_from(choices: Sequence[Choice], chances: Sequence[_Floats]) -> float:
    """The chance of "none of these" that all but a few answerable questions stay below."""
    none = [found[-1] for choice, found in zip(choices, chances, strict=True) if choice.is_answerable]
    return float(np.quantile(none, ANSWERED))


def _levels(
    choices: Sequence[Choice], chances: Sequence[_Floats], curve: Logistic | Isotonic | None, silent_from: float
) -> dict[Confidence, Level]:
    """How often the leading diagnoses of each level were right."""
    led = [
        (curve(found[:-1].max()) if curve else found[:-1].max(), bool(choice.right[int(found[:-1].argmax())]))
        for choice, found in zip(choices, chances, strict=True)
        if choice.is_answerable and found[-1] < silent_from
    ]
    above = [1.0 + _TINY, *LEAST.values()]
    return {level: _level(led, least, above[place]) for place, (level, least) in enumerate(LEAST.items())}


def _level(led: Sequence[tuple[float, bool]], least: float, below: float) -> Level:
    found = [right for chance, right in led if least <= chance < below]
    if not found:
        return Level(least=least, right=None, low=None, high=None, n=0)
    share = Share.of(found)
    return Level(
        least=least,
        right=round(share.hits / share.n, 3),
        low=round(share.low, 3),
        high=round(share.high, 3),
        n=share.n,
    )


def _named(names: Sequence[str], weights: _Floats) -> Mapping[str, float]:
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}
