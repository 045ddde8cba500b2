"""Whether cited sentences carry what is claimed of them: words, numbers with their units, and yes or no."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.core.text import content_terms, detect_language, tokenize
from services.findings.assertion import Status, assert_matches, speaks_against
from services.findings.extract import Findings
from services.findings.lexicon import Lexicon

LEAST_SHARED: Final = 0.5
"""Least share of a claim's content terms that must stand in what it cites."""

_UNITS: Final = {
    "week": "week", "wk": "week", "周": "week", "星期": "week", "day": "day", "天": "day", "日": "day",
    "hour": "hour", "hr": "hour", "h": "hour", "小时": "hour", "minute": "minute", "min": "minute", "分钟": "minute",
    "month": "month", "个月": "month", "月": "month", "year": "year", "yr": "year", "年": "year", "岁": "year",
    "mg": "mg", "毫克": "mg", "g": "g", "克": "g", "ml": "ml", "毫升": "ml", "kg": "kg", "公斤": "kg", "千克": "kg",
    "mcg": "µg", "µg": "µg", "μg": "µg", "微克": "µg", "l": "l", "升": "l", "mmhg": "mmhg", "毫米汞柱": "mmhg",
    "mmol": "mmol", "毫摩尔": "mmol", "%": "%", "℃": "°c", "°c": "°c", "度": "°c", "°f": "°f", "℉": "°f",
    "iu": "iu", "unit": "iu", "单位": "iu", "tablet": "tablet", "片": "tablet", "time": "time", "次": "time",
    "glass": "glass", "杯": "glass", "cm": "cm", "厘米": "cm", "mm": "mm", "毫米": "mm",
}  # fmt: skip
_QUANTITY: Final = re.compile(
    r"(?<![\d.])(\d+(?:[.,]\d+)?)(?:\s*(?:-|–|~|至|到|to|or|或)\s*(\d+(?:[.,]\d+)?))?\s*-?\s*"
    rf"({'|'.join(sorted(map(re.escape, _UNITS), key=len, reverse=True))})?(?:e?s)?(?![a-z])",
    re.IGNORECASE,
)
_BARE_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")
_NEGATION: Final = re.compile(
    r"\b(?:no|not|never|without|nor|avoid\w*|den(?:y|ies|ied)|cannot|\w+n['’]t|absen\w*|refrain\w*|contraindicat\w*)\b"
    r"|不|无(?!力)|没|勿|未|避免|禁|别(?!人)|否认|切忌",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"[,，.;；。!！?？\n]|\bbut\b|但", re.IGNORECASE)

Stated = Literal["present", "absent"]


@dataclass(frozen=True, slots=True)
class Terms:
    """Lexicons whose concepts are the same in every language: findings, tests, departments."""

    findings: Lexicon
    others: tuple[Lexicon, ...] = ()

    def concepts(self, text: str) -> set[str]:
        """Ids of what a text names; not remembered, for it may be private."""
        return {
            f"{number}:{match.concept_id}"
            for number, lexicon in enumerate((self.findings, *self.others))
            for match in lexicon.match(text)
        }


@dataclass(frozen=True, slots=True)
class Said:
    """What the person said, for checking what a claim says of them.

    Attributes:
        terms: Content terms of clauses without a negation.
        quantities: Numbers with their units, from everything that was written.
    """

    findings: Findings
    terms: frozenset[str]
    quantities: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, text: str, findings: Findings) -> "Said":
        """Read a person's text."""
        asserted = [clause for clause in _CLAUSE.split(text) if not _NEGATION.search(clause)]
        terms = frozenset().union(*(content_terms(clause) for clause in asserted))
        return cls(findings, terms, frozenset(quantities(text)))


def quantities(text: str) -> set[tuple[str, str]]:
    """Numbers with their unit, or with "" where none of the known ones follows; "2-3 days" is two of them."""
    found: set[tuple[str, str]] = set()
    text = unicodedata.normalize("NFKC", text)
    for match in _QUANTITY.finditer(text):
        unit = _UNITS.get((match[3] or "").lower(), "")
        found.update((number.replace(",", "."), unit) for number in (match[1], match[2]) if number)
    seen = {number for number, _ in found}
    bare = (number.replace(",", ".") for number in _BARE_NUMBER.findall(text))
    return found | {(number, "") for number in bare if number not in seen}


def is_supported(claim: str, sentences: Sequence[str], terms: Terms) -> bool:
    """Whether the sentences carry the claim.

    Its numbers stand there with the same units, it is negated if and only if the sentence closest to it is, and at
    least half of its content terms stand there; in another language, all the concepts that it names do.
    """
    if not sentences or not quantities(claim) <= set().union(*map(quantities, sentences)):
        return False
    closest = max(sentences, key=lambda sentence: shared(claim, [sentence]))
    if bool(_NEGATION.search(claim)) != bool(_NEGATION.search(closest)):
        return False
    if shared(claim, sentences) >= LEAST_SHARED:
        return True
    if detect_language(claim) == detect_language(closest):
        return False
    named = terms.concepts(claim)
    return bool(named) and named <= set().union(*map(terms.concepts, sentences))


def shared(claim: str, sentences: Iterable[str]) -> float:
    """The share of the claim's content terms that stand in the sentences; 0 for a claim without any."""
    asked = content_terms(claim)
    known = set().union(*map(content_terms, sentences))
    return len(asked & known) / len(asked) if asked else 0.0


def stated(finding: str, said: Said, terms: Terms) -> Stated | None:
    """Whether the person has the finding, denies it, or says nothing of it."""
    concepts = {match.concept_id for match in terms.findings.match(finding)}
    if concepts & said.findings.present:
        return "present"
    if concepts:
        return "absent" if concepts & said.findings.absent else None
    asked = content_terms(finding)
    return "present" if asked and len(asked & said.terms) / len(asked) >= LEAST_SHARED else None


def expected(finding: str, sentence: str, terms: Terms) -> bool | None:
    """Whether a guideline's sentence says that the condition has the finding; None if it does not speak of it."""
    asked = {match.concept_id for match in terms.findings.match(finding)}
    tokens = tokenize(sentence)
    matches = terms.findings.match(sentence, tokens)
    against = speaks_against(sentence)
    for match, status in zip(matches, assert_matches(sentence, tokens, matches), strict=True):
        if asked and _is_same(asked, match.concept_id, terms.findings):
            return status is Status.PRESENT and not against
    if shared(finding, [sentence]) < LEAST_SHARED:
        return None
    return not against and bool(_NEGATION.search(finding)) == bool(_NEGATION.search(sentence))


def _is_same(asked: set[str], named: str, lexicon: Lexicon) -> bool:
    """One names the other or something more special or more general."""
    general = set().union(*(lexicon.concepts[concept].implies for concept in asked))
    return named in asked or named in general or bool(lexicon.concepts[named].implies & asked)
