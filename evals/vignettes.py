"""Vignettes: what a patient writes, and what a careful clinician would make of it.

`datasets/starter.jsonl` was written for this library by people who had not seen its guidelines, rules or lexicon; no
clinician has reviewed it. Each line is a `Vignette`. Conditions are split into `fit` (weights, calibration and
thresholds may be chosen on them) and `test` (they may not).
"""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from services.core.types import Language, Sex, TriageLevel

_DATASETS: Final = Path(__file__).parent / "datasets"
STARTER: Final = _DATASETS / "starter.jsonl"
EDITIONS: Final = _DATASETS / "editions"
"""Invented guidelines: a folder for each kind of twin that is asked with them in the library."""

REGIONS: Final = ("XA", "XB")
"""Codes that ISO 3166-1 leaves to users: of the starter library's guidelines, and of those that contradict them."""

Split = Literal["fit", "test"]
Style = Literal["lay", "clinical", "terse"]
"""Terse questions are a few words, half of them on what the library has no guideline on; they have no twins."""

Twin = Literal["translation", "negated", "drip_feed", "identifiers", "unanswerable", "superseded", "contradictory"]


class Vignette(BaseModel):
    """A case.

    Attributes:
        condition: Gold diagnosis, a condition id of the library; None where none of its conditions fits.
        acceptable: Other condition ids that are right in the first place, too.
        triage: Gold level.
        symptoms: What is sent; for `drip_feed` the turns, one a line.
        turns: Messages of a conversation, in their order.
        present, absent: Findings that the text says are there, or are not, by id.
        region: Where the patient is, ISO 3166-1 alpha-2.
        identifiers: What must not come back.
        twin_of: Id of the vignette that this one was made from; `twin` says how.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    split: Split
    language: Language
    style: Style
    condition: str | None
    acceptable: tuple[str, ...] = ()
    triage: TriageLevel
    symptoms: str = ""
    turns: tuple[str, ...] = ()
    duration: str | None = None
    history: str | None = None
    age_years: float | None = None
    sex: Sex | None = None
    pregnant: bool | None = None
    region: str | None = None
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    twin_of: str | None = None
    twin: Twin | None = None

    @model_validator(mode="after")
    def _has_text(self) -> "Vignette":
        if bool(self.symptoms) == bool(self.turns):
            raise ValueError("a vignette has symptoms or turns")
        return self

    @property
    def said(self) -> str:
        """What is sent as symptoms."""
        return self.symptoms or "\n".join(self.turns)

    @property
    def right(self) -> frozenset[str]:
        """Condition ids that are right."""
        return frozenset(one for one in (self.condition, *self.acceptable) if one)

    def body(self) -> dict[str, Any]:
        """The request of `/v1/diagnose`."""
        patient = {"age_years": self.age_years, "sex": self.sex, "pregnant": self.pregnant, "region": self.region}
        return {"symptoms": self.said, "duration": self.duration, "history": self.history, "patient": patient}


def read_vignettes(file: Path = STARTER) -> tuple[Vignette, ...]:
    """All vignettes of a file, and twins of those that have a diagnosis: without its guideline, and with invented ones.

    Raises:
        ValueError: Two have one id, or a twin is of none.
        pydantic.ValidationError: A line is not valid.
    """
    read = [Vignette.model_validate_json(line) for line in file.read_text(encoding="utf-8").splitlines()]
    ids = {vignette.id for vignette in read}
    if len(ids) != len(read):
        raise ValueError("two vignettes have one id")
    if any(vignette.twin_of not in {None, *ids} for vignette in read):
        raise ValueError("a vignette is the twin of none")
    base = [one for one in read if one.condition and not one.twin_of and one.style != "terse"]
    return (*read, *(_unanswerable(vignette) for vignette in base), *_superseded(base), *_contradictory(base))


def _superseded(base: Iterable[Vignette]) -> Iterator[Vignette]:
    """The same, asked where the library's folder has an older edition of what is right."""
    for vignette in _with_editions(base, "superseded"):
        made = {"id": f"{vignette.id}-superseded", "twin_of": vignette.id, "twin": "superseded"}
        yield vignette.model_copy(update=made)


def _contradictory(base: Iterable[Vignette]) -> Iterator[Vignette]:
    """The same, asked in two regions in turn, whose guidelines on what is right contradict each other."""
    for vignette, region in zip(_with_editions(base, "contradictory"), itertools.cycle(REGIONS), strict=False):
        made = {"id": f"{vignette.id}-contradictory", "twin_of": vignette.id, "twin": "contradictory", "region": region}
        yield vignette.model_copy(update=made)


def _with_editions(base: Iterable[Vignette], kind: Twin) -> Iterator[Vignette]:
    conditions = {file.name.partition(".")[0] for file in (EDITIONS / kind).glob("*.md")}
    return (vignette for vignette in base if vignette.condition in conditions)


def _unanswerable(vignette: Vignette) -> Vignette:
    """The same, asked where the guidelines on all that is right are missing: to be answered with silence."""
    made = {"id": f"{vignette.id}-unanswerable", "twin_of": vignette.id, "twin": "unanswerable"}
    return vignette.model_copy(update=made)
