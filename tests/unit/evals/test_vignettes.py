from collections import Counter

import pytest
from pydantic import ValidationError
from support import GUIDELINES

from evals.vignettes import EDITIONS, Vignette, read_vignettes
from services.findings.lexicon import load_lexicon
from services.triage.levels import MOST_URGENT_FIRST

VIGNETTES = read_vignettes()
BASE = [one for one in VIGNETTES if one.twin is None and one.style != "terse"]
TERSE = [one for one in VIGNETTES if one.style == "terse"]
CONDITIONS = {file.name.split(".")[0] for file in GUIDELINES.glob("*.en.md")}


def test_there_are_enough_of_both_languages_styles_and_levels():
    assert len(BASE) >= 150
    assert min(Counter(one.language for one in BASE).values()) >= 75
    assert min(Counter(one.style for one in BASE).values()) >= 50
    assert set(Counter(one.triage for one in BASE)) == set(MOST_URGENT_FIRST)


def test_every_condition_of_the_library_is_asked_for_and_none_else():
    assert {one.condition for one in BASE} == CONDITIONS
    assert {condition for one in VIGNETTES for condition in one.right} <= CONDITIONS


def test_a_condition_is_in_one_split_only_and_twins_with_it():
    splits = {}
    by_id = {one.id: one for one in VIGNETTES}
    for one in VIGNETTES:
        root = by_id[one.twin_of] if one.twin_of else one
        splits.setdefault(root.condition or root.id, set()).add(one.split)
    assert {len(found) for found in splits.values()} == {1}
    assert abs(Counter(one.split for one in BASE)["fit"] - len(BASE) / 2) < 10


def test_findings_are_those_of_the_lexicon_and_none_is_both_there_and_not():
    known = load_lexicon(GUIDELINES / "terminology" / "findings.yaml").concepts.keys()
    assert {finding for one in VIGNETTES for finding in (*one.present, *one.absent)} <= known
    assert not [one.id for one in VIGNETTES if set(one.present) & set(one.absent)]


def test_no_text_names_its_diagnosis():
    names = {}
    for file in GUIDELINES.glob("*.en.md"):
        front = file.read_text(encoding="utf-8").split("---")[1]
        title = next(line for line in front.splitlines() if line.startswith("title:"))
        names[file.name.split(".")[0]] = title.removeprefix("title:").strip().strip('"').lower()
    for one in BASE:
        assert names[one.condition] not in one.said.lower(), one.id


def test_identifiers_stand_in_their_text():
    kept = [one for one in VIGNETTES if one.identifiers]
    assert len(kept) >= 20
    assert all(identifier in f"{one.said} {one.history}" for one in kept for identifier in one.identifiers)


def test_terse_questions_are_short_and_about_half_of_them_are_on_nothing_that_the_library_has():
    assert max(len(one.said) for one in TERSE) < 80
    assert {one.condition for one in TERSE} == CONDITIONS | {None}
    assert {one.twin for one in TERSE} == {None}
    for split in ("fit", "test"):
        missing = [one.condition is None for one in TERSE if one.split == split]
        assert 0.4 < sum(missing) / len(missing) < 0.6
        assert {one.language for one in TERSE if one.split == split} == {"en", "zh"}


def test_each_has_a_twin_without_its_guideline():
    assert sum(one.twin == "unanswerable" for one in VIGNETTES) == len(BASE)


@pytest.mark.parametrize("kind", ["superseded", "contradictory"])
def test_conditions_with_invented_guidelines_have_twins_of_the_vignettes_themselves(kind):
    conditions = {file.name.partition(".")[0] for file in (EDITIONS / kind).glob("*.md")}
    of_kind = [one for one in VIGNETTES if one.twin == kind]
    assert {one.twin_of for one in of_kind} == {one.id for one in BASE if one.condition in conditions}
    assert {one.language for one in of_kind} == {"en", "zh"}
    assert {one.split for one in of_kind} == {"fit", "test"}


def test_contradictory_twins_are_asked_in_two_regions_in_turn_and_no_other_vignette_in_any():
    regions = [one.body()["patient"]["region"] for one in VIGNETTES if one.twin == "contradictory"]
    assert regions[:4] == ["XA", "XB", "XA", "XB"]
    assert abs(regions.count("XA") - regions.count("XB")) <= 1
    assert {one.body()["patient"]["region"] for one in VIGNETTES if one.twin != "contradictory"} == {None}


@pytest.mark.parametrize(
    "changes", [{"symptoms": ""}, {"turns": ["a", "b"]}, {"split": "both"}, {"why": "x"}, {"triage": "soon"}]
)
def test_a_line_that_is_not_valid_is_refused(changes):
    made = {"id": "a", "split": "fit", "language": "en", "style": "lay", "condition": None, "symptoms": "x"}
    made["triage"] = "self_care"
    assert Vignette.model_validate(made)
    with pytest.raises(ValidationError):
        Vignette.model_validate(made | changes)


def test_two_of_one_id_and_a_twin_of_none_are_refused(tmp_path):
    line = BASE[0].model_dump_json()
    file = tmp_path / "suite.jsonl"
    file.write_text(f"{line}\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="one id"):
        read_vignettes(file)
    file.write_text(BASE[0].model_copy(update={"twin_of": "gone"}).model_dump_json() + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="twin of none"):
        read_vignettes(file)
