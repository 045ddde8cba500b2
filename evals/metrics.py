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
_LEAST_RESAMPLED: Final = 2
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
        for make in (_retrieval, _shares, _nearness, _findings, _confidence, _latency, _tokens)
        for metric in make(group, found)
    ] + list(_language_gaps(pairs))


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


def _nearness(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    """Of the leading diagnosis's code; what names none is far."""
    values = [near for pair in pairs if pair.is_answerable and (near := pair.nearness) is not None]
    if values:
        yield bootstrapped("ICD-10 hierarchical F1", group, np.mean, np.array(values))


def _findings(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    """What the leading diagnosis rests on: findings that the vignette has, lacks, or says nothing of."""
    led = [pair for pair in pairs if pair.got.diagnoses and (pair.asked.present or pair.asked.absent)]
    rests = [(finding, pair.asked) for pair in led for finding in pair.got.diagnoses[0].supporting]
    yield from share_metric("supporting findings present", group, [f in asked.present for f, asked in rests])
    yield from share_metric("supporting findings denied", group, [f in asked.absent for f, asked in rests])


def _confidence(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    """Of the leading diagnosis: is its probability a frequency?"""
    led = _led(pairs)
    if not led:
        return
    right, chance = leading(led)
    yield bootstrapped("Brier", group, _brier, right, chance)
    yield bootstrapped("ECE", group, expected_calibration_error, right, chance)
    drawn = _if_exact(chance)
    low, high = np.quantile(drawn, (0.025, 0.975))
    yield Metric("ECE if probabilities were exact", group, float(drawn.mean()), float(low), float(high), len(chance))
    yield bootstrapped("ECE of all named", group, expected_calibration_error, *_all_named(pairs))
    if 0 < right.sum() < len(right):
        yield bootstrapped("AUROC", group, _auroc, right, chance)
    for level in ("high", "medium", "low"):
        said = [pair.place == 1 for pair in led if pair.got.diagnoses[0].confidence == level]
        yield from share_metric(f"right where confidence is {level}", group, said)


def leading(pairs: Sequence[Pair]) -> tuple[_Floats, _Floats]:
    """Whether each leading diagnosis is right, 0 or 1, and its probability, where one is named and could be right."""
    led = _led(pairs)
    right = np.array([pair.place == 1 for pair in led], dtype=float)
    return right, np.array([pair.got.diagnoses[0].probability for pair in led])


def _led(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair.got.diagnoses and pair.is_answerable]


def _all_named(pairs: Sequence[Pair]) -> tuple[_Floats, _Floats]:
    """As `leading`, of every diagnosis that is named."""
    named = [(pair, one) for pair in _led(pairs) for one in pair.got.diagnoses]
    right = np.array([pair.is_right(one) for pair, one in named], dtype=float)
    return right, np.array([one.probability for _, one in named])


def _if_exact(chance: _Floats) -> _Floats:
    """The error of probabilities that are frequencies, drawn 1,000 times: with few answers it is far from 0."""
    right = np.random.default_rng(_SEED).random((_RESAMPLES, len(chance))) < chance
    drawn = expected_calibration_error(right.astype(float), np.broadcast_to(chance, right.shape))
    return np.asarray(drawn)


def _latency(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    seconds = np.array([pair.got.seconds for pair in pairs])
    yield bootstrapped("seconds, median", group, np.median, seconds)


def _tokens(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    """What a language model read and wrote."""
    for name in ("prompt_tokens", "completion_tokens"):
        known = [count for pair in pairs if (count := getattr(pair.got, name)) is not None]
        if known:
            yield bootstrapped(f"{name.replace('_', ' ')}, median", group, np.median, np.array(known, dtype=float))


def _language_gaps(pairs: Sequence[Pair]) -> Iterator[Metric]:
    """English less Chinese: of shares, over vignettes of the test half and over the same cases in both languages."""
    by_id = {pair.asked.id: pair for pair in pairs}
    test = groups_of(pairs).get("test", [])
    apart = {language: [pair for pair in test if pair.asked.language == language] for language in ("en", "zh")}
    for outcome in OUTCOMES:
        sides = [np.array(outcome.of(apart[language]), dtype=float) for language in ("en", "zh")]
        if all(len(side) > 1 for side in sides):
            yield _gap(f"{outcome.name}, en less zh", "test", *sides)
    same = [(pair, by_id[pair.asked.twin_of]) for pair in pairs
            if pair.asked.twin == "translation" and pair.asked.twin_of in by_id]  # fmt: skip
    for outcome in OUTCOMES:
        changes = [
            outcome.happened(two[0]) - float(outcome.happened(two[1]))
            for one in same
            if all(map(outcome.applies, two := sorted(one, key=lambda pair: pair.asked.language)))
        ]
        if len(changes) > 1:
            yield bootstrapped(f"{outcome.name}, en less zh", "translations", np.mean, np.array(changes))


def _gap(name: str, group: str, first: _Floats, second: _Floats) -> Metric:
    def less(one: _Floats, other: _Floats, axis: int = -1) -> Any:
        return one.mean(axis=axis) - other.mean(axis=axis)

    return Metric(name, group, *_interval(less, first, second, paired=False), len(first) + len(second))


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
    return Metric(name, group, *_interval(of, *data, paired=True), len(data[0]))


def _interval(of: Callable[..., Any], *data: _Floats, paired: bool) -> tuple[float, float, float]:
    """A value and its bounds; these are the value itself where nothing varies."""
    value = float(of(*data))
    if min(map(len, data)) < _LEAST_RESAMPLED or all(len(set(column.tolist())) == 1 for column in data):
        return value, value, value
    found = bootstrap(
        data, of, paired=paired, vectorized=True, n_resamples=_RESAMPLES, method="percentile",
        random_state=np.random.default_rng(_SEED),
    ).confidence_interval  # fmt: skip
    return value, float(found.low), float(found.high)
