"""Fixed wording in English and Chinese."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.core.answer import Confidence, UrgentLevel
from services.core.types import Language, TriageLevel

URGENT_LEVEL: Final[Mapping[TriageLevel, UrgentLevel]] = {
    TriageLevel.CALL_AMBULANCE: "emergency",
    TriageLevel.EMERGENCY_DEPARTMENT: "emergency",
    TriageLevel.WITHIN_24_HOURS: "high",
    TriageLevel.ROUTINE_VISIT: "medium",
    TriageLevel.SELF_CARE: "low",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """What Citewell says by itself, as opposed to what guidelines say."""

    disclaimer: str
    levels: Mapping[TriageLevel, str]
    urgent_levels: Mapping[UrgentLevel, str]
    possibly: str
    numbers: str
    numbers_elsewhere: str
    confidences: Mapping[Confidence, str]
    emergency_department: str
    general_practice: str
    fits: str
    does_not_fit: str
    wording_only: str
    which_country: str
    not_covered: str
    nothing_found: str
    headings: Mapping[str, str]
    joiner: str
    stop: str


WORDING: Final[Mapping[Language, Wording]] = {
    "en": Wording(
        disclaimer=(
            "Made by a computer from guidelines, for people who can check it. It is not a diagnosis and does not "
            "replace an examination. If you feel seriously unwell or get worse, seek emergency care whatever is "
            "written here."
        ),
        levels={
            TriageLevel.CALL_AMBULANCE: "Call an ambulance now.",
            TriageLevel.EMERGENCY_DEPARTMENT: "Go to an emergency department now.",
            TriageLevel.WITHIN_24_HOURS: "See a clinician within 24 hours.",
            TriageLevel.ROUTINE_VISIT: "No red flag was reported. Arrange a routine visit.",
            TriageLevel.SELF_CARE: (
                "No red flag was reported. Self-care is reasonable; see a clinician if it gets worse."
            ),
        },
        urgent_levels={"emergency": "emergency", "high": "high", "medium": "medium", "low": "low"},
        possibly="Worded like: ",
        numbers="Ambulance: {ambulance}. Police: {police}.",
        numbers_elsewhere=(
            "Emergency number: 112 in the European Union and many other countries, 999 in the United Kingdom, 911 in "
            "the United States and Canada, 000 in Australia, 120 in China."
        ),
        confidences={"high": "high", "medium": "medium", "low": "low"},
        emergency_department="Emergency department",
        general_practice="General practice",
        fits="Fits the guideline: ",
        does_not_fit="Speaks against it: ",
        wording_only="The guideline's description resembles what was written; no single known finding decides.",
        which_country="In which country are you?",
        not_covered="The loaded guidelines do not cover what was described well enough to name a diagnosis.",
        nothing_found=(
            "No symptom that the library knows was found in the text. Describe what is felt, where, and since when."
        ),
        headings={
            "triage": "Urgency",
            "diagnoses": "Possible diagnoses",
            "tips": "Advice",
            "referral": "Referral",
            "tests": "Tests to expect",
            "questions": "Questions",
            "citations": "Citations",
            "confidence": "confidence",
            "jurisdictions": "guidelines of",
        },
        joiner=", ",
        stop=". ",
    ),
    "zh": Wording(
        disclaimer=(
            "本内容由计算机依据指南生成，供能够核实者参考，不是诊断，也不能代替面诊。如感到病情严重或加重，无论此处写了什么，请立即就医。"
        ),
        levels={
            TriageLevel.CALL_AMBULANCE: "请立即呼叫救护车。",
            TriageLevel.EMERGENCY_DEPARTMENT: "请立即前往急诊。",
            TriageLevel.WITHIN_24_HOURS: "请在24小时内就诊。",
            TriageLevel.ROUTINE_VISIT: "未报告警示症状。建议安排门诊就诊。",
            TriageLevel.SELF_CARE: "未报告警示症状。可先自我护理，如加重请就诊。",
        },
        urgent_levels={"emergency": "紧急", "high": "高", "medium": "中等", "low": "低"},
        possibly="描述类似：",
        numbers="急救电话：{ambulance}。报警电话：{police}。",
        numbers_elsewhere="急救电话：中国大陆120，欧盟及许多国家112，英国999，美国和加拿大911，澳大利亚000。",
        confidences={"high": "高", "medium": "中", "low": "低"},
        emergency_department="急诊科",
        general_practice="全科医学科",
        fits="与指南相符：",
        does_not_fit="不支持之处：",
        wording_only="指南的描述与所述情况相近，但没有单个已知表现可以确定。",
        which_country="您在哪个国家或地区？",
        not_covered="已加载的指南未能充分覆盖所述情况，无法给出可能的诊断。",
        nothing_found="文中未发现指南库已知的症状。请说明哪里不适、如何不适、持续多久。",
        headings={
            "triage": "紧急程度",
            "diagnoses": "可能的诊断",
            "tips": "建议",
            "referral": "就诊",
            "tests": "建议检查",
            "questions": "需要补充的问题",
            "citations": "引用",
            "confidence": "置信度",
            "jurisdictions": "指南来源国家或地区",
        },
        joiner="、",
        stop="。",
    ),
}
