"""Metadata of every document of a folder: from its front matter, sidecar and catalogs, or inferred from its text.

`catalog.yaml`, in any folder of the library, speaks of the files in and below it:

    publishers: [World Health Organization, 中华医学会]   # these go live without review
    defaults: {licence: CC-BY-4.0}                        # for every file
    documents: {lungs/asthma.pdf: {published: 2024-05}}   # for one file, by its path from here

A sidecar, `asthma.pdf.yaml` beside `asthma.pdf`, speaks of that file.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from ingestion.bounded_yaml import MAX_BYTES, read_mapping
from ingestion.catalog_file import CatalogFile, Invalid, Stated, parse_catalog
from ingestion.inference import condition_of, slug, title_in, title_of
from ingestion.licences import may_show_full_text
from ingestion.metadata import (
    Metadata,
    conditions_of,
    hash_of,
    merged,
    profile_of,
    read_metadata,
    says_when_to_think_of_it,
    sources_of,
)
from ingestion.readers.reader import Reading
from services.core.errors import DocumentError
from services.core.types import Document

_CATALOGS: Final = ("catalog.yaml", "catalog.yml")
_SUFFIXES: Final = (".yaml", ".yml")
_THAT_MATTER: Final = ("title", "language", "publisher", "published", "licence", "condition")
_INVALID_HASH: Final = "invalid"


@dataclass(frozen=True, slots=True)
class Described:
    """A document's record.

    Attributes:
        inferred: Which of title, language, publisher, published, licence and condition nobody stated.
        id_is_stated: False if the id was made of the file's name.
    """

    document: Document
    inferred: tuple[str, ...]
    id_is_stated: bool


@dataclass(frozen=True, slots=True)
class Catalog:
    """What is said of a library's files outside of them. Empty, it leaves front matter and inference.

    Attributes:
        problems: A file and what is wrong with it.
        publishers: Those that any catalog names as going live without review. None: no catalog names any, and all do;
            but nobody does while a catalog that might have named them cannot be read.
    """

    problems: Sequence[tuple[str, str]] = ()
    publishers: frozenset[str] | None = None
    _by_file: Mapping[str, Sequence[Stated]] = field(default_factory=dict)
    _by_folder: Mapping[str, Stated] = field(default_factory=dict)

    def metadata_hash(self, name: PurePosixPath) -> str:
        """SHA-256, hex, of all that is said of a file outside of it; "" where nothing is.

        It is "invalid" where something cannot be read, so that it differs from the hash of any document there is.
        """
        places = list(self._places(name))
        valid = [place for place in places if isinstance(place, Metadata)]
        return hash_of(merged(valid)) if len(valid) == len(places) else _INVALID_HASH

    def describe(self, name: PurePosixPath, content_hash: str, reading: Reading) -> Described:
        """The record of a document. Each field comes from the nearest place that states it.

        The order is front matter, sidecar, entries, defaults; among entries and among defaults, the nearest folder is
        first. An entry far away comes before defaults nearby, since it was written for this file.

        Args:
            name: Path inside the library folder.
            content_hash: SHA-256 of the file, hex.
            reading: What the reader found.

        Raises:
            DocumentError: Something that is said of it is not valid, or a sentence names a source that is not listed.
        """
        places = [read_metadata(reading.metadata, "front matter")]
        for place in self._places(name):
            if isinstance(place, Invalid):
                raise DocumentError(place.reason, kind="metadata_invalid")
            places.append(place)
        said = merged(places)
        _check_source_keys(said, reading)
        document = _document(said, name, content_hash, reading, self.metadata_hash(name))
        inferred = tuple(name for name in _THAT_MATTER if name not in said.stated)
        return Described(document, inferred, id_is_stated=said.id is not None)

    def _places(self, name: PurePosixPath) -> Iterator[Stated]:
        """What is said of a file, the nearest first."""
        yield from self._by_file.get(_key(name), ())
        for folder in name.parents:
            if (defaults := self._by_folder.get(_key(folder))) is not None:
                yield defaults


def load_catalog(folder: Path) -> Catalog:
    """Read all catalogs and sidecars of a library.

    What cannot be read is a problem, and only the documents that it speaks of cannot be described: those of one entry,
    or all in and below the folder of a catalog that is none. Hidden files are passed over, links are refused.
    """
    found = (path for path in sorted(folder.rglob("*")) if not path.is_dir())
    names = ((PurePosixPath(path.relative_to(folder).as_posix()), path) for path in found)
    files = {_key(name): path for name, path in names if not any(part.startswith(".") for part in name.parts)}
    library = _Library(files)
    for place in sorted({PurePosixPath(key).parent for key in files}, key=lambda place: len(place.parts)):
        library.add_catalog(place)
    for key in files:
        library.add_sidecar(key)
    return Catalog(library.problems, library.publishers, library.by_file, library.by_folder)


@dataclass(slots=True)
class _Library:
    """A catalog in the making: outer folders come first and sidecars last, each before what is there."""

    files: Mapping[str, Path]
    problems: list[tuple[str, str]] = field(default_factory=list)
    publishers: frozenset[str] | None = None
    by_file: dict[str, list[Stated]] = field(default_factory=dict)
    by_folder: dict[str, Stated] = field(default_factory=dict)

    def add_catalog(self, place: PurePosixPath) -> None:
        """Add what this folder's catalog says, if it has one.

        One that cannot be read stands in the way of all files below, and lets no publisher through.
        """
        names = [key for name in _CATALOGS if (key := _key(place / name)) in self.files]
        if not names:
            return
        try:
            read = parse_catalog(self._content(names))
        except DocumentError as exc:
            self.problems.append((names[0], str(exc)))
            read = CatalogFile(frozenset(), Invalid(f"{names[0]}: {exc}"), [])
        if read.publishers is not None:
            self.publishers = (self.publishers or frozenset()) | read.publishers
        self.by_folder[_key(place)] = read.defaults
        seen: set[str] = set()
        for number, (path, said) in enumerate(read.entries, 1):
            key = "" if path is None else _key(place / path)
            if key not in self.files:
                self.problems.append((names[0], f"documents: entry {number}: no such file in or below this folder"))
                continue
            stated = Invalid(f"documents: entry {number}: the file has an entry already") if key in seen else said
            seen.add(key)
            if isinstance(stated, Invalid):
                self.problems.append((names[0], stated.reason))
                stated = Invalid(f"{names[0]}: {stated.reason}")
            self.by_file.setdefault(key, []).insert(0, stated)

    def add_sidecar(self, key: str) -> None:
        """Add what the sidecar of this file says, if it has one."""
        names = [key + suffix for suffix in _SUFFIXES if key + suffix in self.files]
        if not names:
            return
        stated: Stated
        try:
            stated = read_metadata(read_mapping(self._content(names)), "sidecar")
        except DocumentError as exc:
            self.problems.append((names[0], str(exc)))
            stated = Invalid(f"{names[0]}: {exc}")
        self.by_file.setdefault(key, []).insert(0, stated)

    def _content(self, names: Sequence[str]) -> bytes:
        """The content of the one file of these names, or as much of it as shows that it is too large."""
        if len(names) > 1:
            raise DocumentError("exists as .yaml and as .yml: keep one")
        path = self.files[names[0]]
        if path.is_symlink() or not path.is_file():
            raise DocumentError("is a link or no file")
        try:
            with path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as exc:
            raise DocumentError(f"cannot be read ({exc.strerror})") from exc


def _check_source_keys(said: Metadata, reading: Reading) -> None:
    used = {key for section in reading.sections for sentence in section.sentences for key in sentence.sources}
    if unknown := used - (said.sources or {}).keys():
        raise DocumentError(
            f"names {len(unknown)} source key(s) that its metadata does not list", kind="metadata_invalid"
        )


def _document(said: Metadata, name: PurePosixPath, content_hash: str, reading: Reading, metadata_hash: str) -> Document:
    title = said.title or title_in(reading) or title_of(name)
    language = said.language or reading.language
    conditions = conditions_of(said) or (condition_of(title, language),)
    has_profile = reading.metadata is not None or says_when_to_think_of_it(said)
    return Document(
        id=said.id or slug(str(name.with_suffix(""))),
        title=title,
        language=language,
        condition=conditions[0],
        other_conditions=conditions[1:],
        file=str(name),
        content_hash=content_hash,
        metadata_hash=metadata_hash,
        publisher=said.publisher,
        jurisdiction=said.jurisdiction,
        edition=said.edition,
        published=None if said.published is None else str(said.published),
        effective=None if said.effective is None else said.effective.isoformat(),
        withdrawn=None if said.withdrawn is None else said.withdrawn.isoformat(),
        supersedes=said.supersedes or (),
        url=said.url,
        licence=said.licence,
        full_text=may_show_full_text(said.licence),
        review=said.review,
        profile=profile_of(said) if has_profile else None,
        sources=sources_of(said),
    )


def _key(name: PurePosixPath | str) -> str:
    """A path for comparison: file systems write accents in one way, people's YAML in another."""
    return unicodedata.normalize("NFC", str(name))
