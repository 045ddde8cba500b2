import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.core.errors import LibraryError
from services.verification.calibration import Calibration, Isotonic, Logistic, load_calibration

LEVEL = {"least": 0.0, "right": None, "low": None, "high": None, "n": 0}
FORM = {
    "engine": "evidence", "conditions": [f"c{n}" for n in range(20)], "embedder": "e@1", "weights": {"coverage": 1.0},
    "none": {"always": 0.0}, "curve": None, "silent_from": 0.5, "levels": {"low": LEVEL}, "fitted": {},
}  # fmt: skip
CALIBRATION = Calibration.model_validate(FORM)


def test_a_calibration_is_for_the_library_and_the_embedder_that_it_was_fitted_on():
    conditions = CALIBRATION.conditions
    assert CALIBRATION.is_for(conditions, "e@1")
    assert CALIBRATION.is_for([*conditions[1:], "new"], "e@1")
    assert not CALIBRATION.is_for(conditions, "e@2")
    assert not CALIBRATION.is_for(conditions[:10], "e@1")
    assert not CALIBRATION.is_for([*conditions, *(f"other{n}" for n in range(10))], "e@1")
    assert not CALIBRATION.is_for([], "e@1")


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2), st.floats(0.01, 9), st.floats(-5, 5))
def test_a_logistic_curve_rises_and_stays_within_zero_and_one(chances, slope, intercept):
    curve = Logistic(slope=slope, intercept=intercept)
    low, high = sorted(chances)
    assert 0 <= curve(low) <= curve(high) <= 1


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_an_isotonic_curve_rises_and_keeps_to_its_points(chances):
    curve = Isotonic(chances=(0.2, 0.4, 0.8), frequencies=(0.1, 0.5, 0.9))
    low, high = sorted(chances)
    assert 0.1 <= curve(low) <= curve(high) <= 0.9
    assert curve(0.4) == 0.5


@pytest.mark.parametrize("points", [((0.4, 0.2), (0.1, 0.2)), ((0.2, 0.4), (0.2, 0.1)), ((0.2,), (0.1, 0.2))])
def test_points_that_do_not_rise_are_no_curve(points):
    with pytest.raises(ValidationError):
        Isotonic(chances=points[0], frequencies=points[1])


@given(st.lists(st.floats(0, 1), max_size=20))
def test_frequencies_add_up_to_one_at_most(chances):
    bent = CALIBRATION.model_copy(update={"curve": Logistic(slope=1.0, intercept=2.0)})
    assert sum(bent.frequencies(chances)) <= 1 + 1e-9


def test_a_file_of_calibration_is_read_and_a_missing_one_is_none(tmp_path):
    assert load_calibration(tmp_path, "evidence") is None
    (tmp_path / "evidence.json").write_text(json.dumps(FORM), encoding="utf-8")
    assert load_calibration(tmp_path, "evidence") == CALIBRATION


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "evidence.json is not valid"),
        (json.dumps({**FORM, "silent_from": 2}), "silent_from"),
        (json.dumps({**FORM, "engine": "vllm"}), "another engine"),
    ],
)
def test_a_calibration_that_is_not_valid_is_refused_by_name(tmp_path, content, told):
    (tmp_path / "evidence.json").write_text(content, encoding="utf-8")
    with pytest.raises(LibraryError, match=told):
        load_calibration(tmp_path, "evidence")
