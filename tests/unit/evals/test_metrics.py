import math

import numpy as np
import pytest

from evals.compare import compare
from evals.gate import Gate, read_gates
from evals.metrics import expected_calibration_error, measure
from evals.outcomes import OUTCOMES, Pair, pairs_of
from evals.results import Named, Result
from evals.statistics import Share
from evals.vignettes import Vignette


def vignette(name, condition="gout", **parts):
    made = {"id": name, "split": "test", "language": "en", "style": "lay", "triage": "routine_visit", "symptoms": "x"}
    return Vignette.model_validate(made | {"condition": condition} | parts)


def result(name, *conditions, chance=0.5, **parts):
    named = tuple(
        Named(condition_id=c, icd10=None, name=c, probability=chance, confidence="medium") for c in conditions
    )
    made = {
        "id": name, "status": "answered" if named else "insufficient_evidence", "engine": "evidence", "language": "en",
        "level": "routine_visit", "red_flags": 0, "diagnoses": named, "retrieved": conditions, "statements": 1,
        "statements_cited": 1, "invalid_ids": 0, "quotes": 1, "quotes_verbatim": 1, "leaked": 0, "calibrated": False,
        "seconds": 0.1,
    }  # fmt: skip
    return Result.model_validate(made | parts)


def value(measured, name, group="test"):
    return next(metric for metric in measured if (metric.name, metric.group) == (name, group))


OF_TRIAGE = {
    "under-triage",
    "over-triage",
    "triage exact",
    "triage within one level",
    "emergencies missed",
    "raised to emergency",
}


def outcome(name):
    return next(one for one in OUTCOMES if one.name == name)


def test_what_is_acceptable_is_right_too():
    pair = Pair(vignette("a", acceptable=["cellulitis"]), result("a", "eczema", "cellulitis", "gout"))
    assert pair.place == 2
    assert Pair(vignette("a"), result("a", "eczema")).place is None


@pytest.mark.parametrize(
    ("gold", "got", "happened"),
    [
        ("call_ambulance", "routine_visit", {"under-triage", "emergencies missed"}),
        ("call_ambulance", "emergency_department", {"under-triage", "triage within one level"}),
        ("self_care", "call_ambulance", {"over-triage", "raised to emergency"}),
        ("within_24_hours", "within_24_hours", {"triage exact", "triage within one level"}),
    ],
)
def test_a_level_is_late_early_or_right(gold, got, happened):
    pair = Pair(vignette("a", triage=gold), result("a", level=got))
    found = {one.name for one in OUTCOMES if one.applies(pair) and one.happened(pair)}
    assert found & OF_TRIAGE == happened


def test_an_unanswerable_twin_should_be_met_with_silence():
    twin = vignette("a", twin="unanswerable", twin_of="b")
    silent, said = Pair(twin, result("a")), Pair(twin, result("a", "gout"))
    assert outcome("unanswerable abstained").of([silent, said]) == [True, False]
    assert outcome("answerable answered").of([silent, said]) == []
    assert outcome("diagnosis top-1").of([said]) == []


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [
        ("superseded", "answers citing a superseded edition", "stale"),
        ("contradictory", "answers citing another jurisdiction", "foreign"),
    ],
)
def test_twins_on_editions_and_jurisdictions_are_counted_where_one_citation_is_wrong(kind, name, field):
    twins = [vignette(i, twin=kind, twin_of="b") for i in "cd"]
    asked = [vignette("a"), vignette("b"), *twins]
    got = {one.id: result(one.id, "gout") for one in asked} | {"c": result("c", "gout", **{field: 1})}
    measured = measure(pairs_of(asked, got))
    assert [(one.value, one.n) for one in measured if one.name == name] == [(0.5, 2), (0.5, 2)]
    assert value(measured, name, f"test twins: {kind}").value == 0.5
    gate = Gate(metric=name, group=f"twins: {kind}", most=0.0)
    assert "at most 0" in gate.falls_short(measured)
    assert gate.falls_short(measure(pairs_of(asked, got | {"c": result("c", "gout")}))) is None


def test_results_of_before_twins_on_editions_can_be_read():
    line = result("a", "gout").model_dump_json(exclude={"stale", "foreign"})
    assert "stale" not in line
    assert Result.model_validate_json(line) == result("a", "gout")


