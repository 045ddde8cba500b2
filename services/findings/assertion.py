"""Whether a text says that a finding is there, is not there, or leaves it open, in English and Chinese.

The rules follow the idea of NegEx (Chapman et al., J Biomed Inform 2001): cue words have a scope that ends at
punctuation or at a conjunction. What is not clearly negated counts as present, because a missed finding harms more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from services.core.text import Token
from services.findings.lexicon import Match


class Status(StrEnum):
    """What is known of a finding."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Cue:
    """A wording found in the text and the span of characters that it governs."""

    status: Status
    start: int
    end: int


_SENTENCE_END: Final = r"[.;!?\n。；！？]"
_COMMA: Final = r"[,，]"

_PSEUDO: Final = re.compile(
    r"\b(?:not only|no (?:increase|change|relief|better|improvement|idea|reason|apparent|obvious|known|one|matter)"
    r"|not (?:improv\w+|getting better|gone|going away|stop\w*|respond\w*|able|help\w*|know|sure why|working|just)"
    r"|without (?:warning|any warning|reason|any reason|relief|improvement|stopping)"
    r"|(?:won'?t|can'?t|cannot|doesn'?t|does not|will not|not) (?:stop|go away|be relieved|get better)"
    r"|no longer able)\b"
    r"|无(?:明显|任何)?(?:诱因|原因)|无(?:法|论|缘无故|故)|不明原因|不(?:但|仅|只|止|停|断|住|久|得不|由|敢|能|了|知道为什么)"
    r"|没(?:想到|法|办法|多久|过多久|完没了)|未(?:见好转|缓解|好转|愈)|没有?(?:好转|缓解|改善|用|效)|无(?:好转|缓解|改善|效)",
    re.IGNORECASE,
)
"""Wordings that look like a negation and are none."""

_WIDE: Final = re.compile(
    r"\b(?:den(?:y|ies|ied|ying)|negative for|neither|no (?:history|evidence|signs?|symptoms?|complaints?) of"
    r"|(?:absence|free) of|reports? no|rules? out)\b|否认|(?:均|都)(?:无|没有?|未见)",
    re.IGNORECASE,
)
"""Negations of everything up to the sentence's end or a contrast."""

_NARROW: Final = re.compile(
    r"\b(?:no|not|without|never|nor|non|none|(?:do|does|did|is|are|was|were|have|has|had)n'?t)\b"
    r"|没有|未(?:见|出现|诉|及|伴|发现|闻及|触及)|无|没|不伴有?|并?未",
    re.IGNORECASE,
)
"""Negations of what follows up to the next comma, and of the items of a list that ends with "or"."""

_DIRECT: Final = re.compile(r"(?:并|也|还|又|都)?不(?:怎么|太|会|觉得|是|感到|再)?$")
"""不 negates only what stands right behind it."""

_AFTER: Final = re.compile(
    r"\b(?:(?:is|are|was|were|has been|have been)?\s*(?:usually|typically|often|always|generally|normally)?\s*"
    r"(?:absent|negative|denied|not present|unlikely|ruled out|not (?:a|usually a|typical\w*)\b)|: ?(?:no|none|nil)\b)"
    r"|[:：]\s*无|阴性|[（(]-[)）]|(?:均|都|也)?(?:无|没有|未见|不明显|缺如|不存在)(?=$|[，,。；])|(?:通常|一般|多|往往)?(?:不出现|不存在|缺如)",
    re.IGNORECASE,
)
"""Negations of what stands before them in the same part of a sentence."""

_OPEN: Final = re.compile(
    r"\b(?:(?:not|un)\s*sure (?:if|whether)|don'?t know (?:if|whether)|(?:worr(?:y|ied)|concerned) (?:about|that|it)"
    r"|(?:afraid|scared) (?:of|that|it)|(?:could|can|might|may) (?:it|this|that) be|what if"
    r"|(?:is|was) (?:it|this) (?:a|an)?|in case (?:of|i)|should i (?:get|have|develop)|if i (?:get|have|develop)"
    r"|family history of|runs in (?:the|my) family|screening for|vaccinated against)\b"
    r"|不确定|不知道(?:是否|是不是|有没有)|是否|会不会|是不是|怀疑|担心|如果|万一|怕是|害怕|家族史|有没有",
    re.IGNORECASE,
)
"""Questions, worries and families: what follows is not said of the patient."""

_BUT: Final = re.compile(r"\b(?:but|however|although)\b|但|不过|然而", re.IGNORECASE)
_CONTRAST: Final = re.compile(
    r"\b(?:but|however|although|though|except|yet|apart from|other than|only|just|now|then|started|developed"
    r"|complain\w*|presents?|reports|has had|i have|i am|i'm|i've|she has|he has)\b"
    r"|但|不过|然而|却|除了|除外|只是|只有|仅有?|伴有|伴|出现|突发|突然|后来|现在|目前|近\d|(?<![没未无具含带患只])有",
    re.IGNORECASE,
)
"""Where the scope of a negation ends."""

