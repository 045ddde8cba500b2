"""A folder of guidelines becomes a new edition; unchanged documents keep their vectors."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from ingestion.catalog import describe, slug
from ingestion.chunk import PIPELINE, chunk_document, embedding_text, search_text
from ingestion.readers.docx import DocxReader
from ingestion.readers.html import HtmlReader
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.pdf import PdfReader
from ingestion.readers.reader import Reader, Section, reader_for
from ingestion.readers.text import TextReader
from services.core.errors import DocumentError, LibraryError
from services.core.types import Chunk, Document
from services.embedding.embedder import Embedder
from services.index.editions import Editions
from services.index.schema import FORMAT, Entry, Manifest, hash_ids

READERS: Final[tuple[Reader, ...]] = (MarkdownReader(), TextReader(), HtmlReader(), PdfReader(), DocxReader())
_MAX_FILE_BYTES: Final = 10_000_000
_WINDOW: Final = 512
"""Chunks embedded and written at a time: memory stays flat, and one window is written while the next is embedded."""

_Fresh = tuple[Document, Sequence[Section]]


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was skipped, and why."""

    file: str
    reason: str


@dataclass(slots=True)
class Report:
    """What a sync did. `published` is False if the folder had not changed."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    duplicates: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    chunks_embedded: int = 0
    published: bool = False
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    name: PurePosixPath
    content: bytes
    content_hash: str


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a sync works with.

    Attributes:
        fingerprint: Of the embedder that `open_embedder` would load.
        open_embedder: Called only if something is to be published.
        progress: Called with the number of chunks embedded so far and in all.
    """

    editions: Editions
    fingerprint: str
    open_embedder: Callable[[], Embedder]
    progress: Callable[[int, int], None] = lambda done, total: None


def sync(folder: Path, work: Workshop, *, rebuild: bool = False) -> Report:
    """Make the published edition equal to the folder and all its levels; `rebuild` uses nothing that is there.

    Raises:
        LibraryError: The folder has no guideline that can be read; nothing is published.
        IndexFormatError: The published edition is of another format, and `rebuild` was not asked for.
    """
    report = Report()
    files = _unique(_scan(folder, report), report)
    manifest, known = _published(work, rebuild=rebuild)
    by_file = {document.file: document for document in known.values()}
    unchanged = {str(f.name): by_file[str(f.name)] for f in files if _same(by_file.get(str(f.name)), f)}
    fresh = _read([f for f in files if str(f.name) not in unchanged], report, {d.id for d in unchanged.values()})
    report.unchanged = sorted(unchanged)
    report.changed = sorted(document.file for document, _ in fresh if document.file in by_file)
    report.added = sorted(document.file for document, _ in fresh if document.file not in by_file)
    report.removed = sorted(set(by_file) - set(report.unchanged) - set(report.changed))
    report.manifest = manifest
    if not fresh and not unchanged:
        raise LibraryError(f"the folder has no guideline that can be read ({len(report.problems)} with problems)")
    if manifest is None or fresh or report.removed:
        report.manifest = _build(work, list(unchanged.values()), fresh, report)
        report.published = True
    return report


def _published(work: Workshop, *, rebuild: bool) -> tuple[Manifest | None, dict[str, Document]]:
    """The published edition, if its vectors can be used again."""
    manifest = None if rebuild else work.editions.current()
    if manifest is None or manifest.embedder != work.fingerprint or manifest.pipeline != PIPELINE:
        return None, {}
    return manifest, work.editions.documents()


def _same(document: Document | None, file: _File) -> bool:
    return document is not None and document.content_hash == file.content_hash


def _scan(folder: Path, report: Report) -> list[_File]:
    """Files that a reader knows, in the order of their names; hidden files, links and READMEs are passed over."""
    files = []
    for path in sorted(folder.rglob("*")):
        name = PurePosixPath(path.relative_to(folder).as_posix())
        hidden = any(part.startswith(".") for part in name.parts)
        if hidden or path.is_symlink() or not path.is_file() or path.stem.upper() == "README":
            continue
        if reader_for(path, READERS) is None:
            continue
        try:
            if path.stat().st_size > _MAX_FILE_BYTES:
                report.problems.append(Problem(str(name), f"larger than {_MAX_FILE_BYTES // 1_000_000} MB"))
                continue
            content = path.read_bytes()
        except OSError as exc:
            report.problems.append(Problem(str(name), f"cannot be read ({exc.strerror})"))
            continue
        files.append(_File(path, name, content, hashlib.sha256(content).hexdigest()))
    return files


