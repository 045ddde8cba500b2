import pytest

from services.core.answer import DraftDiagnosis, SentenceRef
from services.core.text import sentence_spans
from services.core.types import Chunk, Condition, Document, Profile, SectionRole, Sentence
from services.findings.extract import extract
from services.findings.lexicon import Concept, Kind, Lexicon
from services.generation.advice import (
    Guideline,
    choose_department,
    choose_questions,
    choose_tests,
    choose_tips,
)
from services.generation.profile import read_profile


def concept(name, *terms, implies=(), kind=Kind.SYMPTOM):
    return Concept(name, {"en": name, "zh": f"{name}（中）"}, {"en": terms}, kind, frozenset(implies))


FINDINGS = Lexicon(
    [
        concept("cough", "cough"),
        concept("dry-cough", "dry cough", implies=["cough"]),
        concept("fever", "fever"),
        concept("wheeze", "wheeze"),
        concept("smoking", "smoke", "smoking", kind=Kind.RISK_FACTOR),
    ]
)
TESTS = Lexicon(
    [concept("x-ray", "chest x-ray", kind=Kind.OTHER), concept("spirometry", "spirometry", kind=Kind.OTHER)]
)
DEPARTMENTS = Lexicon([concept("surgery", "surgeon", kind=Kind.OTHER)])


def guideline(name, profile=None, **sections):
    chunks = []
    for role, text in sections.items():
        sentences = tuple(Sentence(a, b) for a, b in sentence_spans(text, "en"))
        chunks.append(Chunk(f"{name}:{role}", name, len(chunks), role, SectionRole(role), text, sentences))
    document = Document(name, name, "en", Condition(name, {"en": name}), f"{name}.md", "0" * 64, profile=profile)
    return Guideline(document, tuple(chunks))


def texts(claims):
    return [claim.text for claim in claims]


def findings(text):
    return extract(text, FINDINGS)


def test_sentences_are_those_of_the_asked_sections_in_reading_order():
    one = guideline("one", tests="A test. Another.", presentation="A cough.", referral="See a surgeon.")
    assert list(one.sentences(SectionRole.REFERRAL, SectionRole.TESTS)) == [
        (SentenceRef("one:tests", 0), "A test."),
        (SentenceRef("one:tests", 1), "Another."),
        (SentenceRef("one:referral", 0), "See a surgeon."),
    ]


def test_tips_are_the_self_care_sentences_of_the_leading_guideline():
    one = guideline(
        "one", self_care="Drinking warm water eases a sore throat.", treatment="Antibiotics are not needed here."
    )
    (tip,) = choose_tips([one], findings("cough"), FINDINGS)
    assert (tip.text, tip.refs) == ("Drinking warm water eases a sore throat.", (SentenceRef("one:self_care", 0),))


@pytest.mark.parametrize(
    "sentence",
    [
        "Paracetamol may be taken against the pain.",
        "Amoxicillin is a good choice against the germs.",
        "Taking 500 mg of it helps against the pain.",
        "Rest helps.",
    ],
)
def test_medicines_doses_and_scraps_are_no_tips(sentence):
    assert choose_tips([guideline("one", self_care=sentence)], findings("cough"), FINDINGS) == ()


def test_what_concerns_the_patients_own_risks_comes_first():
    one = guideline("one", self_care="Drinking warm water eases the throat. Stopping smoking reduces the irritation.")
    assert texts(choose_tips([one], findings("I smoke and cough"), FINDINGS))[0].startswith("Stopping smoking")
    assert texts(choose_tips([one], findings("cough"), FINDINGS))[0].startswith("Drinking warm water")


def test_other_guidelines_only_speak_of_the_patients_own_risks():
    first = guideline("first", self_care="Drinking warm water eases the throat.")
    second = guideline(
        "second", self_care="Humid bedroom air may soothe airways. Stopping smoking reduces the irritation."
    )
    assert texts(choose_tips([first, second], findings("cough"), FINDINGS)) == ["Drinking warm water eases the throat."]
    assert len(choose_tips([first, second], findings("I smoke and cough"), FINDINGS)) == 2


def test_the_same_tip_in_other_words_is_given_once():
    one = guideline("one", self_care="Warm drinks ease the sore throat. A sore throat eases with warm drinks!")
    assert len(choose_tips([one], findings("cough"), FINDINGS)) == 1


