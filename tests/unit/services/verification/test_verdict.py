import pytest

from services.core.answer import Claim, Draft, DraftDiagnosis, FindingClaim, SentenceRef
from services.core.text import detect_language, sentence_spans
from services.core.types import Chunk, Condition, Document, Profile, SectionRole, Sentence
from services.findings.extract import extract
from services.findings.lexicon import Concept, Kind, Lexicon
from services.verification.claims import Said, Terms
from services.verification.verdict import Grounds, verify


def concept(name, *terms, kind=Kind.SYMPTOM):
    return Concept(name, {"en": name, "zh": name}, {"en": terms}, kind)


FINDINGS = Lexicon(
    [
        concept("cough", "cough", "咳嗽"),
        concept("fever", "fever", "发热"),
        concept("wheeze", "wheeze", "喘息"),
        concept("chest-pain", "chest pain", "胸痛"),
    ]
)
TERMS = Terms(FINDINGS, (Lexicon([concept("spirometry", "spirometry", "肺功能", kind=Kind.OTHER)]),))
ASTHMA = Condition("asthma", {"en": "Asthma", "zh": "哮喘"})

SECTIONS = {
    "presentation": "Cough is usual. Wheeze is typical. Fever argues against asthma. Fever is usually absent.",
    "red_flags": "Blue lips need care at once.",
    "tests": "Spirometry shows the obstruction.",
    "treatment": "Amoxicillin 500 mg is given twice a day. Steroids ease the swelling.",
    "self_care": "Warm drinks ease the throat. Rest for two days. Do not use cold packs.",
    "referral": "Severe cases are referred to a lung clinic.",
    "presentation_zh": "通常有咳嗽。典型表现为喘息。通常没有发热。",
    "self_care_zh": "多喝温水可缓解咽痛。休息两天。",
}


def chunk(name, text):
    spans = sentence_spans(text, detect_language(text))
    sentences = tuple(Sentence(start, end) for start, end in spans)
    return Chunk(name, "asthma.en", 0, name, SectionRole(name.removesuffix("_zh")), text, sentences)


CHUNKS = {name: chunk(name, text) for name, text in SECTIONS.items()}
DOCUMENT = Document(
    "asthma.en",
    "Asthma",
    "en",
    ASTHMA,
    "asthma.en.md",
    "0" * 64,
    profile=Profile(department={"en": "Respiratory medicine", "zh": "呼吸内科"}),
)


def ref(name, sentence=0):
    return SentenceRef(name, sentence)


COUGH, WHEEZE, FEVER_AGAINST, FEVER_ABSENT = (ref("presentation", place) for place in range(4))
SMALL_TALK = "I have a cough"


def grounds(text=SMALL_TALK, *, for_clinician=False):
    said = Said.of(text, extract(text, FINDINGS))
    return Grounds(CHUNKS, {DOCUMENT.id: DOCUMENT}, said, TERMS, for_clinician)


def finding(text, *refs):
    concept_id = next((match.concept_id for match in FINDINGS.match(text)), None)
    return FindingClaim(concept_id, text, 0.5, refs)


def diagnosis(supporting=(), against=(), rationale=""):
    return DraftDiagnosis(ASTHMA, None, 1.0, {}, 1.0, tuple(supporting), tuple(against), (), rationale=rationale)


def kept(text, supporting=(), against=(), rationale="", **options):
    """The diagnosis that is left, or None."""
    draft = verify(Draft((diagnosis(supporting, against, rationale),)), grounds(text, **options))
    return draft.diagnoses[0] if draft.diagnoses else None


def texts(claims):
    return [claim.text for claim in claims]


def test_a_finding_that_is_reported_and_expected_stays_with_its_reference():
    made = kept("I have a cough", [finding("cough", COUGH)])
    assert texts(made.supporting) == ["cough"]
    assert made.refs == made.supporting[0].refs == (COUGH,)


@pytest.mark.parametrize(
    ("text", "claimed", "cited"),
    [
        ("no cough", "cough", COUGH),
        ("no fever", "fever", FEVER_ABSENT),
        ("no fever", "no fever", FEVER_ABSENT),
        ("I have fever", "cough", COUGH),
        ("what if I get a cough", "cough", COUGH),
        ("cough", "wheeze", WHEEZE),
        ("cough, no wheeze", "cough and wheeze", WHEEZE),
        ("cough", "no cough", COUGH),
        ("fever", "fever", FEVER_AGAINST),
        ("fever", "fever", FEVER_ABSENT),
        ("cough", "cough", WHEEZE),
        ("cough", "cough", ref("presentation", 99)),
        ("cough", "cough", ref("presentation", -1)),
        ("cough", "cough", ref("not-sent")),
        ("没有咳嗽", "咳嗽", ref("presentation_zh")),
        ("发热", "发热", ref("presentation_zh", 2)),
        ("咳嗽", "喘息", ref("presentation_zh", 1)),
    ],
)
def test_what_is_not_reported_or_not_expected_never_supports(text, claimed, cited):
    assert kept(text, [finding(claimed, cited)]) is None


