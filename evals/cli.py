"""`citewell-eval`: run, compare and gate offline evaluations."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import httpx2
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from evals.calibrate import NothingToFitError, calibrate
from evals.compare import Difference, compare
from evals.external.cli import external_command
from evals.gate import GATES, read_gates
from evals.metrics import Metric, measure
from evals.outcomes import pairs_of
from evals.report import write_report, write_undecided
from evals.results import CARD, RESULTS, RunCard, read_results
from evals.running import OtherRunError, run
from evals.vignettes import STARTER, read_vignettes
from services.core.errors import CitewellError
from services.core.settings import Settings, names_of_invalid

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_Run = Annotated[Path, typer.Argument(help="Folder of a run.", exists=True, file_okay=False)]
_SHOWN = ("all", "test", "test, en", "test, zh")
_SIGNIFICANT = 0.05


@app.command("run")
def run_command(
    folder: Annotated[Path, typer.Argument(help="Where results go; a run that broke off goes on.")],
    suite: Annotated[Path, typer.Option(help="JSON Lines file of vignettes.")] = STARTER,
    split: Annotated[Literal["all", "fit", "test"], typer.Option(help="Which conditions.")] = "all",
    url: Annotated[str, typer.Option(help="A running service; without, one is opened in this process.")] = "",
    engine: Annotated[
        Literal["", "evidence", "vllm"], typer.Option(help="Which engine of this process; without, as it is set.")
    ] = "",
    samples: Annotated[int, typer.Option(min=1, max=5, help="Answers that a language model draws.")] = 1,
) -> None:
    """Ask a service all vignettes, and write results, run card and report."""
    vignettes = [one for one in read_vignettes(suite) if split in {"all", one.split}]
    try:
        asyncio.run(run(vignettes, folder, _with_engine(Settings(), engine), url or None, samples))
    except ValidationError as exc:
        typer.secho(f"error: invalid settings: {names_of_invalid(exc)}", err=True, fg="red")
        raise typer.Exit(2) from exc
    except (CitewellError, OtherRunError) as exc:
        typer.secho(f"error: {exc}", err=True, fg="red")
        raise typer.Exit(1) from exc
    except httpx2.HTTPError as exc:
        typer.secho(f"error: the service does not answer: {type(exc).__name__}", err=True, fg="red")
        raise typer.Exit(1) from exc
    report_command(folder, suite)


@app.command("report")
def report_command(
    folder: _Run, suite: Annotated[Path, typer.Option(help="The vignettes of the run.")] = STARTER
) -> None:
    """Measure a run again, and write its report."""
    pairs = pairs_of(read_vignettes(suite), read_results(folder))
    measured = measure(pairs)
    write_report(folder, _card(folder), pairs, measured)
    write_undecided(folder, pairs)
    Console(width=160).print(_table(measured))
    typer.echo(f"{folder / 'report.html'}")


@app.command("compare")
def compare_command(
    first: _Run, second: _Run, suite: Annotated[Path, typer.Option(help="The vignettes of both.")] = STARTER
) -> None:
    """What changed from the first run to the second, with intervals and McNemar's test."""
    found = compare(read_vignettes(suite), read_results(first), read_results(second))
    console = Console(width=160)
    changed = [one for one in found if one.gained or one.lost]
    console.print(_differences(changed) if changed else "nothing changed")


@app.command("gate")
def gate_command(
    folder: _Run,
    gates: Annotated[Path, typer.Option(help="TOML file of bounds.")] = GATES,
    suite: Annotated[Path, typer.Option(help="The vignettes of the run.")] = STARTER,
) -> None:
    """Exit with 1 and say what falls short of the gates."""
    measured = measure(pairs_of(read_vignettes(suite), read_results(folder)))
    short = [told for gate in read_gates(gates) if (told := gate.falls_short(measured))]
    for told in short:
        typer.secho(told, err=True, fg="red")
    if short:
        raise typer.Exit(1)
    typer.echo("all gates passed")


@app.command("calibrate")
def calibrate_command(
    folder: _Run,
    into: Annotated[Path, typer.Option(help="Folder of calibrations.")] = Path("evals/calibration"),
    suite: Annotated[Path, typer.Option(help="The vignettes of the run.")] = STARTER,
) -> None:
    """Fit weights, chances and confidence levels on the `fit` half of a run in process, for the service to use."""
    card = _card(folder)
    try:
        made = calibrate(pairs_of(read_vignettes(suite), read_results(folder)), card)
    except NothingToFitError as exc:
        typer.secho(f"error: {exc}", err=True, fg="red")
        raise typer.Exit(1) from exc
    into.mkdir(parents=True, exist_ok=True)
    file = into / f"{made.engine}.json"
    file.write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for name, level in made.levels.items():
        typer.echo(f"{name}: from {level.least:.2f}, right in {level.right} [{level.low}, {level.high}], n = {level.n}")
    typer.echo(f"{file}")


app.command("external")(external_command)


def main() -> None:
    """Entry point of the console script."""
    app()


def _with_engine(settings: Settings, engine: str) -> Settings:
    if engine == "vllm" and not settings.model.base_url:
        raise typer.BadParameter("the vllm engine needs CITEWELL_MODEL__BASE_URL")
    if engine != "evidence":
        return settings
    return settings.model_copy(update={"model": settings.model.model_copy(update={"base_url": ""})})


def _card(folder: Path) -> RunCard:
    if not (folder / CARD).exists() or not (folder / RESULTS).exists():
        raise typer.BadParameter(f"{folder} has no run: it lacks {CARD} or {RESULTS}")
    return RunCard.model_validate_json((folder / CARD).read_bytes())


def _table(measured: list[Metric]) -> Table:
    groups = [group for group in _SHOWN if any(metric.group == group for metric in measured)]
    table = Table("metric", *groups)
    known = {(metric.name, metric.group): str(metric) for metric in measured}
    for name in dict.fromkeys(metric.name for metric in measured):
        table.add_row(name, *(known.get((name, group), "") for group in groups))
    return table


def _differences(changed: list[Difference]) -> Table:
    table = Table("metric", "group", "first", "second", "difference", "p", "only first, only second", "n")
    for one in changed:
        marked = "worse" if one.is_worse and one.p < _SIGNIFICANT else ""
        table.add_row(
            one.name, one.group, f"{one.first:.3f}", f"{one.second:.3f}",
            f"{one.second - one.first:+.3f} [{one.low:+.3f}, {one.high:+.3f}] {marked}",
            f"{one.p:.3f}", f"{one.lost}, {one.gained}", str(one.n),
        )  # fmt: skip
    return table


if __name__ == "__main__":
    main()
