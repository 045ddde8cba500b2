"""Whether cited sentences carry what is claimed of them: words, numbers with their units, and yes or no."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.core.text import content_terms, detect_language, tokenize
from services.findings.assertion import Status, assert_matches, speaks_against
from services.findings.extract import Findings, extract
from services.findings.lexicon import Lexicon
from services.findings.orders import is_order, names_medicine

LEAST_SHARED: Final = 0.6
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
    "gram": "g", "milligram": "mg", "microgram": "µg", "kilogram": "kg", "liter": "l", "litre": "l",
    "milliliter": "ml", "millilitre": "ml", "percent": "%", "second": "second", "秒": "second",
}  # fmt: skip
_UNIT: Final = rf"\s*-?\s*个?({'|'.join(sorted(map(re.escape, _UNITS), key=len, reverse=True))})"
_TO: Final = r"\s*(?:-|–|~|至|到|to|or|或)\s*"
_QUANTITY: Final = re.compile(
    rf"(?<![\d.])(\d+(?:[.,]\d+)?)(?:{_TO}(\d+(?:[.,]\d+)?))?(?:{_UNIT})?(?:e?s)?(?![a-z\d]|[.,]\d)", re.IGNORECASE
)
_SPELLED: Final = {
    **{han: number for number, han in enumerate("一二三四五六七八九", 1)}, "两": 2,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12,
}  # fmt: skip
_NUMBER_WORD: Final = rf"(?<![a-z])(?<!ty[ -])({'|'.join(filter(str.isascii, _SPELLED))}|[一二两三四五六七八九十]+)"
_SPELLED_QUANTITY: Final = re.compile(rf"{_NUMBER_WORD}(?:{_TO}{_NUMBER_WORD})?{_UNIT}(?:e?s)?(?![a-z])", re.IGNORECASE)
_BARE_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")
_NEGATION: Final = re.compile(
    r"\b(?:no|not|never|without|nor|none|neither|nothing|avoid\w*|den(?:y|ies|ied)|cannot|\w+n['’]t|absen\w*|refrain\w*"
    r"|contraindicat\w*)\b|不(?![仅但断同良久少]|适(?![合宜用应]))|无(?!力)|没|勿|未|避免|禁|(?<![特区分鉴级性])别(?!人)"
    r"|否认|切忌|并非",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"[,，.;；。!！?？\n]|\bbut\b|但", re.IGNORECASE)
_STATEMENT: Final = re.compile(r"[.;；。:：!！?？\n]|\bbut\b|但", re.IGNORECASE)
"""Where a statement ends, its lists included."""

_ASIDE: Final = re.compile(
    r"^\s*(?:if|when|unless|because|although|while)\b[^,.;]*,|\b(?:if|when|unless|because|although|while)\b[^.;]*"
    r"|(?:如果|倘若|若|(?<![应适相])当)[^，,。；]*"
    r"|\b(?:avoiding|without)(?: (?!and\b|or\b)[\w-]+){1,2}(?:(?:,| and| or)(?: [\w-]+){1,2})*",
    re.IGNORECASE,
)
"""Parts whose negation does not turn the sentence around: conditions, reasons, and what is avoided beside."""

_ENDS: Final = " .。!！"
_MORE: Final = re.compile(
    r"\b(?:above|over|(?:more|greater|longer|older) than|at least|exceed\w*|or (?:more|higher|older|longer))\b|[>≥]"
    r"|(?<!不)超过|大于|高于|多于|至少|不少于|以上|及以上",
    re.IGNORECASE,
)
_LESS: Final = re.compile(
    r"\b(?:below|under|less than|fewer than|at most|shorter than|younger than|or (?:less|fewer|lower|younger))\b|[<≤]"
    r"|低于|小于|少于|不足|不超过|至多|以下|以内",
    re.IGNORECASE,
)

_PART: Final = re.compile(
    r"[,，、.;；。:：!！?？\n]|\b(?:and|or|but|because|which|when|if|so|while|although)\b|和|或|但|并|因|且|及",
    re.IGNORECASE,
)
"""Where one part of a statement ends and another begins, each of which may be negated by itself."""

Stated = Literal["present", "absent"]


@dataclass(frozen=True, slots=True)
class Terms:
    """Lexicons whose concepts are the same in every language: findings, tests, departments."""

    findings: Lexicon
    others: tuple[Lexicon, ...] = ()

    def concepts(self, text: str, *, with_general: bool = False) -> set[str]:
        """Ids of what a text names, more general ones included if asked; not remembered, for it may be private."""
        return {
            f"{number}:{concept}"
            for number, lexicon in enumerate((self.findings, *self.others))
            for match in lexicon.match(text)
            for concept in (match.concept_id, *(lexicon.concepts[match.concept_id].implies if with_general else ()))
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
    """Numbers with their unit, or with "" where none of the known ones follows; "2-3 days" is two of them.

    Number words count where a unit follows: "two weeks", 两周.
    """
    found: set[tuple[str, str]] = set()
    text = unicodedata.normalize("NFKC", text)
    for match in _QUANTITY.finditer(text):
        unit = _UNITS.get((match[3] or "").lower(), "")
        found.update((number.replace(",", "."), unit) for number in (match[1], match[2]) if number)
    for match in _SPELLED_QUANTITY.finditer(text):
        unit = _UNITS[match[3].lower()]
        found.update((number, unit) for word in (match[1], match[2]) if word for number in _values(word.lower()))
    seen = {number for number, _ in found}
    bare = (number.replace(",", ".") for number in _BARE_NUMBER.findall(text))
    return found | {(number, "") for number in bare if number not in seen}


def is_supported(claim: str, sentences: Sequence[str], terms: Terms) -> bool:
    """Whether the sentences carry the claim.

    Its numbers stand there with the same units, its bounds point the same way, and all the concepts that it names
    stand there; it is negated if and only if the sentence closest to it is; and enough of its content terms stand
    there, or all of them where it speaks of medicines. In another language concepts stand for terms.
    """
    if not sentences or not quantities(claim) <= set().union(*map(quantities, sentences)):
        return False
    if not _bounds(claim) <= set().union(*map(_bounds, sentences)):
        return False
    named = terms.concepts(claim)
    closest = max(sentences, key=lambda sentence: (shared(claim, [sentence]), len(named & terms.concepts(sentence))))
    is_translated = detect_language(claim) != detect_language(closest)
    if not _agree(claim, closest, is_translated=is_translated):
        return False
    if not named <= set().union(*(terms.concepts(sentence, with_general=True) for sentence in sentences)):
        return False
    least = least_shared(claim)
    return shared(claim, sentences) >= least or (is_translated and bool(named) and least < 1)


def _bounds(text: str) -> set[str]:
    """Whether a text speaks of more or of less than something; without a number that means nothing."""
    if not quantities(text):
        return set()
    return {name for name, words in (("more", _MORE), ("less", _LESS)) if words.search(text)}


def least_shared(text: str) -> float:
    """The share of a text's content terms that must be known: all of them where another medicine would do harm."""
    return 1.0 if is_order(text) or names_medicine(text) else LEAST_SHARED


