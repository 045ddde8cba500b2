"""`citewell-ingest`: guideline editors refresh the library and look into it."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ingestion.build import Report, Workshop, sync
from services.core.errors import CitewellError
from services.core.settings import Settings
from services.embedding.transformer import TransformerEmbedder, locate
from services.index.connection import connect
from services.index.editions import Editions
from services.index.guidelines import GuidelineIndex

app = typer.Typer(
    help="Refresh the guideline library and look into it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_out, _err = Console(), Console(stderr=True)
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


@app.command("sync")
def sync_command(
    folder: Annotated[Path, typer.Argument(help="Folder of .md and .txt guidelines.", exists=True, file_okay=False)],
    rebuild: Annotated[bool, typer.Option(help="Embed everything again, whatever is there.")] = False,
    as_json: _Json = False,
) -> None:
    """Make the published edition equal to FOLDER. Exit code 1 if a file was skipped."""
    settings = Settings()
    with _errors_told(), connect(settings.index, create=True) as client, _progress(quiet=as_json) as bar:
        task = bar.add_task("embedding", total=None, visible=False)
        work = Workshop(
            editions=Editions(client, settings.index),
            fingerprint=locate(settings.embedding)[1],
            open_embedder=lambda: TransformerEmbedder.open(settings.embedding),
            progress=lambda done, total: bar.update(task, completed=done, total=total, visible=True),
        )
        report = sync(folder, work, rebuild=rebuild)
    _out.print_json(json.dumps(asdict(report), ensure_ascii=False)) if as_json else _print_report(report)
    if report.problems:
        raise typer.Exit(1)


@app.command("status")
def status_command(as_json: _Json = False) -> None:
    """Show the published edition and its guidelines."""
    settings = Settings()
    with _errors_told(), connect(settings.index) as client:
        editions = Editions(client, settings.index)
        manifest, documents = editions.current(), editions.documents()
    if manifest is None:
        _err.print("nothing is published yet: run `citewell-ingest sync FOLDER`")
        raise typer.Exit(1)
    if as_json:
        listed = [{"id": d.id, "title": d.title, "language": d.language, "file": d.file} for d in documents.values()]
        _out.print_json(json.dumps({"edition": asdict(manifest), "documents": listed}, ensure_ascii=False))
        return
    table = Table("id", "language", "title", "publisher", "review", title=f"Edition {manifest.edition}")
    for d in sorted(documents.values(), key=lambda document: document.id):
        table.add_row(d.id, d.language, d.title, d.publisher or "-", d.review or "-")
    _out.print(table)
    _out.print(f"{manifest.documents} documents, {manifest.chunks} chunks, embedder {manifest.embedder}")


@app.command("search")
def search_command(
    query: str,
    k: Annotated[int, typer.Option(min=1, max=50, help="How many passages.")] = 6,
    as_json: _Json = False,
) -> None:
    """Search the published edition's chunks by words (BM25) and, where the embedder knows the language, by meaning."""
    from services.core.text import detect_language

    settings = Settings()
    with _errors_told():
        embedder = TransformerEmbedder.open(settings.embedding)
        index = GuidelineIndex.open(settings.index, embedder.fingerprint)
        try:
            known = embedder.knows(detect_language(query))
            sides = {"lexical": index.lexical([query], k)[0]}
            sides["dense"] = index.dense(embedder.encode_queries([query]), k)[0] if known else []
            chunks = index.chunks(list({hit.chunk_id for hits in sides.values() for hit in hits}))
        finally:
            index.close()
    rows = [
        {"side": side, "rank": rank, "id": hit.chunk_id, "section": chunks[hit.chunk_id].section,
         "text": chunks[hit.chunk_id].text}
        for side, hits in sides.items() for rank, hit in enumerate(hits, 1)
    ]  # fmt: skip
    if as_json:
        _out.print_json(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("side", "rank", "id", "section", "text")
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("side", "rank", "id", "section", "text")))
    _out.print(table)


def main() -> None:
    """Entry point of the console script."""
    # Libraries log tracebacks of calls whose errors are told below in one line.
    logging.disable(logging.CRITICAL)
    app()


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except CitewellError as exc:
        _err.print(f"[red]{exc.code}[/red]: {exc}", highlight=False)
        raise typer.Exit(1) from exc


def _progress(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=_err, transient=True, disable=quiet)


def _print_report(report: Report) -> None:
    for problem in report.problems:
        _err.print(f"[red]skipped[/red] {problem.file}: {problem.reason}", highlight=False)
    for copy, original in report.duplicates.items():
        _out.print(f"[yellow]duplicate[/yellow] {copy} is {original}", highlight=False)
    counts = {name: len(getattr(report, name)) for name in ("added", "changed", "removed", "unchanged")}
    _out.print(", ".join(f"{number} {name}" for name, number in counts.items()), highlight=False)
    if report.manifest:
        verb = "published" if report.published else "up to date:"
        _out.print(
            f"{verb} edition {report.manifest.edition}: {report.manifest.documents} documents, "
            f"{report.manifest.chunks} chunks, {report.chunks_embedded} embedded",
            highlight=False,
        )