def test_a_chinese_finding_is_held_against_chinese_sentences():
    made = kept("咳嗽三天", [finding("咳嗽", ref("presentation_zh"))])
    assert made.refs == (ref("presentation_zh"),)


def test_a_finding_is_understood_across_languages():
    assert kept("咳嗽三天", [finding("咳嗽", COUGH)]).refs == (COUGH,)


def test_only_the_references_that_say_it_stay():
    made = kept("cough", [finding("cough", WHEEZE, COUGH, ref("not-sent"))])
    assert made.supporting[0].refs == (COUGH,)


def test_the_same_finding_is_named_once():
    made = kept("cough", [finding("cough", COUGH), finding("a cough", COUGH)])
    assert texts(made.supporting) == ["cough"]


def test_a_diagnosis_without_a_finding_for_it_goes_and_the_others_stay():
    draft = Draft(
        (
            diagnosis([finding("wheeze", WHEEZE)]),
            diagnosis([finding("cough", COUGH)]),
            diagnosis([], [finding("fever", FEVER_AGAINST)]),
        )
    )
    (left,) = verify(draft, grounds("cough and fever")).diagnoses
    assert texts(left.supporting) == ["cough"]


@pytest.mark.parametrize(
    ("text", "claimed", "cited", "stays"),
    [
        ("cough and fever", "fever", FEVER_AGAINST, True),
        ("cough and fever", "fever", FEVER_ABSENT, True),
        ("cough, no wheeze", "wheeze", WHEEZE, True),
        ("cough and wheeze", "wheeze", WHEEZE, False),
        ("cough, no fever", "fever", FEVER_ABSENT, False),
        ("cough", "fever", FEVER_AGAINST, False),
        ("cough", "wheeze", WHEEZE, False),
        ("咳嗽，没有喘息", "喘息", ref("presentation_zh", 1), True),
        ("咳嗽，有喘息", "喘息", ref("presentation_zh", 1), False),
        ("咳嗽，发热", "发热", ref("presentation_zh", 2), True),
    ],
)
def test_against_speaks_what_is_reported_or_expected_but_not_both(text, claimed, cited, stays):
    made = kept(text, [finding("cough", COUGH), finding("咳嗽", ref("presentation_zh"))], [finding(claimed, cited)])
    assert texts(made.against) == ([claimed] if stays else [])


@pytest.mark.parametrize(
    ("rationale", "left"),
    [
        ("The cough is usual in asthma.", "The cough is usual in asthma."),
        ("The cough is usual. The moon causes it by gravity.", "The cough is usual."),
        ("The cough lasts 3 days.", "The cough lasts 3 days."),
        ("The cough lasts 3 weeks.", ""),
        ("The cough lasts three weeks.", ""),
        ("The cough is usual and needs steroids.", ""),
        ("The cough is usual and harmless.", ""),
        ("You do not need a doctor for the cough.", ""),
        ("Fever and cough fit asthma.", ""),
        ("Wheeze and cough fit asthma.", "Wheeze and cough fit asthma."),
        ("There is no cough in asthma.", ""),
        ("", ""),
    ],
)
def test_a_rationale_keeps_the_sentences_of_its_citations_and_of_the_person(rationale, left):
    found = [finding("cough", COUGH), finding("wheeze", WHEEZE)]
    made = kept("cough and wheeze for 3 days, no fever", found, [finding("fever", FEVER_ABSENT)], rationale)
    assert made.rationale == left


def test_a_chinese_rationale_is_filtered_by_sentences():
    rationale = "哮喘通常有咳嗽。月亮引力使其加重。无需就医。"
    assert kept("咳嗽三天", [finding("咳嗽", ref("presentation_zh"))], [], rationale).rationale == "哮喘通常有咳嗽。"


def test_a_clinician_may_read_a_rationale_with_medicines_in_the_words_of_the_sentences():
    found = finding("cough", COUGH, ref("treatment", 1))
    told = "Steroids ease the swelling."
    assert kept("cough, steroids ease the swelling", [found], [], told, for_clinician=True).rationale == told
    assert kept("cough, steroids ease the swelling", [found], [], told).rationale == ""
    other = "Insulin eases the swelling."
    assert kept("cough, steroids ease the swelling", [found], [], other, for_clinician=True).rationale == ""


def tip(text, *refs):
    return Claim(text, refs)


SELF_CARE = ref("self_care")


