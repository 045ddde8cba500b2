"""Findings that follow from measurements: temperature, blood pressure and oxygen saturation."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from services.findings.assertion import Status

_OTHER_UNIT: Final = (
    r"[\s-]*(?:(?:years?|yrs?|yo|y/o|weeks?|wks?|months?|days?|hours?|hrs?|h|min(?:ute)?s?|mg|kg|ml|lbs?|pounds|cm|mm|bpm"
    r"|times|people|male|female|man|woman)\b|%|岁|周|天|个|次|小时|分|月|年|日|克|毫|公斤|斤)"
)
_READING: Final = re.compile(
    rf"(?<![\d./])(?P<n>(?:3\d|4[0-3]|8[6-9]|9\d|10\d|110)(?:[.,，]\d{{1,2}})?)(?![\d/]|[.,，]\d|{_OTHER_UNIT})"
    r"\s*(?:(?P<scale>°\s*[cf]\b|[℃℉]|(?:degrees?\s*)?(?:[cf]|celsius|fahrenheit)\b)|(?P<bare>°|degrees?\b|多?度))?",
    re.IGNORECASE,
)
_THERMOMETER: Final = re.compile(
    r"(?:\btemp(?:erature)?s?\b\.?|\bthermometer\b|体温)(?:(?!\b(?:i|im|aged?)\b)[^\d,，.;。；\n]){0,20}$"
    r"|(?<![a-z])(?-i:T)\s*[:：=]?\s*$",
    re.IGNORECASE,
)
_FEVERED: Final = re.compile(
    r"(?:\bfever(?:ish)?\b|\bfebrile\b|发热|烧)"
    r"(?:\s|[:：=~(（]|\b(?:of|at|to|up|is|was|went|hit|peak\w*|spik\w*|reach\w*|around|about|over|above)\b|到|至|了|达|约|过){0,8}$",
    re.IGNORECASE,
)
_MEASURED_ZH: Final = re.compile(
    r"(?:[量测](?:了|得|出来|出|的|一下|过)?|腋下|[耳额肛腋]温|体?温[度计枪])(?:[是有]|大概)?\s*$"
)
_ALONE_ZH: Final = re.compile(
    r"(?:[\u4e00-\u9fff][，。,；;：:\s]\s*|[今昨][天早晚]|现在|[上下中]午|早上|晚上|夜里|半夜|最高|又)$"
)
"""What stands before a temperature with a decimal where nothing else calls it one."""

_HAS_TEMPERATURE: Final = re.compile(
    r"\b(?:and|with|plus|got|has|having|spiking|running) (?:a |the |high |bad )?temp(?:erature)?"
    r"(?=\s*(?:$|[,.;!?]|and\b|since\b|but\b))",
    re.IGNORECASE,
)
"""Said without a number, as in "red leg and temp"."""

_FEVER_FOLLOWS: Final = re.compile(r"\s*(?:of |degrees? )?(?:fever|temp(?:erature)?)\b", re.IGNORECASE)
_CHANGED: Final = re.compile(
    r"[^\d.;。；\n]{0,16}(?:\b(?:from|to|then|now|peak\w*(?: at)?|high of)\b|->|最高|[-→~–至到升降为])\s*$",
    re.IGNORECASE,
)
"""What stands between a temperature and another one."""

_NOT_BODY: Final = re.compile(
    r"(?:\b(?:water|room|air|ambient|outdoors?|outside|bath|oven|weather)(?:\s+temp(?:erature)?)?"
    r"|\btemp(?:erature)? (?:outside|outdoors|of the (?:water|room|air))|[水室气油]温|室外|外面|天气"
    r"|\b(?:bend|bent|flex|rotat|turn|tilt|rais)\w*|\bangle|转动?|弯曲?|屈曲?|旋转|角度|抬高?)"
    r"\s*(?:(?:was|is|to|about|only|by|at|up to|of)\s*|约|到|有|是|只能|达){0,3}$",
    re.IGNORECASE,
)
_NOT_BODY_AFTER: Final = re.compile(
    r"\s*(?:outside|outdoors|in the (?:room|shade|sun)|weather|(?:of )?(?:flexion|extension|rotation|abduction)|angle"
    r"|角|的?水)",
    re.IGNORECASE,
)
_CONTEXT_CHARACTERS: Final = 48
_FEVER_C: Final = 38.0
_HIGH_FEVER_C: Final = 39.5
_HYPOTHERMIA_C: Final = 35.0
_FAHRENHEIT_FROM: Final = 80.0
_BARE_DEGREES: Final = (36.0, 43.9)
"""°C; degrees of no scale beyond these are those of an angle or of the weather, and in °F those of no fever too."""

_PRESSURE: Final = re.compile(
    rf"(?<![\d/.])(?P<s>[4-9]\d|1\d\d|2\d\d)\s*(?:/|／|\bover\b)\s*(?P<d>[2-9]\d|1[0-6]\d)(?![\d/]|{_OTHER_UNIT})",
    re.IGNORECASE,
)
_PRESSURE_NAME: Final = re.compile(r"(?:\bbp\b|pressure|血压)[^\d.;。；\n]{0,20}$", re.IGNORECASE)
_SYSTOLIC: Final = re.compile(
    r"(?:\bsystolic\b|收缩压|高压(?![氧锅]))[^\d.;。；\n]{0,10}(\d{2,3})(?!\d)", re.IGNORECASE
)
_DIASTOLIC: Final = re.compile(r"(?:\bdiastolic\b|舒张压|低压)[^\d.;。；\n]{0,10}(\d{2,3})(?!\d)", re.IGNORECASE)
_CRISIS_MMHG: Final = (180, 120)
_HIGH_MMHG: Final = (140, 90)
_LOW_SYSTOLIC_MMHG: Final = 90
_UNNAMED_FROM_MMHG: Final = 60
"""A fraction of less is a blood pressure only where it is called one."""

_PERCENT: Final = r"(?:[4-9]\d|100)(?!\d|[./]\d)\s*%?"
_OXYGEN: Final = re.compile(
    r"(?:\bs[pa][o0]2|\bsats\b|\bsaturations?\b|\b(?:oxygen|o2)(?: (?:level|saturation|sat)s?)?\b"
    r"|\bsat\b(?=\s*(?:[:=]|of\b|is\b|was\b|\d+\s*%))|血氧(?:饱和度)?|指氧|氧饱和度|氧饱)[^\d.;。；\n]{0,14}"
    rf"(?P<run>{_PERCENT}(?:\s*(?:[-–~→]|\b(?:(?:down|up|then)?\s*to|then)\b|->|[降掉]?[到至]|[,，](?=\s*\d+\s*%))\s*{_PERCENT})*)"
    r"(?!\s*(?:l\b|lit|min|mmhg|kpa|分))",
    re.IGNORECASE,
)
_LOW_OXYGEN_PERCENT: Final = 92


_GLUCOSE_ZH: Final = re.compile(r"血糖[^\d.;。；，,\n]{0,8}(\d{1,2}(?:\.\d)?)(?![\d.年天岁个次月周])")
_VERY_HIGH_GLUCOSE: Final = 20.0
_LOW_GLUCOSE: Final = 3.9
"""mmol/L, the unit of meters in China."""


def measured_findings(text: str) -> Mapping[str, Status]:
    """Findings that follow from measurements in the text.

    Fever: 38.0 °C or more. Blood pressure: 180/120 mmHg or more is a crisis, 140/90 or more high, systolic under 90
    low. Oxygen saturation: low under 92 %. Glucose: low under 3.9 mmol/L, very high from 20.
    """
    found = {**_from_temperature(text), **_from_blood_pressure(text)}
    percents = [int(number) for match in _OXYGEN.finditer(text) for number in re.findall(r"\d+", match["run"])]
    if min(percents, default=100) < _LOW_OXYGEN_PERCENT:
        found["low-oxygen"] = Status.PRESENT
    glucose = [float(number) for number in _GLUCOSE_ZH.findall(text)]
    if max(glucose, default=0.0) >= _VERY_HIGH_GLUCOSE:
        found["very-high-glucose"] = Status.PRESENT
    if min(glucose, default=_LOW_GLUCOSE) < _LOW_GLUCOSE:
        found["low-glucose"] = Status.PRESENT
    return found


def _from_temperature(text: str) -> dict[str, Status]:
    found: dict[str, Status] = {}
    text = re.sub(r"(?<=\d)度(\d)(?!\d|\s*[天周小个日次分月年])", r".\1度", text)
    if _HAS_TEMPERATURE.search(text):
        found["fever"] = Status.PRESENT
    readings, others = _temperatures(text)
    if not readings:
        return found
    degrees = [_celsius(number) for number in readings]
    scales = {number > _FAHRENHEIT_FROM for number in readings}
    if max(degrees) >= _FEVER_C:
        found["fever"] = Status.PRESENT
    elif not any(_celsius(other) >= _FEVER_C and (other > _FAHRENHEIT_FROM) in scales for other in others):
        found["fever"] = Status.ABSENT
    if max(degrees) >= _HIGH_FEVER_C:
        found["high-fever"] = Status.PRESENT
    if min(degrees) < _HYPOTHERMIA_C:
        found["hypothermia"] = Status.PRESENT
    return found


def _temperatures(text: str) -> tuple[list[float], list[float]]:
    """Temperatures as they stand, °C or °F, and numbers that might be some but are not called so."""
    readings: list[float] = []
    others: list[float] = []
    reach: int | None = None
    for match in _READING.finditer(text):
        number = float(re.sub("[,，]", ".", match["n"]))
        before = text[max(0, match.start() - _CONTEXT_CHARACTERS) : match.start()]
        if _NOT_BODY.search(before) or _NOT_BODY_AFTER.match(text, match.end()):
            continue
        goes_on = reach is not None and _CHANGED.fullmatch(text[reach : match.start()])
        if _is_temperature(match, number, before) or goes_on:
            readings.append(number)
            reach = match.end()
        else:
            others.append(number)
    return readings, others


def _is_temperature(match: re.Match[str], number: float, before: str) -> bool:
    if scale := match["scale"]:
        in_fahrenheit = "f" in scale.lower().removeprefix("degrees") or scale == "℉"
        return in_fahrenheit == (number > _FAHRENHEIT_FROM)
    if _THERMOMETER.search(before) or _is_fever(match, number, before):
        return True
    if not (bare := match["bare"]):
        is_decimal = "." in match["n"] and _FEVER_C <= number <= _BARE_DEGREES[1]
        return number <= _BARE_DEGREES[1] and bool(
            _MEASURED_ZH.search(before) or (is_decimal and _ALONE_ZH.search(before))
        )
    if number > _FAHRENHEIT_FROM:
        return "度" not in bare and _celsius(number) >= _FEVER_C
    return _BARE_DEGREES[0] <= number <= _BARE_DEGREES[1]


def _is_fever(match: re.Match[str], number: float, before: str) -> bool:
    """Whether a number without a unit is a fever: the word stands beside it, or nothing does."""
    if _celsius(number) < _FEVER_C:
        return False
    if _FEVERED.search(before) or _FEVER_FOLLOWS.match(match.string, match.end()):
        return True
    return "." in match["n"] and number <= _BARE_DEGREES[1] and _stands_alone(match, before)


def _stands_alone(match: re.Match[str], before: str) -> bool:
    """Whether a number is a clause of its own, as in "red hot knee, 38.7"."""
    opens = re.search(r"(?:^|[,;.!?(\n]|\b(?:and|plus|with))\s*$", before)
    return bool(opens and re.match(r"\s*(?:$|[,;.!?)\n]|and\b)", match.string[match.end() :]))


def _celsius(number: float) -> float:
    return (number - 32) * 5 / 9 if number > _FAHRENHEIT_FROM else number


def _from_blood_pressure(text: str) -> dict[str, Status]:
    found: dict[str, Status] = {}
    systolic = [int(number) for number in _SYSTOLIC.findall(text)]
    diastolic = [int(number) for number in _DIASTOLIC.findall(text)]
    for upper, lower in _fractions(text):
        systolic.append(upper)
        diastolic.append(lower)
    highest = max(systolic, default=0), max(diastolic, default=0)
    if highest[0] >= _CRISIS_MMHG[0] or highest[1] >= _CRISIS_MMHG[1]:
        found["very-high-blood-pressure"] = Status.PRESENT
    if highest[0] >= _HIGH_MMHG[0] or highest[1] >= _HIGH_MMHG[1]:
        found["high-blood-pressure"] = Status.PRESENT
    if min(systolic, default=_LOW_SYSTOLIC_MMHG) < _LOW_SYSTOLIC_MMHG:
        found["low-blood-pressure"] = Status.PRESENT
    return found


def _fractions(text: str) -> Iterator[tuple[int, int]]:
    """Systolic and diastolic pressures."""
    for match in _PRESSURE.finditer(text):
        upper, lower = int(match["s"]), int(match["d"])
        before = text[max(0, match.start() - _CONTEXT_CHARACTERS) : match.start()]
        if _PRESSURE_NAME.search(before) or upper > max(lower, _UNNAMED_FROM_MMHG - 1):
            yield upper, lower
