"""Bounds that a run must keep."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, model_validator

from evals.metrics import Metric

GATES: Final = Path(__file__).parent / "gates.toml"


class Gate(BaseModel):
    """A bound on one metric of one group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    group: str
    least: float | None = None
    most: float | None = None

    @model_validator(mode="after")
    def _has_one_bound(self) -> "Gate":
        if (self.least is None) == (self.most is None):
            raise ValueError("a gate has one of least and most")
        return self

    def falls_short(self, measured: Sequence[Metric]) -> str | None:
        """What is wrong, in words; None where the bound is kept. What was not measured was not reached."""
        found = next((m for m in measured if (m.name, m.group) == (self.metric, self.group)), None)
        bound = f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"
        if found is None:
            return f"{self.metric} ({self.group}) was not measured, {bound} is asked for"
        below = self.least is not None and found.value < self.least
        above = self.most is not None and found.value > self.most
        return f"{self.metric} ({self.group}) is {found}, {bound} is asked for" if below or above else None


def read_gates(file: Path = GATES) -> tuple[Gate, ...]:
    """The gates of a file.

    Raises:
        tomllib.TOMLDecodeError: It is not TOML.
        pydantic.ValidationError: A gate is not valid.
    """
    return tuple(Gate.model_validate(entry) for entry in tomllib.loads(file.read_text(encoding="utf-8"))["gate"])
