"""What all layouts of benchmark files have in common: places for errors, rows, and what a run cannot use.

An error names the file and the line, or the item of a file that is one JSON value; never text of the file.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

_ENCODING: Final = "utf-8-sig"
"""UTF-8, with or without a byte order mark: spreadsheets write one."""


class FormatError(Exception):
    """A file does not have the layout that it was said to have."""


class Row(BaseModel):
    """Parent of what stands in a file; fields that are not named are passed over."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


RowT = TypeVar("RowT", bound=Row)


class _HasId(Protocol):
    @property
    def id(self) -> str:
        """Unlike all others of its file."""


ItemT = TypeVar("ItemT", bound=_HasId)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An item that is as its layout says, and that a run cannot use."""

    reason: str


@dataclass(frozen=True, slots=True)
class Loaded(Generic[ItemT]):
    """A file's items, in its order, and how many were left out by reason."""

    items: tuple[ItemT, ...]
    left_out: Mapping[str, int]


def load(file: Path, found: Iterable[ItemT | LeftOut]) -> Loaded[ItemT]:
    """What a reader found in a file.

    Raises:
        FormatError: Two items have one id, or none can be used.
    """
    items: dict[str, ItemT] = {}
    left_out: Counter[str] = Counter()
    for item in found:
        if isinstance(item, LeftOut):
            left_out[item.reason] += 1
        elif item.id in items:
            raise FormatError(f"{file.name}: item {len(items) + left_out.total() + 1} has the id of another one")
        else:
            items[item.id] = item
    if not items:
        raise FormatError(f"{file.name}: has no item that can be used ({left_out.total()} left out)")
    return Loaded(tuple(items.values()), dict(left_out))


def validated(model: type[RowT], value: object, place: str) -> RowT:
    """A value of a file as a row.

    Raises:
        FormatError: It is none; the message has the place and the field.
    """
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False, include_context=False)[0]
        field = f"{first['loc'][0]}: " if first["loc"] else ""  # what follows in it may be a key of the file
        raise FormatError(f"{place}: {field}{first['msg']}") from exc


def json_lines(file: Path, model: type[RowT]) -> Iterator[tuple[int, RowT]]:
    """The rows of a JSON Lines file with their lines, from 1; empty lines are passed over.

    Raises:
        FormatError: A line is no JSON, or not of this model.
    """
    for number, line in enumerate(_text(file).split("\n"), 1):
        if line.strip():
            place = f"{file.name}, line {number}"
            yield number, validated(model, _json(line, place), place)


def json_value(file: Path) -> Any:
    """The value that a JSON file is.

    Raises:
        FormatError: It is no JSON.
    """
    return _json(_text(file), file.name)


def table(file: Path, model: type[RowT], delimiter: str = ",") -> Iterator[tuple[int, RowT]]:
    """The rows of a file with a line of column names, each with the line that it begins on.

    Raises:
        FormatError: A row is not of this model, has too many columns, or has quotes that do not end.
    """
    reader = csv.reader(io.StringIO(_text(file)), delimiter=delimiter, strict=True)
    names: list[str] | None = None
    while True:
        began = reader.line_num + 1
        place = f"{file.name}, line {began}"
        try:
            cells = next(reader, None)
        except csv.Error as exc:
            raise FormatError(f"{place}: is no row of a table") from exc
        if cells is None:
            return
        if names is None:
            names = cells
        elif len(cells) > len(names):
            raise FormatError(f"{place}: has more columns than there are names")
        elif cells:
            yield began, validated(model, dict(zip(names, cells, strict=False)), place)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding=_ENCODING)
    except UnicodeDecodeError as exc:
        raise FormatError(f"{file.name}: is not UTF-8") from exc


def _json(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise FormatError(f"{place}: is no JSON") from exc
