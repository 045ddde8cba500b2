"""Ages and durations that a text states, in English and Chinese."""

import re
from typing import Final

_DAYS: Final = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4, "year": 365.25, "minute": 1 / 1440}
_UNITS: Final = {
    "min": "minute", "hr": "hour", "h": "hour", "d": "day", "wk": "week", "w": "week", "mo": "month", "yr": "year",
    "分钟": "minute", "小时": "hour", "钟头": "hour", "天": "day", "日": "day", "周": "week", "星期": "week",
    "礼拜": "week", "个月": "month", "月": "month", "年": "year",
}  # fmt: skip
_ONES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VAGUE: Final = {
    "a couple of": 2, "couple of": 2, "a few": 3, "few": 3, "several": 4, "half an": 0.5, "half a": 0.5,
    "an": 1, "a": 1,
}  # fmt: skip
_WORD_VALUES: Final = {
    **{word: value for value, word in enumerate(_ONES + _TEENS, start=1)},
    **{word: value for value, word in zip(range(20, 100, 10), _TENS, strict=True)},
    **_VAGUE,
}
_ZH_DIGITS: Final = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "几": 3, "数": 3}

_EN_WORDS: Final = (
    rf"(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(_ONES)}))?"
    rf"|{'|'.join(sorted(_ONES + _TEENS, key=len, reverse=True))}"
)
_EXACT: Final = rf"\d{{1,4}}(?:\.\d{{1,2}})?|{_EN_WORDS}"
_NUMBER: Final = rf"{_EXACT}|{'|'.join(_VAGUE)}"
_ZH_NUMBER: Final = (
    r"\d{1,4}(?:\.\d{1,2})?|半|一百(?:零?[一二三四五六七八九])?|[一二两三四五六七八九几数]?十[一二三四五六七八九几]?"
    r"|[一二两三四五六七八九几数]"
)
_UNIT: Final = r"(?:minute|min|hour|hr|h|day|d|week|wk|w|month|mo|year|yr)"
_ZH_UNIT: Final = r"(?:分钟|小时|钟头|天|日|周|星期|礼拜|个月|月|年)"
_NO_PATIENT: Final = r"(?!\s*(?:bruise|wound|cut|injur|rash|scar|burn|fracture|cough|kitten|puppy|knife))"

_AGE_SMALL: Final = (
    re.compile(
        rf"(?<![\w.])(?P<n>{_EXACT})[\s-]*(?P<unit>day|week|wk|month|mo)s?[\s-]*(?:old|of\s+age)\b{_NO_PATIENT}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:aged?:?|(?:baby|son|daughter|child|boy|girl|infant)\s+is)\s+(?P<n>{_EXACT})[\s-]*"
        r"(?P<unit>day|week|wk|month|mo)s?\b(?!\s*(?:of|into|late|ago|after|pregnant))",
        re.IGNORECASE,
    ),
    re.compile(rf"(?P<n>{_ZH_NUMBER})\s*个?(?P<unit>天|日|周|月)(?:大(?![便小量约])|龄|的(?:男|女)?(?:宝宝|婴))"),
    re.compile(
        rf"(?:宝宝|婴儿|孩子|小孩|儿子|女儿|患儿)(?:才|已经?|刚|今年|现在|有|[，,])?\s*(?P<n>{_ZH_NUMBER})\s*(?P<unit>个月)"
        r"(?!没|不|未|前|以?来|都|内|间)"
    ),
    re.compile(rf"(?:出生|生后|新生儿)(?:后|才|已经?|刚|第)?\s*(?P<n>{_ZH_NUMBER})\s*个?(?P<unit>天|日|周|月)"),
)
_ENDS: Final = (
    r"(?=\s*(?:$|[,.;!?)，。；、](?!\d)|years? (?:and|with)\b"
    r"|(?:and|with|but|so|now|male|female|man|woman|yo|having|who|i|have|m|f)\b))"
)
_AGE_YEARS: Final = (
    re.compile(
        rf"(?<![a-z\d.])(?<!\bat )(?<!i was )(?P<n>{_EXACT})[\s-]*"
        rf"(?:(?:years?|yrs?|y)[\s-]*(?:old|of[\s-]+age)|y[./]?o)\b{_NO_PATIENT}",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<!since )(?<!\bat )\b(?:aged?|age is|age:)\s*(?P<n>\d{1,3})\b"
        r"(?![./]\d|[\s-]*(?:weeks?|wks?|months?|mos?|days?|kg)\b)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:\bi am|\bi['’]?m|\bmy (?:son|daughter|child|kid|boy|girl)(?: is|,|\s*\()|今年)\s*"
        rf"(?P<n>\d{{1,3}}|{_EN_WORDS}){_ENDS}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![\d.])(?P<n>{_ZH_NUMBER})\s*[多余来]?\s*周?岁(?P<half>半)?(?!时|那年|以?前|之前|开始|起)", re.IGNORECASE
    ),
    re.compile(r"(?<![a-zA-Z\d./])(?P<n>[1-7]\d|8[0-5])/?[MF](?![a-zA-Z\d])"),
)
_AGE_WORDS: Final = (
    (re.compile(r"\bnew-?born|\bneonat|新生儿", re.IGNORECASE), 0.05),
    (re.compile(r"\binfant\b|\bmy baby\b|婴儿|宝宝", re.IGNORECASE), 0.5),
    (re.compile(r"\btoddler\b|幼儿", re.IGNORECASE), 2.0),
    (re.compile(r"\bmy (?:child|son|daughter|kid)\b|\bchild\b|孩子|小孩|儿童|儿子|女儿", re.IGNORECASE), 7.0),
    (re.compile(r"\belderly\b|老年|老人", re.IGNORECASE), 75.0),
)
_MAX_AGE_YEARS: Final = 120

