"""What a sync would do: which files are to be read, which documents stay as they are, and what is left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ingestion.scan import File, Problem, Scan
from services.core.types import Document
from services.index.schema import Manifest


@dataclass(frozen=True, slots=True)
class Plan:
    """Before anything is read.

    Attributes:
        to_read: New files, and those whose content or metadata changed.
        kept: Published documents whose files and metadata are unchanged.
        published: All published documents, by file.
    """

    to_read: tuple[File, ...]
    kept: tuple[Document, ...]
    published: Mapping[str, Document]


@dataclass(slots=True)
class Report:
    """What a sync did, or would do, by file. `published` is False if nothing was to be done.

    Attributes:
        described: Changed in metadata only.
        withdrawn: Not published, or no longer, with the reason.
        duplicates: Left out, with the file of the same content.
        problems: Left out; where an older version is published, that stays, and the file is in `retained` too.
        inferred: Metadata that nobody stated, by file.
        notes: What readers say of a file that they read.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    described: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    withdrawn: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    retained: list[str] = field(default_factory=list)
    inferred: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    chunks_embedded: int = 0
    published: bool = False
    manifest: Manifest | None = None

    @property
    def changes(self) -> bool:
        """Whether a new edition would differ from the published one."""
        return bool(self.added or self.changed or self.described or self.removed)


def draw_up(scan: Scan, published: Sequence[Document], metadata_hash: Callable[[PurePosixPath], str]) -> Plan:
    """Compare the folder with what is published.

    Args:
        scan: The folder.
        published: Documents whose vectors can be used again; none makes everything new.
        metadata_hash: Of what is stated of a file outside of it.
    """
    by_file = {document.file: document for document in published}
    kept: list[Document] = []
    to_read: list[File] = []
    for file in scan.files:
        document = by_file.get(str(file.name))
        if document and _is_same(document, file, metadata_hash(file.name)):
            kept.append(document)
        else:
            to_read.append(file)
    return Plan(tuple(to_read), tuple(kept), by_file)


def _is_same(document: Document, file: File, metadata_hash: str) -> bool:
    return document.content_hash == file.content_hash and document.metadata_hash == metadata_hash
