import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.answer import DraftDiagnosis
from services.core.types import Condition
from services.verification.confidence import CALIBRATED, confidence_of, probabilities, with_votes


def diagnosis(score, coverage=1.0):
    return DraftDiagnosis(Condition("c", {"en": "C"}), None, score, {}, coverage, (), (), ())


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
    assert confidence_of(probability) == ("high" if CALIBRATED else "medium")


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
