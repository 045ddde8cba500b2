"""Cases with a diagnosis by name: the layouts of AgentClinic, and of CRAFT-MD where no options are shown."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from evals.cases import question_of
from evals.external.choices import CraftMd
from evals.external.reading import LeftOut, Loaded, Row, json_lines, load, table
from services.assistant.intake import Question
from services.core.types import RawText

REPEATED: Final = LeftOut("the same question as another case")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A case to be put to a service.

    Attributes:
        gold: Name of the right diagnosis.
        group: Part of the benchmark that is measured apart; "" where it has none.
        identifiers, region: None is known in these benchmarks.
    """

    id: str
    question: Question
    gold: str
    group: str = ""
    identifiers: Sequence[str] = ()
    region: str | None = None

    @property
    def said(self) -> str:
        """What is sent as symptoms."""
        return self.question.symptoms.value

    def body(self) -> dict[str, Any]:
        """The request of `/v1/diagnose`."""
        history = self.question.history
        return {"symptoms": self.said, "history": history.value if history else None}


class _Examination(Row):
    patient_actor: dict[str, Any] = Field(alias="Patient_Actor", min_length=1)
    correct_diagnosis: str = Field(alias="Correct_Diagnosis", min_length=1)


class _AgentClinic(Row):
    examination: _Examination = Field(alias="OSCE_Examination")


def read_agentclinic(file: Path) -> Loaded[Diagnosis]:
    """JSON Lines: `OSCE_Examination` with `Patient_Actor` and `Correct_Diagnosis`; a question is what the patient says.

    The id of a case is its line. A question that was there before is left out.

    Raises:
        FormatError: A line is of another layout.
    """

    def found() -> Iterator[Diagnosis | LeftOut]:
        asked: set[str] = set()
        for line, row in json_lines(file, _AgentClinic):
            question = question_of(row.examination.patient_actor)
            whole = question.whole().value
            yield REPEATED if whole in asked else Diagnosis(str(line), question, row.examination.correct_diagnosis)
            asked.add(whole)

    return load(file, found())


def read_craftmd_open(file: Path) -> Loaded[Diagnosis]:
    """CRAFT-MD's CSV (see `read_craftmd`) without its options: `answer` is the diagnosis.

    Raises:
        FormatError: A row is of another layout.
    """

    def found() -> Iterator[Diagnosis | LeftOut]:
        for _, row in table(file, CraftMd):
            question = Question(RawText(row.case_vignette))
            yield Diagnosis(row.case_id, question, row.answer.strip(), row.dataset)

    return load(file, found())


DIAGNOSES: Final[Mapping[str, Callable[[Path], Loaded[Diagnosis]]]] = {
    "agentclinic": read_agentclinic,
    "craftmd-open": read_craftmd_open,
}
