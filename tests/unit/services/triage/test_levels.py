from hypothesis import given
from hypothesis import strategies as st

from services.core.types import TriageLevel
from services.triage.levels import DEFAULT, MOST_URGENT_FIRST, most_urgent


def test_levels_go_from_the_ambulance_to_self_care():
    assert [level.value for level in MOST_URGENT_FIRST] == [
        "call_ambulance",
        "emergency_department",
        "within_24_hours",
        "routine_visit",
        "self_care",
    ]


def test_without_a_rule_nobody_is_told_to_stay_at_home():
    assert DEFAULT is TriageLevel.ROUTINE_VISIT


def test_no_levels_have_no_most_urgent_one():
    assert most_urgent([]) is None


@given(st.lists(st.sampled_from(TriageLevel), min_size=1))
def test_the_most_urgent_level_is_among_them_and_none_is_before_it(levels):
    most = most_urgent(levels)
    assert most in levels
    assert all(MOST_URGENT_FIRST.index(most) <= MOST_URGENT_FIRST.index(level) for level in levels)
