"""The fields that describe a guideline: one schema for front matter, sidecars and catalogs."""

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import langcodes
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from services.core.errors import DocumentError
from services.core.types import AgeRange, Condition, Frequency, Onset, Profile, Sex, Source, TriageLevel

_MAX_PLACE_CHARACTERS: Final = 80
_PROFILE_FIELDS: Final = frozenset(
    {"population", "usual", "onset", "duration_days", "frequency", "urgency", "department"}
)


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str | Mapping) else value


def _number_as_written(value: Any) -> Any:
    """YAML reads `2024` as a number; a decimal is left to fail, since YAML has already made 1.1 of 1.10."""
    return str(value) if type(value) is int else value


def _language_tag(value: str) -> str:
    """The tag in its standard form; a macrolanguage stands for its members (`cmn` is `zh`), as retrieval has it."""
    try:
        valid = langcodes.tag_is_valid(value)
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("not a BCP 47 language tag")
    return langcodes.standardize_tag(value, macro=True)


_Id = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]{0,79}$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
_Url = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://\S+$", max_length=2_000)]
_Language = Annotated[str, AfterValidator(_language_tag)]
_Edition = Annotated[_Text, BeforeValidator(_number_as_written)]
_YearOrMonth = Annotated[str, StringConstraints(pattern=r"^\d{4}(-(0[1-9]|1[0-2]))?$")]
_Published = Annotated[_YearOrMonth | datetime.date, BeforeValidator(_number_as_written)]
_Icd10 = Annotated[str, StringConstraints(pattern=r"^[A-Z]\d[0-9A-Z](\.[0-9A-Zx]{1,8})?$")]
"""WHO's codes and longer national ones: "J45.9", "I10.x00x002" (China's clinical edition)."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Condition(_Part):
    id: _Id
    name: dict[str, _Text] = Field(min_length=1)
    synonyms: dict[str, list[_Text]] = {}
    icd10: _Icd10 | None = None


class _People(_Part):
    min_age_years: float | None = None
    max_age_years: float | None = None
    sex: Sex | Literal["any"] = "any"

    def age(self) -> AgeRange:
        return AgeRange(self.min_age_years, self.max_age_years)

    def one_sex(self) -> Sex | None:
        return None if self.sex == "any" else self.sex


class _Days(_Part):
    min: float | None = None
    max: float | None = None


class _Source(_Part):
    publisher: _Text
    title: _Text
    year: int = Field(ge=1900, le=2100)
    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    checked: bool = False


_Conditions = Annotated[tuple[_Condition, ...], BeforeValidator(_one_or_more), Field(min_length=1, max_length=20)]
_Ids = Annotated[tuple[_Id, ...], BeforeValidator(_one_or_more), Field(max_length=100)]


class Metadata(_Part):
    """What one place says of a document. A field that is left out, or empty, is said by another place or inferred.

    Attributes:
        condition: One or several; the first is what the document is mainly about.
        jurisdiction: Where it applies: an ISO 3166 code, or words such as "international".
        language: BCP 47.
        published: A date, a month or a year, as ISO 8601 has them.
        effective: The first day on which it is in force.
        withdrawn: The first day on which it is no longer.
        supersedes: Ids of the documents that it replaces.
    """

    id: _Id | None = None
    title: _Text | None = None
    language: _Language | None = None
    condition: _Conditions | None = None
    population: _People | None = None
    usual: _People | None = None
    onset: Onset | None = None
    duration_days: _Days | None = None
    frequency: Frequency | None = None
    urgency: TriageLevel | None = None
    department: dict[str, _Text] | None = None
    publisher: _Text | None = None
    jurisdiction: _Text | None = None
    edition: _Edition | None = None
    published: _Published | None = None
    effective: datetime.date | None = None
    withdrawn: datetime.date | None = None
    supersedes: _Ids | None = None
    url: _Url | None = None
    licence: _Text | None = None
    review: _Text | None = None
    sources: dict[_Id, _Source] | None = None

    @property
    def stated(self) -> frozenset[str]:
        """Names of the fields that are stated; an empty value (`licence:`) is a form not filled in, not a statement."""
        return frozenset(name for name in self.model_fields_set if getattr(self, name) is not None)


def read_metadata(fields: object, place: str) -> Metadata:
    """Check what a place says.

    Args:
        fields: As YAML has it.
        place: What an error names: a file, or "front matter".

    Raises:
        DocumentError: It is not valid; the message names place and field, not the value.
    """
    try:
        return Metadata.model_validate({} if fields is None else fields)
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:_MAX_PLACE_CHARACTERS]
        said = f"{where}: {first['msg']}" if where else "must be a mapping of fields"
        raise DocumentError(f"{place}: {said}", kind="metadata_invalid") from exc


def merged(places: Iterable[Metadata]) -> Metadata:
    """What several places say together, the nearest first: the first that states a field wins, as a whole."""
    values: dict[str, Any] = {}
    for place in places:
        for name in place.stated - values.keys():
            values[name] = getattr(place, name)
    return Metadata.model_construct(**values)


def hash_of(metadata: Metadata) -> str:
    """SHA-256, hex, of what is stated; "" where nothing is."""
    if not metadata.stated:
        return ""
    said = metadata.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def conditions_of(metadata: Metadata) -> tuple[Condition, ...]:
    """The conditions that are stated, the main one first."""
    return tuple(
        Condition(
            id=stated.id,
            names=dict(stated.name),
            synonyms={language: tuple(words) for language, words in stated.synonyms.items()},
            icd10=stated.icd10,
        )
        for stated in metadata.condition or ()
    )


def says_when_to_think_of_it(metadata: Metadata) -> bool:
    """Whether any field of the profile is stated."""
    return not _PROFILE_FIELDS.isdisjoint(metadata.stated)


def profile_of(metadata: Metadata) -> Profile:
    """When to think of the condition."""
    population, usual = metadata.population or _People(), metadata.usual or _People()
    days = metadata.duration_days or _Days()
    return Profile(
        population=population.age(),
        usual_age=usual.age(),
        sex=population.one_sex(),
        usual_sex=usual.one_sex(),
        onset=metadata.onset or Onset.EITHER,
        min_duration_days=days.min,
        max_duration_days=days.max,
        frequency=metadata.frequency,
        urgency=metadata.urgency,
        department=dict(metadata.department or {}),
    )


def sources_of(metadata: Metadata) -> dict[str, Source]:
    """The published guidelines that are stated as sources, by key."""
    return {key: Source(**source.model_dump()) for key, source in (metadata.sources or {}).items()}