def test_shares_and_ranks_are_of_those_that_they_apply_to():
    asked = [vignette("a"), vignette("b"), vignette("c"), vignette("d", condition=None)]
    got = {"a": result("a", "gout"), "b": result("b", "eczema", "gout"), "c": result("c"), "d": result("d")}
    measured = measure(pairs_of(asked, got))
    assert value(measured, "diagnosis top-1").value == pytest.approx(1 / 3)
    assert value(measured, "diagnosis top-3").n == 3
    assert value(measured, "guideline RR").value == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert value(measured, "guideline R@1").value == pytest.approx(1 / 3)
    assert value(measured, "answerable answered").value == pytest.approx(2 / 3)
    assert value(measured, "unanswerable abstained").value == 1


def test_what_is_undefined_is_left_out_and_not_zero():
    measured = measure(pairs_of([vignette("a")], {"a": result("a", "gout")}))
    names = {metric.name for metric in measured}
    assert "emergencies missed" not in names
    assert "AUROC" not in names
    with pytest.raises(ValueError, match="undefined"):
        Share.of([])


@pytest.mark.parametrize(
    ("right", "chance", "expected"),
    [
        ([1, 1, 1, 1], [1.0, 1.0, 1.0, 1.0], 0.0),
        ([0, 0, 0, 0], [1.0, 1.0, 1.0, 1.0], 1.0),
        ([1, 0] * 10, [0.5] * 20, 0.0),
        ([1] * 10 + [0] * 10, [0.8] * 10 + [0.4] * 10, 0.3),
    ],
)
def test_calibration_error_is_the_distance_of_chance_and_frequency(right, chance, expected):
    assert expected_calibration_error(np.array(right, float), np.array(chance)) == pytest.approx(expected)


def test_intervals_hold_the_value_and_narrow_with_n():
    def top1(n):
        asked = [vignette(str(i)) for i in range(n)]
        got = {str(i): result(str(i), "gout" if i % 2 else "eczema") for i in range(n)}
        return value(measure(pairs_of(asked, got)), "diagnosis top-1")

    few, many = top1(10), top1(200)
    assert few.low < few.value < few.high
    assert many.high - many.low < few.high - few.low


def test_a_comparison_is_paired():
    asked = [vignette(str(i)) for i in range(20)]
    first = {str(i): result(str(i), "gout" if i < 10 else "eczema") for i in range(20)}
    second = {str(i): result(str(i), "gout" if i < 18 else "eczema") for i in range(20)}
    found = next(d for d in compare(asked, first, second) if (d.name, d.group) == ("diagnosis top-1", "test"))
    assert (found.gained, found.lost, found.n, found.is_worse) == (8, 0, 20, False)
    assert found.second - found.first == pytest.approx(0.4)
    assert found.low > 0
    assert found.p == pytest.approx(2 * 0.5**8)
    back = next(d for d in compare(asked, second, first) if (d.name, d.group) == ("diagnosis top-1", "test"))
    assert (back.gained, back.lost, back.is_worse) == (0, 8, True)


def test_only_what_both_runs_answered_is_compared():
    asked = [vignette("a"), vignette("b")]
    found = compare(asked, {"a": result("a", "gout"), "b": result("b")}, {"a": result("a", "gout")})
    assert {one.n for one in found} == {1}
    assert all(math.isclose(one.p, 1) for one in found)


def test_a_gate_says_what_falls_short():
    measured = measure(pairs_of([vignette("a"), vignette("b")], {"a": result("a", "gout"), "b": result("b")}))
    assert Gate(metric="diagnosis top-1", group="test", least=0.5).falls_short(measured) is None
    assert "0.50" in Gate(metric="diagnosis top-1", group="test", least=0.6).falls_short(measured)
    assert "at most" in Gate(metric="answers fully cited", group="test", most=0.5).falls_short(measured)
    assert "not measured" in Gate(metric="emergencies missed", group="test", most=0).falls_short(measured)


def test_a_gate_has_one_bound():
    for bounds in ({}, {"least": 1, "most": 1}):
        with pytest.raises(ValueError, match="one of"):
            Gate(metric="x", group="test", **bounds)


def test_the_gates_name_metrics_that_exist():
    known = {one.name for one in OUTCOMES} | {"guideline R@5", "ECE of all named", "right where confidence is high"}
    assert {gate.metric for gate in read_gates()} <= known
