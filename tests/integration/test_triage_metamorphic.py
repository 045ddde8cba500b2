"""What must not change a level: who writes, in which order, what is beside the point; and what must: a denial."""

import re
from pathlib import Path

import pytest
import yaml
from support import GUIDELINES

from services.assistant.intake import Question, triage_only
from services.core.settings import LibrarySettings
from services.core.text import detect_language
from services.core.types import Patient, RawText, TriageLevel
from services.findings.extract import extract
from services.findings.lexicon import load_lexicon
from services.triage.engine import TriageEngine, load_triage
from services.triage.levels import MOST_URGENT_FIRST
from services.triage.rules import triage

CASES = yaml.safe_load((Path(__file__).parents[1] / "data" / "triage_cases.yaml").read_text(encoding="utf-8"))
LEXICON = load_lexicon(GUIDELINES / "terminology" / "findings.yaml")
ENGINE = load_triage(GUIDELINES / "triage", LEXICON, LibrarySettings().resembles_from)
RULES = ENGINE.rules
EMERGENCIES = (TriageLevel.CALL_AMBULANCE, TriageLevel.EMERGENCY_DEPARTMENT)

MINIMISED = {
    "en": [
        ("My wife says I am making a fuss. ", ""),
        ("", " He says it is nothing and does not want to bother anyone."),
        ("", " I am sure it will pass on its own."),
        ("Probably just stress, but ", ""),
    ],
    "zh": [
        ("我老公说我大惊小怪。", ""),
        ("", "他说没事，不想麻烦别人。"),
        ("", "应该过一会儿就好了吧。"),
        ("可能就是累的，", ""),
    ],
}
BESIDE_THE_POINT = {
    "en": [
        ("Good morning, thank you for your help. ", ""),
        ("", " We live on the third floor and have two cats."),
        ("", " I work in an office and had toast for breakfast."),
        ("Hi, my name is Dana Miller. ", ""),
    ],
    "zh": [
        ("您好，麻烦您了。", ""),
        ("", "我们住三楼，养了两只猫。"),
        ("", "我在公司上班，早饭吃了面包。"),
        ("你好，我叫李小明。", ""),
    ],
}
SEXES = [("dad", "mum"), ("father", "mother"), ("husband", "wife"), ("son", "daughter"), ("grandfather", "grandmother"),
         ("爸", "妈"), ("爷爷", "奶奶"), ("老公", "老婆"), ("儿子", "女儿"), ("弟弟", "妹妹")]  # fmt: skip


def level(text, case=None, engine=ENGINE):
    """As `/v1/triage` gives it."""
    known = case or {}
    patient = Patient(known.get("age_years"), known.get("sex"), known.get("pregnant"))
    return triage_only(Question(RawText(text), patient=patient), engine, LEXICON).level


def urgency(of):
    """Lower is more urgent."""
    return MOST_URGENT_FIRST.index(of)


def emergencies():
    """Those that a rule finds: what merely resembles one may change with every word."""
    by_rules = TriageEngine(RULES)
    return [
        pytest.param(case, id=f"{n}: {case['why']}")
        for n, case in enumerate(CASES)
        if level(case["text"], case, by_rules) in EMERGENCIES
    ]


def around(case, additions):
    return [f"{before}{case['text']}{after}" for before, after in additions[detect_language(case["text"])]]


@pytest.mark.parametrize("case", emergencies())
def test_playing_it_down_does_not_lower_the_level(case):
    for text in around(case, MINIMISED):
        assert urgency(level(text, case)) <= urgency(level(case["text"], case)), text


@pytest.mark.parametrize("case", emergencies())
def test_what_is_beside_the_point_does_not_change_the_level(case):
    for text in around(case, BESIDE_THE_POINT):
        assert level(text, case) is level(case["text"], case), text


@pytest.mark.parametrize("case", emergencies())
def test_the_order_of_sentences_does_not_lower_the_level(case):
    sentences = [part for part in re.split(r"(?<=[.!?。！？])\s*", case["text"]) if part]
    turned = " ".join(reversed(sentences))
    assert urgency(level(turned, case)) <= urgency(level(case["text"], case)), turned


@pytest.mark.parametrize("case", [param for param in emergencies() if "sex" not in param.values[0]])
def test_the_sex_of_a_relative_does_not_change_the_level(case):
    for male, female in SEXES:
        word = rf"\b{male}\b" if male.isascii() else male
        if re.search(word, case["text"]) and not re.search("pregnan|怀孕|月经|period", case["text"]):
            text = re.sub(word, female, case["text"])
            assert level(text, case) is level(case["text"], case), text


def of_single_findings():
    """Findings that are an emergency by themselves."""
    urgent = [rule for rule in RULES if rule.level in EMERGENCIES]
    alone = {finding for rule in urgent if len(rule.all_of) == 1 and not rule.any_of for finding in rule.all_of}
    return sorted(alone | {finding for rule in urgent if not rule.all_of for finding in rule.any_of})


def test_what_is_denied_is_no_emergency_whatever_it_is():
    """By rules alone: a finding's name behind a denial must not make another one, as in 无尿痛."""
    raised = []
    for concept in LEXICON.concepts.values():
        for text in (f"No {concept.name('en')}.", f"无{concept.name('zh')}。", f"否认{concept.name('zh')}。"):
            if triage(RULES, extract(text, LEXICON), Patient(), None).level in EMERGENCIES:
                raised.append(text)
    assert raised == []


@pytest.mark.parametrize("finding", of_single_findings())
def test_a_denied_red_flag_is_none(finding):
    name = LEXICON.concepts[finding].name
    for text in (
        f"I have a cold. Patient denies {name('en')}.",
        f"I have a cold. No {name('en')}.",
        f"我感冒了。无{name('zh')}。",
        f"我感冒了，否认{name('zh')}。",
    ):
        assert level(text) not in EMERGENCIES, text


@pytest.mark.parametrize("finding", of_single_findings())
def test_a_red_flag_is_one_under_its_clinical_name_in_both_languages(finding):
    name = LEXICON.concepts[finding].name
    ages = [25, 25 / 365, 2, 70]
    for text in (f"Patient has {name('en')}.", f"患者{name('zh')}。"):
        levels = [level(text, {"age_years": age, "pregnant": pregnant}) for age in ages for pregnant in (False, True)]
        assert set(levels) & set(EMERGENCIES), text
