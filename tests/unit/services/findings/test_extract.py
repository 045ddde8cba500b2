import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.findings.extract import Findings, extract
from services.findings.lexicon import Concept, Kind, Lexicon


def concept(name, *terms, implies=()):
    return Concept(name, {"en": name}, {"en": terms}, Kind.SYMPTOM, frozenset(implies))


LEXICON = Lexicon(
    [
        concept("cough", "cough", "咳嗽"),
        concept("dry-cough", "dry cough", "干咳", implies=["cough"]),
        concept("fever", "fever", "发烧"),
        concept("high-fever", "high fever", "高烧", implies=["fever"]),
        concept("chest-pain", "chest pain", "胸痛"),
    ]
)


def test_a_text_without_findings_has_none():
    assert extract("I feel odd.", LEXICON) == Findings(frozenset(), frozenset(), frozenset(), ())


def test_a_special_finding_brings_the_general_one_along():
    found = extract("a dry cough", LEXICON)
    assert found.present == {"dry-cough", "cough"}
    assert found.stated == ("dry-cough",)


def test_where_there_is_no_cough_there_is_no_dry_cough():
    found = extract("no cough", LEXICON)
    assert found.absent == {"cough", "dry-cough"}
    assert found.denied == ("cough",)


def test_the_absence_of_a_special_finding_says_nothing_of_the_general_one():
    found = extract("no dry cough", LEXICON)
    assert found.absent == {"dry-cough"}
    assert found.present == frozenset()


def test_present_wins_over_absent():
    found = extract("No chest pain at night. Chest pain on the stairs.", LEXICON)
    assert found.present == {"chest-pain"}
    assert found.absent == frozenset()
    assert found.denied == ()


def test_what_a_present_finding_implies_is_not_absent():
    found = extract("No fever yesterday. High fever today.", LEXICON)
    assert found.present == {"high-fever", "fever"}
    assert found.absent == frozenset()
    assert found.denied == ()


def test_absent_wins_over_unknown():
    found = extract("Is it a fever? There is no fever.", LEXICON)
    assert found.absent >= {"fever"}
    assert found.unknown == frozenset()


def test_what_is_only_asked_about_is_unknown():
    found = extract("What if I get a fever?", LEXICON)
    assert found.unknown == {"fever"}
    assert found.present == found.absent == frozenset()


def test_stated_findings_keep_the_order_of_the_text_and_stand_once():
    assert extract("胸痛，咳嗽，胸痛", LEXICON).stated == ("chest-pain", "cough")


def test_a_measured_temperature_is_a_finding():
    assert extract("temperature 39.8 °C, coughing", LEXICON).present == {"cough", "fever", "high-fever"}


def test_a_measured_fever_wins_over_a_denied_one():
    found = extract("No fever. Temperature 38.6 °C.", LEXICON)
    assert "fever" in found.present
    assert "fever" not in found.absent


def test_a_measurement_that_the_lexicon_does_not_know_is_left_out():
    found = extract("BP 200/130, SpO2 85%, temperature 39.8 °C", Lexicon([concept("cough", "cough")]))
    assert found.present == frozenset()


PIECES = [
    "no fever",
    "high fever",
    "dry cough",
    "no cough",
    "咳嗽",
    "无胸痛",
    "胸痛",
    "what if I get a fever",
    "39.6 °C",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map(". ".join))
def test_no_finding_has_two_statuses(text):
    found = extract(text, LEXICON)
    assert not found.present & found.absent
    assert not found.present & found.unknown
    assert not found.absent & found.unknown
    assert set(found.stated) <= found.present
    assert set(found.denied) <= found.absent


@given(st.lists(st.sampled_from(PIECES), max_size=6), st.lists(st.sampled_from(PIECES), max_size=3))
def test_more_sentences_never_take_a_present_finding_away(first, more):
    before = extract(". ".join(first), LEXICON).present
    assert before <= extract(". ".join(first + more), LEXICON).present


@pytest.mark.parametrize("text", ["", " \n ", "。。。", "1234"])
def test_a_text_without_words_has_no_findings(text):
    assert extract(text, LEXICON).present == frozenset()


def test_an_event_of_long_ago_is_over_and_an_illness_is_not():
    lexicon = Lexicon(
        [
            Concept("head-injury", {"en": "head injury"}, {"zh": ("撞头",)}, Kind.HISTORY, is_event=True),
            Concept("heart-disease", {"en": "heart disease"}, {"zh": ("心脏病",)}, Kind.RISK_FACTOR),
        ]
    )
    assert extract("五年前撞头", lexicon).present == frozenset()
    assert extract("五年前查出心脏病", lexicon).present == {"heart-disease"}
    assert extract("今天撞头", lexicon).present == {"head-injury"}


def test_what_is_there_excludes_what_cannot_be_beside_it_unless_the_text_says_both():
    dry = Concept("dry", {"en": "dry"}, {"en": ("dry cough",)}, Kind.SYMPTOM, excludes=frozenset({"wet"}))
    lexicon = Lexicon([dry, concept("wet", "wet cough")])
    assert extract("a dry cough", lexicon).absent == {"wet"}
    assert extract("a dry cough", lexicon).denied == ()
    assert extract("a wet cough", lexicon).absent == {"dry"}
    assert extract("a dry cough by day, a wet cough at night", lexicon).absent == frozenset()
