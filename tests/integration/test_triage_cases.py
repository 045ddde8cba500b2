"""Sentences as people write them, through the real lexicon and rules."""

from pathlib import Path

import pytest
import yaml
from support import GUIDELINES

from services.assistant.intake import Question, triage_only
from services.core.settings import LibrarySettings
from services.core.types import Patient, RawText, TriageLevel
from services.findings.lexicon import load_lexicon
from services.triage.engine import load_triage
from services.triage.levels import MOST_URGENT_FIRST
from services.triage.rules import load_rules

CASES = yaml.safe_load((Path(__file__).parents[1] / "data" / "triage_cases.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lexicon():
    return load_lexicon(GUIDELINES / "terminology" / "findings.yaml")


@pytest.fixture(scope="module")
def rules(lexicon):
    return load_rules(GUIDELINES / "triage", lexicon)


@pytest.fixture(scope="module")
def engine(lexicon):
    return load_triage(GUIDELINES / "triage", lexicon, LibrarySettings().resembles_from)


@pytest.mark.parametrize("case", CASES, ids=[f"{number}: {case['why']}" for number, case in enumerate(CASES)])
def test_a_sentence_gets_its_level(case, engine, lexicon):
    patient = Patient(case.get("age_years"), case.get("sex"), case.get("pregnant"))
    found = triage_only(Question(RawText(case["text"]), patient=patient), engine, lexicon)
    got, expected = MOST_URGENT_FIRST.index(found.level), MOST_URGENT_FIRST.index(TriageLevel(case["level"]))
    if case.get("at_least"):
        assert got <= expected, found.level
    elif case.get("at_most"):
        assert got >= expected, found.level
    else:
        assert got == expected, found.level


def test_every_rule_cites_a_real_source_and_there_are_rules_of_every_level(rules):
    assert len(rules) >= 25
    assert {rule.level for rule in rules} == set(TriageLevel)
    assert all(rule.source.url.startswith("https://") and rule.sentence["en"] and rule.sentence["zh"] for rule in rules)


def test_only_self_care_rules_look_at_what_else_is_there(rules):
    assert {rule.level for rule in rules if rule.only is not None} == {TriageLevel.SELF_CARE}
    assert all(rule.only is not None for rule in rules if rule.level is TriageLevel.SELF_CARE)
