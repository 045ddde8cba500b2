from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.answer import DraftDiagnosis, FindingClaim, Stated
from services.core.types import Condition
from services.verification.calibration import Calibration
from services.verification.confidence import (
    MOST_NAMED,
    chances_of,
    confidence_of,
    is_covered,
    judge,
    probabilities,
    with_votes,
)


def diagnosis(score, coverage=1.0):
    return DraftDiagnosis(Condition("c", {"en": "C"}), None, score, {}, coverage, (), (), ())


def leading(coverage, usualness, similarity=0.0):
    claim = FindingClaim("cough", "cough", 1.0, ())
    return DraftDiagnosis(Condition("c", {"en": "C"}), None, 1.0, {}, coverage, (claim,), (), (), usualness, similarity)


@pytest.mark.parametrize(
    ("coverage", "usualness", "similarity", "expected"),
    [
        (0.5, 0.9, 0.0, True),
        (0.1, 0.9, 0.0, False),
        (0.5, 0.2, 0.0, False),
        (0.1, 0.2, 0.45, True),
    ],
)
def test_a_question_is_covered_by_enough_usual_findings_or_by_a_close_text(coverage, usualness, similarity, expected):
    assert is_covered(leading(coverage, usualness, similarity)) is expected


DIAGNOSES = st.lists(st.builds(diagnosis, st.floats(-20, 20), st.floats(0, 1)), max_size=8)


def test_no_diagnoses_have_no_probabilities():
    assert probabilities([]) == []


def test_a_better_score_is_more_probable():
    first, second = probabilities([diagnosis(3.0), diagnosis(2.0)])
    assert first > second > 0


def test_a_guideline_that_speaks_of_none_of_the_findings_counts_half():
    assert probabilities([diagnosis(1.0, 0.0)])[0] == pytest.approx(probabilities([diagnosis(1.0)])[0] / 2)


def test_there_is_always_room_for_none_of_these():
    assert probabilities([diagnosis(1000.0)])[0] < 1


@given(DIAGNOSES)
def test_probabilities_stand_in_the_order_given_and_add_up_to_less_than_one(diagnoses):
    made = probabilities(diagnoses)
    assert len(made) == len(diagnoses)
    assert all(0 <= probability < 1 for probability in made)
    assert sum(made) < 1


@given(DIAGNOSES, st.floats(-50, 50))
def test_only_differences_of_scores_matter(diagnoses, shift):
    moved = [diagnosis(one.score + shift, one.coverage) for one in diagnoses]
    assert probabilities(moved) == pytest.approx(probabilities(diagnoses))


@given(DIAGNOSES.filter(bool), st.floats(0.01, 5))
def test_a_higher_score_never_makes_a_diagnosis_less_probable(diagnoses, more):
    raised = [diagnosis(diagnoses[0].score + more, diagnoses[0].coverage), *diagnoses[1:]]
    assert probabilities(raised)[0] >= probabilities(diagnoses)[0] - 1e-12


@pytest.mark.parametrize(("probability", "level"), [(0.0, "low"), (0.349, "low"), (0.35, "medium"), (0.69, "medium")])
def test_a_probability_has_a_level(probability, level):
    assert confidence_of(probability) == level


@pytest.mark.parametrize("probability", [0.7, 0.9, 1.0])
def test_nothing_is_of_high_confidence_until_it_is_calibrated(probability):
    assert confidence_of(probability) == "medium"


WORDS = [None, "high", "medium", "low"]
HIGHEST_FIRST = ["high", "medium", "low"]


@given(st.floats(0, 1), st.sampled_from(WORDS))
def test_the_models_word_may_lower_the_level_and_never_raises_it(probability, word):
    measured = confidence_of(probability)
    made = confidence_of(probability, word)
    assert HIGHEST_FIRST.index(made) >= HIGHEST_FIRST.index(measured)
    assert made in {measured, word}


@pytest.mark.parametrize(
    ("probability", "word", "level"),
    [
        (0.5, "low", "low"),
        (0.5, "medium", "medium"),
        (0.5, "high", "medium"),
        (0.1, "high", "low"),
        (0.5, None, "medium"),
    ],
)
def test_the_lower_of_measure_and_word_counts(probability, word, level):
    assert confidence_of(probability, word) == level


def voted(name, votes):
    return DraftDiagnosis(Condition(name, {"en": name}), None, 1.0, {}, 1.0, (), (), (), votes=votes)