_LIST_CLOSE: Final = re.compile(
    r"(?:or|nor)\b|(?:[\w-]+ ){1,3}(?:or|nor) (?:[\w-]+ ?){1,3}$|也(?:无|没|不)|或|及", re.IGNORECASE
)
_LIST_ITEM_WORDS: Final = 5
_RELATIVE: Final = re.compile(
    r"\b(?:my|his|her|the patient'?s) (?:mother|father|mum|mom|dad|brother|sister|grand\w+|aunt|uncle|cousin)\b"
    r"|(?:父亲|母亲|爸爸|妈妈|爷爷|奶奶|外公|外婆|兄弟|姐姐|哥哥|弟弟|妹妹|叔叔|舅舅)",
    re.IGNORECASE,
)
_FIRST_PERSON: Final = re.compile(
    r"\b(?:i|i'm|i've|my own)\b|我(?!的?(?:父|母|爸|妈|爷|奶|外|兄|姐|哥|弟|妹|叔|舅))", re.IGNORECASE
)


def assert_matches(text: str, tokens: Sequence[Token], matches: Sequence[Match]) -> list[Status]:
    """The status of each match, in their order."""
    covered = _covered(tokens, matches)
    statuses: dict[int, Status] = {}
    speaks_of_self = bool(_FIRST_PERSON.search(text))
    for start, end in _pieces(text, 0, len(text), _SENTENCE_END):
        cues = _cues(text, start, end, covered)
        relative = speaks_of_self and _RELATIVE.match(text[start:end].lstrip())
        for number, match in enumerate(matches):
            if start <= match.start < end:
                statuses[number] = Status.UNKNOWN if relative else _status(text, match, cues, start)
    return [statuses.get(number, Status.PRESENT) for number in range(len(matches))]


def _status(text: str, match: Match, cues: Sequence[_Cue], sentence_start: int) -> Status:
    if _DIRECT.search(text[sentence_start : match.start]) and not _pseudo_before(text, sentence_start, match.start):
        return Status.ABSENT
    governing = {cue.status for cue in cues if cue.start <= match.start and match.end <= cue.end}
    if Status.UNKNOWN in governing:
        return Status.UNKNOWN
    return Status.ABSENT if governing else Status.PRESENT


def _pseudo_before(text: str, start: int, end: int) -> bool:
    return any(found.end() >= end - start for found in _PSEUDO.finditer(text[start:end]))


def _cues(text: str, start: int, end: int, covered: Sequence[tuple[int, int]]) -> list[_Cue]:
    """The cues of a sentence, without those inside a finding's own name or inside a pseudo-negation."""
    sentence = text[start:end]
    taken = [(a - start, b - start) for a, b in covered]
    taken += [found.span() for found in _PSEUDO.finditer(sentence)]

    def free(found: re.Match[str]) -> bool:
        return not any(a <= found.start() and found.end() <= b for a, b in taken)

    cues = []
    for found in filter(free, _OPEN.finditer(sentence)):
        but = _BUT.search(sentence, found.end())
        cues.append(_Cue(Status.UNKNOWN, start + found.end(), start + (but.start() if but else len(sentence))))
    for found in filter(free, _WIDE.finditer(sentence)):
        cues.append(
            _Cue(Status.ABSENT, start + found.end(), start + _until_contrast(sentence, found.end(), len(sentence)))
        )
    for found in filter(free, _NARROW.finditer(sentence)):
        reach = _list_end(sentence, found.end())
        cues.append(_Cue(Status.ABSENT, start + found.end(), start + _until_contrast(sentence, found.end(), reach)))
    for found in filter(free, _AFTER.finditer(sentence)):
        before = max((a for a, b in _pieces(sentence, 0, len(sentence), _COMMA) if a <= found.start()), default=0)
        cues.append(_Cue(Status.ABSENT, start + before, start + found.start()))
    return cues


def _until_contrast(sentence: str, at: int, end: int) -> int:
    contrast = _CONTRAST.search(sentence, at, end)
    return contrast.start() if contrast else end


def _list_end(sentence: str, at: int) -> int:
    """End of a negated list: up to the comma, or over the commas of a list whose last item begins with "or"."""
    pieces = _pieces(sentence, at, len(sentence), _COMMA)
    end = pieces[0][1] if pieces else len(sentence)
    for a, b in pieces[1:]:
        piece = sentence[a:b].strip().lower()
        if len(piece.split()) > _LIST_ITEM_WORDS and not _LIST_CLOSE.match(piece):
            break
        if _LIST_CLOSE.match(piece):
            end = b
    return end


def _pieces(text: str, start: int, end: int, separator: str) -> list[tuple[int, int]]:
    """Spans between separators. A full stop between digits is none."""
    edges = [start]
    for found in re.finditer(separator, text[start:end]):
        at = start + found.start()
        decimal = text[at] in ".,," and at + 1 < end and text[at + 1].isdigit() and text[at - 1 : at].isdigit()
        if not decimal:
            edges += [at, at + 1]
    edges.append(end)
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


def _covered(tokens: Sequence[Token], matches: Sequence[Match]) -> list[tuple[int, int]]:
    """Characters that belong to findings' own names; the words in a gap do not."""
    spans = []
    for match in matches:
        start = match.tokens[0]
        for a, b in pairwise((*match.tokens, -1)):
            if b != a + 1:
                spans.append((tokens[start].start, tokens[a].end))
                start = b
    return spans
