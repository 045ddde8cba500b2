import numpy as np
import pytest

from evals.calibrate import LEAST, NothingToFitError, calibrate
from evals.outcomes import Pair
from evals.results import Compared, Named, Result, RunCard
from evals.vignettes import Vignette

CARD = RunCard(
    suite="starter", suite_digest="d", cases=1, engine="evidence", model=None, library_edition="e", embedder="m@1",
    settings_digest=None, samples=1, commit="c", service_version="0", machine="m", began="now",
    conditions=tuple(f"c{n}" for n in range(30)),
)  # fmt: skip


def pair(number, fit, strengths, *, twin=None, split="fit"):
    """The condition compared first fits with the first strength and is right, unless it is missing."""
    condition = f"c{number % 30}"
    asked = Vignette(
        id=f"v{number}{twin}", split=split, language="en", style="lay", condition=condition, triage="routine_visit",
        symptoms="x", twin=twin,
    )  # fmt: skip
    first = "other" if twin else condition
    names = [first, *(f"d{n}" for n in range(len(strengths)))]
    compared = tuple(
        Compared(condition_id=name, signals={"fits": value, "noise": float(np.sin(number * 7 + place))})
        for place, (name, value) in enumerate(zip(names, [fit, *strengths], strict=True))
    )
    named = Named(condition_id=first, icd10=None, name=first, probability=0.5, confidence="low")
    got = Result(
        id=asked.id, status="answered", engine="evidence", language="en", level="routine_visit", red_flags=0,
        diagnoses=(named,), retrieved=(), statements=0, statements_cited=0, invalid_ids=0, quotes=0, quotes_verbatim=0,
        leaked=0, calibrated=False, seconds=0.1, compared=compared, question={"always": 1.0},
    )  # fmt: skip
    return Pair(asked, got)


def drawn(seed, split="fit"):
    """Questions whose right condition is drawn by a known conditional logit."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(150):
        strengths = random.uniform(0, 1, 4)
        fit = random.uniform(1.5, 4) if random.random() < 0.95 else random.uniform(0, 1)
        made.append(pair(number, float(fit), strengths.tolist(), split=split))
        made.append(pair(number, float(random.uniform(0, 1.2)), strengths.tolist(), twin="unanswerable", split=split))
    return made


@pytest.fixture(scope="module")
def calibration():
    return calibrate(drawn(0), CARD)


def test_what_tells_right_from_wrong_gets_weight_and_noise_gets_little(calibration):
    assert calibration.weights["fits"] > 1
    assert abs(calibration.weights["noise"]) < calibration.weights["fits"] / 3
    assert calibration.conditions == CARD.conditions
    assert calibration.is_for(CARD.conditions, "m@1")


def test_levels_go_down_with_their_bounds_and_say_how_often_they_were_right(calibration):
    assert [calibration.levels[level].least for level in LEAST] == list(LEAST.values())
    measured = [level.right for level in calibration.levels.values() if level.n >= 10]
    assert measured == sorted(measured, reverse=True)
    assert calibration.levels["high"].right >= 0.8


def test_most_answerable_questions_stay_below_the_threshold_of_silence_and_most_others_do_not(calibration):
    def silent(pairs):
        def worth(one):
            return sum(calibration.weights[name] * value for name, value in one.signals.items())

        shares = []
        for one in pairs:
            values = [*map(worth, one.got.compared), calibration.none["always"]]
            shares.append(np.exp(values[-1]) / np.exp(values).sum() >= calibration.silent_from)
        return np.mean(shares)

    new = drawn(1)
    assert silent([one for one in new if one.is_answerable]) < 0.2
    assert silent([one for one in new if not one.is_answerable]) > 0.4


def test_the_test_half_is_not_looked_at():
    with_test = [*drawn(0), *drawn(5, split="test")]
    assert calibrate(with_test, CARD) == calibrate(drawn(0), CARD)


@pytest.mark.parametrize(
    "kept", [lambda pair: pair.is_answerable, lambda pair: not pair.is_answerable, lambda _: False]
)
def test_without_both_kinds_of_questions_there_is_nothing_to_fit(kept):
    with pytest.raises(NothingToFitError):
        calibrate([one for one in drawn(0) if kept(one)], CARD)
