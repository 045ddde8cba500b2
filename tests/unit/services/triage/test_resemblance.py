import json

import pytest

from services.core.errors import LibraryError
from services.core.types import Patient, Source, TriageLevel
from services.findings.extract import extract
from services.findings.lexicon import Concept, Kind, Lexicon
from services.triage.engine import TriageEngine
from services.triage.resemblance import load_resemblance
from services.triage.rules import Rule

LEXICON = Lexicon([Concept("crooked-smile", {"en": "crooked smile"}, {"en": ("crooked smile",)}, Kind.SIGN)])


def rule(name, level=TriageLevel.CALL_AMBULANCE, finding="crooked-smile", **bounds):
    source = Source("P", "T", 2021, "https://example.org")
    said = {"en": "A.", "zh": "甲。"}
    return Rule(name, level, {"en": name, "zh": name}, source, said, frozenset({finding}), **bounds)


RULES = [
    rule("stroke"),
    rule("burn", TriageLevel.EMERGENCY_DEPARTMENT, "burn"),
    rule("cold", TriageLevel.SELF_CARE, "cold"),
]
GENERAL = rule("general", TriageLevel.EMERGENCY_DEPARTMENT, "ill")
URGENT = {
    "stroke": ["his face hangs, he drops his cup", "her face hangs on one side", "he drops his cup and his arm hangs"],
    "burn": ["the boiling kettle fell on her", "boiling soup fell over his legs", "kettle fell on my arm, skin peels"],
}
HARMLESS = ["the kettle is too loud", "my cup is broken", "a runny nose for two days", "an itchy, runny nose",
            "I watched a film about a face", "my arm itches since two days", "no crooked smile, I sneeze"]  # fmt: skip


def lines():
    urgent = [{"text": text, "emergency": True, "rule": name} for name, texts in URGENT.items() for text in texts]
    return urgent + [{"text": text, "emergency": False} for text in HARMLESS]


def write(folder, entries, language="en"):
    content = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
    (folder / f"{language}.jsonl").write_text(content, encoding="utf-8")


@pytest.fixture
def engine(tmp_path):
    write(tmp_path, lines())
    return TriageEngine(RULES, load_resemblance(tmp_path, RULES, LEXICON), GENERAL, 0.5)


def assess(engine, text, patient=None):
    return engine.assess(text, extract(text, LEXICON), patient or Patient(), None)


def test_what_no_rule_caught_is_raised_to_the_level_of_the_nearest_rule(engine):
    found = assess(engine, "suddenly her face hangs and she drops the cup")
    assert (found.level, found.rules, found.resembled) == (TriageLevel.CALL_AMBULANCE, (), RULES[0])
    found = assess(engine, "the soup was boiling and fell on my legs")
    assert (found.level, found.resembled) == (TriageLevel.EMERGENCY_DEPARTMENT, RULES[1])


def test_what_resembles_the_harmless_examples_is_left_alone(engine):
    found = assess(engine, "a runny nose since two days")
    assert (found.level, found.resembled) == (TriageLevel.ROUTINE_VISIT, None)


def test_a_rule_that_applies_is_not_replaced(engine):
    found = assess(engine, "crooked smile, boiling soup fell on her legs")
    assert (found.rules, found.resembled) == ((RULES[0],), None)


def test_it_never_lowers_a_level():
    never = TriageEngine(RULES)
    assert assess(never, "crooked smile").level is TriageLevel.CALL_AMBULANCE


def test_the_rule_must_fit_the_patient(tmp_path):
    write(tmp_path, lines())
    rules = [rule("stroke", min_age_years=18), *RULES[1:]]
    engine = TriageEngine(rules, load_resemblance(tmp_path, rules, LEXICON), GENERAL, 0.5)
    text = "suddenly her face hangs and she drops the cup"
    assert assess(engine, text, Patient(age_years=50)).resembled == rules[0]
    assert assess(engine, text, Patient(age_years=5)).resembled != rules[0]


def test_words_for_what_is_denied_do_not_count(engine):
    examples = engine.examples["en"]
    assert examples.chance(examples.vector("no crooked smile")) == examples.chance(examples.vector("no"))


def test_the_same_examples_make_the_same_model(tmp_path):
    write(tmp_path, lines())
    first, second = (load_resemblance(tmp_path, RULES, LEXICON)["en"] for _ in range(2))
    assert first.chance(first.vector("her face hangs")) == second.chance(second.vector("her face hangs"))


def test_chinese_is_read_by_characters(tmp_path):
    write(
        tmp_path,
        [
            {"text": "他嘴歪了，筷子拿不住", "emergency": True, "rule": "stroke"},
            {"text": "我爸嘴歪了，话也说不清", "emergency": True, "rule": "stroke"},
            {"text": "流鼻涕两天了", "emergency": False},
            {"text": "流鼻涕，打喷嚏", "emergency": False},
        ],
        "zh",
    )
    engine = TriageEngine(RULES, load_resemblance(tmp_path, RULES, LEXICON), GENERAL, 0.5)
    assert assess(engine, "奶奶突然嘴歪了").resembled == RULES[0]
    assert assess(engine, "流鼻涕三天").resembled is None


def test_a_library_without_examples_has_its_rules_alone(tmp_path):
    assert load_resemblance(tmp_path / "nowhere", RULES, LEXICON) == {}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 1"),
        ('{"text": "", "emergency": true}', "text"),
        ('{"text": "secret words"}', "emergency"),
        ('{"text": "secret words", "emergency": true, "rule": "gone"}', "line 1: no urgent rule"),
        ('{"text": "secret words", "emergency": true, "rule": "cold"}', "line 1: no urgent rule"),
        ('{"text": "secret words", "emergency": true}', "one kind"),
    ],
)
def test_a_line_that_is_not_valid_is_told_without_its_text(tmp_path, line, told):
    (tmp_path / "en.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(LibraryError, match=told) as error:
        load_resemblance(tmp_path, RULES, LEXICON)
    assert "secret" not in str(error.value)