@pytest.mark.parametrize(
    ("text", "cited", "stays"),
    [
        ("Warm drinks ease the throat.", SELF_CARE, True),
        ("Warm drinks ease the throat.", ref("self_care", 1), False),
        ("Warm drinks ease the throat.", ref("not-sent"), False),
        ("Warm drinks ease the throat.", ref("self_care", 99), False),
        ("Rest for two days.", ref("self_care", 1), True),
        ("Rest for two weeks.", ref("self_care", 1), False),
        ("Use cold packs.", ref("self_care", 2), False),
        ("Do not use cold packs.", ref("self_care", 2), True),
        ("Drink bleach.", SELF_CARE, False),
        ("多喝温水", ref("self_care_zh"), True),
        ("休息两天", ref("self_care_zh", 1), True),
        ("休息两周", ref("self_care_zh", 1), False),
    ],
)
def test_a_tip_stays_only_where_a_cited_sentence_carries_it(text, cited, stays):
    left = verify(Draft(tips=(tip(text, cited),)), grounds()).tips
    assert texts(left) == ([text] if stays else [])


def test_a_tip_without_references_goes():
    assert verify(Draft(tips=(tip("Warm drinks ease the throat."),)), grounds()).tips == ()


@pytest.mark.parametrize(
    ("text", "place"), [("Amoxicillin 500 mg is given twice a day.", 0), ("Steroids ease the swelling.", 1)]
)
def test_medicines_and_doses_are_told_to_clinicians_only(text, place):
    draft = Draft(tips=(tip(text, ref("treatment", place)),))
    assert verify(draft, grounds()).tips == ()
    assert texts(verify(draft, grounds(for_clinician=True)).tips) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "This is not an emergency.",
        "There is no need to see a doctor.",
        "You do not need to see a doctor.",
        "You needn't go to a hospital.",
        "There is no reason to go to a hospital.",
        "It is nothing to worry about.",
        "It is safe to wait.",
        "Don’t worry.",
        "The pain is harmless.",
        "无需就医。",
        "不用去医院。",
        "不用担心。",
        "并非急症。",
        "可以安全地等待。",
    ],
)
@pytest.mark.parametrize("for_clinician", [False, True])
def test_nothing_that_plays_down_leaves_even_if_a_guideline_says_it(text, for_clinician):
    chunks = {"said": Chunk("said", "asthma.en", 0, "said", SectionRole.SELF_CARE, text, (Sentence(0, len(text)),))}
    asked = grounds(for_clinician=for_clinician)
    held = Grounds(chunks, asked.documents, asked.said, TERMS, for_clinician)
    assert verify(Draft(tips=(tip(text, ref("said")),)), held).tips == ()


@pytest.mark.parametrize(
    ("text", "cited", "stays"),
    [
        ("Spirometry", ref("tests"), True),
        ("Spirometry", ref("self_care"), False),
        ("肺功能", ref("tests"), True),
        ("Brain biopsy", ref("tests"), False),
    ],
)
def test_a_test_stays_only_where_a_cited_sentence_names_it(text, cited, stays):
    assert texts(verify(Draft(tests=(Claim(text, (cited,)),)), grounds()).tests) == ([text] if stays else [])


@pytest.mark.parametrize(
    ("text", "cited", "stays"),
    [
        ("Respiratory medicine", ref("referral"), True),
        ("respiratory MEDICINE", COUGH, True),
        ("呼吸内科", ref("referral"), True),
        ("Lung clinic", ref("referral"), True),
        ("Lung clinic", ref("self_care"), False),
        ("Respiratory medicine", ref("not-sent"), False),
        ("Astrology", ref("referral"), False),
        ("", ref("referral"), False),
    ],
)
def test_a_department_is_one_of_the_front_matter_or_of_the_cited_words(text, cited, stays):
    department = verify(Draft(department=Claim(text, (cited,))), grounds()).department
    assert (department is not None) is stays


def test_a_draft_without_a_department_has_none():
    assert verify(Draft(), grounds()) == Draft()


@pytest.mark.parametrize(
    ("cited", "stays"),
    [
        (ref("red_flags"), True),
        (ref("referral"), True),
        (ref("self_care"), False),
        (ref("treatment"), False),
        (ref("presentation"), False),
        (ref("referral", 99), False),
        (ref("not-sent"), False),
    ],
)
def test_urgency_stays_only_with_a_sentence_of_the_red_flags_or_on_referral(cited, stays):
    left = verify(Draft(referral_refs=(COUGH, cited), urgency="emergency"), grounds())
    assert left.urgency == ("emergency" if stays else None)
    assert left.referral_refs == ((cited,) if stays else ())


def test_urgency_without_references_goes():
    assert verify(Draft(urgency="emergency"), grounds()).urgency is None


def test_what_only_the_model_knows_of_a_diagnosis_is_left_as_it_is():
    draft = Draft((diagnosis([finding("cough", COUGH)]),), questions=("Do you have: fever?",))
    left = verify(draft, grounds())
    assert left.questions == draft.questions
    assert (left.diagnoses[0].condition, left.diagnoses[0].score) == (ASTHMA, 1.0)
