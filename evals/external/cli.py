"""`citewell-eval external`: benchmarks of others, whose files the user has."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import httpx2
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from evals.external.choices import CHOICES
from evals.external.diagnosing import UNDECIDED
from evals.external.reading import FormatError
from evals.external.running import Job, Measured, run_external
from evals.running import OtherRunError
from services.core.errors import CitewellError
from services.core.settings import Settings, names_of_invalid

Layout = Literal["medqa", "mirage", "cmexam", "cmb", "craftmd", "craftmd-open", "agentclinic", "beir"]


def external_command(
    layout: Annotated[Layout, typer.Argument(metavar="FORMAT", help="Whose layout the file has.")],
    path: Annotated[Path, typer.Argument(help="The file; for beir its folder.", exists=True)],
    folder: Annotated[Path, typer.Argument(help="Where results go; a run that broke off goes on.", file_okay=False)],
    retrieval: Annotated[bool, typer.Option(help="Multiple choice: show the model passages of the library.")] = True,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask so many, from the first on.")] = None,
) -> None:
    """Run a benchmark of others, given by path. Multiple choice needs a model, retrieval and diagnosis need none."""
    if not retrieval and layout not in CHOICES:
        raise typer.BadParameter(f"--no-retrieval is for multiple choice: {', '.join(CHOICES)}")
    if path.is_dir() != (layout == "beir"):
        raise typer.BadParameter("FORMAT beir takes a folder, all others take a file")
    try:
        measured = asyncio.run(run_external(Job(layout, path, folder, limit, retrieval), Settings()))
    except FormatError as exc:
        raise _ended(str(exc), 2) from exc
    except ValidationError as exc:
        raise _ended(f"invalid settings: {names_of_invalid(exc)}", 2) from exc
    except (CitewellError, OtherRunError) as exc:
        raise _ended(str(exc), 1) from exc
    except httpx2.HTTPError as exc:
        raise _ended(f"the service does not answer: {type(exc).__name__}", 1) from exc
    _show(measured, folder)


def _ended(why: str, status: int) -> typer.Exit:
    typer.secho(f"error: {why}", err=True, fg="red")
    return typer.Exit(status)


def _show(measured: Measured, folder: Path) -> None:
    table = Table("metric", "group", "value and 95 % interval")
    for metric in measured.metrics:
        table.add_row(metric.name, metric.group, str(metric))
    Console(width=120).print(table)
    for reason, number in measured.left_out.items():
        typer.echo(f"left out: {number} ({reason})")
    if measured.undecided:
        typer.echo(f"to be decided by a person: {measured.undecided}, in {folder / UNDECIDED}")
