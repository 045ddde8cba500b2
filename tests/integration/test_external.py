"""Benchmarks of others through the real service, embedder and Milvus Lite; all their content is invented here."""

import json
import shutil
from pathlib import Path

import pytest
from support import GUIDELINES
from typer.testing import CliRunner

from evals.cli import app
from evals.external.diagnosing import DECIDED, UNDECIDED
from evals.external.running import MEASURES
from evals.results import CARD, RESULTS

CORPUS = {
    "a/1": ("Keeping snowmen", "A snowman lasts longest in the shade. Salt on the ground makes it melt sooner."),
    "b 2": ("", "Migraine is a throbbing headache on one side, with nausea; light and noise make it worse."),
    "c": ("Riveted boats", "Rivets of copper hold the planks of a boat. They are hammered over small plates."),
    "d": ("Riveted boats", "Rivets of copper hold the planks of a boat. They are hammered over small plates."),
    "e": ("堆雪人", "雪人要堆在阴凉处，撒盐会使雪人更快融化。"),
    "f": ("Only a title on beehives", ""),
}
QUERIES = {
    "q1": ("How do I stop a snowman from melting?", {"a/1": 2, "e": 1}),
    "q2": ("one-sided headache with nausea", {"b 2": 1}),
    "q3": ("copper fastening of planks", {"c": 1, "d": 1}),
    "q4": ("雪人怎样才不会融化", {"e": 1}),
    "q5": ("asked in training, judged nowhere", {}),
}


def actor(history, first, *others):
    symptoms = {"Primary_Symptom": first, "Secondary_Symptoms": list(others)}
    return {"Demographics": "50-year-old man", "History": history, "Symptoms": symptoms}


CASES = [
    (actor("Since last night.", "Sudden severe pain and swelling of the big toe", "Redness of the toe joint"), "Gout"),
    (actor("For two days.", "Burning when passing urine", "Passing urine often"), "Snowman's bladder"),
]


@pytest.fixture
def library(starter_index, tmp_path, monkeypatch):
    uri = Path(shutil.copytree(starter_index, tmp_path / "library.db"))
    monkeypatch.setenv("CITEWELL_INDEX__URI", str(uri))
    monkeypatch.setenv("CITEWELL_LIBRARY__FOLDER", str(GUIDELINES))


