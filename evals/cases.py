"""Development cases: questions with the guidelines that answer them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from services.assistant.intake import Question
from services.core.types import RawText


@dataclass(frozen=True, slots=True)
class Case:
    """A case.

    Attributes:
        id: Set and line, as in the mapping.
        guidelines: Files of the guidelines on its diagnosis; any of them is right.
    """

    id: str
    question: Question
    diagnosis: str
    guidelines: frozenset[str]


def read_agentclinic(folder: Path, mapping: Path) -> tuple[Case, ...]:
    """AgentClinic cases (JSON Lines, one OSCE examination a line) that the mapping knows a guideline for.

    A question is what the patient says: demographics, history and symptoms as `symptoms`, the past, the social history
    and the review of systems as `history`. Examination and test results are left out. The extended set begins with the
    first one again; each case counts once.

    Raises:
        ValueError: A line does not have the diagnosis that the mapping says.
    """
    cases: dict[str, Case] = {}
    for entry in yaml.safe_load(mapping.read_text(encoding="utf-8"))["mappings"]:
        lines = (folder / f"{entry['set']}.jsonl").read_text(encoding="utf-8").splitlines()
        examination = json.loads(lines[entry["line"] - 1])["OSCE_Examination"]
        if examination["Correct_Diagnosis"] != entry["diagnosis"]:
            raise ValueError(f"{entry['set']} line {entry['line']} has another diagnosis than the mapping")
        question = question_of(examination["Patient_Actor"])
        case = Case(f"{entry['set']}:{entry['line']}", question, entry["diagnosis"], frozenset(entry["guidelines"]))
        cases.setdefault(question.whole().value, case)
    return tuple(cases.values())


def question_of(actor: Mapping[str, object]) -> Question:
    """What the patient of an AgentClinic examination says, as `read_agentclinic` has it."""
    told = [actor.get(name) for name in ("Demographics", "History", "Symptoms")]
    past = [actor.get(name) for name in ("Past_Medical_History", "Social_History", "Review_of_Systems")]
    return Question(symptoms=RawText(_sentences(told)), history=RawText(_sentences(past)))


def _sentences(values: Sequence[object]) -> str:
    return ". ".join(text.rstrip(". ") for value in values for text in _flat(value)) + "."


def _flat(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _flat(part)
    elif isinstance(value, list):
        for part in value:
            yield from _flat(part)
    elif value:
        yield str(value)
