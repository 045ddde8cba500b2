"""Which role a section has, from the words of its heading, in English and Chinese."""

import difflib
import itertools
import re
from functools import lru_cache
from typing import Final

from services.core.types import SectionRole

_ROLE_WORDS: Final[tuple[tuple[SectionRole, str], ...]] = (
    (SectionRole.RED_FLAGS, r"red flags?|warning|danger signs?|emergenc|警示|危险信号|红旗|急症"),
    (SectionRole.DIFFERENTIAL, r"differential|鉴别"),
    (SectionRole.FOLLOW_UP, r"follow.?up|monitoring|prognosis|随访|复查|监测|预后"),
    (SectionRole.REFERRAL, r"refer|when to see|seek (medical )?help|转诊|就医|就诊"),
    (
        SectionRole.SELF_CARE,
        r"self.?(care|management|help)|non.?(drug|pharmac)|life.?style|prevent|advice|education|home care|supportive"
        r"|自我|生活方式|预防|健康教育|患者教育|护理",
    ),
    (SectionRole.TREATMENT, r"treat|manage|therap|drug|medicat|surg|goal|治疗|处理|用药|管理"),
    (SectionRole.TESTS, r"investigat|diagnos|tests?\b|work.?up|laborator|imaging|检查|诊断|化验"),
    (
        SectionRole.PRESENTATION,
        r"clinical|presentation|symptom|signs?\b|manifest|features|complaint|临床表现|症状|体征|表现",
    ),
)
_HEADING_WORDS: Final = (
    "introduction", "overview", "definition", "aetiology", "etiology", "epidemiology", "classification", "causes",
    "complications", "pathophysiology", "pathogenesis", "risk factors", "background", "clinical features",
    "clinical presentation", "presentation", "symptoms", "signs", "symptoms and signs", "signs and symptoms",
    "differential diagnosis", "differential diagnoses", "investigations", "investigation", "tests", "diagnosis",
    "diagnoses", "diagnostic criteria", "treatment", "management", "drug treatment", "non-drug treatment",
    "treatment goals", "treatment objectives", "treatment principles", "surgical treatment", "supportive measures",
    "self-care", "prevention", "referral", "follow-up", "red flags", "prognosis", "monitoring",
    "概述", "定义", "病因", "流行病学", "分型", "危险因素", "并发症", "临床表现", "症状", "体征", "症状与体征",
    "警示症状", "鉴别诊断", "检查", "辅助检查", "诊断", "诊断标准", "治疗", "治疗原则", "处理", "自我管理",
    "生活方式", "预防", "转诊", "随访", "预后",
)  # fmt: skip
_VOCABULARY: Final = tuple(
    sorted({word for words in _HEADING_WORDS for word in words.split() if word.isascii() and len(word) > len("signs")})
)
_WORDS: Final = re.compile(r"[A-Za-z][\w'-]*|[\u3400-\u9fff]{2}")
_MAX_ROLE_WORDS: Final = 4
"""Words, or pairs of Chinese characters; with more, an outermost heading is a title."""

_SPELLING_CUTOFF: Final = 0.85
"""Similarity at which "CLINICLA" and "INVESIGATIONS" are taken for what they mean."""


@lru_cache(maxsize=10_000)
def is_heading_wording(line: str) -> bool:
    """Whether a whole line is a wording that headings have, in whatever case."""
    return line.lower().strip() in _HEADING_WORDS


@lru_cache(maxsize=10_000)
def role_of(path: tuple[str, ...]) -> SectionRole:
    """The role of a section; the innermost heading that has one decides, misspelled headings come last.

    A long outermost heading with others below it is the document's title, as in "Guideline for the management of cough
    in adults": it says nothing of what a section is about.
    """
    is_titled = len(path) > 1 and len(_WORDS.findall(path[0])) > _MAX_ROLE_WORDS
    headings = [heading.lower() for heading in reversed(path[1:] if is_titled else path)]
    for text in itertools.chain(headings, map(_respelled, headings)):
        for role, words in _ROLE_WORDS:
            if re.search(words, text):
                return role
    return SectionRole.OTHER


@lru_cache(maxsize=10_000)
def _respelled(heading: str) -> str:
    words = re.findall(r"[a-z-]+", heading)
    return " ".join(next(iter(difflib.get_close_matches(w, _VOCABULARY, 1, _SPELLING_CUTOFF)), w) for w in words)
