from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.types import Passage
from services.retrieval.relevance import Weighed, relative_strengths, relevant, reordered

SHARE = st.floats(0, 1)
SIDE = st.dictionaries(st.sampled_from("abcdef"), st.floats(-1, 100))


def judged(name: str, score: float, relevance: float) -> Weighed:
    return Weighed(Passage(SimpleNamespace(id=name), SimpleNamespace(), score), relevance)


def ranked(relevances: list[float]) -> tuple[Weighed, ...]:
    """Passages with these relevances whose fused scores fall from place to place."""
    return tuple(judged(f"p{n}", 1 / (20 + n), relevance) for n, relevance in enumerate(relevances))


RANKED = st.lists(SHARE, max_size=8).map(ranked)


def names(passages) -> list[str]:
    return [passage.chunk.id for passage in passages]


def test_a_strength_counts_against_the_strongest_of_its_side_and_the_better_side_counts():
    shares = relative_strengths([{"a": 0.6, "b": 0.3}, {"b": 30.0, "c": 12.0, "a": 3.0}])
    assert shares == {"a": 1.0, "b": 1.0, "c": pytest.approx(0.4)}


@pytest.mark.parametrize("side", [{"a": 0.0, "b": 0.0}, {"a": -0.2, "b": -0.4}])
def test_a_side_without_strength_makes_nothing_relevant(side):
    assert relative_strengths([side]) == {"a": 0.0, "b": 0.0}
    assert relative_strengths([side, {"b": 7.0}]) == {"a": 0.0, "b": 1.0}


def test_nothing_found_has_no_strengths():
    assert relative_strengths([{}, {}]) == {}


@given(st.lists(SIDE, max_size=3))
def test_every_group_has_a_share_and_the_strongest_of_a_side_a_whole_one(sides):
    shares = relative_strengths(sides)
    assert set(shares) == {group for side in sides for group in side}
    assert all(0 <= share <= 1 for share in shares.values())
    for side in sides:
        assert all(shares[group] == 1 for group, strength in side.items() if strength == max(side.values()) > 0)


@given(st.lists(SIDE, min_size=1, max_size=3), st.floats(0.01, 100))
def test_the_scale_of_a_side_does_not_matter(sides, factor):
    scaled = [{group: factor * strength for group, strength in sides[0].items()}, *sides[1:]]
    assert relative_strengths(scaled) == pytest.approx(relative_strengths(sides))


@given(RANKED, SHARE)
def test_a_filter_keeps_the_order_and_exactly_what_is_relevant_enough(found, least):
    kept = relevant(found, least)
    assert [passage for passage in (one.passage for one in found) if passage in kept] == list(kept)
    assert {one.passage.chunk.id for one in found if one.relevance >= least} == set(names(kept))


@given(RANKED, SHARE, SHARE)
def test_a_stricter_filter_keeps_nothing_more(found, one, other):
    assert set(names(relevant(found, max(one, other)))) <= set(names(relevant(found, min(one, other))))


@given(RANKED)
def test_a_filter_that_is_off_keeps_all(found):
    assert relevant(found, 0.0) == tuple(one.passage for one in found)


def test_what_a_reranker_finds_better_goes_before_and_the_places_keep_their_scores():
    found = ranked([1.0, 0.5, 0.2])
    again = reordered(found, [0.1, 0.2, 0.9])
    assert names(one.passage for one in again) == ["p2", "p1", "p0"]
    assert [one.passage.score for one in again] == [1 / 20, 1 / 21, 1 / 22]
    assert [one.relevance for one in again] == [0.9, 0.2, 0.1]


def test_what_was_not_read_stays_behind_and_is_relevant_to_no_filter():
    again = reordered(ranked([1.0, 0.5, 0.9, 0.8]), [0.1, 0.3])
    assert names(one.passage for one in again) == ["p1", "p0", "p2", "p3"]
    assert names(relevant(again, 0.05)) == ["p1", "p0"]
    assert names(relevant(again, 0.0)) == ["p1", "p0", "p2", "p3"]


@given(RANKED, st.data())
def test_a_reranker_loses_nothing_and_no_score_rises_from_place_to_place(found, data):
    scores = data.draw(st.lists(SHARE, max_size=len(found)))
    again = reordered(found, scores)
    assert sorted(names(one.passage for one in again)) == sorted(names(one.passage for one in found))
    assert [one.passage.score for one in again] == [one.passage.score for one in found]
    read = [one.relevance for one in again[: len(scores)]]
    assert read == sorted(scores, reverse=True)


@given(RANKED, SHARE)
def test_a_reranker_without_a_preference_changes_no_order(found, score):
    again = reordered(found, [score] * len(found))
    assert [one.passage for one in again] == [one.passage for one in found]
