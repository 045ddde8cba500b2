"""Which findings of a statement are denied: cues, and the lists that they govern, in English and Chinese."""

import re
from collections.abc import Iterator
from typing import Final

from services.findings.skeleton import CLOSE_MARK, OPEN_MARK, PLACEHOLDER, numbers

PSEUDO: Final = re.compile(
    r"\b(?:not only|no doubt|non-?\s?stop|never without|no (?:relief|improvement|change|idea|longer able)"
    r"|(?:is|are|was)n['’]?t (?:this|it|that|these)|without (?:warning|any warning|stopping|relief)"
    r"|(?:can['’]?t|cannot|can not|could(?:n['’]?t| not)|unable to|hardly|not)\b[^,.]{0,40}\bwithout"
    r"|never(?=[^,.]*\b(?:like this|this bad|this severe|such|worse|so (?:bad|severe)|before)\b))"
    r"|前所未有|从来?没有?(?:过的|这么|这样|如此)|(?:没有?|无|毫无)(?:任何|什么|明显)?(?:预兆|征兆|先兆|诱因|原因|理由)"
    r"|无(?:休止|痛性|时无刻不?|法|论|缘无故|故)|不是没有?|并非(?:无|没有?)|不[能敢]说没有?|没什么?事|未经"
    r"|不(?:但|仅|只|止|停|断|住|由)"
    r"|没(?:想到|法|办法|多久|过多久|完没了)",
    re.IGNORECASE,
)
"""Wordings that look like a negation and are none."""

_NARROW: Final = re.compile(
    r"\b(?:no|without|nor|neither|(?:has|have|had)? ?never(?: had| experienced| noticed| felt)?"
    r"|(?:(?:do|does|did|is|are|am|was|were|have|has|had) ?n[o'’]?t|not)"
    r"(?: (?:currently|really|actually|been|have|had|having|feel|feeling|experienc\w+|notic\w+|report\w*|got"
    r"|get|getting|suffer\w* from|complain\w* of|thinking (?:of|about)|planning to|want(?:ing|ed)? to"
    r"|(?:on|taking|take|using)(?= an?y?\b)))*)\b"
    r"|没有?(?:想(?:过|要|着)?|[说喊叫提])?|[不没](?:说|喊|带|压着)|未(?:见|出现|诉|及|伴有?|发现|闻及|触及)|不伴有?|无|(?:并|也|还|又|都)?不(?:怎么|太|会|觉得|是|感到|再)?",
    re.IGNORECASE,
)
"""Negates the finding behind it, and lists that end with "or"."""

_WIDE: Final = re.compile(
    r"\b(?:den(?:y|ies|ied|ying)|negative for|(?:absence|free) of|no (?:history|evidence|signs?|symptoms?) of)\b|否认",
    re.IGNORECASE,
)
"""Negates whole lists."""

_FORMAL: Final = frozenset({"无", "否认", "未见", "未诉", "未闻及", "未触及", "不伴", "不伴有", "未伴", "未伴有"})
"""Written style, in which items follow one another without any mark: 无发热咳嗽."""

_FILL: Final = (
    r"(?:any|a|an|more|significant|obvious|current|recent|associated|other|known|further|much|new|noticeable|severe|marked"
    r"|past|previous|family|visible|really"
    r"|(?:history|signs?|evidence|symptoms?|episodes?|complaints?|thoughts?|plans?|urges?|intentions?|ideas?) of)\s+"
)
_ZH_FILL: Final = (
    r"(?:明显|任何|其[他它]|伴|有|出现|过|什么|太|显著|特殊|既往|反复|再|感到|感觉|觉得|见|诉|特别|严重|发生"
    r"|合并|怎么|的|吃|服|用|打|碰|摔跤?|跌倒|受伤)"
)
_ITEM: Final = re.compile(rf"\s*(?:{_FILL}){{0,3}}{_ZH_FILL}{{0,3}}({PLACEHOLDER})", re.IGNORECASE)
_NEXT_ITEM: Final = re.compile(
    rf"\s*(?:{_FILL}){{0,3}}(?:明显|任何|其[他它]|显著|特殊|反复)?({PLACEHOLDER})", re.IGNORECASE
)
_UNKNOWN_ITEM: Final = re.compile(
    r"\s*(?!(?:and|but|or|nor|has|have|had|is|was|i|he|she|it|my|can|cannot|started|since|for|with)\b)"
    rf"(?:[a-z][a-z'’-]*(?: (?!(?:or|nor|and)\b)[a-z'’-]+){{0,2}}"
    rf"|(?![^，,、。{OPEN_MARK}]{{0,10}}(?:前|后|时|诉|仍|今|昨|现|又|就|一直|天|周|月))[\u4e00-\u9fff]{{1,8}}?)(?=\s*(?:[,，、]|$|\b(?:or|nor|and)\b|和|及|或|与))",
    re.IGNORECASE,
)
"""An item of a list that the lexicon does not know."""