def _unique(files: Iterable[_File], report: Report) -> list[_File]:
    """Byte-identical files are stored once, under the first name."""
    first: dict[str, _File] = {}
    for file in files:
        if file.content_hash in first:
            report.duplicates[str(file.name)] = str(first[file.content_hash].name)
        else:
            first[file.content_hash] = file
    return list(first.values())


def _read(files: Sequence[_File], report: Report, taken: set[str]) -> list[_Fresh]:
    """The files that can be read; the others are reported and skipped."""
    fresh: list[_Fresh] = []
    for file in files:
        try:
            document, sections = _read_one(file, taken)
        except DocumentError as exc:
            report.problems.append(Problem(str(file.name), str(exc)))
            continue
        taken.add(document.id)
        fresh.append((document, sections))
    return fresh


def _read_one(file: _File, taken: set[str]) -> _Fresh:
    reader = reader_for(file.path, READERS)
    if reader is None:
        raise DocumentError("has no reader")
    reading = reader.read(file.content)
    document = describe(file.name, file.content_hash, reading)
    if document.id in taken:
        if reading.metadata and "id" in reading.metadata:
            raise DocumentError("has the id of another document")
        document = replace(document, id=slug(f"{document.id}-{file.content_hash[:8]}"))
    return document, reading.sections


def _build(work: Workshop, unchanged: Sequence[Document], fresh: Sequence[_Fresh], report: Report) -> Manifest:
    """Fill a new edition, check it and publish it.

    Milvus works in a thread of its own, so that one window is written while the next one is embedded.
    """
    now = datetime.now(UTC)
    edition = now.strftime("%Y%m%dT%H%M%S%fZ")
    documents = {document.id: document for document in [*unchanged, *(document for document, _ in fresh)]}
    embedder = work.open_embedder()
    ids: set[str] = set()
    with ThreadPoolExecutor(1) as writer:
        writing: Future[object] = writer.submit(work.editions.create, edition, embedder.dim)
        kept = _windows(work.editions.entries_of([document.id for document in unchanged]))
        for entries in itertools.chain(kept, _embedded(work, fresh, documents, embedder, report)):
            writing.result()
            writing = writer.submit(work.editions.add, edition, entries, documents, embedder.dim)
            ids.update(entry.chunk.id for entry in entries)
        writing.result()
    manifest = Manifest(
        edition=edition,
        format=FORMAT,
        embedder=embedder.fingerprint,
        pipeline=PIPELINE,
        documents=len(documents),
        chunks=len(ids),
        ids_hash=hash_ids(ids),
        created=now.isoformat(timespec="seconds"),
    )
    work.editions.publish(manifest)
    return manifest


def _embedded(
    work: Workshop,
    fresh: Sequence[_Fresh],
    documents: Mapping[str, Document],
    embedder: Embedder,
    report: Report,
) -> Iterator[list[Entry]]:
    """Windows of new entries, the longest chunks first: texts of one length need no padding in a forward pass."""
    chunks = sorted(
        (
            chunk
            for document, sections in fresh
            for chunk in chunk_document(document, sections, embedder.count_tokens, embedder.max_tokens)
        ),
        key=lambda chunk: -len(chunk.text),
    )
    for start in range(0, len(chunks), _WINDOW):
        entries = _embed(chunks[start : start + _WINDOW], documents, embedder)
        report.chunks_embedded += sum(entry.vector is not None for entry in entries)
        work.progress(min(start + _WINDOW, len(chunks)), len(chunks))
        yield entries


def _embed(chunks: Sequence[Chunk], documents: Mapping[str, Document], embedder: Embedder) -> list[Entry]:
    """Entries in the order of the chunks; a language that the embedder does not know gets no vector."""
    known = [chunk for chunk in chunks if embedder.knows(documents[chunk.document_id].language)]
    texts = [embedding_text(documents[c.document_id], c.section, c.text) for c in known]
    vectors = dict(zip((chunk.id for chunk in known), embedder.encode_documents(texts).tolist(), strict=True))
    return [Entry(c, search_text(documents[c.document_id], c), vectors.get(c.id)) for c in chunks]


def _windows(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while window := list(itertools.islice(entries, _WINDOW)):
        yield window
