"""Runs of the starter suite: they hold the gates, go on where they stopped, and a wrong change falls short."""

import asyncio
import json
import shutil

import pytest
from anyio.from_thread import start_blocking_portal
from support import settings_for
from typer.testing import CliRunner

from evals.asking import here
from evals.calibrate import LEAST_WEIGHT
from evals.cli import app
from evals.gate import read_gates
from evals.metrics import measure
from evals.outcomes import pairs_of
from evals.results import CARD, RESULTS, read_results
from evals.running import OtherRunError, card_of, run, run_on
from evals.variants import INDEX, VARIED
from evals.vignettes import STARTER, read_vignettes
from services.core.types import TriageLevel
from services.retrieval.retriever import Retriever
from services.triage.engine import TriageEngine
from services.triage.rules import Triage
from services.verification.calibration import load_calibration
from services.verification.citations import Citations

VIGNETTES = read_vignettes()
UNCOVERED = [one for one in VIGNETTES if one.twin == "unanswerable" and one.split == "test"]
GATED = [*(one for one in VIGNETTES if one.twin in {None, "identifiers", *VARIED}), *UNCOVERED]
SOME = [one for one in VIGNETTES if one.split == "test" and one.twin in {None, "identifiers"} and one.style != "terse"]
SOME = SOME[::4]


@pytest.fixture(scope="module")
def settings(starter_index, tmp_path_factory):
    return settings_for(shutil.copytree(starter_index, tmp_path_factory.mktemp("evaluated") / "index.db"))


@pytest.fixture(scope="module")
def ask(settings):
    """Runs vignettes on one service that stays open, as `run` does on one of its own."""

    async def asked(service, vignettes, folder, known):
        return await run_on(service, vignettes, folder, await card_of(service, vignettes, known))

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(here(settings)) as service:
        yield lambda vignettes, folder, known=settings: portal.call(asked, service, vignettes, folder, known)


def short_of_gates(settings, folder, vignettes):
    return falling_short(vignettes, asyncio.run(run(vignettes, folder, settings, None)))


def falling_short(vignettes, results):
    measured = measure(pairs_of(vignettes, results))
    return [told for gate in read_gates() if (told := gate.falls_short(measured))]


def twins(kind, every=1):
    return [one for one in VIGNETTES if one.twin == kind][::every]


def names(told):
    return {line.partition(" (")[0] for line in told}


@pytest.fixture(scope="module")
def whole_run(settings, starter_index, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "whole"
    shutil.copytree(starter_index, folder / INDEX)  # its vectors are used again
    return folder, short_of_gates(settings, folder, GATED)


@pytest.fixture
def with_variant(whole_run, tmp_path):
    """A folder for a run that has the index for twins already."""
    shutil.copytree(whole_run[0] / INDEX, tmp_path / "run" / INDEX)
    return tmp_path / "run"


def test_the_starter_suite_holds_the_gates(whole_run):
    assert whole_run[1] == []


def test_a_report_has_tables_and_plots_and_no_text_of_a_question(whole_run):
    folder, _ = whole_run
    done = CliRunner().invoke(app, ["report", str(folder)])
    assert done.exit_code == 0, done.output
    html, markdown = ((folder / f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "md"))
    assert html.count("<svg") == 5
    assert "| diagnosis top-3 |" in markdown
    written = html + markdown + (folder / RESULTS).read_text(encoding="utf-8")
    assert not [one.id for one in GATED if one.said[:40] in written]


def test_the_command_says_that_the_gates_hold_or_what_falls_short(whole_run, tmp_path):
    folder, _ = whole_run
    assert CliRunner().invoke(app, ["gate", str(folder)]).exit_code == 0
    strict = tmp_path / "gates.toml"
    strict.write_text('[[gate]]\nmetric = "diagnosis top-1"\ngroup = "test"\nleast = 1.0\n', encoding="utf-8")
    done = CliRunner().invoke(app, ["gate", str(folder), "--gates", str(strict)])
    assert done.exit_code == 1
    assert "diagnosis top-1 (test) is 0." in done.output


def test_a_run_against_itself_changes_nothing(whole_run):
    done = CliRunner().invoke(app, ["compare", str(whole_run[0]), str(whole_run[0])])
    assert done.exit_code == 0
    assert "nothing changed" in done.output


def test_a_run_that_broke_off_goes_on(ask, tmp_path):
    ask(SOME[:3], tmp_path / "run")
    (tmp_path / "run" / CARD).unlink()
    file = tmp_path / "run" / RESULTS
    kept = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([*kept[:2], kept[2][:40]]), encoding="utf-8")
    assert len(read_results(tmp_path / "run")) == 2
    done = ask(SOME[:3], tmp_path / "run")
    assert set(done) == {one.id for one in SOME[:3]}
    assert set(read_results(tmp_path / "run")) == set(done)


def test_an_unanswerable_twin_is_asked_without_the_guidelines_on_what_is_right_and_others_with_them(ask, tmp_path):
    twins = [one for one in VIGNETTES if one.twin == "unanswerable"][:3]
    whole = [one for one in VIGNETTES if one.id in {twin.twin_of for twin in twins}]
    results = ask([*twins, *whole], tmp_path / "run")
    assert not any(twin.right & set(results[twin.id].retrieved) for twin in twins)
    assert all(one.right & set(results[one.id].retrieved) for one in whole)


