"""What a run measured: each metric with its n and a 95 % interval. Undefined is not zero: it is left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ir_measures
import numpy as np
from ir_measures import RR, Qrel, R, ScoredDoc, nDCG
from numpy.typing import NDArray
from scipy.stats import bootstrap, rankdata

from evals.outcomes import OUTCOMES, Pair, groups_of
from evals.statistics import Share

_Floats = NDArray[np.floating[Any]]
BINS: Final = 10
_RESAMPLES: Final = 1_000
_SEED: Final = 0
_CUTOFFS: Final = (1, 3, 5, 20)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure.

    Attributes:
        group: Which part of the results, as in "test, zh".
        low, high: 95 %: Wilson for shares, bootstrap (percentile, 1,000 resamples) for the rest.
        n: How many answers it is made of.
    """

    name: str
    group: str
    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """As in "0.90 [0.82, 0.95], n = 90"."""
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}], n = {self.n}"


def measure(pairs: Sequence[Pair]) -> list[Metric]:
    """All metrics of all groups."""
    return [
        metric
        for group, found in groups_of(pairs).items()
        for make in (_retrieval, _shares, _confidence, _latency)
        for metric in make(group, found)
    ]


def _retrieval(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    """Of the right guideline, by ir-measures."""
    asked = [pair for pair in pairs if pair.is_answerable]
    if not asked:
        return
    gold = [Qrel(pair.asked.id, pair.asked.condition, 1) for pair in asked]
    run = [ScoredDoc(p.asked.id, c, -float(n)) for p in asked for n, c in enumerate(p.got.retrieved)]
    measures = [*(R @ k for k in _CUTOFFS), RR, nDCG @ 10]
    values: dict[str, list[float]] = {str(one): [] for one in measures}
    for found in ir_measures.iter_calc(measures, gold, run):
        values[str(found.measure)].append(found.value)
    for name, found_values in values.items():
        yield bootstrapped(f"guideline {name}", group, np.mean, np.asarray(found_values))


def _shares(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    for outcome in OUTCOMES:
        yield from share_metric(outcome.name, group, outcome.of(pairs))


def _confidence(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    """Of the leading diagnosis: is its probability a frequency?"""
    led = [pair for pair in pairs if pair.got.diagnoses and pair.is_answerable]
    if not led:
        return
    right, chance = leading(led)
    yield bootstrapped("Brier", group, _brier, right, chance)
    yield bootstrapped("ECE", group, expected_calibration_error, right, chance)
    if 0 < right.sum() < len(right):
        yield bootstrapped("AUROC", group, _auroc, right, chance)
    for level in ("high", "medium", "low"):
        said = [pair.place == 1 for pair in led if pair.got.diagnoses[0].confidence == level]
        yield from share_metric(f"right where confidence is {level}", group, said)


def leading(pairs: Sequence[Pair]) -> tuple[_Floats, _Floats]:
    """Whether each leading diagnosis is right, 0 or 1, and its probability, where one is named and could be right."""
    led = [pair for pair in pairs if pair.got.diagnoses and pair.is_answerable]
    right = np.array([pair.place == 1 for pair in led], dtype=float)
    return right, np.array([pair.got.diagnoses[0].probability for pair in led])


def _latency(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    seconds = np.array([pair.got.seconds for pair in pairs])
    yield bootstrapped("seconds, median", group, np.median, seconds)


def _brier(right: _Floats, chance: _Floats, axis: int = -1) -> Any:
    return np.mean((chance - right) ** 2, axis=axis)


def expected_calibration_error(right: _Floats, chance: _Floats, axis: int = -1) -> Any:
    """Mean distance of chance and frequency over ten bins of equal size (Naeini and others, AAAI 2015)."""
    order = np.argsort(chance, axis=axis, kind="stable")
    gap = np.take_along_axis(right - chance, order, axis)
    bins = [part for part in np.array_split(gap, BINS, axis=axis) if part.shape[axis]]
    return sum(np.abs(part.sum(axis=axis)) for part in bins) / gap.shape[axis]


def _auroc(right: _Floats, chance: _Floats, axis: int = -1) -> Any:
    """By ranks (Mann and Whitney); 0.5 where all are right or all are wrong."""
    ranks, n = rankdata(chance, axis=axis), right.shape[axis]
    positive = right.sum(axis=axis)
    pairs = positive * (n - positive)
    above = (ranks * right).sum(axis=axis) - positive * (positive + 1) / 2
    return np.where(pairs > 0, above / np.maximum(pairs, 1), 0.5)


def share_metric(name: str, group: str, outcomes: Sequence[bool]) -> Iterator[Metric]:
    """One figure; none where there is no outcome."""
    if outcomes:
        share = Share.of(outcomes)
        yield Metric(name, group, share.hits / share.n, share.low, share.high, share.n)


def bootstrapped(name: str, group: str, of: Callable[..., Any], *data: _Floats) -> Metric:
    """A figure of one or several columns of equal length, with its interval."""
    value, n = float(of(*data)), len(data[0])
    low = high = value
    if n > 1 and any(len(set(column.tolist())) > 1 for column in data):
        found = bootstrap(
            data, of, paired=True, vectorized=True, n_resamples=_RESAMPLES, method="percentile",
            random_state=np.random.default_rng(_SEED),
        ).confidence_interval  # fmt: skip
        low, high = float(found.low), float(found.high)
    return Metric(name, group, value, low, high, n)
