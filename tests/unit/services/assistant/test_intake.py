import pytest

from services.assistant.intake import Question, language_of, take_in, triage_only
from services.core.types import Onset, Patient, RawText, Source, TriageLevel
from services.findings.lexicon import Concept, Kind, Lexicon
from services.triage.engine import TriageEngine
from services.triage.rules import Rule


def concept(name, *terms):
    return Concept(name, {"en": name}, {"en": terms}, Kind.SYMPTOM)


LEXICON = Lexicon(
    [
        concept("chest-pain", "chest pain", "胸痛"),
        concept("sweating", "sweating", "出汗"),
        concept("cough", "cough", "咳嗽"),
    ]
)


def rule(name, level, all_of, **bounds):
    return Rule(
        id=name,
        level=level,
        finding={"en": name, "zh": name},
        source=Source("P", "T", 2021, "https://example.org"),
        sentence={"en": "A sentence.", "zh": "一句话。"},
        all_of=frozenset(all_of),
        **bounds,
    )


RULES = [
    rule("heart", TriageLevel.CALL_AMBULANCE, ["chest-pain", "sweating"]),
    rule("young", TriageLevel.WITHIN_24_HOURS, ["cough"], max_age_years=1),
    rule("long", TriageLevel.WITHIN_24_HOURS, ["cough"], min_duration_days=21),
]
ENGINE = TriageEngine(RULES)


def question(symptoms, **parts):
    raw = {name: RawText(value) for name, value in parts.items() if name in {"duration", "history", "record"}}
    rest = {name: value for name, value in parts.items() if name not in raw}
    return Question(RawText(symptoms), **raw, **rest)


def test_all_parts_count_towards_findings():
    intake = take_in(question("chest pain", history="sweating at night", record="coughing"), ENGINE, LEXICON)
    assert intake.findings.present == {"chest-pain", "sweating", "cough"}
    assert intake.triage.level is TriageLevel.CALL_AMBULANCE
    assert [r.id for r in intake.triage.rules] == ["heart"]


def test_only_the_symptoms_are_searched_for():
    intake = take_in(question("a cough", history="chest pain in 2019"), ENGINE, LEXICON)
    assert intake.query == "a cough"


def test_identifiers_are_gone_from_the_query():
    intake = take_in(question("cough, call 13812345678", record="mail a@example.org"), ENGINE, LEXICON)
    assert intake.query == "cough, call [PHONE]"


def test_the_stated_duration_goes_before_that_of_the_symptoms():
    assert take_in(question("cough for 2 days", duration="4 weeks"), ENGINE, LEXICON).duration_days == 28
    assert take_in(question("cough for 2 days", duration="a while"), ENGINE, LEXICON).duration_days == 2
    assert take_in(question("cough", duration="a while"), ENGINE, LEXICON).duration_days is None


def test_a_duration_in_the_history_is_not_that_of_the_complaint():
    assert take_in(question("cough", history="back pain for 10 years"), ENGINE, LEXICON).duration_days is None


def test_the_duration_decides_over_rules():
    assert take_in(question("cough", duration="4 weeks"), ENGINE, LEXICON).triage.level is TriageLevel.WITHIN_24_HOURS
    assert take_in(question("cough", duration="2 weeks"), ENGINE, LEXICON).triage.level is TriageLevel.ROUTINE_VISIT


def test_the_age_is_read_where_none_was_given():
    assert take_in(question("my baby has a cough"), ENGINE, LEXICON).triage.level is TriageLevel.WITHIN_24_HOURS
    grown = question("my baby has a cough", patient=Patient(age_years=30))
    assert take_in(grown, ENGINE, LEXICON).triage.level is TriageLevel.ROUTINE_VISIT


def test_the_onset_is_that_of_the_symptoms():
    assert take_in(question("sudden chest pain"), ENGINE, LEXICON).onset is Onset.SUDDEN
    assert take_in(question("chest pain", history="sudden deafness"), ENGINE, LEXICON).onset is None


def test_triage_alone_says_the_same_as_the_whole_intake():
    for asked in (question("chest pain, sweating"), question("胸痛、出汗"), question("no chest pain, sweating")):
        assert triage_only(asked, ENGINE, LEXICON) == take_in(asked, ENGINE, LEXICON).triage


@pytest.mark.parametrize(
    ("symptoms", "tag", "language"),
    [("咳嗽", "auto", "zh"), ("a cough", "auto", "en"), ("咳嗽", "en-GB", "en"), ("a cough", "zh-Hans", "zh")],
)
def test_the_language_is_as_asked_or_that_of_the_symptoms(symptoms, tag, language):
    assert language_of(question(symptoms, language=tag)) == language
    assert take_in(question(symptoms, language=tag), ENGINE, LEXICON).language == language


def test_empty_parts_leave_no_empty_lines():
    assert question("cough", duration="", record="mild").whole() == RawText("cough\nmild")


def test_a_question_does_not_show_what_was_written():
    asked = question("chest pain", history="sweating")
    assert "chest" not in repr(asked)
    assert "sweating" not in f"{asked} {asked.whole()}"
