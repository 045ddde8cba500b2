"""Metadata of a document: from its front matter, or inferred from its file name and text."""

import datetime
import hashlib
import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ingestion.readers.reader import Reading
from services.core.errors import DocumentError
from services.core.types import (
    AgeRange,
    Condition,
    Document,
    Frequency,
    Onset,
    Profile,
    Sex,
    Source,
    TriageLevel,
)

_Id = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]{0,79}$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
_MAX_ID_CHARACTERS: Final = 80


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _Condition(_Part):
    id: _Id
    name: dict[str, _Text] = Field(min_length=1)
    synonyms: dict[str, list[_Text]] = {}
    icd10: Annotated[str, StringConstraints(pattern=r"^[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?$")] | None = None


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


class FrontMatter(_Part):
    """The front matter of a guideline. Only `title` is required."""

    title: _Text
    id: _Id | None = None
    language: str | None = None
    condition: _Condition | None = None
    population: _People = _People()
    usual: _People = _People()
    onset: Onset = Onset.EITHER
    duration_days: _Days = _Days()
    frequency: Frequency | None = None
    urgency: TriageLevel | None = None
    department: dict[str, _Text] = {}
    publisher: _Text | None = None
    edition: _Text | None = None
    published: datetime.date | None = None
    url: str | None = None
    licence: _Text | None = None
    review: _Text | None = None
    sources: dict[_Id, _Source] = {}


def describe(file: PurePosixPath, content_hash: str, reading: Reading) -> Document:
    """The record of a document.

    Args:
        file: Path inside the library folder.
        content_hash: SHA-256 of the file, hex.
        reading: What the reader found.

    Raises:
        DocumentError: The front matter is not valid, or a statement names a source that it does not list.
    """
    if reading.metadata is None:
        return _inferred(file, content_hash, reading.language)
    front = _validated(reading.metadata)
    used = {key for section in reading.sections for sentence in section.sentences for key in sentence.sources}
    if unknown := used - set(front.sources):
        raise DocumentError(f"names {len(unknown)} source key(s) that its front matter does not list")
    inferred = _inferred(file, content_hash, front.language or reading.language, front.title)
    return Document(
        id=front.id or inferred.id,
        title=front.title,
        language=inferred.language,
        condition=_condition(front.condition) if front.condition else inferred.condition,
        file=str(file),
        content_hash=content_hash,
        publisher=front.publisher,
        edition=front.edition,
        published=front.published.isoformat() if front.published else None,
        url=front.url,
        licence=front.licence,
        review=front.review,
        profile=_profile(front),
        sources={key: Source(**source.model_dump()) for key, source in front.sources.items()},
    )


def title_of(file: PurePosixPath) -> str:
    """A readable title from a file name: "BRONCHIAL ASTHMA_2.txt" is "Bronchial asthma"."""
    title = re.sub(r"_\d+$", "", file.stem).replace("_", " ").strip() or file.stem
    if not title.isupper():
        return title
    return re.sub(r"\([A-Z]{2,5}\)", lambda match: match.group().upper(), title.capitalize(), flags=re.IGNORECASE)


def slug(text: str) -> str:
    """An id from a text: letters, digits and hyphens, cut with a hash if long."""
    made = re.sub(r"[\W_]+", "-", text.casefold()).strip("-") or "document"
    if len(made) <= _MAX_ID_CHARACTERS:
        return made
    return f"{made[: _MAX_ID_CHARACTERS - 9]}-{hashlib.sha256(made.encode()).hexdigest()[:8]}"


def _validated(metadata: Any) -> FrontMatter:
    try:
        return FrontMatter.model_validate(dict(metadata))
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"front matter: {where}: {first['msg']}") from exc


def _inferred(file: PurePosixPath, content_hash: str, language: str, title: str | None = None) -> Document:
    title = title or title_of(file)
    names = re.fullmatch(r"([^()]+)\((.+)\)", title)
    synonyms = tuple(part.strip() for part in re.split(r"[,;]", names[2]) if part.strip()) if names else ()
    name = names[1].strip() if names else title
    condition = Condition(slug(name), {language: name}, {language: synonyms})
    return Document(
        id=slug(str(file.with_suffix(""))),
        title=title,
        language=language,
        condition=condition,
        file=str(file),
        content_hash=content_hash,
    )


def _condition(front: _Condition) -> Condition:
    synonyms = {language: tuple(words) for language, words in front.synonyms.items()}
    return Condition(front.id, dict(front.name), synonyms, front.icd10)


def _profile(front: FrontMatter) -> Profile:
    return Profile(
        population=front.population.age(),
        usual_age=front.usual.age(),
        sex=front.population.one_sex(),
        usual_sex=front.usual.one_sex(),
        onset=front.onset,
        min_duration_days=front.duration_days.min,
        max_duration_days=front.duration_days.max,
        frequency=front.frequency,
        urgency=front.urgency,
        department=dict(front.department),
    )
