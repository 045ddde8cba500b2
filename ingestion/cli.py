"""`citewell-ingest`: guideline editors refresh the library and look into it."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ingestion import output
from ingestion.build import plan_sync, sync
from ingestion.diff import difference
from ingestion.parsing import Parsers
from ingestion.proofreading import check_library
from ingestion.workshop import Engine, Workshop, open_workshop
from services.core.errors import CitewellError, IndexMissingError, NotFoundError
from services.core.settings import Settings, names_of_invalid
from services.core.text import detect_language, lexical_form
from services.embedding.opening import open_embedder
from services.index.connection import connect
from services.index.editions import Editions, one_writer
from services.index.guidelines import GuidelineIndex

app = typer.Typer(
    help="Refresh the guideline library and look into it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_Folder = Annotated[Path, typer.Argument(help="Folder of guidelines.", exists=True, file_okay=False)]
_Rebuild = Annotated[bool, typer.Option(help="Read and embed everything again, whatever is there.")]
_Review = Annotated[bool, typer.Option("--review", help="Publish documents of publishers not on the list, too.")]
_Engine = Annotated[
    Engine, typer.Option(help="Where files are read, cut and embedded: here, or on Ray (RAY_ADDRESS, or this machine).")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


@app.command("plan")
def plan_command(folder: _Folder, rebuild: _Rebuild = False, review: _Review = False, as_json: _Json = False) -> None:
    """Say what `sync` would do, document by document; nothing is written. Exit code 1 if a file is left out."""
    with _working(quiet=as_json) as work:
        report = plan_sync(folder, work, rebuild=rebuild, reviewed=review)
    _print_json(asdict(report)) if as_json else output.print_report(report, each=True)
    if report.problems:
        raise typer.Exit(1)


@app.command("sync")
def sync_command(
    folder: _Folder,
    rebuild: _Rebuild = False,
    review: _Review = False,
    engine: _Engine = "local",
    as_json: _Json = False,
) -> None:
    """Make the published edition equal to FOLDER. Exit code 1 if a file is left out."""
    with _one_writer(), _working(engine, quiet=as_json) as work:
        report = sync(folder, work, rebuild=rebuild, reviewed=review)
    _print_json(asdict(report)) if as_json else output.print_report(report, each=False)
    if report.problems:
        raise typer.Exit(1)


@app.command("check")
def check_command(folder: _Folder, as_json: _Json = False) -> None:
    """Proofread FOLDER, publish nothing: schema, sources, languages, synonyms, rules. Exit code 1 if it has faults."""
    with _errors_told(), Parsers() as parsers:
        problems = check_library(folder, parsers.read)
    _print_json([asdict(problem) for problem in problems]) if as_json else output.print_problems(problems)
    if problems:
        raise typer.Exit(1)


@app.command("status")
def status_command(as_json: _Json = False) -> None:
    """Show the published edition and its guidelines."""
    with _editions() as editions:
        manifest, documents = editions.current(), editions.documents()
        if manifest is None:
            raise IndexMissingError("nothing is published yet: run `citewell-ingest sync FOLDER`")
    if as_json:
        listed = [{"id": d.id, "title": d.title, "language": d.language, "file": d.file} for d in documents.values()]
        _print_json({"edition": asdict(manifest), "documents": listed})
    else:
        output.print_status(manifest, documents.values())


@app.command("editions")
def editions_command(as_json: _Json = False) -> None:
    """List the editions that are kept, newest first."""
    with _editions() as editions:
        kept, current = editions.kept(), editions.current()
    if as_json:
        published = current.edition if current else None
        _print_json([{**asdict(manifest), "published": manifest.edition == published} for manifest in kept])
    else:
        output.print_editions(kept, current)


@app.command("rollback")
def rollback_command(
    edition: Annotated[str | None, typer.Argument(help="An edition that `editions` lists.")] = None,
    as_json: _Json = False,
) -> None:
    """Publish EDITION again, or the newest one beside the published one."""
    with _one_writer(), _editions() as editions:
        manifest = editions.roll_back(edition)
    if as_json:
        _print_json(asdict(manifest))
    else:
        output.out.print(f"published edition {manifest.edition}: {manifest.documents} documents", highlight=False)


@app.command("show")
def show_command(
    identity: Annotated[str, typer.Argument(metavar="ID", help="A document's id, or a passage's.")],
    as_json: _Json = False,
) -> None:
    """Show a document of the published edition with its passages, or one passage."""
    with _editions() as editions:
        documents = editions.documents()
        document = documents.get(identity) or documents.get(identity.rpartition(":")[0])
        if document is None:
            raise NotFoundError("the published edition has no document or passage of this id")
        chunks = [entry.chunk for entry in editions.entries_of([document.id])]
    if identity != document.id:
        chunks = [chunk for chunk in chunks if chunk.id == identity]
    if not chunks:
        output.err.print("[red]not_found[/red]: the document has no such passage")
        raise typer.Exit(1)
    if as_json:
        _print_json({"document": asdict(document), "passages": [asdict(chunk) for chunk in chunks]})
    else:
        output.print_document(document, chunks)


@app.command("search")
def search_command(
    query: str,
    k: Annotated[int, typer.Option(min=1, max=50, help="How many passages.")] = 6,
    as_json: _Json = False,
) -> None:
    """Search the published edition's chunks by words (BM25) and, where the embedder knows the language, by meaning."""
    settings = _settings()
    with _errors_told():
        embedder = open_embedder(settings.embedding)
        index = GuidelineIndex.open(settings.index, embedder.fingerprint)
        try:
            known = embedder.knows(detect_language(query))
            sides = {"lexical": index.lexical([lexical_form(query)], k)[0]}
            sides["dense"] = index.dense(embedder.encode_queries([query]), k)[0] if known else []
            chunks = index.chunks(list({hit.chunk_id for hits in sides.values() for hit in hits}))
        finally:
            index.close()
    rows = [
        {"side": side, "rank": rank, "id": hit.chunk_id, "section": chunks[hit.chunk_id].section,
         "text": chunks[hit.chunk_id].text}
        for side, hits in sides.items() for rank, hit in enumerate(hits, 1)
    ]  # fmt: skip
    _print_json(rows) if as_json else output.print_hits(rows)