_OR: Final = re.compile(r"\s*[,，]?\s*(?:\b(?:or|nor)\b|或者?|也(?:无|没有?|不)|以及|及)\s*", re.IGNORECASE)
_PAUSE: Final = re.compile(r"\s*[/、和与跟]\s*")
_COMMA: Final = re.compile(r"\s*[,，]\s*")
_AND: Final = re.compile(r"\s+and\s+", re.IGNORECASE)
_ENDS: Final = re.compile(
    r"\s*(?:(?:等|史|病史|症状|现象|的?情况|的?表现)*(?:$|[,，、/和与跟及或]|但|不过|以及)"
    r"|(?:symptoms?|at all|either|today|currently|with (?:it|this|that))?\s*(?:$|[,/]|\b(?:or|nor|and|but)\b))",
    re.IGNORECASE,
)
"""What may stand behind an item for it to be one of a list rather than the beginning of a statement."""

_ONLY_SOMETIMES: Final = re.compile(
    r"\s*(?:at rest|all the time|every ?day|always|constantly)\b|\s*的时候", re.IGNORECASE
)

_ITEMS_BEFORE: Final = 40
"""Longest list before its negation; without a bound, a long run of findings takes quadratic time."""

_AFTER: Final = re.compile(
    rf"({PLACEHOLDER}(?:\s*(?:、|/|\band\b|\bor\b|和|及|或|与)?\s*{PLACEHOLDER}){{0,{_ITEMS_BEFORE}}})\s*"
    r"(?:(?:is|are|was|were|has been|have been)?\s*(?:usually|typically|often|always|generally|normally)?\s*"
    r"(?:absent|denied|ruled out|not present|not reported|negative)(?=\s*(?:$|[,，]|in\b|at\b))"
    r"|[:：]\s*(?:no|none|nil|absent|denied|无|没有|否认)(?!\w)"
    r"|[（(][-－—][)）]"
    r"|(?:那种|这种|这些|之类的?|什么的|的(?:情况|现象|症状)|倒是|倒|目前|现在|暂时|通常|一般|多|往往|也|都|均|并)*"
    r"(?:不明显|缺如|不存在|不出现|阴性|没有过?|未见|无|没|感觉正常|是?阴性)"
    r"(?=\s*(?:$|[，,了])))",
    re.IGNORECASE,
)
"""Findings that stand before their negation."""

_NO_SUDDEN: Final = re.compile(
    rf"(?:没有过?|无|否认)(?:任何|过|明显)?({PLACEHOLDER}的{PLACEHOLDER}|{PLACEHOLDER}{PLACEHOLDER}(?=\s*(?:起病|发作|[，,、]|$)))(?!\s*的时候)"
)
"""A finding denied together with its kind: 没有突然的剧痛."""

ASKED_AND_DENIED: Final = re.compile(rf"(?<={CLOSE_MARK})\s*\?\s*(?=(?:no|nil|none)\s*(?:[-–—,.;]|$))", re.IGNORECASE)
"""The mark in a note's "confusion? no"."""


def negated(statement: str) -> Iterator[int]:
    """Placeholders that a statement of a skeleton denies."""
    for found in _NO_SUDDEN.finditer(statement):
        yield from numbers(found[1])
    for found in _AFTER.finditer(statement):
        yield from numbers(found[1])
    wide = [found.span() for found in _WIDE.finditer(statement)]
    for start, end in wide:
        yield from _list_items(statement, end, is_wide=True, is_formal=statement[start:end] in _FORMAL)
    for found in _NARROW.finditer(statement):
        if not any(start <= found.start() < end for start, end in wide):
            yield from _list_items(statement, found.end(), is_wide=False, is_formal=found.group() in _FORMAL)


def _list_items(statement: str, at: int, *, is_wide: bool, is_formal: bool) -> list[int]:
    """Placeholders of the list that begins here.

    The first item counts whatever follows it. Another one counts only if a separator or the end follows, and after a
    mere comma only if the cue is wide or the list is closed by "or".
    """
    sure: list[int] = []
    pending: list[int] = []
    item = _ITEM.match(statement, at)
    if item and not _ONLY_SOMETIMES.match(statement, item.end()):
        sure += numbers(item[1])
    if item is None and (is_wide or is_formal):
        item = _UNKNOWN_ITEM.match(statement, at)
    while item:
        at = item.end()
        closes, item = _next_item(statement, at, is_wide=is_wide, is_formal=is_formal)
        if item is None:
            break
        (sure if closes else pending).extend(numbers(item.group()))
        if closes:
            sure += pending
            pending = []
        at = item.end()
    return sure


def _next_item(statement: str, at: int, *, is_wide: bool, is_formal: bool) -> tuple[bool, re.Match[str] | None]:
    """The next item of a list, and whether it makes sure that all up to it are negated."""
    closing = (
        _OR.match(statement, at) or _PAUSE.match(statement, at) or (_AND.match(statement, at) if is_wide else None)
    )
    separator = closing or _COMMA.match(statement, at)
    start = separator.end() if separator else at
    if separator is None and not is_formal:
        return False, None
    if separator is None and not statement.startswith(OPEN_MARK, at):
        return False, None
    item = _NEXT_ITEM.match(statement, start) or (_UNKNOWN_ITEM.match(statement, start) if separator else None)
    if item is None:
        return False, None
    if not (_ENDS.match(statement, item.end()) or (is_formal and statement.startswith(OPEN_MARK, item.end()))):
        return False, None
    known = OPEN_MARK in item.group()
    return bool(is_wide or separator is None or (closing and known)), item
