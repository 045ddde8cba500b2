"""What the commands print, for people."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from ingestion.diff import Difference
from ingestion.plan import Report
from ingestion.scan import Problem
from services.core.types import Chunk, Document
from services.index.schema import Manifest

out, err = Console(), Console(stderr=True)
_COUNTED = ("added", "changed", "described", "removed", "unchanged", "withdrawn", "duplicates", "retained", "problems")
_NAMES = {"described": "changed in metadata only", "retained": "kept as published before"}


def print_report(report: Report, *, each: bool) -> None:
    """What a sync did; or, with each document, what it would do."""
    if each:
        _print_documents(report)
    _print_remarks(report)
    counts = {name: len(getattr(report, name)) for name in _COUNTED}
    said = [f"{number} {_NAMES.get(name, name)}" for name, number in counts.items() if number]
    out.print(", ".join(said) or "nothing to do", highlight=False)
    if report.manifest and not each:
        verb = "published" if report.published else "up to date:"
        out.print(
            f"{verb} edition {report.manifest.edition}: {report.manifest.documents} documents, "
            f"{report.manifest.chunks} chunks, {report.chunks_embedded} embedded",
            highlight=False,
        )


def _print_documents(report: Report) -> None:
    for name in ("added", "changed", "described", "removed", "unchanged"):
        for file in getattr(report, name):
            out.print(f"{_NAMES.get(name, name):>9} {escape(file)}", highlight=False)
    for file, fields in report.inferred.items():
        out.print(f"[yellow]not stated[/yellow] {escape(file)}: {', '.join(fields)}", highlight=False)


def _print_remarks(report: Report) -> None:
    for file, notes in report.notes.items():
        out.print(f"[yellow]note[/yellow] {escape(file)}: {escape('; '.join(notes))}", highlight=False)
    for file, reason in report.withdrawn.items():
        out.print(f"[yellow]withdrawn[/yellow] {escape(file)}: {escape(reason)}", highlight=False)
    for copy, original in report.duplicates.items():
        out.print(f"[yellow]duplicate[/yellow] {escape(copy)} is {escape(original)}", highlight=False)
    for problem in report.problems:
        kept = "; its published version stays" if problem.file in report.retained else ""
        err.print(f"[red]{problem.kind}[/red] {escape(problem.file)}: {escape(problem.reason)}{kept}", highlight=False)


def print_problems(problems: Sequence[Problem]) -> None:
    """Faults of a library, one a line."""
    for problem in problems:
        err.print(f"[red]{problem.kind}[/red] {escape(problem.file)}: {escape(problem.reason)}", highlight=False)
    out.print(f"{len(problems)} faults" if problems else "no faults", highlight=False)


def print_status(manifest: Manifest, documents: Iterable[Document]) -> None:
    """The published edition."""
    table = Table("id", "language", "title", "publisher", "published", "review", title=f"Edition {manifest.edition}")
    for d in sorted(documents, key=lambda document: document.id):
        table.add_row(
            *map(escape, (d.id, d.language, d.title, d.publisher or "-", d.published or "-", d.review or "-"))
        )
    out.print(table)
    out.print(f"{manifest.documents} documents, {manifest.chunks} chunks, embedder {manifest.embedder}")


def print_editions(kept: Sequence[Manifest], current: Manifest | None) -> None:
    """The editions that can be gone back to."""
    # Rollback and diff take the name, so it must not be cut.
    table = Table(Column("edition", no_wrap=True), Column("", no_wrap=True), "documents", "chunks", "embedder")
    for m in kept:
        published = "published" if current and m.edition == current.edition else ""
        table.add_row(m.edition, published, str(m.documents), str(m.chunks), m.embedder)
    out.print(table)


def print_document(document: Document, chunks: Iterable[Chunk]) -> None:
    """A document's metadata and its passages."""
    out.print(f"[bold]{escape(document.title)}[/bold] ({escape(document.id)})", highlight=False)
    stated = {
        "file": document.file, "language": document.language, "condition": document.condition.id,
        "icd10": document.condition.icd10, "publisher": document.publisher, "edition": document.edition,
        "published": document.published, "licence": document.licence, "url": document.url, "review": document.review,
    }  # fmt: skip
    for name, value in stated.items():
        out.print(f"{name:>10}  {escape(str(value)) if value else '-'}", highlight=False)
    for chunk in sorted(chunks, key=lambda chunk: chunk.ordinal):
        page = f", page {chunk.page}" if chunk.page else ""
        out.print(f"\n[cyan]{escape(chunk.id)}[/cyan] {escape(chunk.section)} ({chunk.role.value}{page})")
        out.print(chunk.text, markup=False, highlight=False)


def print_hits(rows: Sequence[Mapping[str, object]]) -> None:
    """What each side of the index found."""
    table = Table("side", "rank", "id", "section", "text")
    for row in rows:
        table.add_row(*(escape(str(row[name])) for name in ("side", "rank", "id", "section", "text")))
    out.print(table)


def print_difference(found: Mapping[str, Difference]) -> None:
    """Sentences that are in one of two editions only."""
    for document_id, difference in found.items():
        out.print(f"[bold]{escape(document_id)}[/bold]", highlight=False)
        for sentence in difference.removed:
            out.print(f"- {escape(sentence)}", style="red", highlight=False)
        for sentence in difference.added:
            out.print(f"+ {escape(sentence)}", style="green", highlight=False)
    if not found:
        out.print("no sentence differs")
