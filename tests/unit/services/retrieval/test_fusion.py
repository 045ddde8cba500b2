import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.retrieval.fusion import DECAY, first_of_each, reciprocal_rank_fusion, strengths_of_groups

RANKING = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)
RANKINGS = st.lists(RANKING, max_size=4)
K = st.integers(1, 1000)


def test_a_score_is_the_sum_of_reciprocal_ranks():
    scores = reciprocal_rank_fusion([["a", "b"], ["b", "c"]], 60)
    assert scores == {"b": pytest.approx(1 / 62 + 1 / 61), "a": pytest.approx(1 / 61), "c": pytest.approx(1 / 62)}


def test_the_best_item_comes_first():
    assert list(reciprocal_rank_fusion([["a", "b"], ["b", "c"]], 60)) == ["b", "a", "c"]


def test_ties_keep_the_order_of_first_appearance():
    assert list(reciprocal_rank_fusion([["x", "b"], ["a", "c"]], 60)) == ["x", "a", "b", "c"]


@pytest.mark.parametrize("rankings", [[], [[]], [[], []]])
def test_nothing_fused_is_nothing(rankings):
    assert reciprocal_rank_fusion(rankings, 60) == {}


@given(RANKINGS, K)
def test_fusion_keeps_every_item_once_in_descending_order(rankings, k):
    scores = reciprocal_rank_fusion(rankings, k)
    assert set(scores) == {item for ranking in rankings for item in ranking}
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert all(0 < score <= len(rankings) / (k + 1) for score in scores.values())


@given(RANKING, K)
def test_one_ranking_keeps_its_order(ranking, k):
    assert list(reciprocal_rank_fusion([ranking, []], k)) == ranking


@given(RANKINGS, K)
def test_an_item_ahead_in_every_ranking_is_ahead(rankings, k):
    scores = reciprocal_rank_fusion([["first", *ranking] for ranking in rankings], k)
    assert list(scores)[:1] == ["first"][: len(rankings)]


@given(RANKINGS, K, st.integers(0, 3), st.integers(1, 7))
def test_rising_in_one_ranking_never_lowers_an_item(rankings, k, which, place):
    rankings = [ranking for ranking in rankings if len(ranking) > 1]
    if not rankings:
        return
    ranking = rankings[which % len(rankings)]
    at = place % len(ranking) or 1
    risen = [*ranking[: at - 1], ranking[at], ranking[at - 1], *ranking[at + 1 :]]
    after = [risen if one is ranking else one for one in rankings]
    item = ranking[at]
    assert reciprocal_rank_fusion(after, k)[item] > reciprocal_rank_fusion(rankings, k)[item]
    before_rank = list(reciprocal_rank_fusion(rankings, k)).index(item)
    assert list(reciprocal_rank_fusion(after, k)).index(item) <= before_rank


def test_each_further_member_of_a_group_counts_less():
    strengths = [("one", 1.0), ("two", 0.9), ("two", 0.9), ("many", 0.5), ("many", 0.5), ("many", 0.5)]
    assert strengths_of_groups(strengths) == {
        "two": pytest.approx(0.9 + 0.27), "one": 1.0, "many": pytest.approx(0.5 + 0.15 + 0.045)
    }  # fmt: skip
    assert list(strengths_of_groups(strengths)) == ["two", "one", "many"]
    assert 0 < DECAY < 1


def test_groups_of_equal_strength_keep_the_order_of_first_appearance():
    assert list(strengths_of_groups([("x", 1.0), ("a", 1.0)])) == ["x", "a"]


STRENGTHS = st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1)), max_size=12)


@given(STRENGTHS)
def test_every_group_is_ranked_once(strengths):
    ranked = strengths_of_groups(strengths)
    assert sorted(ranked) == sorted({group for group, _ in strengths})


@given(STRENGTHS, st.sampled_from("abcd"), st.floats(0.01, 1))
def test_one_more_member_never_lowers_a_group(strengths, group, strength):
    strengths = [*strengths, (group, 0.0)]
    before = list(strengths_of_groups(strengths)).index(group)
    assert list(strengths_of_groups([*strengths, (group, strength)])).index(group) <= before


@given(STRENGTHS)
def test_the_order_within_a_group_does_not_matter(strengths):
    by_group = sorted(strengths, key=lambda strength: strength[0])
    backwards = strengths[::-1]
    turned = sorted(backwards, key=lambda strength: strength[0])
    assert strengths_of_groups(by_group) == strengths_of_groups(turned)


def test_the_first_item_of_a_group_stands_for_it():
    items = {"a1": 3.0, "b1": 2.0, "a2": 1.0}
    assert first_of_each(items, {"a1": "a", "b1": "b", "a2": "a"}, frozenset()) == {"a": "a1", "b": "b1"}


def test_a_preferred_item_goes_before_an_earlier_one():
    items = {"a1": 3.0, "a2": 2.0, "a3": 1.0}
    assert first_of_each(items, dict.fromkeys(items, "a"), frozenset({"a2", "a3"})) == {"a": "a2"}


def test_a_preferred_item_does_not_move_its_group():
    items = {"a1": 3.0, "b1": 2.0, "a2": 1.0}
    groups = {"a1": "a", "b1": "b", "a2": "a"}
    assert list(first_of_each(items, groups, frozenset({"a2"})).items()) == [("a", "a2"), ("b", "b1")]
