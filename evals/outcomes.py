"""What can be said of one answer: right or wrong, late or early, cited or not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from evals.gold import Gold, hierarchical_f1, read_gold
from evals.results import Named, Result
from evals.vignettes import Twin, Vignette
from services.triage.levels import EMERGENCIES, MOST_URGENT_FIRST
from services.verification.vocabulary import key_of

TOP: Final = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class Pair:
    """A vignette and its answer."""

    asked: Vignette
    got: Result
    gold: Mapping[str, Gold] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> int | None:
        """Place of the first right diagnosis, from 1."""
        found = (n for n, one in enumerate(self.got.diagnoses, 1) if self.is_right(one))
        return next(found, None)

    def is_right(self, named: Named) -> bool:
        """By condition id, else by name or synonym."""
        if named.condition_id in self.asked.right:
            return True
        key = key_of(named.name)
        return any(key in self.gold[id_].names for id_ in self.asked.right if id_ in self.gold)

    @property
    def undecided(self) -> list[Named]:
        """Diagnoses of another library that neither id nor name decides on: for a person to judge."""
        known = {key for gold in self.gold.values() for key in gold.names}
        strange = (one for one in self.got.diagnoses if self.gold and one.condition_id not in self.gold)
        return [one for one in strange if key_of(one.name) not in known]

    @property
    def nearness(self) -> float | None:
        """Hierarchical F1 of the leading diagnosis's ICD-10 code; None where no code is right."""
        codes = [self.gold[id_].icd10 for id_ in self.asked.right if id_ in self.gold]
        said = self.got.diagnoses[0].icd10 if self.got.diagnoses else None
        return max((hierarchical_f1(said, code) for code in codes), default=None)

    @property
    def is_answerable(self) -> bool:
        """Whether the library has a guideline on what is right."""
        return self.asked.condition is not None and self.asked.twin != "unanswerable"

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

    @property
    def is_silent(self) -> bool:
        """Whether no diagnosis was named."""
        return self.got.status == "insufficient_evidence"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A yes or no of each answer that it applies to; `better` says which of them is wanted."""

    name: str
    applies: Callable[[Pair], bool]
    happened: Callable[[Pair], bool]
    better: bool = True

    def of(self, pairs: Sequence[Pair]) -> list[bool]:
        """The outcomes, in the order of the pairs."""
        return [self.happened(pair) for pair in pairs if self.applies(pair)]


def _within_top(k: int) -> Callable[[Pair], bool]:
    return lambda pair: pair.place is not None and pair.place <= k


def _is_asked_without_twin(pair: Pair) -> bool:
    return pair.asked.twin != "unanswerable"


def _is_twin(kind: Twin) -> Callable[[Pair], bool]:
    return lambda pair: pair.asked.twin == kind


OUTCOMES: Final = (
    *(Outcome(f"diagnosis top-{k}", lambda pair: pair.is_answerable, _within_top(k)) for k in TOP),
    Outcome("triage exact", _is_asked_without_twin, lambda pair: pair.steps_late == 0),
    Outcome("triage within one level", _is_asked_without_twin, lambda pair: abs(pair.steps_late) <= 1),
    Outcome("under-triage", _is_asked_without_twin, lambda pair: pair.steps_late > 0, better=False),
    Outcome("over-triage", _is_asked_without_twin, lambda pair: pair.steps_late < 0, better=False),
    Outcome("emergencies missed", lambda pair: pair.is_emergency, lambda pair: not pair.was_raised, better=False),
    Outcome("raised to emergency", lambda pair: not pair.is_emergency, lambda pair: pair.was_raised, better=False),
    Outcome("answers fully cited", lambda _: True, lambda pair: pair.got.statements == pair.got.statements_cited),
    Outcome("answers with invalid ids", lambda _: True, lambda pair: pair.got.invalid_ids > 0, better=False),
    Outcome("answers with a quote that is not verbatim", lambda _: True,
            lambda pair: pair.got.quotes > pair.got.quotes_verbatim, better=False),
    Outcome("answers that leak an identifier", lambda pair: bool(pair.asked.identifiers),
            lambda pair: pair.got.leaked > 0, better=False),
    Outcome("answers citing a superseded edition", _is_twin("superseded"),
            lambda pair: pair.got.stale > 0, better=False),
    Outcome("answers citing another jurisdiction", _is_twin("contradictory"),
            lambda pair: pair.got.foreign > 0, better=False),
    Outcome("answerable answered", lambda pair: pair.is_answerable, lambda pair: not pair.is_silent),
    Outcome("unanswerable abstained", lambda pair: not pair.is_answerable, lambda pair: pair.is_silent),
    Outcome("unanswerable answered with high confidence", lambda pair: not pair.is_answerable,
            lambda pair: any(one.confidence == "high" for one in pair.got.diagnoses), better=False),
)  # fmt: skip


def pairs_of(vignettes: Sequence[Vignette], results: Mapping[str, Result]) -> list[Pair]:
    """Those that were answered."""
    gold = read_gold()
    return [Pair(vignette, results[vignette.id], gold) for vignette in vignettes if vignette.id in results]


def groups_of(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    """Vignettes themselves by split, language and style, terse questions apart, and each kind of twin."""
    terse = [pair for pair in pairs if pair.asked.style == "terse"]
    base = [pair for pair in pairs if pair.asked.twin is None and pair.asked.style != "terse"]
    test = [pair for pair in base if pair.asked.split == "test"]
    made = {
        "all": base,
        "fit": [pair for pair in base if pair.asked.split == "fit"],
        "test": test,
        "test, en": [pair for pair in test if pair.asked.language == "en"],
        "test, zh": [pair for pair in test if pair.asked.language == "zh"],
        "test, lay": [pair for pair in test if pair.asked.style == "lay"],
        "test, clinical": [pair for pair in test if pair.asked.style == "clinical"],
        "terse": terse,
        "test, terse": [pair for pair in terse if pair.asked.split == "test"],
    }
    for twin in get_args(Twin):
        of_kind = [pair for pair in pairs if pair.asked.twin == twin]
        made[f"twins: {twin}"] = of_kind
        made[f"test twins: {twin}"] = [pair for pair in of_kind if pair.asked.split == "test"]
    return {name: found for name, found in made.items() if found}
