import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.gold import ancestors, hierarchical_f1, read_gold
from evals.vignettes import read_vignettes

CODES = st.sampled_from(sorted(gold.icd10 for gold in read_gold().values()))


def test_every_condition_of_the_vignettes_has_a_code_in_a_chapter_and_names_in_both_languages():
    gold = read_gold()
    asked = {id_ for vignette in read_vignettes() for id_ in vignette.right}
    assert asked <= gold.keys()
    assert all(len(ancestors(gold[id_].icd10)) > 1 for id_ in asked)
    assert all({name.isascii() for name in one.names} == {True, False} for one in gold.values())


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("J45.991", {"J00-J99", "J45", "J459", "J4599", "J45991"}),
        ("I10", {"I00-I99", "I10"}),
        ("T78.2", {"S00-T98", "T78", "T782"}),
        ("", set()),
        ("XYZ", set()),
    ],
)
def test_a_code_lies_in_its_category_and_chapter(code, found):
    assert ancestors(code) == found


@given(CODES, CODES)
def test_a_code_is_nearest_to_itself_and_nearness_goes_both_ways(code, other):
    assert hierarchical_f1(code, code) == 1
    assert 0 <= hierarchical_f1(code, other) == hierarchical_f1(other, code) <= 1


def test_a_code_of_the_same_category_is_nearer_than_one_of_the_same_chapter_and_another_chapter_is_far():
    assert (
        1 > hierarchical_f1("J45.0", "J45.9") > hierarchical_f1("J18.9", "J45.9") > hierarchical_f1("K35", "J45.9") == 0
    )
    assert hierarchical_f1(None, "J45.9") == 0


def test_nearness_to_a_code_of_no_chapter_is_undefined():
    with pytest.raises(ValueError, match="no chapter"):
        hierarchical_f1("J45", "?")
