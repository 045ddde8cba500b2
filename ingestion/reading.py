"""Files become documents; what cannot be published is left out and reported."""

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from ingestion.catalog import Catalog
from ingestion.inference import slug
from ingestion.lifecycle import live, needs_review
from ingestion.parsing import Parsed
from ingestion.plan import Plan, Report
from ingestion.readers.reader import Reading
from ingestion.scan import File, Problem
from ingestion.spool import Read, Spool
from ingestion.suspicion import reasons_for_doubt
from ingestion.workshop import Parse
from services.core.errors import DocumentError
from services.core.types import Document


def read_documents(plan: Plan, catalog: Catalog, parse: Parse, spool: Spool, report: Report, *, reviewed: bool) -> None:
    """Read the files of the plan into the spool; those that may not be published are said in the report.

    Args:
        plan: What to read.
        catalog: What is stated of files outside of them.
        parse: Reads files.
        spool: Where to put them.
        report: What becomes of the others.
        reviewed: Somebody has looked at the documents whose publisher is not on the catalog's list.
    """
    taken = {document.id for document in plan.kept}
    for file, parsed in zip(plan.to_read, parse(plan.to_read), strict=True):
        try:
            read = _one(file, parsed, catalog, taken, report, reviewed=reviewed)
        except DocumentError as exc:
            report.problems.append(Problem(str(file.name), exc.kind, str(exc)))
            continue
        taken.add(read.document.id)
        spool.put(read)


def settle(plan: Plan, fresh: Sequence[Document], today: datetime.date, report: Report) -> list[Document]:
    """What the new edition has, and in the report how it differs from the published one.

    A file that cannot be read any more, or may not be published without review, keeps what is published of it.
    """
    failed = {problem.file for problem in report.problems}
    retained = [plan.published[file] for file in sorted(failed & plan.published.keys())]
    named = {document.id for document in [*plan.kept, *fresh]}
    retained = [document for document in retained if document.id not in named]
    in_force, report.withdrawn = live([*plan.kept, *retained, *fresh], today)
    documents = _without_twins(in_force, report)
    report.retained = [document.file for document in retained if document in documents]
    kept = {document.file for document in plan.kept}
    for document in documents:
        before = plan.published.get(document.file)
        if document.file in kept:
            report.unchanged.append(document.file)
        elif before is None:
            report.added.append(document.file)
        elif before is not document:
            same = before.content_hash == document.content_hash
            (report.described if same else report.changed).append(document.file)
    report.removed = sorted(plan.published.keys() - {document.file for document in documents})
    for files in (report.added, report.changed, report.described, report.unchanged):
        files.sort()
    return documents


def _without_twins(documents: Sequence[Document], report: Report) -> list[Document]:
    """One document of each text, the first; asked of those in force, so that a withdrawn one takes nobody's place."""
    first: dict[str, Document] = {}
    for document in documents:
        if first.setdefault(document.text_hash, document) is not document:
            report.duplicates[document.file] = first[document.text_hash].file
    return list(first.values())


def _one(file: File, parsed: Parsed, catalog: Catalog, taken: set[str], report: Report, *, reviewed: bool) -> Read:
    """One document.

    Raises:
        DocumentError: It cannot be published.
    """
    if parsed.reading is None:
        raise parsed.failure or DocumentError("cannot be read")
    reading = parsed.reading
    if doubts := reasons_for_doubt(reading):
        raise DocumentError(f"{'; '.join(doubts)}: remove it, or leave the document out", kind="suspicious")
    described = catalog.describe(file.name, file.content_hash, reading)
    document = replace(described.document, text_hash=text_hash(reading))
    if document.id in taken:
        if described.id_is_stated:
            raise DocumentError("has the id of another document", kind="metadata_invalid")
        document = replace(document, id=slug(f"{document.id}-{file.content_hash[:8]}"))
    if needs_review(document, catalog.publishers) and not reviewed:
        raise DocumentError(
            "its publisher is not on the catalog's list: look at it, then add the publisher or use --review",
            kind="needs_review",
        )
    if described.inferred:
        report.inferred[str(file.name)] = described.inferred
    if reading.notes:
        report.notes[str(file.name)] = reading.notes
    return Read(document, reading.sections)


def text_hash(reading: Reading) -> str:
    """Of the words alone, so that the same text in two formats or under two names is seen to be one."""
    words = " ".join(" ".join(section.text for section in reading.sections).split())
    return hashlib.sha256(f"{reading.language}\n{words}".encode()).hexdigest()
