"""How many, how sure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from scipy.stats import binomtest


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval (Wilson), from `hits` of `n`."""

    hits: int
    n: int
    low: float
    high: float

    @classmethod
    def of(cls, outcomes: Sequence[bool]) -> Self:
        """The share of true outcomes.

        Raises:
            ValueError: There are none: undefined is not zero.
        """
        if not outcomes:
            raise ValueError("a share of nothing is undefined")
        interval = binomtest(sum(outcomes), len(outcomes)).proportion_ci(0.95, "wilson")
        return cls(sum(outcomes), len(outcomes), float(interval.low), float(interval.high))

    def __str__(self) -> str:
        """As in "14/31 = 0.45 [0.29, 0.62]"."""
        return f"{self.hits}/{self.n} = {self.hits / self.n:.2f} [{self.low:.2f}, {self.high:.2f}]"