CLAUSE_END: Final = re.compile(
    r"[,，;；!?！？。\n]|\.(?!\d)|\b(?:and(?! a half)|but|with|after|following|then|now)\b", re.IGNORECASE
)
_DATE_OR_RATE: Final = re.compile(
    r"\d{4}\s*年(?:\s*\d{1,2}\s*月)?(?:\s*\d{1,2}\s*[日号])?"
    r"|[今去前当同]年\s*\d{1,2}\s*月"
    r"|[一二三四五六七八九十]{1,2}月(?!余)|\d{1,2}\s*月\s*(?:份|\d{1,2}\s*[日号]?|初|底|末|[上中下]旬|开始|起)"
    r"|\d{1,2}\s*[日号](?=[上下中]午|早|晚|凌晨|开始|起)"
    rf"|\b(?:once|twice|times|[a-z]+s|\d+)\s+an?\s+{_UNIT}\b|\bin\s+an?\s+{_UNIT}\b"
    rf"|\b(?:per|every|each)\s+(?:other\s+)?(?:(?:{_NUMBER})\s*)?{_UNIT}s?\b"
    rf"|[每隔]\s*隔?(?:{_ZH_NUMBER})?\s*个?{_ZH_UNIT}"
    rf"|[一1]\s*个?{_ZH_UNIT}[^，。,；;\d]{{0,3}}?(?:{_ZH_NUMBER})\s*[次回片粒包支根顿遍]",
    re.IGNORECASE,
)
"""Dates and frequencies, which have the units of durations."""

_DURATIONS: Final = (
    re.compile(
        rf"(?<![a-z\d.])(?P<low>{_NUMBER})(?P<more>\s+and\s+a\s+half)?(?:\s*(?:-|–|to|or)\s*(?P<high>{_NUMBER}))?[\s-]*"
        rf"(?P<unit>{_UNIT})s?\b(?P<half>\s+and\s+a\s+half)?"
        r"(?![\s-]*(?:old|of age|pregnant|along|(?:of\s+)?(?:gestation|pregnancy)))",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![\d.])(?P<low>{_ZH_NUMBER})(?P<more>个半)?(?:\s*[-~至到]\s*(?P<high>{_ZH_NUMBER}))?\s*[多余来]?\s*个?[多余来]?"
        rf"(?P<unit>{_ZH_UNIT})(?P<half>半(?![夜个天小年月]))?(?!\s*(?:[龄岁孕]|妊娠))"
    ),
)
_SINCE: Final = (
    (re.compile(r"\byesterday|\blast night|昨[天日晚夜]", re.IGNORECASE), 1.0),
    (re.compile(r"前[天日晚](?!性)", re.IGNORECASE), 2.0),
    (re.compile(r"\bsince last week|[从自]上个?(?:周|星期|礼拜)|上(?:周|星期|礼拜)(?:开始|起)", re.IGNORECASE), 7.0),
    (re.compile(r"\bsince last month|[从自]上个?月|上个?月(?:开始|起)", re.IGNORECASE), 30.4),
)
_EVENT: Final = re.compile(
    r"smok|cigar|\bpack|alcohol|\bbeers?\b|\bwine\b|\bdr[aiu]nk\w* (?:heavily|daily|a lot)|\bquit|married|\bage\b"
    r"|diagnos|surger|\boperat|vaccin|\btak(?:ing|en)\b|\btook\b|gave birth|last (?:menstrual )?period"
    r"|travel|\btrip\b|back from|return\w* from"
    r"|吸烟|抽烟|烟龄|戒烟|饮酒|喝酒|酗酒|史|手术|术后|诊断|确诊|怀?孕|年龄|服用|旅[行游]|出差|接种|末次月经|分娩|产后",
    re.IGNORECASE,
)
"""Habits and past events: what is said of them is not how long the complaint has lasted."""

