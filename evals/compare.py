"""Two runs on the same vignettes: what is better, by how much, and could it be chance?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import binomtest, bootstrap

from evals.outcomes import OUTCOMES, groups_of, pairs_of
from evals.results import Result
from evals.vignettes import Vignette

_RESAMPLES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """Of a share, the second run's less the first's.

    Attributes:
        low, high: 95 %, bootstrap over vignettes (percentile).
        p: McNemar's exact test: how likely so unequal changes are if both runs are as good.
        gained, lost: Vignettes in which it happens in the second run only, and in the first only.
        is_worse: Whether the difference goes against what is wanted.
    """

    name: str
    group: str
    first: float
    second: float
    low: float
    high: float
    p: float
    gained: int
    lost: int
    n: int
    is_worse: bool


def compare(
    vignettes: Sequence[Vignette], first: Mapping[str, Result], second: Mapping[str, Result]
) -> list[Difference]:
    """Differences of all shares in all groups, over the vignettes that both answered."""
    both = [vignette for vignette in vignettes if vignette.id in first and vignette.id in second]
    left, right = groups_of(pairs_of(both, first)), groups_of(pairs_of(both, second))
    found = []
    for group, pairs in left.items():
        for outcome in OUTCOMES:
            before, after = outcome.of(pairs), outcome.of(right[group])
            if before:
                found.append(_difference(outcome.name, group, before, after, better=outcome.better))
    return found


def _difference(name: str, group: str, before: list[bool], after: list[bool], *, better: bool) -> Difference:
    gained = sum(now and not then for then, now in zip(before, after, strict=True))
    lost = sum(then and not now for then, now in zip(before, after, strict=True))
    changes = np.array(after, dtype=float) - np.array(before, dtype=float)
    mean = float(changes.mean())
    low = high = mean
    if gained + lost:
        made: Any = bootstrap(
            (changes,), np.mean, n_resamples=_RESAMPLES, method="percentile", random_state=np.random.default_rng(0)
        )
        low, high = float(made.confidence_interval.low), float(made.confidence_interval.high)
    return Difference(
        name=name,
        group=group,
        first=sum(before) / len(before),
        second=sum(after) / len(after),
        low=low,
        high=high,
        p=float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0,
        gained=gained,
        lost=lost,
        n=len(before),
        is_worse=mean < 0 if better else mean > 0,
    )
