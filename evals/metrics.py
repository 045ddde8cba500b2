"""What a run measured: each metric with its n and a 95 % interval. Undefined is not zero: it is left out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import ir_measures
import numpy as np
from ir_measures import RR, Qrel, R, ScoredDoc, nDCG
from scipy.stats import bootstrap
from sklearn.metrics import roc_auc_score

from evals.results import Result
from evals.statistics import Share
from evals.vignettes import Vignette
from services.triage.levels import EMERGENCIES, MOST_URGENT_FIRST

_BINS: Final = 10
_RESAMPLES: Final = 1_000
_SEED: Final = 0
_TOP: Final = (1, 3, 5)
_CUTOFFS: Final = (1, 3, 5, 20)


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure.

    Attributes:
        group: Which part of the results, as in "test, zh".
        n: How many answers it is made of.
        low, high: 95 %: Wilson for shares, bootstrap (percentile, 1,000 resamples) for the rest.
    """

    name: str
    group: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A vignette and its answer."""

    asked: Vignette
    got: Result

    @property
    def place(self) -> int | None:
        """Place of the first right diagnosis, from 1."""
        found = (n for n, one in enumerate(self.got.diagnoses, 1) if one.condition_id in self.asked.right)
        return next(found, None)

    @property
    def steps_late(self) -> int:
        """Levels by which the answer is less urgent than the gold level; negative: more urgent."""
        return MOST_URGENT_FIRST.index(self.got.level) - MOST_URGENT_FIRST.index(self.asked.triage)

    @property
    def is_emergency(self) -> bool:
        """By the gold level."""
        return self.asked.triage in EMERGENCIES

    @property
    def was_raised(self) -> bool:
        """Whether the answer says emergency."""
        return self.got.level in EMERGENCIES


def pairs_of(vignettes: Sequence[Vignette], results: Mapping[str, Result]) -> list[Pair]:
    """Those that were answered."""
    return [Pair(vignette, results[vignette.id]) for vignette in vignettes if vignette.id in results]


def groups_of(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """Vignettes themselves by split, language and style, and each kind of twin."""
    base = [pair for pair in pairs if pair.asked.twin is None]
    chosen: dict[str, Callable[[Pair], bool]] = {
        "all": lambda pair: True,
        "fit": lambda pair: pair.asked.split == "fit",
        "test": lambda pair: pair.asked.split == "test",
        "test, en": lambda pair: pair.asked.split == "test" and pair.asked.language == "en",
        "test, zh": lambda pair: pair.asked.split == "test" and pair.asked.language == "zh",
        "test, lay": lambda pair: pair.asked.split == "test" and pair.asked.style == "lay",
        "test, clinical": lambda pair: pair.asked.split == "test" and pair.asked.style == "clinical",
    }
    made = {name: [pair for pair in base if fits(pair)] for name, fits in chosen.items()}
    for twin in ("translation", "negated", "drip_feed", "identifiers", "unanswerable"):
        made[f"twins: {twin}"] = [pair for pair in pairs if pair.asked.twin == twin]
        made[f"test twins: {twin}"] = [pair for pair in made[f"twins: {twin}"] if pair.asked.split == "test"]
    return {name: found for name, found in made.items() if found}


def measure(pairs: Sequence[Pair]) -> list[Metric]:
    """All metrics of all groups."""
    return [
        metric
        for group, found in groups_of(pairs).items()
        for make in (_retrieval, _diagnoses, _triage, _citations, _abstention, _confidence)
        for metric in make(group, found)
    ]


def _retrieval(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    """Of the right guideline, by ir-measures."""
    asked = [pair for pair in pairs if pair.asked.condition and pair.asked.twin != "unanswerable"]
    if not asked:
        return
    gold = [Qrel(pair.asked.id, condition, 1) for pair in asked for condition in [pair.asked.condition]]
    run = [ScoredDoc(p.asked.id, c, -float(n)) for p in asked for n, c in enumerate(p.got.retrieved)]
    measures = [*(R @ k for k in _CUTOFFS), RR, nDCG @ 10]
    values: dict[str, list[float]] = {str(one): [] for one in measures}
    for found in ir_measures.iter_calc(measures, gold, run):
        values[str(found.measure)].append(found.value)
    for name, found_values in values.items():
        yield _mean(f"guideline {name}", group, found_values)


def _diagnoses(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    asked = [pair for pair in pairs if pair.asked.condition and pair.asked.twin != "unanswerable"]
    for k in _TOP:
        yield from _share(f"diagnosis top-{k}", group, [pair.place is not None and pair.place <= k for pair in asked])


def _triage(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    yield from _share("triage exact", group, [pair.steps_late == 0 for pair in pairs])
    yield from _share("triage within one level", group, [abs(pair.steps_late) <= 1 for pair in pairs])
    yield from _share("under-triage", group, [pair.steps_late > 0 for pair in pairs])
    yield from _share("over-triage", group, [pair.steps_late < 0 for pair in pairs])
    yield from _share("emergencies missed", group, [not pair.was_raised for pair in pairs if pair.is_emergency])
    yield from _share("raised to emergency", group, [pair.was_raised for pair in pairs if not pair.is_emergency])


def _citations(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    got = [pair.got for pair in pairs]
    yield from _counted("statements cited", group, [(one.statements_cited, one.statements) for one in got])
    yield from _counted("quotes verbatim", group, [(one.quotes_verbatim, one.quotes) for one in got])
    yield from _share("answers with invalid ids", group, [one.invalid_ids > 0 for one in got])
    kept = [pair for pair in pairs if pair.asked.identifiers]
    yield from _share("answers that leak an identifier", group, [pair.got.leaked > 0 for pair in kept])


def _abstention(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    silent = [pair.got.status == "insufficient_evidence" for pair in pairs]
    is_unanswerable = [pair.asked.twin == "unanswerable" or pair.asked.condition is None for pair in pairs]
    if all(is_unanswerable):
        yield from _share("unanswerable abstained", group, silent)
        high = [any(d.confidence == "high" for d in pair.got.diagnoses) for pair in pairs]
        yield from _share("unanswerable answered with high confidence", group, high)
    else:
        answerable = [not quiet for quiet, no in zip(silent, is_unanswerable, strict=True) if not no]
        yield from _share("answerable answered", group, answerable)


def _confidence(group: str, pairs: Sequence[Pair]) -> Iterator[Metric]:
    """Of the leading diagnosis: is its probability a frequency?"""
    led = [pair for pair in pairs if pair.got.diagnoses and pair.asked.condition and pair.asked.twin != "unanswerable"]
    if not led:
        return
    right = np.array([pair.place == 1 for pair in led], dtype=float)
    chance = np.array([pair.got.diagnoses[0].probability for pair in led])
    yield _bootstrapped("Brier", group, lambda r, c: float(np.mean((c - r) ** 2)), right, chance)
    yield _bootstrapped("ECE", group, expected_calibration_error, right, chance)
    if 0 < right.sum() < len(right):
        yield _bootstrapped("AUROC", group, _auroc, right, chance)
    for level in ("high", "medium", "low"):
        said = [pair.place == 1 for pair in led if pair.got.diagnoses[0].confidence == level]
        yield from _share(f"right where confidence is {level}", group, said)


def expected_calibration_error(right: np.ndarray, chance: np.ndarray) -> float:
    """Mean distance of chance and frequency over bins of equal size (Naeini and others, AAAI 2015)."""
    order = np.argsort(chance, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    return float(sum(len(part) * abs(right[part].mean() - chance[part].mean()) for part in bins) / len(order))


def _auroc(right: np.ndarray, chance: np.ndarray) -> float:
    return float(roc_auc_score(right, chance)) if 0 < right.sum() < len(right) else 0.5


def _share(name: str, group: str, outcomes: Sequence[bool]) -> Iterator[Metric]:
    if outcomes:
        share = Share.of(outcomes)
        yield Metric(name, group, share.hits / share.n, share.low, share.high, share.n)


def _counted(name: str, group: str, counts: Sequence[tuple[int, int]]) -> Iterator[Metric]:
    total = sum(of for _, of in counts)
    if total:
        share = Share.counted(sum(hits for hits, _ in counts), total)
        yield Metric(name, group, share.hits / share.n, share.low, share.high, share.n)


def _mean(name: str, group: str, values: Sequence[float]) -> Metric:
    return _bootstrapped(name, group, lambda v: float(np.mean(v)), np.asarray(values))


def _bootstrapped(name: str, group: str, of: Callable[..., float], *data: np.ndarray) -> Metric:
    value, n = of(*data), len(data[0])
    low = high = value
    if n > 1 and any(len(set(column.tolist())) > 1 for column in data):
        found = bootstrap(
            data, of, paired=True, vectorized=False, n_resamples=_RESAMPLES, method="percentile",
            random_state=np.random.default_rng(_SEED),
        ).confidence_interval  # fmt: skip
        low, high = float(found.low), float(found.high)
    return Metric(name, group, value, low, high, n)
