"""Sentences as people write them, through the real lexicon and rules."""

from pathlib import Path

import pytest
import yaml
from support import GUIDELINES

from services.assistant.intake import Question, triage_only
from services.core.settings import LibrarySettings
from services.core.types import Patient, RawText, TriageLevel
from services.findings.lexicon import load_lexicon
from services.triage.engine import TriageEngine, load_triage
from services.triage.levels import EMERGENCIES, MOST_URGENT_FIRST
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


BESIDE_A_CUE = [
    "Saw the GP about chest pain yesterday, now it is crushing and I am sweating",
    "I saw a doctor about chest pain and sweating today",
    "After training on Monday chest pain and sweating that won't stop",
    "I was watching a match on tv, sudden crushing chest pain",
    "I heard about it late: my dad has chest pain and is sweating",
    "I am at work, my friend had a seizure just now and is blue",
    "I am scared, my mum had a seizure five minutes ago and isn't waking up",
    "I am home, my brother took an overdose tonight",
    "I saw a man collapse, he is not breathing",
    "I read that aspirin helps, I have crushing chest pain",
    "I was in the cinema watching a film and had a seizure",
    "in the film queue I had a seizure",
    "Dad collapsed on the sofa and won't wake up",
    "我爸呼吸没了",
    "老公突然胸痛，人没了意识",
    "我朋友被蛇咬过，腿现在肿了",
    "我同事抽搐过后昏迷了",
    "万一来不及怎么办，我爸胸痛出冷汗",
    "医生说没事，可是胸痛出冷汗越来越厉害",
    "以前胸痛，现在又胸痛出冷汗",
    "听人说要打120，我妈胸痛出冷汗",
    "怕是中风，我爸嘴歪了话说不清",
    "孩子怕被打，吃了一瓶安眠药",
]


@pytest.mark.parametrize("text", BESIDE_A_CUE)
def test_an_emergency_beside_a_story_a_worry_or_somebody_else_is_found_by_the_rules(text, rules, lexicon):
    found = triage_only(Question(RawText(text)), TriageEngine(rules), lexicon)
    assert found.level in EMERGENCIES