def test_a_twin_is_asked_where_its_region_has_the_guideline_that_is_cited(whole_run):
    asked = {one.id: one for one in twins("contradictory")}
    results = read_results(whole_run[0])
    right = [id_ for id_ in asked if asked[id_].condition in {one.condition_id for one in results[id_].diagnoses}]
    assert len(right) >= 0.8 * len(asked)
    assert {asked[id_].region for id_ in right} == {"XA", "XB"}
    assert sum(results[id_].foreign for id_ in asked) == 0


def test_results_of_two_runs_do_not_mix(ask, settings, tmp_path):
    ask(SOME[:1], tmp_path / "run")
    other = settings.model_copy(update={"retrieval": settings.retrieval.model_copy(update={"rrf_k": 60})})
    with pytest.raises(OtherRunError):
        ask(SOME[:1], tmp_path / "run", other)


def test_a_running_service_is_asked_the_same(server, tmp_path):
    done = CliRunner().invoke(
        app, ["run", str(tmp_path / "run"), "--suite", str(_suite(tmp_path)), "--url", server.url]
    )
    assert done.exit_code == 0, done.output
    results = read_results(tmp_path / "run")
    asked = {json.loads(line)["id"] for line in (tmp_path / "suite.jsonl").read_text(encoding="utf-8").splitlines()}
    assert set(results) == asked
    assert not [id_ for id_ in results if id_.endswith(("unanswerable", *VARIED))]


def test_without_an_index_or_a_service_the_command_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("CITEWELL_INDEX__URI", str(tmp_path / "none.db"))
    done = CliRunner().invoke(app, ["run", str(tmp_path / "run")])
    assert done.exit_code == 1
    assert "sync" in done.output
    done = CliRunner().invoke(app, ["run", str(tmp_path / "run"), "--url", "http://127.0.0.1:9"])
    assert done.exit_code == 1
    assert "does not answer" in done.output


def _suite(folder):
    file = folder / "suite.jsonl"
    lines = [
        line
        for line in STARTER.read_text(encoding="utf-8").splitlines()
        if '"twin"' not in line and '"terse"' not in line
    ]
    with_twins = [line for line in lines if '"condition": "gastroenteritis"' in line or '"condition": "gout"' in line]
    file.write_text("\n".join(with_twins[::2]) + "\n", encoding="utf-8")
    return file


def test_without_red_flags_the_gates_fall(ask, tmp_path, monkeypatch):
    monkeypatch.setattr(TriageEngine, "assess", lambda *_: Triage(TriageLevel.ROUTINE_VISIT))
    assert "emergencies missed" in names(falling_short(SOME, ask(SOME, tmp_path / "run")))


def test_with_dense_search_alone_the_gates_fall(ask, tmp_path, monkeypatch):
    monkeypatch.setattr(Retriever, "_lexical", lambda _, queries: [[] for _ in queries])
    monkeypatch.setattr(
        Retriever, "_text_with_meaning", lambda self, query: query.text if query.language == "en" else ""
    )
    assert "guideline R@5" in names(falling_short(SOME, ask(SOME, tmp_path / "run")))


def test_without_verified_citations_the_gates_fall(ask, tmp_path, monkeypatch):
    cite = Citations.used

    def altered(self):
        return tuple(type(c)(**{**{f: getattr(c, f) for f in c.__slots__}, "quote": c.quote + "!"}) for c in cite(self))

    monkeypatch.setattr(Citations, "used", altered)
    told = falling_short(SOME[:5], ask(SOME[:5], tmp_path / "run"))
    assert "answers with a quote that is not verbatim" in names(told)


def test_where_regions_decide_nothing_the_gates_fall(settings, with_variant, monkeypatch):
    monkeypatch.setattr("services.assistant.library.set_aside", lambda _: {})
    told = short_of_gates(settings, with_variant, twins("contradictory", 3))
    assert "answers citing another jurisdiction" in names(told)


def test_where_superseded_editions_are_published_the_gates_fall(settings, with_variant, monkeypatch):
    monkeypatch.setattr("ingestion.reading.live", lambda documents, _: (list(documents), {}))
    told = short_of_gates(settings, with_variant, twins("superseded", 3))
    assert "answers citing a superseded edition" in names(told)


def test_without_a_calibration_nothing_is_called_high_and_with_one_something_is(settings, whole_run, tmp_path):
    bare = settings.model_copy(update={"library": settings.library.model_copy(update={"calibration": tmp_path})})
    asked = [one for one in SOME if any(n.confidence == "high" for n in read_results(whole_run[0])[one.id].diagnoses)]
    assert asked
    results = asyncio.run(run(asked[:5], tmp_path / "run", bare, None)).values()
    assert {result.calibrated for result in results} == {False}
    assert "high" not in {named.confidence for result in results for named in result.diagnoses}


def test_a_calibration_is_fitted_on_a_run_and_another_library_is_not_taken_for_it(ask, tmp_path):
    asked = [one for one in VIGNETTES if one.split == "fit" and one.twin in {None, "unanswerable"}]
    asked = [one for one in asked if one.style != "terse" and one.condition and one.condition[0] in "abc"]
    ask(asked, tmp_path / "run")
    done = CliRunner().invoke(app, ["calibrate", str(tmp_path / "run"), "--into", str(tmp_path)])
    assert done.exit_code == 0, done.output
    fitted = load_calibration(tmp_path, "evidence")
    assert fitted.fitted["questions"] == len(asked)
    assert fitted.weights["findings_for"] > LEAST_WEIGHT
    assert not fitted.is_for(["elsewhere"], fitted.embedder)
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(tmp_path / "run" / CARD, empty / CARD)
    (empty / RESULTS).touch()
    assert CliRunner().invoke(app, ["calibrate", str(empty), "--into", str(tmp_path)]).exit_code == 1
