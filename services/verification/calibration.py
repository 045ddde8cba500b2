"""A calibration: what turns scores into frequencies, fitted on an evaluation run by `citewell-eval calibrate`."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.core.answer import Confidence, DraftDiagnosis
from services.core.datafile import where
from services.core.errors import LibraryError

LEAST_SHARED: Final = 0.9
"""Least share of a library's conditions, and of the calibration's, that both have."""

Engine = Literal["evidence", "vllm"]
_Share = Annotated[float, Field(ge=0, le=1)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Level(_Form):
    """A confidence level, and how often a leading diagnosis of it was right.

    Attributes:
        least: Least probability.
        right: Share that was right among `n` leading diagnoses that no fit had seen; None where there were none.
        low, high: Its 95 % interval.
    """

    least: _Share
    right: _Share | None
    low: _Share | None
    high: _Share | None
    n: int = Field(ge=0)


class Logistic(_Form):
    """Probabilities are bent on the logit scale (Platt, 1999)."""

    kind: Literal["logistic"] = "logistic"
    slope: float = Field(gt=0)
    intercept: float

    def __call__(self, chance: float) -> float:
        """The frequency of a chance."""
        logit = math.log(chance / (1 - chance)) if 0 < chance < 1 else math.copysign(math.inf, chance - 0.5)
        return 1 / (1 + math.exp(-max(min(self.slope * logit + self.intercept, 700.0), -700.0)))


class Isotonic(_Form):
    """Probabilities follow the points of a rising line (Zadrozny and Elkan, 2002)."""

    kind: Literal["isotonic"] = "isotonic"
    chances: tuple[_Share, ...] = Field(min_length=1)
    frequencies: tuple[_Share, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rises(self) -> "Isotonic":
        rising = all(a <= b for line in (self.chances, self.frequencies) for a, b in pairwise(line))
        if not rising or len(self.chances) != len(self.frequencies):
            raise ValueError("the points do not rise")
        return self

    def __call__(self, chance: float) -> float:
        """The frequency of a chance."""
        return float(np.interp(chance, self.chances, self.frequencies))


class Calibration(_Form):
    """Of one engine on one library.

    Attributes:
        conditions: Ids of the library's conditions when it was fitted.
        embedder: Fingerprint of its embedder.
        reranker: Name of the reranker, if there was one.
        weights: Of the signals of a diagnosis, by name.
        none: Weights of the signals of a question, which together are the worth of "none of these".
        curve: From chances to frequencies; None where chances were frequencies already.
        silent_from: Chance of "none of these" from which on nothing is named.
        levels: From the highest.
        fitted: What it was fitted on, in words and figures.
    """

    engine: Engine
    conditions: tuple[str, ...] = Field(min_length=1)
    embedder: str
    reranker: str | None = None
    weights: dict[str, float]
    none: dict[str, float]
    curve: Annotated[Logistic | Isotonic, Field(discriminator="kind")] | None
    silent_from: _Share
    levels: dict[Confidence, Level]
    fitted: dict[str, str | int | float]

    def is_for(self, conditions: Sequence[str], embedder: str, reranker: str | None = None) -> bool:
        """Whether it says anything of a library: searched in the same way, and with nearly the same conditions."""
        both = len(self._known.intersection(conditions))
        is_searched_alike = (embedder, reranker) == (self.embedder, self.reranker)
        return is_searched_alike and both >= LEAST_SHARED * max(len(self._known), len(conditions), 1)

    def chances(self, diagnoses: Sequence[DraftDiagnosis]) -> tuple[list[float], float]:
        """The chance of each diagnosis, in their order, and that of "none of these"; together 1.

        A conditional logit (McFadden, 1974) over the diagnoses and "none of these".
        """
        if not diagnoses:
            return [], 1.0
        worth = [_dot(self.weights, signals_of(diagnosis)) for diagnosis in diagnoses]
        worth.append(_dot(self.none, question_signals(diagnoses[0])))
        best = max(worth)
        shares = [math.exp(value - best) for value in worth]
        total = sum(shares)
        *named, none = (share / total for share in shares)
        return named, none

    def frequencies(self, chances: Sequence[float]) -> list[float]:
        """How often diagnoses of these chances are right; together at most 1."""
        made = [self.curve(chance) for chance in chances] if self.curve else list(chances)
        return [frequency / max(sum(made), 1.0) for frequency in made]

    def level(self, frequency: float) -> Confidence:
        """The confidence level of a frequency."""
        reached = (level for level, bounds in self.levels.items() if frequency >= bounds.least)
        return next(reached, "low")

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.conditions)


def signals_of(diagnosis: DraftDiagnosis) -> dict[str, float]:
    """What may tell that a diagnosis is right: parts of its score, coverage and usualness, and a model's votes."""
    own = {
        "coverage": diagnosis.coverage,
        "usualness": diagnosis.usualness,
        "explained": diagnosis.coverage * diagnosis.stated.weight,
    }
    return {**diagnosis.parts, **own, **({} if diagnosis.votes is None else {"votes": diagnosis.votes})}


def question_signals(diagnosis: DraftDiagnosis) -> dict[str, float]:
    """What may tell that none of the conditions compared with this one is right."""
    stated = diagnosis.stated
    return {"always": 1.0, "findings": math.log1p(stated.findings), "stated": stated.weight}


def load_calibration(folder: Path, engine: Engine) -> Calibration | None:
    """The calibration of an engine; None where there is none.

    Raises:
        LibraryError: It is not valid.
    """
    file = folder / f"{engine}.json"
    if not file.exists():
        return None
    try:
        read = Calibration.model_validate_json(file.read_bytes())
    except ValidationError as exc:
        raise LibraryError(f"the calibration {file.name} is not valid: {where(exc)}") from exc
    if read.engine != engine:
        raise LibraryError(f"the calibration {file.name} is of another engine")
    return read


def _dot(weights: Mapping[str, float], signals: Mapping[str, float]) -> float:
    return sum(weight * signals.get(name, 0.0) for name, weight in weights.items())