def shared(claim: str, sentences: Iterable[str]) -> float:
    """The share of the claim's content terms that stand in the sentences; 0 for a claim without any."""
    asked = content_terms(claim)
    known = set().union(*map(content_terms, sentences))
    return len(asked & known) / len(asked) if asked else 0.0


def stated(finding: str, said: Said, terms: Terms) -> Stated | None:
    """Whether the person has all that the finding names, denies all of it, or neither."""
    concepts = {match.concept_id for match in terms.findings.match(finding)}
    if concepts:
        if concepts <= said.findings.present & extract(finding, terms.findings).present:
            return "present"
        return "absent" if concepts <= said.findings.absent else None
    asked = content_terms(finding)
    is_said = bool(asked) and len(asked & said.terms) / len(asked) >= LEAST_SHARED
    return "present" if is_said and not _NEGATION.search(finding) else None


def expected(finding: str, sentence: str, terms: Terms) -> bool | None:
    """Whether a guideline's sentence says that the condition has the finding; None if it does not speak of it."""
    asked = {match.concept_id for match in terms.findings.match(finding)}
    tokens = tokenize(sentence)
    matches = terms.findings.match(sentence, tokens)
    against = speaks_against(sentence)
    for match, status in zip(matches, assert_matches(sentence, tokens, matches), strict=True):
        if asked and _is_same(asked, match.concept_id, terms.findings):
            return status is Status.PRESENT and not against
    if shared(finding, [sentence]) < (1.0 if asked else LEAST_SHARED):
        return None
    return not against and bool(_NEGATION.search(finding)) == bool(_NEGATION.search(sentence))


def _agree(claim: str, sentence: str, *, is_translated: bool) -> bool:
    """Whether neither is negated, or both are and the sentence negates what the claim negates.

    A negation beside the point leaves a sentence as it is, where the claim has no words from there only.
    """
    if claim.strip(_ENDS).casefold() == sentence.strip(_ENDS).casefold():
        return True
    is_negated = bool(_NEGATION.search(sentence))
    if is_translated or not is_negated:
        return bool(_NEGATION.search(claim)) is is_negated
    if _NEGATION.search(claim):
        scope = set().union(*_negated(sentence, _STATEMENT))
        return all(scope.intersection(terms) for terms in _negated(claim, _PART, first_only=True))
    rest = _ASIDE.sub(" ", sentence)
    beside = content_terms(" ".join(_ASIDE.findall(sentence))) - content_terms(rest)
    return not _NEGATION.search(rest) and not content_terms(claim) & beside


def _negated(text: str, ends: re.Pattern[str], *, first_only: bool = False) -> Iterator[list[str]]:
    """For each negation the content terms behind it, up to an end, or those before it if there are none.

    `first_only` leaves of English ones the first, which is what is negated: "never stop smoking" negates stopping.
    """
    for part in ends.split(text):
        for cue in _NEGATION.finditer(part):
            terms = _in_order(part[cue.end() :]) or _in_order(part[: cue.start()])
            yield terms[:1] if first_only and terms and terms[0].isascii() else terms


def _in_order(text: str) -> list[str]:
    """The content terms in the order of the text."""
    known = content_terms(text)
    values = [token.value for token in tokenize(text)]
    pairs = itertools.pairwise([*values, ""])
    return [term for one, following in pairs for term in (one, one + following) if term in known]


def _values(word: str) -> list[str]:
    """Numbers of a number word: "two" is 2, 二十四 is 24, and 三四 both 3 and 4."""
    if word in _SPELLED:
        return [str(_SPELLED[word])]
    tens, ten, ones = word.partition("十")
    if ten:
        return [str(10 * _SPELLED.get(tens, 1) + _SPELLED.get(ones, 0))]
    return [str(_SPELLED[digit]) for digit in word]


def _is_same(asked: set[str], named: str, lexicon: Lexicon) -> bool:
    """One names the other or something more special or more general."""
    general = set().union(*(lexicon.concepts[concept].implies for concept in asked))
    return named in asked or named in general or bool(lexicon.concepts[named].implies & asked)