def test_there_are_five_tips_at_most():
    words = ["apples", "bicycles", "candles", "dancing", "elephants", "feathers", "gardens"]
    many = " ".join(f"{word.capitalize()} bring {word} comfort{word}." for word in words)
    assert len(choose_tips([guideline("one", self_care=many)], findings("cough"), FINDINGS)) == 5


def test_tests_are_named_once_with_the_sentence_that_names_them():
    first = guideline("first", tests="A chest x-ray shows it. Spirometry helps.")
    second = guideline("second", tests="Spirometry and a chest x-ray are done.")
    claims = choose_tests([first, second], TESTS, "zh")
    assert [(claim.text, claim.refs) for claim in claims] == [
        ("x-ray（中）", (SentenceRef("first:tests", 0),)),
        ("spirometry（中）", (SentenceRef("first:tests", 1),)),
    ]


def test_tests_of_other_sections_are_not_named():
    assert choose_tests([guideline("one", treatment="A chest x-ray shows it.")], TESTS, "en") == ()


def test_the_front_matter_names_the_department():
    profile = Profile(department={"en": "Respiratory medicine", "zh": "呼吸内科"})
    one = guideline("one", profile, referral="Those who worsen are referred. See a surgeon. Then go home.")
    claim = choose_department(one, DEPARTMENTS, "zh")
    assert claim.text == "呼吸内科"
    assert claim.refs == (SentenceRef("one:referral", 0), SentenceRef("one:referral", 1))


def test_a_department_that_is_not_named_in_the_language_is_named_in_another():
    one = guideline("one", Profile(department={"en": "Surgery ward"}), referral="Go.")
    assert choose_department(one, DEPARTMENTS, "zh").text == "Surgery ward"


def test_else_the_sentences_name_the_department():
    one = guideline("one", treatment="Rest. Ask a surgeon.")
    claim = choose_department(one, DEPARTMENTS, "en")
    assert (claim.text, claim.refs) == ("surgery", (SentenceRef("one:treatment", 1),))


def test_a_guideline_may_name_no_department():
    assert choose_department(guideline("one", presentation="Ask a surgeon."), DEPARTMENTS, "en") is None


def says(text):
    return read_profile(guideline("x", presentation=text).chunks, FINDINGS)


def leading(*names):
    return [DraftDiagnosis(Condition(name, {"en": name}), None, 0.0, {}, 1.0, (), (), ()) for name in names]


def test_questions_are_about_what_tells_the_leading_two_apart():
    profiles = {"a": says("Fever is always present. A cough may occur."), "b": says("A cough may occur.")}
    assert choose_questions(leading("a", "b"), profiles, findings(""), FINDINGS, "en")[0] == "Do you have: fever?"


@pytest.mark.parametrize("text", ["fever", "no fever"])
def test_what_was_said_is_not_asked(text):
    profiles = {"a": says("Fever is always present.")}
    assert choose_questions(leading("a"), profiles, findings(text), FINDINGS, "en") == ()


def test_a_special_case_of_what_was_said_is_not_asked():
    profiles = {"a": says("A dry cough is usual.")}
    assert choose_questions(leading("a"), profiles, findings("cough"), FINDINGS, "en") == ()


def test_risk_factors_are_not_asked():
    assert choose_questions(leading("a"), {"a": says("Most smoke.")}, findings(""), FINDINGS, "en") == ()


def test_a_question_is_in_the_asked_language():
    assert choose_questions(leading("a"), {"a": says("Fever is usual.")}, findings(""), FINDINGS, "zh") == (
        "是否有：fever（中）？",
    )


def test_without_diagnoses_there_is_nothing_to_ask():
    assert choose_questions([], {}, findings(""), FINDINGS, "en") == ()


def test_sentences_with_medicines_are_for_clinicians_only():
    told = "Taking paracetamol 500 mg four times a day eases the pain."
    found = guideline("pain", self_care=f"{told} Resting in a dark and quiet room eases the pain.")
    for_patient = choose_tips([found], findings("headache"), FINDINGS)
    for_clinician = choose_tips([found], findings("headache"), FINDINGS, with_medicines=True)
    assert told not in texts(for_patient)
    assert told in texts(for_clinician)
