"""What one `catalog.yaml` says: publishers, defaults, and an entry for each document."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from pydantic import StringConstraints, TypeAdapter, ValidationError

from ingestion.bounded_yaml import read_mapping
from ingestion.metadata import Metadata, read_metadata
from services.core.errors import DocumentError

_FIELDS: Final = frozenset({"publishers", "defaults", "documents"})
_OF_ONE_DOCUMENT: Final = ("id", "title", "supersedes")
_PUBLISHERS: Final = TypeAdapter(
    list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]]
)


@dataclass(frozen=True, slots=True)
class Invalid:
    """Stands for metadata that cannot be read; what it would have said is unknown."""

    reason: str


Stated = Metadata | Invalid


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """A catalog.

    Attributes:
        publishers: None if it names none; an empty set if it lets nobody through.
        entries: A path relative to the catalog, None if it is no path, and what is said of that file.
    """

    publishers: frozenset[str] | None
    defaults: Stated
    entries: Sequence[tuple[PurePosixPath | None, Stated]]


def parse_catalog(content: bytes) -> CatalogFile:
    """Take a catalog apart. An entry that is not valid stays alone in that; anything else fails the whole file.

    Raises:
        DocumentError: It is no catalog; the message names the field.
    """
    fields = read_mapping(content)
    if unknown := len(fields.keys() - _FIELDS):
        raise DocumentError(f"has {unknown} field(s) besides {', '.join(sorted(_FIELDS))}", kind="metadata_invalid")
    defaults = read_metadata(fields.get("defaults"), "defaults")
    if own := [name for name in _OF_ONE_DOCUMENT if name in defaults.stated]:
        raise DocumentError(f"defaults: {own[0]}: belongs to one document", kind="metadata_invalid")
    documents = fields.get("documents") or {}
    if not isinstance(documents, dict):
        raise DocumentError("documents: must be a mapping from paths", kind="metadata_invalid")
    entries = [_entry(path, said, number) for number, (path, said) in enumerate(documents.items(), 1)]
    return CatalogFile(_publishers(fields), defaults, entries)


def _entry(path: Any, said: Any, number: int) -> tuple[PurePosixPath | None, Stated]:
    name = PurePosixPath(path) if isinstance(path, str) else None
    try:
        return name, read_metadata(said, f"documents: entry {number}")
    except DocumentError as exc:
        return name, Invalid(str(exc))


def _publishers(fields: dict[Any, Any]) -> frozenset[str] | None:
    if "publishers" not in fields:
        return None
    try:
        return frozenset(_PUBLISHERS.validate_python(fields["publishers"]))
    except ValidationError as exc:
        raise DocumentError("publishers: must be a list of names", kind="metadata_invalid") from exc
