"""Facts that a text states in numbers or plain words: age, sex, pregnancy, duration, onset and measurements."""

import re
from dataclasses import replace
from typing import Final

from services.core.types import Onset, Patient, Sex
from services.findings.measurements import measured_findings
from services.findings.times import CLAUSE_END, read_age_years, read_duration_days

__all__ = ["measured_findings", "read_age_years", "read_duration_days", "read_onset", "read_patient"]

_ZH_WOMEN: Final = r"妈|母亲|奶奶|外婆|姥姥|婆婆|姐|妹|妻|老婆|媳妇|太太|阿姨|姑姑|姑妈|婶|嫂"
_ZH_MEN: Final = r"爸|父亲|爷爷|外公|姥爷|公公|哥哥|大哥|[我二]哥|弟|丈夫|老公|先生|叔|舅|伯伯|大伯"
_RELATIVE: Final = re.compile(
    r"\bmy (?:wife|husband|partner|girlfriend|boyfriend|mother|father|mum|mom|dad|sister|brother|friend|aunt|uncle"
    r"|grand(?:mother|father|ma|pa))\b"
    rf"|{_ZH_WOMEN}|{_ZH_MEN}|[女男]朋友",
    re.IGNORECASE,
)
"""Adults; who writes of a child and of "I" is a parent, and the child is the patient."""

_SELF: Final = re.compile(
    r"\bi(?:['’]m|['’]ve| am| have| had| feel| felt| got| get| cough| vomit)\b"
    r"(?! (?:worried|concerned|scared|afraid|calling|asking|wondering|writing|not sure|noticed|given|called|to|at|the"
    r"|with|her|his|he|she|like|that)\b)"
    r"|我(?:也|就|最近|现在|今[天年]|昨天|这几天|一直|从|已经|有点?|感[到觉]|出现|开始){0,2}"
    r"(?:咳|发[烧热冷]|[头胸腹肚喉嗓腰背腿心](?!里|疼她|疼他)|痛|疼|吐|拉|流|喘|呼吸|没?有?怀孕|[男女]性|是[男女]|\d|高烧)",
    re.IGNORECASE,
)

