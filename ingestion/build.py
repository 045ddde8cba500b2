"""A folder of guidelines becomes a new edition; what is unchanged keeps its vectors. The story of one sync."""

import datetime
import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from ingestion.catalog import load_catalog
from ingestion.checks import Probes
from ingestion.chunk import PIPELINE
from ingestion.embedding import WINDOW, KnownVectors
from ingestion.parsing import SUFFIXES, Parsed
from ingestion.plan import Plan, Report, draw_up
from ingestion.reading import read_documents, settle
from ingestion.scan import File, Problem, scan
from ingestion.spool import Spool
from ingestion.workshop import Parse, Workshop
from services.core.errors import LibraryError
from services.core.types import Document
from services.embedding.embedder import Embedder
from services.index.schema import FORMAT, Entry, Manifest, hash_ids

_READ, _EMBEDDED, _COPIED = "reading", "embedding", "copying"
"""Stages that progress is told of."""


def sync(folder: Path, work: Workshop, *, rebuild: bool = False, reviewed: bool = False) -> Report:
    """Make the published edition equal to the folder and all its levels.

    Args:
        folder: The library.
        work: What to work with.
        rebuild: Use nothing that is there.
        reviewed: Publish documents whose publisher is not on the catalog's list, too.

    Raises:
        LibraryError: The folder has no guideline that can be read, or the new edition does not find its own documents;
            nothing is published.
        IndexFormatError: The published edition is of another format, and `rebuild` was not asked for.
    """
    with _prepared(folder, work, rebuild=rebuild, reviewed=reviewed) as (plan, report, documents, spool):
        if not documents:
            raise LibraryError(f"the folder has no guideline that can be read ({len(report.problems)} with problems)")
        if report.changes or report.manifest is None:
            report.manifest = _build(work, plan, documents, spool, report)
            report.published = True
    return report


def plan_sync(folder: Path, work: Workshop, *, rebuild: bool = False, reviewed: bool = False) -> Report:
    """What `sync` would do: everything is read, nothing is embedded or written."""
    with _prepared(folder, work, rebuild=rebuild, reviewed=reviewed) as (_, report, _, _):
        return report


@contextmanager
def _prepared(
    folder: Path, work: Workshop, *, rebuild: bool, reviewed: bool
) -> Iterator[tuple[Plan, Report, list[Document], Spool]]:
    """Everything before the first write."""
    catalog = load_catalog(folder)
    found = scan(folder, SUFFIXES)
    manifest, published = _published(work, rebuild=rebuild)
    plan = draw_up(found, published, catalog.metadata_hash)
    report = Report(duplicates=found.duplicates, problems=found.problems, manifest=manifest)
    report.problems += [Problem(file, "catalog_invalid", message) for file, message in catalog.problems]
    with Spool() as spool:
        read_documents(plan, catalog, _told(work), spool, report, reviewed=reviewed)
        today = datetime.datetime.now(datetime.UTC).date()
        documents = settle(plan, spool.documents, today, report)
        yield plan, report, documents, spool


def _told(work: Workshop) -> Parse:
    """Reads files and says how far it is."""

    def parse(files: Sequence[File]) -> Iterator[Parsed]:
        for done, parsed in enumerate(work.parse(files), 1):
            work.progress(_READ, done, len(files))
            yield parsed

    return parse


def _published(work: Workshop, *, rebuild: bool) -> tuple[Manifest | None, Sequence[Document]]:
    """The published edition, if its vectors can be used again."""
    manifest = None if rebuild else work.editions.current()
    if manifest is None or manifest.embedder != work.fingerprint or manifest.pipeline != PIPELINE:
        return None, ()
    return manifest, list(work.editions.documents().values())


def _build(work: Workshop, plan: Plan, documents: Sequence[Document], spool: Spool, report: Report) -> Manifest:
    """Fill a new edition, try it and publish it.

    Milvus works in a thread of its own, so that one window is written while the next one is embedded.
    """
    now = datetime.datetime.now(datetime.UTC)
    edition = now.strftime("%Y%m%dT%H%M%S%fZ")
    by_id = {document.id: document for document in documents}
    embedder = work.open_embedder()
    ids: set[str] = set()
    probes = Probes()
    with ThreadPoolExecutor(1) as writer:
        writing: Future[object] = writer.submit(work.editions.create, edition, embedder.dim)
        for entries in _entries(work, plan, by_id, spool, embedder, report):
            writing.result()
            writing = writer.submit(work.editions.add, edition, entries, by_id, embedder.dim)
            ids.update(entry.chunk.id for entry in entries)
            probes.add(entries)
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
    probes.check(work.editions.complete(manifest))
    work.editions.publish(manifest)
    return manifest


def _entries(
    work: Workshop, plan: Plan, documents: dict[str, Document], spool: Spool, embedder: Embedder, report: Report
) -> Iterator[list[Entry]]:
    """Windows of what is kept, then of what was read."""
    fresh = {document.id for document in spool.documents} & documents.keys()
    copied = 0
    kept = work.editions.entries_of([document_id for document_id in documents if document_id not in fresh])
    while window := list(itertools.islice(kept, WINDOW)):
        copied += len(window)
        work.progress(_COPIED, copied, 0)
        yield window
    known = KnownVectors(plan.published, work.editions.entries_of)
    done = 0
    for entries, embedded in work.embed(spool.take(fresh), embedder, known):
        report.chunks_embedded += embedded
        done += len(entries)
        work.progress(_EMBEDDED, done, 0)
        yield entries
