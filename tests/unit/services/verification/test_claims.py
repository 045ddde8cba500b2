"""One file, because most of it are tables of claims in two languages, which are read side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.findings.extract import extract
from services.findings.lexicon import Concept, Kind, Lexicon
from services.verification.claims import Said, Terms, expected, is_supported, least_shared, quantities, shared, stated


def concept(name, *terms, implies=(), kind=Kind.SYMPTOM):
    return Concept(name, {"en": name, "zh": name}, {"en": terms}, kind, frozenset(implies))


FINDINGS = Lexicon(
    [
        concept("cough", "cough", "咳嗽"),
        concept("dry-cough", "dry cough", "干咳", implies=["cough"]),
        concept("wet-cough", "productive cough", "湿咳", implies=["cough"]),
        concept("fever", "fever", "发热"),
        concept("wheeze", "wheeze", "喘息"),
        concept("chest-pain", "chest pain", "胸痛"),
        concept("abdominal-pain", "abdominal pain", "腹痛"),
        concept("breathless", "cannot breathe", "呼吸困难"),
        concept("weakness", "weakness", "无力"),
    ]
)
TESTS = Lexicon(
    [
        concept("x-ray", "chest x-ray", "胸片", kind=Kind.OTHER),
        concept("chest-ct", "chest ct", "肺部断层", kind=Kind.OTHER),
    ]
)
TERMS = Terms(FINDINGS, (TESTS,))


def said(text):
    return Said.of(text, extract(text, FINDINGS))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("for 2 days", {("2", "day")}),
        ("for 2 weeks", {("2", "week")}),
        ("2-3 days", {("2", "day"), ("3", "day")}),
        ("2 to 3 days", {("2", "day"), ("3", "day")}),
        ("2到3天", {("2", "day"), ("3", "day")}),
        ("a 5-day course", {("5", "day")}),
        ("5 mg", {("5", "mg")}),
        ("5g", {("5", "g")}),
        ("5 grams or 5 milligrams", {("5", "g"), ("5", "mg")}),
        ("5 µg", {("5", "µg")}),
        ("5微克", {("5", "µg")}),
        ("38.5 ℃", {("38.5", "°c")}),
        ("38,5 °C", {("38.5", "°c")}),
        ("体温３８．５度", {("38.5", "°c")}),
        ("140/90 mmHg", {("140", ""), ("90", "mmhg")}),
        ("30 percent", {("30", "%")}),
        ("30％", {("30", "%")}),
        ("3个小时", {("3", "hour")}),
        ("3个星期", {("3", "week")}),
        ("12 months", {("12", "month")}),
        ("the 10th visit", {("10", "")}),
        ("25xyz", {("25", "")}),
        ("type 2 diabetes", {("2", "")}),
        ("no number", set()),
        ("", set()),
    ],
)
def test_numbers_have_the_unit_that_follows(text, found):
    assert quantities(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("two days", {("2", "day")}),
        ("two weeks", {("2", "week")}),
        ("two to three days", {("2", "day"), ("3", "day")}),
        ("Ten minutes", {("10", "minute")}),
        ("两周", {("2", "week")}),
        ("两个月", {("2", "month")}),
        ("三四天", {("3", "day"), ("4", "day")}),
        ("二十四小时", {("24", "hour")}),
        ("十天", {("10", "day")}),
        ("每日三次", {("3", "time")}),
        ("someone stayed", set()),
        ("one of them", set()),
        ("一般情况", set()),
    ],
)
def test_number_words_count_where_a_unit_follows(text, found):
    assert quantities(text) == found


UNITS = st.sampled_from(["day", "week", "hour", "month", "mg", "g", "ml", "天", "周", "小时", "毫克", "克"])


@given(st.integers(0, 9999), UNITS, st.sampled_from(["", " ", "-"]))
def test_every_number_is_read_whole(number, unit, between):
    ((read, _),) = quantities(f"about {number}{between}{unit} or so")
    assert read == str(number)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("Rest for 2 days.", "Rest for 2 weeks."),
        ("Rest for two days.", "Rest for two weeks."),
        ("Rest for 3 days.", "Rest for 2 days."),
        ("Rest for 2-3 days.", "Rest for 2 days."),
        ("Take 5 g of fiber.", "Take 5 mg of fiber."),
        ("Drink 3 liters of water.", "Drink water."),
        ("Rest above 38 °C.", "Rest above 39 °C."),
        ("休息2天。", "休息2周。"),
        ("休息两天。", "休息两周。"),
        ("休息3个小时。", "休息3个星期。"),
    ],
)
def test_a_claim_with_another_number_or_unit_is_not_supported(claim, sentence):
    assert not is_supported(claim, [sentence], TERMS)
    assert is_supported(claim, [claim], TERMS)


def test_numbers_may_stand_in_any_of_the_cited_sentences():
    assert is_supported("Rest for 3 days and drink water.", ["Rest for 3 days.", "Drink plenty of water."], TERMS)


def test_the_same_quantity_in_other_words_is_the_same():
    assert is_supported("Rest for 2 weeks.", ["Rest for two weeks is enough."], TERMS)
    assert is_supported("每日休息3次。", ["每日休息三次。"], TERMS)


@pytest.mark.parametrize(
    ("claim", "sentence", "supported"),
    [
        ("Warm drinks ease the throat.", "Warm drinks ease a sore throat.", True),
        ("Warm drinks cure cancer quickly.", "Warm drinks ease a sore throat.", False),
        ("多喝温水", "应多喝温水，缓解咽痛。", True),
        ("多做运动", "应多喝温水，缓解咽痛。", False),
        ("It is so.", "It is so.", False),
        ("", "Warm drinks ease a sore throat.", False),
    ],
)
def test_enough_of_the_content_words_must_stand_in_the_sentence(claim, sentence, supported):
    assert is_supported(claim, [sentence], TERMS) is supported


def test_without_sentences_nothing_is_supported():
    assert not is_supported("Rest.", [], TERMS)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("Use cold packs.", "Do not use cold packs."),
        ("Use cold packs.", "Never use cold packs."),
        ("Use cold packs.", "Avoid the use of cold packs."),
        ("Do not use cold packs.", "Use cold packs."),
        ("Drink milk.", "Avoid coffee, alcohol and milk drinks."),
        ("Cold packs help.", "Cold packs, used early, do nothing to help."),
        ("应使用冷敷。", "不应使用冷敷。"),
        ("不应使用冷敷。", "应使用冷敷。"),
        ("使用冷敷。", "避免使用冷敷。"),
        ("使用冷敷。", "切勿使用冷敷。"),
    ],
)
def test_a_claim_is_not_supported_by_its_opposite(claim, sentence):
    assert not is_supported(claim, [sentence], TERMS)
    assert is_supported(claim, [claim], TERMS)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("Do not drink water.", "Drink plenty of water and do not smoke."),
        ("Never stop smoking.", "Stopping smoking and avoiding second-hand smoke reduces cough."),
        ("Second-hand smoke reduces cough.", "Stopping smoking and avoiding second-hand smoke reduces cough."),
        ("不要喝水。", "应多喝水，不要吸烟。"),
    ],
)
def test_a_negation_of_something_else_in_the_sentence_supports_no_opposite(claim, sentence):
    assert not is_supported(claim, [sentence], TERMS)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("Do not smoke.", "Drink plenty of water and do not smoke."),
        ("Stopping smoking reduces cough.", "Stopping smoking and avoiding second-hand smoke reduces cough."),
        ("Resting in bed is advised.", "Resting in bed is advised if the pain does not ease."),
        ("Avoid coffee.", "Avoid alcohol, coffee and milk."),
        ("不要吸烟。", "应多喝水，不要吸烟。"),
        ("应到医院复查。", "如果症状没有好转，应到医院复查。"),
    ],
)
def test_a_negation_beside_the_point_does_no_harm(claim, sentence):
    assert is_supported(claim, [sentence], TERMS)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("不应使用冷敷。", "特别建议使用冷敷。"),
        ("不应使用冷敷。", "应使用冷敷缓解不适。"),
        ("不应使用冷敷。", "无力者应使用冷敷。"),
    ],
)
def test_words_that_only_look_like_a_negation_are_none(claim, sentence):
    assert not is_supported(claim, [sentence], TERMS)


def test_the_sentence_closest_to_the_claim_decides_on_yes_or_no():
    sentences = ["Sleep is never wasted.", "Use cold packs for the first day."]
    assert is_supported("Use cold packs.", sentences, TERMS)
    assert not is_supported("Do not use cold packs.", sentences, TERMS)


def test_another_test_of_the_same_organ_is_not_supported():
    assert is_supported("Chest X-ray", ["A chest X-ray shows it."], TERMS)
    assert not is_supported("Chest CT", ["A chest X-ray shows it."], TERMS)


def test_a_more_general_finding_is_supported_by_a_special_one_and_not_the_reverse():
    assert is_supported("A cough is usual at night.", ["A dry cough is usual at night."], TERMS)
    assert not is_supported("A dry cough is usual at night.", ["A cough is usual at night."], TERMS)


@pytest.mark.parametrize(
    ("claim", "sentence", "supported"),
    [
        ("Amoxicillin is given in pneumonia.", "Doxycycline is given in pneumonia.", False),
        ("Amoxicillin is given in pneumonia.", "Amoxicillin or doxycycline is given early in pneumonia.", True),
        ("肺炎患者应尽早给予阿莫西林。", "肺炎患者应尽早给予头孢呋辛。", False),
        ("肺炎患者应尽早给予阿莫西林。", "肺炎患者应尽早给予阿莫西林口服。", True),
    ],
)
def test_what_names_a_medicine_must_say_it_in_the_words_of_the_guideline(claim, sentence, supported):
    assert is_supported(claim, [sentence], TERMS) is supported
    assert least_shared(claim) == 1.0


@pytest.mark.parametrize(
    ("claim", "sentences", "supported"),
    [
        ("建议拍胸片。", ["A chest X-ray shows it."], True),
        ("需要肺部断层。", ["A chest X-ray shows it."], False),
        ("发热时拍胸片。", ["A chest X-ray shows it."], False),
        ("发热时拍胸片。", ["A chest X-ray shows it.", "Fever is usual."], True),
        ("不建议拍胸片。", ["A chest X-ray shows it."], False),
        ("建议拍胸片。", ["A chest X-ray is not needed."], False),
        ("建议拍胸片。", ["The lungs are heard.", "A chest X-ray is not needed."], False),
        ("建议休息。", ["Rest is advised."], False),
        ("发热时服用阿莫西林。", ["Fever is usual."], False),
        ("Chest X-ray", ["建议拍胸片。"], True),
    ],
)
def test_in_another_language_all_concepts_must_be_named(claim, sentences, supported):
    assert is_supported(claim, sentences, TERMS) is supported


WORDS = st.lists(st.sampled_from(["rest", "warm", "drinks", "ease", "throat", "salt", "water", "gargle"]), min_size=1)


@given(WORDS, WORDS)
def test_a_plain_statement_supports_itself_and_shares_a_part_between_none_and_all(claim, other):
    text = " ".join(claim)
    assert is_supported(text, [f"{text}."], TERMS)
    assert 0 <= shared(text, [" ".join(other)]) <= 1


@given(st.text(), st.text())
def test_any_text_can_be_checked(claim, sentence):
    assert is_supported(claim, [sentence], TERMS) in {True, False}
    assert expected(claim, sentence, TERMS) in {True, False, None}
    assert stated(claim, said(sentence), TERMS) in {"present", "absent", None}


@pytest.mark.parametrize(
    ("finding", "text", "status"),
    [
        ("fever", "I have fever", "present"),
        ("fever", "no fever", "absent"),
        ("fever", "I cough", None),
        ("fever", "what if I get a fever", None),
        ("cough", "a dry cough", "present"),
        ("dry cough", "a cough", None),
        ("dry cough", "no cough", "absent"),
        ("发热", "发热三天", "present"),
        ("发热", "没有发热", "absent"),
        ("喘息", "发热三天", None),
        ("cannot breathe", "I cannot breathe", "present"),
        ("无力", "我无力", "present"),
        ("tingling lips", "my lips are tingling", "present"),
        ("tingling lips", "no tingling of the lips", None),
        ("", "I have fever", None),
    ],
)
def test_a_finding_is_what_the_person_says_of_it(finding, text, status):
    assert stated(finding, said(text), TERMS) == status


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        ("fever and wheeze", "fever, no wheeze"),
        ("fever and wheeze", "fever"),
        ("发热、喘息", "发热，没有喘息"),
        ("no fever", "fever"),
        ("没有发热", "发热三天"),
        ("no tingling lips", "tingling lips"),
    ],
)
def test_a_finding_that_says_more_than_the_person_or_the_opposite_is_not_said(finding, text):
    assert stated(finding, said(text), TERMS) is None


@pytest.mark.parametrize(
    ("finding", "sentence", "is_expected"),
    [
        ("fever", "Fever is usual.", True),
        ("fever", "Fever is usually absent.", False),
        ("fever", "There is no fever.", False),
        ("fever", "Fever argues against a cold.", False),
        ("fever", "Cough is usual.", None),
        ("dry cough", "Cough is usual.", True),
        ("cough", "A dry cough is usual.", True),
        ("dry cough", "A productive cough is usual.", None),
        ("chest pain", "Abdominal pain is typical.", None),
        ("sharp sudden chest pain", "Sharp, sudden abdominal pain is typical.", None),
        ("发热", "通常有发热。", True),
        ("发热", "通常没有发热。", False),
        ("发热", "发热提示其他疾病。", False),
        ("发热", "Fever is usual.", True),
        ("fever", "通常有发热。", True),
        ("tingling lips", "Tingling of the lips is usual.", True),
        ("tingling lips", "No tingling of the lips is felt.", False),
        ("tingling lips", "Fever is usual.", None),
    ],
)
def test_a_sentence_expects_a_finding_or_not_or_does_not_speak_of_it(finding, sentence, is_expected):
    assert expected(finding, sentence, TERMS) is is_expected


@pytest.mark.parametrize(
    ("claim", "sentence", "expected_to_hold"),
    [
        ("Rest above 38 °C.", "Rest below 38 °C.", False),
        ("体温高于38度应休息。", "体温低于38度应休息。", False),
        ("Rest above 38 °C.", "Rest above 38 °C or when tired.", True),
        ("Rest at 38 °C or more.", "Rest at temperatures of at least 38 °C.", True),
        ("Rest over the weekend.", "Rest on the weekend.", True),
    ],
)
def test_a_bound_must_point_the_same_way(claim, sentence, expected_to_hold):
    assert is_supported(claim, [sentence], TERMS) is expected_to_hold