_FEMALE: Final = re.compile(
    r"\b(?:female|woman|girl|lady|she|her|pregnant"
    r"|my (?:wife|girlfriend|mother|mum|mom|grandmother|grandma|aunt|daughter|granddaughter|sister|period|uterus"
    r"|vagina))\b"
    r"|(?<![a-zA-Z\d./])(?:[1-7]\d|8[0-5])/?(?-i:F)(?![a-zA-Z\d])"
    rf"|(?<![子男儿])女(?!婿|医|护|大夫)|孕妇|怀孕|月经|她|{_ZH_WOMEN}",
    re.IGNORECASE,
)
_MALE: Final = re.compile(
    r"\b(?:male|man|boy|gentleman|he|him|his"
    r"|my (?:husband|boyfriend|father|dad|grandfather|grandpa|uncle|son|grandson|brother|penis|testicles?|prostate))\b"
    r"|(?<![a-zA-Z\d./])(?:[1-7]\d|8[0-5])/?(?-i:M)(?![a-zA-Z\d])"
    rf"|男(?!女|医|护|大夫)|儿子|孙子|(?<![其吉维])他(?![们人汀啶韦滨赛命]|列汀|克莫|达拉|昔布)|睾丸|前列腺|{_ZH_MEN}",
    re.IGNORECASE,
)
_PREGNANT: Final = re.compile(
    r"\bpregnan(?:t|cy)\b|\bexpecting (?:a baby|twins)|\b\d{1,2}\s*weeks?(?:'| of)? (?:gestation|gestational)"
    r"|怀孕|怀了(?:[^，。]{1,3}个月|[一二三]胎|双胞胎|孩子|宝宝)|孕\d(?!产)|孕妇|妊娠",
    re.IGNORECASE,
)
_NO_LONGER_PREGNANT: Final = re.compile(
    r"\bpregnan(?:t|cy)\b[^.;,!?]{0,20}\b(?:years? ago|last year|in (?:19|20)\d\d)"
    r"|\b(?:previous|prior|past|last|earlier|history of (?:an? )?(?:\w+ )?)\s*pregnanc(?:y|ies)\b"
    r"|\bto (?:get|become|fall|avoid)\s+pregnan(?:t|cy)\b"
    r"|年前(?:怀过?孕|妊娠)|上次(?:怀孕|妊娠)|曾经?(?:怀孕|妊娠)|(?:怀孕|妊娠)史"
    r"|(?:[还才]能|能不能|可以|想|准备|打算|影响)(?:再)?怀孕",
    re.IGNORECASE,
)
_NOT_PREGNANT: Final = re.compile(
    r"\b(?:not|never|non|no(?! i\b| i['’]?m\b| she\b)|cannot|(?:ca|is|are|do|does)n['’]?t|without|den(?:y|i\w+|ying))"
    r"(?:\s+(?:think|believe|suspect|that|i|i['’]?m|am|she|she['’]s|is|currently|now|be|been|being|a|any|at|the"
    r"|moment|chance|possibility|of|signs?|evidence|possibly|actually)){0,6}"
    r"[\s-]+pregnan(?:t|cy)\b(?![\s-]+(?:complication|problem|issue|related|tests?\b))"
    r"|\bpregnancy(?: tests?)?(?: (?:is|was|were|came back|has been|results?)|\s*[:：])*\s*"
    r"(?:neg(?:ative)?|ruled out|excluded|denied|no(?! \w))\b(?!.*\bpositive)"
    r"|(?:(?<![有怀])没有?|未|(?<!是)不是|不可能|否认|(?<!有)无|并非|(?<![不能法])排除)"
    r"(?:再|在|有|是|可能|处于){0,2}(?:怀孕|妊娠)"
    r"|未孕|(?:怀孕|妊娠)(?:试验|测试|检测|检查|反应)?(?:结果)?[是为呈:：]?阴性(?!.*阳性)",
    re.IGNORECASE,
)
_SUDDEN: Final = re.compile(
    r"\bsudden\w*|\babrupt\w*|\bout of (?:the blue|nowhere)|\ball at once|突然|突发|忽然|骤然|一下子", re.IGNORECASE
)
_GRADUAL: Final = re.compile(
    r"\bgradual\w*|\bslowly\b|\bprogressive\w*|\binsidious\w*|逐渐|慢慢|渐渐|缓慢", re.IGNORECASE
)


def read_patient(text: str, given: Patient) -> Patient:
    """The patient as given, with what the text says of age, sex and pregnancy where nothing was given."""
    text = _of_patient(text)
    patient = given
    if patient.age_years is None:
        patient = replace(patient, age_years=read_age_years(text))
    if patient.pregnant is None:
        patient = replace(patient, pregnant=_read_pregnant(text))
    if patient.sex is None:
        patient = replace(patient, sex="female" if patient.pregnant else _read_sex(text))
    return patient


def read_onset(text: str) -> Onset | None:
    """Sudden or gradual, if the text says so."""
    if _SUDDEN.search(text):
        return Onset.SUDDEN
    return Onset.GRADUAL if _GRADUAL.search(text) else None


def _of_patient(text: str) -> str:
    """The text without clauses about a relative, if other clauses are about the writer."""
    clauses = CLAUSE_END.split(text)
    own = [clause for clause in clauses if not _RELATIVE.search(clause)]
    return ", ".join(own) if any(_SELF.search(clause) for clause in own) and len(own) < len(clauses) else text


def _read_pregnant(text: str) -> bool | None:
    """A doubt counts as yes, and a former pregnancy as nothing."""
    now = _NO_LONGER_PREGNANT.sub(" ", text)
    rest = _NOT_PREGNANT.sub(" ", now)
    if _PREGNANT.search(rest):
        return True
    return None if rest == now else False


def _read_sex(text: str) -> Sex | None:
    female, male = _FEMALE.search(text), _MALE.search(text)
    if female and male:
        return "female" if female.start() < male.start() else "male"
    return "female" if female else "male" if male else None
