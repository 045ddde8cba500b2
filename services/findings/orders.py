"""Doses and medicines in a sentence: what no patient is told, because Citewell does not prescribe."""

import re
from typing import Final

_UNIT: Final = r"(?:mg|mcg|[µμ]g|g|kg|ml|iu|units?|tablets?|pills?|capsules?|puffs?|drops?|sachets?|mmol)"
_DOSE: Final = re.compile(
    rf"\d(?:[\d.,/\s–-]*){_UNIT}\b(?!/(?:d?l|m)\b)"
    rf"|\b(?:one|two|three|four|half) (?:a )?{_UNIT}\b"
    r"|\b(?:once|twice|thrice|\d+\s*(?:times|hourly)|every (?:\d+|four|six|eight|twelve) hours?)\b[^.]{0,20}"
    r"\b(?:dai?ly|day|for \d)"
    r"|\b(?:bd|bid|tds|tid|qds|qid|prn|stat|i\.?v\.?|i\.?m\.?)\b"
    r"|[\d一二两三四半]\s*(?:毫克|微克|克|毫升|片|粒|滴|喷|袋|支|单位|mg|ml|g)(?![a-z/])"
    r"|每[日天]\s*[\d一二三四两]\s*次|[一1]日[\d一二三四两]次",
    re.IGNORECASE,
)
_MEDICINE: Final = re.compile(
    r"\b\w+(?:cillin|mycin|cycline|floxacin|azole|statin|pril|sartan|olol|dipine|caine|profen|triptan|prazole|sone"
    r"|solone|mab|vir|amide|gliptin|gliflozin|parin|xaban|azepam|codone|tidine)\b"
    r"|\b(?:aspirin|paracetamol|acetaminophen|codeine|morphine|tramadol|metformin|insulin|salbutamol|warfarin"
    r"|antibiotics?|opioids?|nsaids?|steroids?|tablets?|injections?|infusions?)\b"
    r"|西林|霉素|沙星|环素|头孢|他汀|普利(?![子策])|沙坦|洛尔|地平|拉唑|替丁|曲坦|格列|列汀|列净|韦(?=[，。、 ]|片)"
    r"|布洛芬|对乙酰氨基酚|阿司匹林|双氯芬酸|可待因|吗啡|曲马多|二甲双胍|胰岛素|沙丁胺醇|华法林|肝素|泼尼松|地塞米松"
    r"|抗生素|抗菌药|激素|止痛药|退烧药|注射|静滴",
    re.IGNORECASE,
)


def is_order(text: str) -> bool:
    """Whether a text gives a dose or orders a medicine. Limits such as "126 mg/dL" are measurements, not doses."""
    return bool(_DOSE.search(text))


def names_medicine(text: str) -> bool:
    """Whether a text names a medicine or speaks of taking one."""
    return bool(_MEDICINE.search(text))
