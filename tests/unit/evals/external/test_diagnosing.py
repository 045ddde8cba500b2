import json

import pytest

from evals.external.diagnoses import Diagnosis
from evals.external.diagnosing import (
    DECIDED,
    UNDECIDED,
    compare,
    measure_diagnoses,
    names_of,
    read_decisions,
    right_of,
    write_undecided,
)
from evals.external.reading import FormatError
from evals.results import Named, Result
from services.assistant.intake import Question
from services.core.types import RawText


def condition(id_, *names):
    return {"id": id_, "names": {"en": names[0]}, "synonyms": {"en": list(names[1:])}}


NAMES = names_of([
    {"condition": condition("gout", "Gout", "Gouty arthritis", "Crystal arthritis"), "other_conditions": []},
    {"condition": condition("anaemia", "Iron-deficiency anaemia"), "other_conditions": [
        condition("pseudogout", "Pseudogout", "Crystal arthritis")]},
])  # fmt: skip


def case(id_, gold, group=""):
    return Diagnosis(id_, Question(RawText("my toe hurts")), gold, group)


def result(id_, *conditions):
    named = tuple(Named(condition_id=c, icd10=None, name=c, probability=0.5, confidence="medium") for c in conditions)
    return Result(
        id=id_, status="answered", engine="evidence", language="en", level="routine_visit", red_flags=0,
        diagnoses=named, retrieved=(), statements=0, statements_cited=0, invalid_ids=0, quotes=0, quotes_verbatim=0,
        leaked=0, calibrated=False, seconds=0.1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("gold", "right"),
    [
        ("GOUT", {"gout"}),
        ("gouty  arthritis (podagra)", {"gout"}),
        ("Iron deficiency anemia", {"anaemia"}),
        ("Anemia, iron-deficiency", {"anaemia"}),
        ("Crystal arthritis", {"gout", "pseudogout"}),
        ("Arthritis", None),
        ("Chronic gout", None),
        ("Gout (of the toe) in snowmen", None),
    ],
)
def test_a_name_is_known_by_all_its_words_and_not_by_some(gold, right):
    assert right_of(gold, NAMES) == right


COMPARED = compare(
    [case("1", "Gout"), case("2", "Gout"), case("3", "Gout"), case("4", "Toe pain", "feet"), case("5", "Toe pain")],
    {
        "1": result("1", "gout", "anaemia"),
        "2": result("2", "anaemia", "gout"),
        "3": result("3"),
        "4": result("4", "gout"),
        "5": result("5"),
    },
    NAMES,
    {},
)


def test_top_k_is_measured_of_what_the_library_has_and_as_a_floor_of_all():
    measured = {(one.name, one.group): one for one in measure_diagnoses(COMPARED)}
    assert measured["top-1 of those in the library", "all"].value == pytest.approx(1 / 3)
    assert measured["top-3 of those in the library", "all"].value == pytest.approx(2 / 3)
    assert measured["top-3 of all, at least", "all"].value == pytest.approx(2 / 5)
    assert measured["names a diagnosis", "all"].n == 5
    assert measured["undecided", "all"].value == pytest.approx(1 / 5)
    assert ("top-1 of those in the library", "feet") not in measured
    assert measured["undecided", "feet"].value == 1


def test_what_cannot_be_decided_is_listed_for_a_person_without_the_question(tmp_path):
    assert write_undecided(tmp_path, COMPARED) == 1
    text = (tmp_path / UNDECIDED).read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == [{"id": "4", "gold": "Toe pain", "named": ["gout"]}]


def test_a_case_without_an_answer_is_not_compared():
    assert compare([case("1", "Gout")], {}, NAMES, {}) == []


def test_what_a_person_decided_counts_before_names(tmp_path):
    assert read_decisions(tmp_path, NAMES) == {}
    lines = [{"id": "4", "right": ["gout"]}, {"id": "5", "gold": "Toe pain", "right": []}]
    (tmp_path / DECIDED).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    decided = read_decisions(tmp_path, NAMES)
    results = {one.case.id: one.got for one in COMPARED} | {"5": result("5", "anaemia")}
    compared = compare([one.case for one in COMPARED], results, NAMES, decided)
    measured = {(one.name, one.group): one for one in measure_diagnoses(compared)}
    assert measured["undecided", "all"].value == 0
    assert measured["known to be in the library", "all"].value == pytest.approx(4 / 5)
    assert measured["top-1 of those in the library", "all"].value == pytest.approx(2 / 4)
    assert measured["top-1 of all, at least", "all"].value == pytest.approx(2 / 5)
    assert write_undecided(tmp_path, compared) == 0


@pytest.mark.parametrize(
    ("line", "told"), [({"id": "4", "right": ["gou"]}, "not in the library"), ({"id": "4"}, "right: ")]
)
def test_a_decision_that_cannot_be_right_is_refused(tmp_path, line, told):
    (tmp_path / DECIDED).write_text(json.dumps(line), encoding="utf-8")
    with pytest.raises(FormatError, match=rf"^decided\.jsonl, line 1: .*{told}"):
        read_decisions(tmp_path, NAMES)
