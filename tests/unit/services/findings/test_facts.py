"""One file, because most of it are tables of wordings in two languages, which are read side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.types import Onset, Patient
from services.findings.assertion import Status
from services.findings.facts import (
    measured_findings,
    read_age_years,
    read_duration_days,
    read_onset,
    read_patient,
)

NOBODY = Patient()


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("I am 34 years old", 34),
        ("34-year-old man", 34),
        ("34 yo male", 34),
        ("a 34 y/o woman", 34),
        ("aged 70", 70),
        ("Age: 5", 5),
        ("I'm 28 and I cough", 28),
        ("患者，男，65岁", 65),
        ("六十五岁", 65),
        ("十二岁", 12),
        ("一岁半的孩子，1岁半", 1.5),
        ("2周岁", 2),
        ("6 months old", 0.5),
        ("a three week old baby", 3 * 7 / 365.25),
        ("3个月大", 3 * 30.4 / 365.25),
        ("10天大的宝宝", 10 / 365.25),
        ("0.5岁", 0.5),
        ("my daughter is 2", 2),
        ("my son, 4, has a fever", 4),
        ("宝宝8个月", 8 * 30.4 / 365.25),
        ("aged 3 months", 0.25),
        ("2 months of age", 2 * 30.4 / 365.25),
        ("出生5天", 5 / 365.25),
        ("90多岁", 90),
        ("八十多岁", 80),
        ("一百零二岁", 102),
        ("65F with chest pain", 65),
        ("45M", 45),
        ("seventy year old woman", 70),
        ("a twenty-five-year-old", 25),
        ("I had asthma at 5 years old, now I am 40", 40),
        ("5岁时得过哮喘，现在30岁", 30),
    ],
)
def test_an_age_is_read(text, years):
    assert read_age_years(text) == pytest.approx(years, abs=0.01)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("my newborn does not feed", 0, 0.1),
        ("my baby has a fever", 0.1, 1),
        ("my toddler fell", 1, 4),
        ("my son has a rash", 4, 16),
        ("孩子发烧", 4, 16),
        ("宝宝拉肚子", 0.1, 1),
        ("老人摔倒了", 65, 90),
    ],
)
def test_a_word_for_an_age_stands_for_a_typical_one(text, least, most):
    assert least <= read_age_years(text) <= most


@pytest.mark.parametrize(
    "text",
    [
        "cough for 3 weeks",
        "i am 10 weeks pregnant",
        "体温38度",
        "",
        "I am 90 kg",
        "I am 5 feet tall",
        "I'm 100 percent sure",
        "I'm 37.5",
        "101F",
        "a day old bruise",
        "since age 5",
    ],
)
def test_a_text_without_an_age_has_none(text):
    assert read_age_years(text) is None


def test_an_impossible_age_is_not_read():
    assert read_age_years("999 years old") is None


def test_a_stated_age_goes_before_a_word():
    assert read_age_years("my son is 15 years old") == 15


@given(st.integers(1, 120))
def test_every_age_in_years_is_read_as_it_stands(age):
    assert read_age_years(f"I am {age} years old.") == age
    assert read_age_years(f"患者{age}岁。") == age


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("cough for 2 weeks", 14),
        ("cough for two weeks", 14),
        ("for a week", 7),
        ("for half an hour", 0.5 / 24),
        ("fever since 3 days", 3),
        ("2-3 weeks", 21),
        ("for 2 to 3 days", 3),
        ("30 minutes ago", 30 / 1440),
        ("for 6 hrs", 6 / 24),
        ("a 3-day history of cough", 3),
        ("咳嗽2周", 14),
        ("咳嗽两周", 14),
        ("咳嗽半年", 0.5 * 365.25),
        ("咳嗽3个月", 91.2),
        ("胸痛2小时", 2 / 24),
        ("胸痛半小时", 0.5 / 24),
        ("一个半月", 1.5 * 30.4),
        ("咳嗽十天", 10),
        ("咳嗽十二天", 12),
        ("咳嗽3-5天", 5),
        ("咳嗽三十多天", 30),
        ("数天", 3),
        ("2个星期", 14),
        ("3天前", 3),
        ("3周前开始", 21),
        ("昨天开始", 1),
        ("since yesterday", 1),
        ("从上周开始咳嗽", 7),
        ("48h", 2),
        ("for twenty days", 20),
        ("an hour and a half", 1.5 / 24),
        ("一个多月", 30.4),
        ("半个月", 15.2),
        ("1年半", 1.5 * 365.25),
        ("咳嗽3天大便干", 3),
    ],
)
def test_a_duration_is_read_in_days(text, days):
    assert read_duration_days(text) == pytest.approx(days, rel=0.01)


def test_the_longest_duration_counts():
    assert read_duration_days("cough for 2 weeks, fever for 2 days") == 14


@pytest.mark.parametrize(
    "text",
    [
        "smoked for 20 years",
        "吸烟20年",
        "高血压10年",
        "diabetes for 10 years",
        "6 months old",
        "20 weeks pregnant",
        "34 years old",
        "3个月大",
        "宝宝8个月",
        "10 years of smoking",
        "3 weeks ago I had surgery",
        "有10年高血压病史",
        "",
        "cough",
    ],
)
def test_a_habit_an_old_disease_or_an_age_is_no_duration(text):
    assert read_duration_days(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "2024年3月开始",
        "12月份开始咳嗽",
        "3月5日开始咳嗽",
        "一天3次",
        "每周两次",
        "twice a week",
        "3 times a day",
        "in a minute",
    ],
)
def test_a_date_or_a_frequency_is_no_duration(text):
    assert read_duration_days(text) is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("吸烟20年，咳嗽2周", 14),
        ("哮喘10年，咳嗽3天", 3),
        ("surgery 2 years ago, chest pain for 1 hour", 1 / 24),
        ("I have had asthma for 10 years and a cough for 3 days", 3),
        ("a smoker with cough for 2 weeks", 14),
        ("怀孕3个月，腹痛1小时", 1 / 24),
        ("cough 3 weeks ago after surgery", 21),
        ("twice a day for 5 days", 5),
        ("宝宝8个月，发烧2天", 2),
        ("发热3天无药物过敏史", 3),
    ],
)
def test_a_complaint_beside_something_older_keeps_its_duration(text, days):
    assert read_duration_days(text) == pytest.approx(days)


@pytest.mark.parametrize("text", ["asthma attack for 3 days", "哮喘发作3天", "糖尿病患者胸痛3天"])
def test_a_short_duration_beside_a_chronic_disease_is_that_of_an_attack(text):
    assert read_duration_days(text) == 3


@given(st.integers(1, 300), st.sampled_from([("day", 1), ("week", 7), ("hour", 1 / 24)]))
def test_numbers_and_units_multiply(number, unit):
    name, days = unit
    assert read_duration_days(f"for {number} {name}s") == pytest.approx(number * days)


@pytest.mark.parametrize(
    ("text", "onset"),
    [
        ("sudden chest pain", Onset.SUDDEN),
        ("it came on suddenly", Onset.SUDDEN),
        ("out of the blue", Onset.SUDDEN),
        ("突然胸痛", Onset.SUDDEN),
        ("突发头痛", Onset.SUDDEN),
        ("gradually worse", Onset.GRADUAL),
        ("逐渐加重", Onset.GRADUAL),
        ("sudden, then slowly better", Onset.SUDDEN),
        ("a cough", None),
        ("", None),
    ],
)
def test_the_onset_is_read(text, onset):
    assert read_onset(text) is onset


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("a woman of 30", "female"),
        ("a man of 30", "male"),
        ("my wife coughs", "female"),
        ("my husband coughs", "male"),
        ("患者，女，30岁", "female"),
        ("患者，男，30岁", "male"),
        ("月经推迟", "female"),
        ("前列腺增生", "male"),
        ("他们都咳嗽", None),
        ("I cough", None),
        ("humans and chemical smells", None),
        ("其他症状", None),
        ("弹吉他", None),
        ("奥司他韦，头孢他啶", None),
        ("子女、男女、女医生", None),
        ("他发烧", "male"),
        ("30岁女", "female"),
        ("女 30岁", "female"),
        ("女30岁", "female"),
        ("30岁男", "male"),
        ("女儿发烧", "female"),
        ("我女儿发烧，我很担心", "female"),
        ("我儿子发烧", "male"),
        ("女婿发烧", None),
        ("奶奶咳嗽", "female"),
        ("爷爷咳嗽", "male"),
        ("我妈咳嗽", "female"),
        ("老婆咳嗽", "female"),
        ("65F", "female"),
        ("45M", "male"),
        ("101F", None),
        ("母亲有高血压，我胸痛", None),
        ("my wife and I have a fever", None),
    ],
)
def test_the_sex_is_read(text, sex):
    assert read_patient(text, NOBODY).sex == sex


def test_the_first_word_for_a_sex_decides():
    assert read_patient("my wife says that he coughs", NOBODY).sex == "female"


@pytest.mark.parametrize(
    ("text", "pregnant"),
    [
        ("I am pregnant", True),
        ("12 weeks of gestation", True),
        ("怀孕三个月", True),
        ("孕32周", True),
        ("I am not pregnant", False),
        ("I can't be pregnant", False),
        ("没有怀孕", False),
        ("未孕，怀孕试验阴性", False),
        ("I cough", None),
        ("denies pregnancy", False),
        ("否认怀孕", False),
        ("pregnancy test negative", False),
        ("怀孕试验阴性", False),
        ("not currently pregnant", False),
        ("I don't think I am pregnant", False),
        ("no pregnancy", False),
        ("I was pregnant 5 years ago", None),
        ("孕3产2", None),
        ("my last pregnancy was normal", None),
        ("My wife is pregnant, I cough", None),
        ("我老婆怀孕了，我咳嗽", None),
        ("I am not pregnant, my sister is pregnant", False),
        ("expecting a baby", True),
        ("怀了三个月", True),
    ],
)
def test_pregnancy_is_read(text, pregnant):
    assert read_patient(text, NOBODY).pregnant is pregnant


@pytest.mark.parametrize(
    "text",
    [
        "might be pregnant",
        "not sure if I am pregnant",
        "I can't stop vomiting and I am pregnant",
        "I don't feel well I am pregnant",
        "no, I am pregnant",
        "no pregnancy complications, 30 weeks pregnant",
        "pregnancy not ruled out",
        "first pregnancy test negative, second positive",
        "My wife is 8 weeks pregnant, I am worried",
        "不排除怀孕",
        "是不是怀孕了",
        "不知道有没有怀孕",
    ],
)
def test_in_doubt_a_pregnancy_counts(text):
    assert read_patient(text, NOBODY).pregnant is True


def test_a_relative_lends_the_writer_no_age():
    assert read_patient("我妈妈70岁，我40岁", NOBODY).age_years == 40
    assert read_patient("我爸65岁，胸痛，我刚打了120", NOBODY).age_years == 65


def test_who_is_pregnant_is_female():
    assert read_patient("20 weeks pregnancy, his child", NOBODY).sex == "female"


def test_what_was_given_is_kept():
    given_patient = Patient(age_years=40, sex="male", pregnant=False, region="CN")
    assert read_patient("a pregnant woman, 20 years old", given_patient) == given_patient


def test_what_was_not_given_is_read_beside_what_was():
    assert read_patient("a woman, 20 years old", Patient(age_years=40)) == Patient(age_years=40, sex="female")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("temperature 38.0", {"fever": Status.PRESENT}),
        ("temperature is 37.9", {"fever": Status.ABSENT}),
        ("38.5 °C", {"fever": Status.PRESENT}),
        ("38.5℃", {"fever": Status.PRESENT}),
        ("烧到39度", {"fever": Status.PRESENT}),
        ("烧到38.5", {"fever": Status.PRESENT}),
        ("体温36.5", {"fever": Status.ABSENT}),
        ("体温：39.5℃", {"fever": Status.PRESENT, "high-fever": Status.PRESENT}),
        ("101.2 F", {"fever": Status.PRESENT}),
        ("temp 98.6", {"fever": Status.ABSENT}),
        ("104°F", {"fever": Status.PRESENT, "high-fever": Status.PRESENT}),
        ("temperature 34.5 °C", {"fever": Status.ABSENT, "hypothermia": Status.PRESENT}),
        ("38.5 °C yesterday, 36.8 °C today", {"fever": Status.PRESENT}),
        ("fever of 103", {"fever": Status.PRESENT}),
        ("fever of 39", {"fever": Status.PRESENT}),
        ("fever (103.5)", {"fever": Status.PRESENT, "high-fever": Status.PRESENT}),
        ("T 39.2", {"fever": Status.PRESENT}),
        ("38.25 C", {"fever": Status.PRESENT}),
        ("38，5度", {"fever": Status.PRESENT}),
        ("39度5", {"fever": Status.PRESENT, "high-fever": Status.PRESENT}),
        ("38度3天", {"fever": Status.PRESENT}),
        ("43 °C", {"fever": Status.PRESENT, "high-fever": Status.PRESENT}),
        ("体温33度", {"fever": Status.ABSENT, "hypothermia": Status.PRESENT}),
        ("temp 94 F", {"fever": Status.ABSENT, "hypothermia": Status.PRESENT}),
        ("109 F", {"fever": Status.PRESENT, "high-fever": Status.PRESENT}),
        ("temperature 37.5, down from 39", {"fever": Status.PRESENT}),
        ("temp 37.5-39.0", {"fever": Status.PRESENT}),
        ("体温从39降到37", {"fever": Status.PRESENT}),
        ("the thermometer says 38.2", {"fever": Status.PRESENT}),
        ("39.4 fever", {"fever": Status.PRESENT}),
        ("101 temp", {"fever": Status.PRESENT}),
        ("red hot knee, 38.7", {"fever": Status.PRESENT}),
        ("shivering and 38.9", {"fever": Status.PRESENT}),
        ("red leg and temp", {"fever": Status.PRESENT}),
        ("sore throat and temp normal", {}),
        ("BMI 38.7", {}),
        ("red hot knee, 38", {}),
        ("39 weeks", {}),
        ("fever of 38 weeks", {}),
        ("fever, 40 years old", {}),
        ("水温40度", {}),
        ("35 C outside", {}),
        ("temperature outside was 35 degrees", {}),
        ("room temperature 30 C", {}),
        ("knee bends 40 degrees", {}),
        ("40 degrees flexion", {}),
        ("100度", {}),
        ("138.5 c", {}),
        ("", {}),
    ],
)
def test_a_temperature_is_read(text, expected):
    assert measured_findings(text) == expected


@pytest.mark.parametrize(
    "text", ["temp 36.8 now, was 39.5 last night", "temp 98.6, it was 103", "37.5 and before 39", "低烧37.5"]
)
def test_a_normal_temperature_beside_what_may_be_a_higher_one_is_no_absence(text):
    assert measured_findings(text).get("fever") is not Status.ABSENT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120/80", set()),
        ("blood pressure 180 over 110", {"high-blood-pressure", "very-high-blood-pressure"}),
        ("高压180低压110", {"high-blood-pressure", "very-high-blood-pressure"}),
        ("systolic 85", {"low-blood-pressure"}),
        ("血压50/30", {"low-blood-pressure"}),
        ("50/30", set()),
        ("visual acuity 60/60", set()),
        ("pain 80 over 60 minutes", set()),
        ("高压氧治疗60分钟", set()),
        ("BP 140/85", {"high-blood-pressure"}),
        ("BP 130/90", {"high-blood-pressure"}),
        ("BP 180/100", {"high-blood-pressure", "very-high-blood-pressure"}),
        ("血压 150/120", {"high-blood-pressure", "very-high-blood-pressure"}),
        ("血压85/50mmHg", {"low-blood-pressure"}),
        ("BP 90/60", set()),
        ("2024/11/23", set()),
        ("140/90/60", set()),
    ],
)
def test_a_blood_pressure_is_read(text, expected):
    found = measured_findings(text)
    assert set(found) == expected
    assert set(found.values()) <= {Status.PRESENT}


@pytest.mark.parametrize(
    ("text", "low"),
    [
        ("SpO2 91%", True),
        ("SpO2 92%", False),
        ("sats 85", True),
        ("oxygen level of 88 %", True),
        ("血氧饱和度：90%", True),
        ("血氧98%", False),
        ("SpO2 100%", False),
        ("91% of people", False),
        ("SaO2 80%", True),
        ("saturations 88%", True),
        ("SpO2 from 98 to 85", True),
        ("SpO2 98%, 85% on walking", True),
        ("指氧88%", True),
        ("o2 sat 85%", True),
        ("I sat 60 minutes", False),
        ("oxygen 60 L/min", False),
    ],
)
def test_oxygen_saturation_is_read(text, low):
    assert ("low-oxygen" in measured_findings(text)) == low


@given(st.integers(340, 425).map(lambda tenths: tenths / 10))
def test_fever_starts_at_38_degrees(degrees):
    found = measured_findings(f"temperature {degrees:.1f} °C")
    assert (found["fever"] is Status.PRESENT) == (degrees >= 38)
    assert ("high-fever" in found) == (degrees >= 39.5)
    assert ("hypothermia" in found) == (degrees < 35)


@given(st.integers(60, 259), st.integers(30, 169))
def test_a_blood_pressure_crisis_is_also_high(systolic, diastolic):
    found = measured_findings(f"BP {systolic}/{diastolic}")
    assert ("very-high-blood-pressure" in found) == (systolic >= 180 or diastolic >= 120)
    assert ("high-blood-pressure" in found) == (systolic >= 140 or diastolic >= 90)
    assert ("low-blood-pressure" in found) == (systolic < 90)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_facts(text):
    patient = read_patient(text, NOBODY)
    assert patient.age_years is None or patient.age_years >= 0
    days = read_duration_days(text)
    assert days is None or days >= 0
    measured_findings(text)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("下午量了38.3", "fever"),
        ("腋下38.4", "fever"),
        ("咳嗽三天，38.6，没胃口", "fever"),
        ("血糖28", "very-high-glucose"),
        ("血糖测出来23.5", "very-high-glucose"),
        ("血糖才1.9", "low-glucose"),
    ],
)
def test_chinese_readings_without_a_unit(text, finding):
    assert measured_findings(text).get(finding) is Status.PRESENT


@pytest.mark.parametrize("text", ["血糖7.2", "血糖10年了", "体重38.5公斤", "怀孕38.5周", "量了血压"])
def test_other_chinese_numbers_are_no_such_readings(text):
    assert not {"fever", "very-high-glucose", "low-glucose"} & set(measured_findings(text))
