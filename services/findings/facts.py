"""Facts that a text states in numbers or plain words: age, sex, pregnancy, duration, onset and measurements."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.core.types import Onset, Patient, Sex
from services.findings.assertion import Status

_DAYS: Final = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4, "year": 365.25, "minute": 1 / 1440}
_ZH_UNITS: Final = {"分钟": "minute", "小时": "hour", "钟头": "hour", "天": "day", "日": "day", "周": "week",
                    "星期": "week",
                    "礼拜": "week", "个月": "month", "月": "month", "年": "year"}  # fmt: skip
_EN_NUMBERS: Final = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "couple of": 2, "a couple of": 2, "few": 3, "a few": 3, "several": 4,
    "half a": 0.5, "half an": 0.5,
}  # fmt: skip
_ZH_DIGITS: Final = {
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "几": 3,
    "数": 3,
}
_NUMBER: Final = r"\d+(?:\.\d+)?|" + "|".join(sorted(_EN_NUMBERS, key=len, reverse=True))
_EN_DURATION: Final = re.compile(
    rf"(?<![\w.])(?P<low>{_NUMBER})(?:\s*(?:-|–|to|or)\s*(?P<high>{_NUMBER}))?[\s-]*(?P<unit>minute|hour|day|week|month|year|hr|min|wk|yr)s?\b"
    r"(?![\s-]*(?:old|of age|pregnant|gestation))",
    re.IGNORECASE,
)
_ZH_NUMBER: Final = r"\d+(?:\.\d+)?|半|[一二两三四五六七八九几数]?十[一二三四五六七八九几]?|[一二两三四五六七八九几数]"
_ZH_DURATION: Final = re.compile(
    rf"(?P<low>{_ZH_NUMBER})(?P<half>个半)?(?:\s*[-~至到]\s*(?P<high>{_ZH_NUMBER}))?(?:多|余|来)?\s*个?(?P<unit>分钟|小时|钟头|天|日|周|星期|礼拜|个月|月|年)"
    r"(?!\s*(?:龄|大|前|岁))"
)
_NOT_COMPLAINT: Final = re.compile(
    r"(?:smok\w*|cigar\w*|pack|drink\w*|alcohol|diabet\w*|hypertens\w*|diagnos\w*|married|since age"
    r"|吸烟|抽烟|烟龄|饮酒|喝酒|糖尿病|高血压|史|手术|诊断|确诊|孕|年龄)"
    r"[^.;。；，,]{0,25}$",
    re.IGNORECASE,
)
_AGE_YEARS: Final = re.compile(
    r"(?<![\d.])(?P<n>\d{1,3})\s*[- ]?\s*(?:(?:years?|yrs?)[- ]?(?:old|of[- ]age)|y/?o\b)"
    r"|\b(?:aged?|age is|age:|i am|i'm)\s+(?P<m>\d{1,3})\b(?!\s*(?:weeks?|months?|days?|kg|kilo|pounds|min|hour|%|/))"
    r"|(?P<z>\d{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?)\s*(?:周)?岁(?P<half>半)?",
    re.IGNORECASE,
)
_AGE_SMALL: Final = re.compile(
    rf"(?<![\w.])(?P<n>{_NUMBER})[\s-]*(?P<unit>day|week|month)s?[\s-]*old\b|(?P<z>{_ZH_NUMBER})\s*个?(?P<zu>天|周|月)(?:大|龄)",
    re.IGNORECASE,
)
_AGE_WORDS: Final = (
    (re.compile(r"\bnew-?born|\bneonat|新生儿", re.IGNORECASE), 0.05),
    (re.compile(r"\binfant\b|\bmy baby\b|婴儿|宝宝", re.IGNORECASE), 0.5),
    (re.compile(r"\btoddler\b|幼儿", re.IGNORECASE), 2.0),
    (re.compile(r"\bmy (?:child|son|daughter|kid)\b|\bchild\b|孩子|小孩|儿童|儿子|女儿", re.IGNORECASE), 7.0),
    (re.compile(r"\belderly\b|老年|老人", re.IGNORECASE), 75.0),
)
_FEMALE: Final = re.compile(
    r"\b(?:female|woman|girl|lady|she|her|pregnant|my (?:wife|mother|mum|mom|daughter|sister|period|uterus|vagina))\b"
    r"|女性|女士|女，|女,|女孩|孕妇|怀孕|妻子|月经|她",
    re.IGNORECASE,
)
_MALE: Final = re.compile(
    r"\b(?:male|man|boy|gentleman|he|his|my (?:husband|father|dad|son|brother)|my (?:penis|testicles?|prostate))\b"
    r"|男性|男士|男，|男,|男孩|丈夫|他(?!们)|睾丸|前列腺",
    re.IGNORECASE,
)
_PREGNANT: Final = re.compile(
    r"\bpregnan(?:t|cy)\b|\b\d{1,2}\s*weeks?(?:'| of)? (?:gestation|gestational)|怀孕|孕\d|孕妇|妊娠", re.IGNORECASE
)
_NOT_PREGNANT: Final = re.compile(
    r"\b(?:not|isn'?t|cannot be|can'?t be|never|non)[\s-]+(?:been )?pregnan|(?:没有?|未|不是|不可能)(?:怀孕|妊娠)|未孕",
    re.IGNORECASE,
)
_SUDDEN: Final = re.compile(
    r"\bsudden\w*|\babrupt\w*|\bout of (?:the blue|nowhere)|\ball at once|突然|突发|忽然|骤然|一下子", re.IGNORECASE
)
_GRADUAL: Final = re.compile(
    r"\bgradual\w*|\bslowly\b|\bprogressive\w*|\binsidious\w*|逐渐|慢慢|渐渐|缓慢", re.IGNORECASE
)
_IN_CELSIUS: Final = r"(?:3[4-9]|4[0-2])(?:\.\d)?"
_IN_FAHRENHEIT: Final = r"(?:9[5-9]|10[0-8])(?:\.\d)?"
_TEMPERATURE: Final = re.compile(
    rf"(?<![\d.])(?P<n>{_IN_CELSIUS})\s*(?:°\s*c\b|℃|度|degrees?(?: c\w*)?|c\b)"
    rf"|(?<![\d.])(?P<f>{_IN_FAHRENHEIT})\s*(?:°\s*f\b|℉|degrees?(?: f\w*)?|f\b)"
    rf"|(?:temp(?:erature)?|体温)\D{{0,14}}(?P<t>{_IN_CELSIUS}|{_IN_FAHRENHEIT})(?![\d/])"
    rf"|(?:烧|发热)(?:到|至|了)?(?P<z>{_IN_CELSIUS})(?![\d/])",
    re.IGNORECASE,
)
_PRESSURE: Final = re.compile(r"(?<![\d/])(?P<s>[6-9]\d|1\d\d|2\d\d)\s*/\s*(?P<d>[3-9]\d|1[0-6]\d)(?![\d/])")
_OXYGEN: Final = re.compile(
    r"(?:spo2|sp02|\bsat(?:s|uration)?\b|oxygen(?: level)?|血氧(?:饱和度)?)\D{0,12}(?P<n>[5-9]\d|100)(?!\d)\s*%?",
    re.IGNORECASE,
)
_FEVER_C: Final = 38.0
_HIGH_FEVER_C: Final = 39.5
_HYPOTHERMIA_C: Final = 35.0
_FAHRENHEIT_FROM: Final = 90.0
_LOW_OXYGEN_PERCENT: Final = 92
_CRISIS_MMHG: Final = (180, 120)
_HIGH_MMHG: Final = (140, 90)
_LOW_SYSTOLIC_MMHG: Final = 90
_MAX_AGE_YEARS: Final = 120


def read_patient(text: str, given: Patient) -> Patient:
    """The patient as given, with what the text says of age, sex and pregnancy where nothing was given."""
    patient = given
    if patient.age_years is None:
        patient = replace(patient, age_years=read_age_years(text))
    if patient.pregnant is None and _PREGNANT.search(text):
        patient = replace(patient, pregnant=not _NOT_PREGNANT.search(text))
    if patient.sex is None:
        patient = replace(patient, sex="female" if patient.pregnant else _read_sex(text))
    return patient


def read_age_years(text: str) -> float | None:
    """The first age that the text states, in years; a word such as "infant" stands for a typical age."""
    if found := _AGE_SMALL.search(text):
        unit = found["unit"].lower() if found["unit"] else _ZH_UNITS[found["zu"]]
        return _number(found["n"] or found["z"]) * _DAYS[unit] / _DAYS["year"]
    if found := _AGE_YEARS.search(text):
        age = _number(found["n"] or found["m"] or found["z"]) + (0.5 if found["half"] else 0)
        if age <= _MAX_AGE_YEARS:
            return age
    return next((age for pattern, age in _AGE_WORDS if pattern.search(text)), None)


def read_duration_days(text: str) -> float | None:
    """How long the complaint has lasted: the longest duration that is not said of a habit or an old disease."""
    found: list[float] = []
    for pattern in (_EN_DURATION, _ZH_DURATION):
        for match in pattern.finditer(text):
            if _NOT_COMPLAINT.search(text[: match.start()]):
                continue
            unit = match["unit"].lower()
            unit = {"hr": "hour", "min": "minute", "wk": "week", "yr": "year"}.get(unit, _ZH_UNITS.get(unit, unit))
            half = 0.5 if "half" in match.groupdict() and match["half"] else 0
            found.append((_number(match["high"] or match["low"]) + half) * _DAYS[unit])
    return max(found, default=None)


def read_onset(text: str) -> Onset | None:
    """Sudden or gradual, if the text says so."""
    if _SUDDEN.search(text):
        return Onset.SUDDEN
    return Onset.GRADUAL if _GRADUAL.search(text) else None


def measured_findings(text: str) -> Mapping[str, Status]:
    """Findings that follow from measurements in the text.

    Fever: 38.0 °C or more. Blood pressure: 180/120 mmHg or more is a crisis, 140/90 or more high, systolic under 90
    low. Oxygen saturation: low under 92 %.
    """
    found = {**_from_temperature(text), **_from_blood_pressure(text)}
    if any(int(match["n"]) < _LOW_OXYGEN_PERCENT for match in _OXYGEN.finditer(text)):
        found["low-oxygen"] = Status.PRESENT
    return found


def _from_temperature(text: str) -> dict[str, Status]:
    found: dict[str, Status] = {}
    degrees = [_celsius(match) for match in _TEMPERATURE.finditer(text)]
    if degrees:
        found["fever"] = Status.PRESENT if max(degrees) >= _FEVER_C else Status.ABSENT
        if max(degrees) >= _HIGH_FEVER_C:
            found["high-fever"] = Status.PRESENT
        if min(degrees) < _HYPOTHERMIA_C:
            found["hypothermia"] = Status.PRESENT
    return found


def _from_blood_pressure(text: str) -> dict[str, Status]:
    found: dict[str, Status] = {}
    for match in _PRESSURE.finditer(text):
        systolic, diastolic = int(match["s"]), int(match["d"])
        if systolic >= _CRISIS_MMHG[0] or diastolic >= _CRISIS_MMHG[1]:
            found["very-high-blood-pressure"] = Status.PRESENT
        if systolic >= _HIGH_MMHG[0] or diastolic >= _HIGH_MMHG[1]:
            found["high-blood-pressure"] = Status.PRESENT
        if systolic < _LOW_SYSTOLIC_MMHG:
            found["low-blood-pressure"] = Status.PRESENT
    return found


def _celsius(match: re.Match[str]) -> float:
    degrees = float(match["n"] or match["f"] or match["t"] or match["z"])
    return (degrees - 32) * 5 / 9 if degrees > _FAHRENHEIT_FROM else degrees


def _read_sex(text: str) -> Sex | None:
    female, male = _FEMALE.search(text), _MALE.search(text)
    if female and male:
        return "female" if female.start() < male.start() else "male"
    return "female" if female else "male" if male else None


def _number(word: str) -> float:
    word = word.lower()
    if word[0].isdigit():
        return float(word)
    if word == "半":
        return 0.5
    if word in _EN_NUMBERS:
        return float(_EN_NUMBERS[word])
    tens, ten, ones = word.rpartition("十")
    if not ten:
        return float(_ZH_DIGITS[ones])
    return 10.0 * (_ZH_DIGITS[tens] if tens else 1) + (_ZH_DIGITS[ones] if ones else 0)
