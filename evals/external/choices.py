"""Multiple choice: the layouts of MedQA, MIRAGE, CMExam, CMB and CRAFT-MD become questions with one right option."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from evals.external.reading import FormatError, LeftOut, Loaded, Row, json_lines, json_value, load, table, validated
from services.core.types import RawText

_OPTION: Final = re.compile(r"\s*([A-Z])(?:\s*[.、．:：\s]\s*(.*))?")
_LEAST_OPTIONS: Final = 2
SEVERAL: Final = LeftOut("several answers are right")
NO_ANSWER: Final = LeftOut("no answer is given")
NO_OPTIONS: Final = LeftOut("no options are given")
NOT_AMONG: Final = LeftOut("the answer is none of the options")


@dataclass(frozen=True, slots=True)
class MultipleChoice:
    """A question of an examination.

    Attributes:
        options: Texts by key, as in "A", in the order of the file.
        answer: Key of the one right option.
        group: Part of the benchmark that is measured apart; "" where it has none.
    """

    id: str
    question: RawText
    options: Mapping[str, str]
    answer: str
    group: str = ""


_Found = Iterator[MultipleChoice | LeftOut]


def _without_empty(options: Any) -> Any:
    """Some files have five keys for four options."""
    return (
        {key: text for key, text in options.items() if text is not None and text != ""}
        if isinstance(options, dict)
        else options
    )


def _text_or_nothing(value: Any) -> Any:
    return "" if value is None else value


_Text = Annotated[str, Field(min_length=1)]
_Options = Annotated[dict[str, str], BeforeValidator(_without_empty), Field(min_length=_LEAST_OPTIONS)]
_Answer = Annotated[str, BeforeValidator(_text_or_nothing)]


class _MedQa(Row):
    question: _Text
    options: _Options
    answer: _Answer = ""
    answer_idx: str | None = None


def read_medqa(file: Path) -> Loaded[MultipleChoice]:
    """JSON Lines: `question`, `options` by key, and `answer_idx` (a key) or `answer` (a key or an option's text).

    The id of a question is its line.

    Raises:
        FormatError: A line is of another layout.
    """

    def found() -> _Found:
        for line, row in json_lines(file, _MedQa):
            said = row.answer_idx or row.answer
            keyed = said if said in row.options else _key_of(row.options, said)
            yield _choice(str(line), row.question, row.options, keyed or said)

    return load(file, found())


class _Mirage(Row):
    question: _Text
    options: _Options
    answer: _Answer


def read_mirage(file: Path) -> Loaded[MultipleChoice]:
    """MIRAGE's `benchmark.json`: `{dataset: {id: {question, options, answer}}}`; each dataset is a group.

    Raises:
        FormatError: The file or an item of it is of another layout.
    """

    def found() -> _Found:
        for set_number, (name, questions) in enumerate(_mapping(json_value(file), file.name).items(), 1):
            within = f"{file.name}, set {set_number}"
            for number, (id_, value) in enumerate(_mapping(questions, within).items(), 1):
                row = validated(_Mirage, value, f"{within}, item {number}")
                yield _choice(f"{name}:{id_}", row.question, row.options, row.answer, name)

    return load(file, found())


class _CmExam(Row):
    question: _Text = Field(alias="Question")
    options: str = Field(alias="Options")
    answer: str = Field(alias="Answer")


def read_cmexam(file: Path) -> Loaded[MultipleChoice]:
    """CSV: `Question`, `Options` with one option a line as in "A text", and `Answer`, a key or several in one word.

    The id of a question is the line that it begins on.

    Raises:
        FormatError: A row is of another layout.
    """

    def found() -> _Found:
        for line, row in table(file, _CmExam):
            if row.options.strip():
                options = _listed(row.options, f"{file.name}, line {line}")
                yield _choice(str(line), row.question, options, row.answer)
            else:
                yield NO_OPTIONS

    return load(file, found())


class _Cmb(Row):
    question: _Text
    option: _Options
    answer: _Answer
    exam_type: str = ""


def read_cmb(file: Path) -> Loaded[MultipleChoice]:
    """JSON: a list of `{exam_type, question, option by key, answer}`, several keys in one word; each type is a group.

    The id of a question is its place in the list, from 1.

    Raises:
        FormatError: The file or an item of it is of another layout.
    """

    def found() -> _Found:
        listed = json_value(file)
        if not isinstance(listed, list):
            raise FormatError(f"{file.name}: is no list")
        for number, value in enumerate(listed, 1):
            row = validated(_Cmb, value, f"{file.name}, item {number}")
            yield _choice(str(number), row.question, row.option, row.answer, row.exam_type)

    return load(file, found())


class CraftMd(Row):
    """A row of CRAFT-MD: a vignette, four diagnoses, and the text of the right one."""

    case_vignette: _Text
    choice_1: _Text
    choice_2: _Text
    choice_3: _Text
    choice_4: _Text
    answer: _Text
    dataset: str
    case_id: _Text


def read_craftmd(file: Path) -> Loaded[MultipleChoice]:
    """CSV: `case_vignette`, `choice_1` to `choice_4`, `answer` (an option's text), `dataset` (a group), `case_id`.

    Raises:
        FormatError: A row is of another layout.
    """

    def found() -> _Found:
        for _, row in table(file, CraftMd):
            options = dict(zip("ABCD", (row.choice_1, row.choice_2, row.choice_3, row.choice_4), strict=True))
            keyed = _key_of(options, row.answer)
            yield _choice(row.case_id, row.case_vignette, options, keyed or row.answer, row.dataset)

    return load(file, found())


CHOICES: Final[Mapping[str, Callable[[Path], Loaded[MultipleChoice]]]] = {
    "medqa": read_medqa,
    "mirage": read_mirage,
    "cmexam": read_cmexam,
    "cmb": read_cmb,
    "craftmd": read_craftmd,
}


def _choice(
    id_: str, question: str, options: Mapping[str, str], answer: str, group: str = ""
) -> MultipleChoice | LeftOut:
    """A question if it has one right option; `answer` is a key, or several in one word."""
    said = answer.strip()
    if not said:
        return NO_ANSWER
    if said in options:
        return MultipleChoice(id_, RawText(question), options, said, group)
    keys = [key for key in re.split(r"[,，、\s]*", said) if key]
    return SEVERAL if len(keys) > 1 and set(keys) <= options.keys() else NOT_AMONG


def _key_of(options: Mapping[str, str], text: str) -> str | None:
    """The key of the one option with this text."""
    keys = [key for key, option in options.items() if option.strip() == text.strip()]
    return keys[0] if len(keys) == 1 else None


def _listed(text: str, place: str) -> dict[str, str]:
    """Options by key from one a line; a line without a key goes on with the option before it."""
    options: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if (option := _OPTION.fullmatch(line)) and option[1] not in options:
            last = option[1]
            options[last] = (option[2] or "").strip()
        elif line.strip() and last:
            options[last] += f" {line.strip()}"
        elif line.strip():
            raise FormatError(f"{place}: Options: begins without a key")
    if len(options) < _LEAST_OPTIONS:
        raise FormatError(f"{place}: Options: has fewer than two")
    return {key: option for key, option in options.items() if option}


def _mapping(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"{place}: is no mapping")
    return value