_OLD_DISEASE: Final = re.compile(
    r"asthma|\bcopd\b|diabet|hypertens|high blood pressure|heart (?:attack|disease|failure)|stroke|epilep|cancer"
    r"|\bhiv\b|thyroid|cholesterol|arthritis|\bgout\b|cirrhosis|hepatitis|(?:kidney|liver|lung) disease"
    r"|哮喘|慢阻肺|慢性|糖尿病|高血[压脂]|冠心病|心脏病|心梗|中风|癫痫|癌|甲[亢减]|关节炎|痛风|肝炎|肝硬化|肾病",
    re.IGNORECASE,
)
_OLD_DISEASE_DAYS: Final = 30.0
"""From here on a duration beside a chronic disease is the disease's; a shorter one is an attack's."""

_LOOKS_AHEAD: Final = re.compile(r"\s*(?:ago\b|(?:history )?of\b|以?前|之前|的|多?前)", re.IGNORECASE)
"""What it is that lasted so long or was then follows: "10 years of smoking"."""

_REACH_CHARACTERS: Final = 300
"""How far from a duration its subject is looked for; clauses are shorter but in text without punctuation."""

_HISTORY: Final = re.compile(r"[^无否]{0,8}史")


def read_age_years(text: str) -> float | None:
    """The first age that the text states, in years; a word such as "infant" stands for a typical age."""
    if found := _first(_AGE_SMALL, text):
        return _days(found["n"], found["unit"]) / _DAYS["year"]
    if found := _first(_AGE_YEARS, text):
        age = _number(found["n"]) + (0.5 if found.groupdict().get("half") else 0)
        if age <= _MAX_AGE_YEARS:
            return age
    return next((age for pattern, age in _AGE_WORDS if pattern.search(text)), None)


def read_duration_days(text: str) -> float | None:
    """How long the complaint has lasted: the longest duration that is not said of a habit or an old disease."""
    for pattern in (*_AGE_SMALL, *_AGE_YEARS, _DATE_OR_RATE):
        text = pattern.sub(" · ", text)
    return max((days for clause in CLAUSE_END.split(text) for days in _durations(clause)), default=None)


def _durations(clause: str) -> list[float]:
    spans = [(match.span(), days) for pattern, days in _SINCE for match in pattern.finditer(clause)]
    for pattern in _DURATIONS:
        for match in pattern.finditer(clause):
            days = _days(match["high"] or match["low"], match["unit"])
            days += _days("半", match["unit"]) if match["more"] or match["half"] else 0
            spans.append((match.span(), days))
    return [days for span, days in spans if not _is_of_something_else(clause, span, days)]


def _is_of_something_else(clause: str, span: tuple[int, int], days: float) -> bool:
    end = span[1] + _REACH_CHARACTERS if _LOOKS_AHEAD.match(clause, span[1]) else span[0]
    said = clause[max(0, span[0] - _REACH_CHARACTERS) : end]
    return bool(
        _HISTORY.match(clause, span[1])
        or _EVENT.search(said)
        or (days >= _OLD_DISEASE_DAYS and _OLD_DISEASE.search(said))
    )


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> re.Match[str] | None:
    return min((found for pattern in patterns if (found := pattern.search(text))), key=re.Match.start, default=None)


def _days(number: str, unit: str) -> float:
    return _number(number) * _DAYS[_UNITS.get(unit.lower(), unit.lower())]


def _number(word: str) -> float:
    word = word.lower()
    if word[0].isdigit():
        return float(word)
    if word == "半":
        return 0.5
    if word in _WORD_VALUES:
        return float(_WORD_VALUES[word])
    if word.isascii():
        return float(sum(_WORD_VALUES[part] for part in re.split(r"[\s-]", word)))
    return _zh_number(word)


def _zh_number(word: str) -> float:
    """Up to 109."""
    if word.startswith("一百"):
        return 100.0 + _ZH_DIGITS.get(word[-1], 0)
    tens, ten, ones = word.rpartition("十")
    if not ten:
        return float(_ZH_DIGITS[ones])
    return 10.0 * (_ZH_DIGITS[tens] if tens else 1) + (_ZH_DIGITS[ones] if ones else 0)