@pytest.fixture
def beir(tmp_path):
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    documents = [{"_id": id_, "title": title, "text": text} for id_, (title, text) in CORPUS.items()]
    queries = [{"_id": id_, "text": text} for id_, (text, _) in QUERIES.items()]
    for name, lines in (("corpus", documents), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    rows = [f"{id_}\t{doc}\t{score}\n" for id_, (_, judged) in QUERIES.items() for doc, score in judged.items()]
    (folder / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(rows), encoding="utf-8")
    return folder


@pytest.fixture
def agentclinic(tmp_path):
    lines = [{"OSCE_Examination": {"Patient_Actor": said, "Correct_Diagnosis": gold}} for said, gold in CASES]
    file = tmp_path / "cases.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def external(*arguments):
    return CliRunner().invoke(app, ["external", *map(str, arguments)])


def results(folder):
    return {one["id"]: one for line in (folder / RESULTS).read_text().splitlines() for one in [json.loads(line)]}


def measures(folder):
    read = json.loads((folder / MEASURES).read_text())
    return {(one["name"], one["group"]): one for one in read["metrics"]}, read


def test_a_corpus_is_searched_as_a_library_is(beir, tmp_path):
    folder = tmp_path / "run"
    done = external("beir", beir, folder)
    assert done.exit_code == 0, done.output
    found = results(folder)
    assert set(found) == {"q1", "q2", "q3", "q4"}
    assert {way: found["q1"][way][0] for way in ("dense", "lexical", "hybrid")} == dict.fromkeys(
        ("dense", "lexical", "hybrid"), "a/1"
    )
    assert found["q2"]["hybrid"][0] == "b 2"
    assert set(found["q3"]["hybrid"][:2]) == {"c", "d"}
    assert found["q4"]["hybrid"][0] == "e"
    assert found["q4"]["dense"] == []
    assert all(len(set(one["hybrid"])) == len(one["hybrid"]) for one in found.values())
    figures, read = measures(folder)
    assert figures["nDCG@10", "hybrid"]["n"] == 4
    assert figures["RR", "hybrid"]["value"] == 1
    assert figures["RR", "dense"]["value"] < 1
    assert read["left_out"] == {"queries without text or relevant documents": 1}
    assert "left out: 1" in done.output


def test_a_run_goes_on_without_indexing_or_asking_again_and_has_no_text(beir, tmp_path):
    folder = tmp_path / "run"
    assert external("beir", beir, folder, "--limit", 2).exit_code == 0
    before = (folder / RESULTS).read_text().splitlines()
    card = json.loads((folder / CARD).read_text())
    done = external("beir", beir, folder)
    assert done.exit_code == 0
    assert "embedding" not in done.output
    assert (folder / RESULTS).read_text().splitlines()[:2] == before
    assert set(results(folder)) == {"q1", "q2", "q3", "q4"}
    assert json.loads((folder / CARD).read_text()) == card
    assert "snowman" not in "".join(file.read_text() for file in folder.glob("*.json*"))
    beir.joinpath("qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ta/1\t1\n")
    other = external("beir", beir, folder)
    assert other.exit_code == 1
    assert "choose another folder" in other.output


@pytest.mark.usefixtures("library")
def test_diagnoses_are_compared_by_name_and_the_rest_is_left_to_a_person(agentclinic, tmp_path):
    folder = tmp_path / "run"
    done = external("agentclinic", agentclinic, folder)
    assert done.exit_code == 0, done.output
    got = results(folder)
    assert got["1"]["diagnoses"][0]["condition_id"] == "gout"
    figures, _ = measures(folder)
    assert figures["top-1 of those in the library", "all"] | {"low": 0, "high": 1} == {
        "name": "top-1 of those in the library", "group": "all", "value": 1.0, "low": 0, "high": 1, "n": 1
    }  # fmt: skip
    assert figures["top-1 of all, at least", "all"]["value"] == 0.5
    undecided = [json.loads(line) for line in (folder / UNDECIDED).read_text().splitlines()]
    named = [one["condition_id"] for one in got["2"]["diagnoses"]]
    assert undecided == [{"id": "2", "gold": "Snowman's bladder", "named": named}]
    assert named
    assert "to be decided by a person: 1" in done.output
    (folder / DECIDED).write_text(json.dumps({"id": "2", "right": named[:1]}))
    again = external("agentclinic", agentclinic, folder)
    assert again.exit_code == 0, again.output
    assert results(folder) == got
    figures, _ = measures(folder)
    assert figures["top-1 of all, at least", "all"]["value"] == 1
    assert (folder / UNDECIDED).read_text() == ""
    kept = "".join(file.read_text() for file in folder.iterdir())
    assert "big toe" not in kept
    assert "passing urine" not in kept.lower()


def test_the_command_says_what_is_wrong(agentclinic, beir, tmp_path, monkeypatch):
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"OSCE_Examination": "my toe hurts"}\n')
    misused = external("agentclinic", broken, tmp_path / "run")
    assert misused.exit_code == 2
    assert "broken.jsonl, line 1: " in misused.output
    assert "toe" not in misused.output
    assert external("beir", agentclinic, tmp_path / "run").exit_code == 2
    assert external("agentclinic", beir, tmp_path / "run").exit_code == 2
    assert external("agentclinic", agentclinic, tmp_path / "run", "--no-retrieval").exit_code == 2
    medqa = tmp_path / "medqa.jsonl"
    medqa.write_text(json.dumps({"question": "x", "options": {"A": "y", "B": "z"}, "answer": "A"}))
    modelless = external("medqa", medqa, tmp_path / "run")
    assert modelless.exit_code == 1
    assert "CITEWELL_MODEL__BASE_URL" in modelless.output
    monkeypatch.setenv("CITEWELL_LIBRARY__FOLDER", str(GUIDELINES))
    monkeypatch.setenv("CITEWELL_INDEX__URI", str(tmp_path / "none.db"))
    unready = external("agentclinic", agentclinic, tmp_path / "run")
    assert unready.exit_code == 1
    assert "sync" in unready.output