@app.command("diff")
def diff_command(
    older: Annotated[str, typer.Argument(help="An edition that `editions` lists.")],
    newer: Annotated[str, typer.Argument(help="Another one.")],
    as_json: _Json = False,
) -> None:
    """Show which guideline sentences two editions do not share."""
    with _editions() as editions:
        found = difference(editions.chunks(older), editions.chunks(newer))
    if as_json:
        _print_json({document_id: asdict(one) for document_id, one in found.items()})
    else:
        output.print_difference(found)


def main() -> None:
    """Entry point of the console script."""
    # Libraries log tracebacks of calls whose errors are told below in one line.
    logging.disable(logging.CRITICAL)
    app()


@contextmanager
def _one_writer() -> Iterator[None]:
    """Nobody else changes editions meanwhile."""
    with _errors_told(), one_writer(_settings().index):
        yield


@contextmanager
def _working(engine: Engine = "local", *, quiet: bool) -> Iterator[Workshop]:
    """What a sync works with, and bars of its progress."""
    settings = _settings()
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with _errors_told(), Progress(*columns, console=output.err, transient=True, disable=quiet) as bars:
        stages: dict[str, TaskID] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=None, rate="")
            speed = bars.tasks[stages[stage]].speed
            rate = f"{speed:.0f}/s" if speed else ""
            bars.update(stages[stage], completed=done, total=total or None, rate=rate)

        with open_workshop(settings.index, settings.embedding, progress, engine) as work:
            yield work


@contextmanager
def _editions() -> Iterator[Editions]:
    settings = _settings()
    with _errors_told(), connect(settings.index) as client:
        yield Editions(client, settings.index)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as exc:
        output.err.print(f"[red]settings are not valid[/red]: {names_of_invalid(exc)}", highlight=False)
        raise typer.Exit(1) from exc


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        yield
    except CitewellError as exc:
        output.err.print(f"[red]{exc.code}[/red]: {exc}", highlight=False)
        raise typer.Exit(1) from exc
    except OSError as exc:
        output.err.print(f"[red]system[/red]: {exc.strerror}; nothing was published", highlight=False)
        raise typer.Exit(1) from exc


def _print_json(value: object) -> None:
    output.out.print_json(json.dumps(value, ensure_ascii=False))
