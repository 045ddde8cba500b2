import pytest

from evals.external.beir import Sought
from evals.external.retrieving import Found, measure_found

QUERIES = (Sought("q1", "white", {"a": 1, "b": 0}), Sought("q2", "hot", {"c": 1, "d": 1}), Sought("q3", "x", {"e": 1}))


def found(id_, *hybrid, dense=(), lexical=()):
    return Found(id=id_, dense=dense, lexical=lexical, hybrid=hybrid)


def test_each_way_of_searching_has_its_figures_with_n_and_interval():
    got = {
        "q1": found("q1", "b", "a", dense=("a",)),
        "q2": found("q2", "c", "x", "d"),
        "q3": found("q3", lexical=("e",)),
    }
    measured = {(one.name, one.group): one for one in measure_found(QUERIES, got)}
    assert measured["RR", "hybrid"].value == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert measured["R@10", "hybrid"].value == pytest.approx((1 + 1 + 0) / 3)
    assert measured["R@10", "dense"].value == pytest.approx(1 / 3)
    assert measured["RR", "lexical"].value == pytest.approx(1 / 3)
    assert {one.n for one in measured.values()} == {3}
    metric = measured["nDCG@10", "hybrid"]
    assert 0 <= metric.low < metric.value < metric.high <= 1


def test_only_what_was_asked_is_measured():
    assert {one.n for one in measure_found(QUERIES, {"q1": found("q1", "a")})} == {1}
    assert list(measure_found(QUERIES, {})) == []
