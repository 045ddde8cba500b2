"""A diagnosis run: a service names diagnoses, and names are compared with the benchmark's by rule, not by a model.

A name of the benchmark is known where a condition of the library has it as a name or synonym, but for case, spelling
and the order of words. What is named for a case of an unknown name cannot be decided by rule: a person does so in
`decided.jsonl` beside the results, with lines such as `{"id": "4", "right": ["gout"]}`; `[]` where none is right.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evals.external.diagnoses import Diagnosis
from evals.external.reading import FormatError, Row, json_lines
from evals.metrics import Metric, share_metric
from evals.outcomes import TOP
from evals.results import Result
from services.verification.vocabulary import key_of

UNDECIDED, DECIDED = "undecided.jsonl", "decided.jsonl"
_BRACKETS: Final = re.compile(r"[(（][^()（）]*[)）]")
Names = Mapping[str, frozenset[str]]
"""Condition ids by `key_of` their names and synonyms."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A case and its answer.

    Attributes:
        right: Conditions that are right, by name or by a person; None where that is not known.
    """

    case: Diagnosis
    got: Result
    right: frozenset[str] | None

    @property
    def named(self) -> tuple[str, ...]:
        """Condition ids, best first."""
        return tuple(one.condition_id for one in self.got.diagnoses)

    @property
    def is_decided(self) -> bool:
        """Whether it is known what is right, or nothing was named that could be."""
        return self.right is not None or not self.named

    def is_within(self, k: int) -> bool:
        """Whether one of the first k names is known to be right."""
        return self.right is not None and not self.right.isdisjoint(self.named[:k])


def names_of(guidelines: Iterable[Mapping[str, Any]]) -> Names:
    """All names of the conditions, from what `/v1/guidelines` lists."""
    found: dict[str, set[str]] = defaultdict(set)
    for guideline in guidelines:
        for condition in (guideline["condition"], *guideline["other_conditions"]):
            synonyms = [word for words in condition["synonyms"].values() for word in words]
            for name in (*condition["names"].values(), *synonyms):
                found[key_of(name)].add(condition["id"])
    return {key: frozenset(ids) for key, ids in found.items()}


class _Decision(Row):
    id: str
    right: frozenset[str]


def read_decisions(folder: Path, names: Names) -> dict[str, frozenset[str]]:
    """What a person decided, by case; empty where nobody has yet.

    Raises:
        FormatError: A line is of another layout, or names a condition that the library does not have.
    """
    file = folder / DECIDED
    if not file.exists():
        return {}
    known = frozenset[str]().union(*names.values())
    decided = {}
    for line, decision in json_lines(file, _Decision):
        if not decision.right <= known:
            raise FormatError(f"{file.name}, line {line}: right: has a condition that is not in the library")
        decided[decision.id] = decision.right
    return decided


def compare(
    cases: Sequence[Diagnosis],
    results: Mapping[str, Result],
    names: Names,
    decided: Mapping[str, frozenset[str]],
) -> list[Compared]:
    """The cases that were answered, with what is right of them; what a person decided comes first."""
    return [
        Compared(case, results[case.id], decided.get(case.id, right_of(case.gold, names)))
        for case in cases
        if case.id in results
    ]


def right_of(gold: str, names: Names) -> frozenset[str] | None:
    """Conditions that have this name, or have it without what stands in brackets; None where the library has none."""
    return names.get(key_of(gold)) or names.get(key_of(_BRACKETS.sub(" ", gold)))


def measure_diagnoses(compared: Sequence[Compared]) -> Iterator[Metric]:
    """Of all and of each group: how often the right diagnosis is named, and how much of that is known."""
    groups: dict[str, list[Compared]] = defaultdict(list)
    for one in compared:
        for group in dict.fromkeys(("all", one.case.group or "all")):
            groups[group].append(one)
    for group, found in groups.items():
        known = [one for one in found if one.right]
        yield from share_metric("known to be in the library", group, [bool(one.right) for one in found])
        yield from share_metric("names a diagnosis", group, [bool(one.named) for one in found])
        for k in TOP:
            yield from share_metric(f"top-{k} of those in the library", group, [one.is_within(k) for one in known])
        for k in TOP:
            yield from share_metric(f"top-{k} of all, at least", group, [one.is_within(k) for one in found])
        yield from share_metric("undecided", group, [not one.is_decided for one in found])


def write_undecided(folder: Path, compared: Sequence[Compared]) -> int:
    """What a person has to decide: case ids, the benchmark's name, and the conditions that were named. How many."""
    undecided = [one for one in compared if not one.is_decided]
    lines = [{"id": one.case.id, "gold": one.case.gold, "named": one.named} for one in undecided]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / UNDECIDED).write_text(text, encoding="utf-8")
    return len(undecided)