def test_a_probability_is_the_mean_of_scores_and_votes_in_the_given_order():
    assert with_votes([voted("b", 0.5), voted("a", 0.25)], {"a": 0.75, "b": 0.1}) == [0.3, 0.5]


def test_without_votes_only_half_of_the_scores_is_left():
    assert with_votes([voted("a", None), voted("b", 0.0)], {"a": 0.6, "b": 0.6}) == [0.3, 0.3]
    assert with_votes([], {"a": 0.6}) == []


@given(DIAGNOSES.filter(bool), st.lists(st.floats(0, 0.12), min_size=8, max_size=8))
def test_probabilities_with_votes_add_up_to_less_than_one(diagnoses, votes):
    named = [voted(str(place), vote) for place, (_, vote) in enumerate(zip(diagnoses, votes, strict=False))]
    known = {str(place): probability for place, probability in enumerate(probabilities(diagnoses))}
    made = with_votes(named, known)
    assert all(0 <= probability < 1 for probability in made)
    assert sum(made) < 1


LEVELS = {
    "high": {"least": 0.6, "right": 0.9, "low": 0.8, "high": 0.95, "n": 40},
    "medium": {"least": 0.3, "right": 0.6, "low": 0.4, "high": 0.8, "n": 20},
    "low": {"least": 0.0, "right": None, "low": None, "high": None, "n": 0},
}
CALIBRATION = Calibration(
    engine="evidence",
    conditions=("a", "b"),
    embedder="e",
    weights={"findings_for": 2.0},
    none={"always": 1.0, "stated": 0.5},
    curve=None,
    silent_from=0.5,
    levels=LEVELS,
    fitted={},
)


def supported(name, findings_for, stated=1.0):
    parts = {"findings_for": findings_for}
    condition = Condition(name, {"en": name})
    return DraftDiagnosis(condition, None, findings_for, parts, 1.0, (), (), (), 0.9, stated=Stated(1, stated))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.floats(0, 5))
def test_calibrated_chances_with_none_of_these_add_up_to_one_in_the_given_order(scores, stated):
    diagnoses = [supported(str(place), score, stated) for place, score in enumerate(scores)]
    chances, none = CALIBRATION.chances(diagnoses)
    assert sum(chances) + none == pytest.approx(1)
    assert all(
        chances[a] <= chances[b] for a, one in enumerate(scores) for b, other in enumerate(scores) if one < other
    )


def test_what_fits_is_named_most_probable_first_and_its_level_is_that_of_its_frequency():
    judged = judge([supported("a", 1.0), supported("b", 3.0)], CALIBRATION)
    assert [d.condition.id for d in judged.diagnoses] == ["b"]
    assert judged.chances[0] > 0.9
    assert [d.condition.id for d in judged.compared] == ["b", "a"]
    assert [confidence_of(p, None, CALIBRATION) for p in (0.1, 0.3, 0.59, 0.6, 1.0)] == [
        "low", "medium", "medium", "high", "high",
    ]  # fmt: skip


def test_the_more_is_stated_that_no_guideline_explains_the_sooner_nothing_is_named():
    assert judge([supported("a", 1.0, stated=1.0)], CALIBRATION).diagnoses
    silent = judge([supported("a", 1.0, stated=4.0)], CALIBRATION)
    assert silent.diagnoses == silent.chances == ()
    assert [d.condition.id for d in silent.compared] == ["a"]


def test_a_guideline_that_covers_nothing_is_not_named_however_probable():
    uncovered = replace(supported("a", 9.0), coverage=0.1)
    assert judge([supported("a", 9.0)], CALIBRATION).diagnoses
    assert judge([uncovered], CALIBRATION).diagnoses == ()


def test_at_most_five_are_named_with_a_calibration_too():
    assert len(judge([supported(str(n), 5.0) for n in range(8)], CALIBRATION).diagnoses) == MOST_NAMED


def test_nothing_compared_is_nothing_named():
    assert judge([], CALIBRATION).diagnoses == judge([], None).diagnoses == ()
    assert chances_of([], CALIBRATION) == chances_of([], None) == []


@given(st.floats(0, 1), st.sampled_from(WORDS))
def test_the_models_word_may_lower_a_calibrated_level_and_never_raises_it(probability, word):
    measured, made = confidence_of(probability, None, CALIBRATION), confidence_of(probability, word, CALIBRATION)
    assert HIGHEST_FIRST.index(made) >= HIGHEST_FIRST.index(measured)
