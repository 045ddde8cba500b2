import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.answer import SentenceRef
from services.core.text import sentence_spans
from services.core.types import Chunk, SectionRole, Sentence
from services.findings.lexicon import Concept, Kind, Lexicon
from services.generation.profile import ROLE_WEIGHT, read_profile, strongest, usualness


def concept(name, *terms, implies=()):
    return Concept(name, {"en": name}, {"en": terms}, Kind.SYMPTOM, frozenset(implies))


LEXICON = Lexicon(
    [
        concept("cough", "cough", "咳嗽"),
        concept("dry-cough", "dry cough", "干咳", implies=["cough"]),
        concept("fever", "fever", "发热"),
        concept("wheeze", "wheeze", "喘息"),
    ]
)


def chunk(text, role=SectionRole.PRESENTATION, name="p", language="en"):
    sentences = tuple(Sentence(a, b) for a, b in sentence_spans(text, language))
    return Chunk(name, "d", 0, role.value, role, text, sentences)


@pytest.mark.parametrize(
    ("sentence", "weight"),
    [
        ("Cough is always present.", 1.0),
        ("The main symptom is cough.", 1.0),
        ("Cough is usually dry.", 0.9),
        ("Cough is often dry.", 0.8),
        ("There is cough.", 0.7),
        ("Cough may occur.", 0.5),
        ("Cough is rare.", 0.2),
        ("主要表现为咳嗽。", 1.0),
        ("通常有咳嗽。", 0.9),
        ("常有咳嗽。", 0.8),
        ("有咳嗽。", 0.7),
        ("可有咳嗽。", 0.5),
        ("咳嗽少见。", 0.2),
    ],
)
def test_words_of_frequency_weigh_a_sentence(sentence, weight):
    assert usualness(sentence) == weight


@given(st.text(max_size=60))
def test_a_weight_is_a_share(sentence):
    assert 0 < usualness(sentence) <= 1


def test_a_profile_points_at_the_sentences_that_speak_of_a_finding():
    says = read_profile([chunk("Wheeze is rare. Cough is always present.")], LEXICON)
    assert [(m.ref, m.weight) for m in says.expected["cough"]] == [(SentenceRef("p", 1), 1.0)]
    assert [(m.ref, m.weight) for m in says.expected["wheeze"]] == [(SentenceRef("p", 0), 0.2)]


def test_the_strongest_sentence_comes_first():
    says = read_profile([chunk("Cough may occur. Cough is always present.")], LEXICON)
    assert [m.ref.sentence for m in says.expected["cough"]] == [1, 0]
    assert strongest(says.expected["cough"]) == 1.0


def test_a_more_general_finding_is_expected_where_a_special_one_is():
    says = read_profile([chunk("A dry cough is usual.")], LEXICON)
    assert set(says.expected) == {"dry-cough", "cough"}


def test_the_absence_of_a_special_finding_says_nothing_of_the_general_one():
    says = read_profile([chunk("There is no dry cough.")], LEXICON)
    assert set(says.unexpected) == {"dry-cough"}
    assert says.expected == {}


def test_what_is_usually_absent_is_unexpected():
    says = read_profile([chunk("Fever is usually absent. 无发热。", language="en")], LEXICON)
    assert set(says.unexpected) == {"fever"}
    assert says.expected == {}


@pytest.mark.parametrize(
    "sentence", ["Fever argues against it.", "A fever suggests another cause.", "发热提示其他疾病。"]
)
def test_what_speaks_against_the_condition_is_unexpected(sentence):
    says = read_profile([chunk(sentence)], LEXICON)
    assert set(says.unexpected) == {"fever"}


@pytest.mark.parametrize(
    "role",
    [SectionRole.DIFFERENTIAL, SectionRole.TESTS, SectionRole.TREATMENT, SectionRole.SELF_CARE, SectionRole.REFERRAL],
)
def test_sections_that_do_not_describe_the_condition_are_not_read(role):
    says = read_profile([chunk("Cough is always present.", role)], LEXICON)
    assert (says.expected, says.unexpected, says.words) == ({}, {}, {})


@pytest.mark.parametrize("role", ROLE_WEIGHT)
def test_the_section_weighs_too(role):
    says = read_profile([chunk("Cough is always present.", role)], LEXICON)
    assert strongest(says.expected["cough"]) == ROLE_WEIGHT[role]


def test_chunks_of_several_documents_are_one_profile():
    says = read_profile([chunk("Cough may occur.", name="a"), chunk("通常咳嗽。", name="b", language="zh")], LEXICON)
    assert [m.ref for m in says.expected["cough"]] == [SentenceRef("b", 0), SentenceRef("a", 0)]


def test_words_point_at_their_sentences():
    says = read_profile([chunk("Night coughs disturb.\nNight sweats")], LEXICON)
    assert says.words["night"] == (SentenceRef("p", 0), SentenceRef("p", 1))
    assert says.words["cough"] == (SentenceRef("p", 0),)


def test_no_mentions_have_no_strength():
    assert strongest(()) == 0
