"""Whether a text says that a finding is there, is not there, or leaves it open, in English and Chinese.

In the spirit of NegEx (Chapman et al., J Biomed Inform 2001), but stricter: a cue negates the finding right behind it
and the further items of a list, nothing else, because a danger sign that is read as absent harms more than the reverse.
The text is read as a skeleton in which each finding's own words are one placeholder, so that cues inside a finding's
name ("cannot breathe", 无力) are out of sight and list grammar can be written down.
"""

import bisect
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from services.core.text import Token
from services.findings.lexicon import Match, Times
from services.findings.negation import ASKED_AND_DENIED, PSEUDO, negated
from services.findings.openness import (
    NOT_HAPPENED,
    SELF,
    STILL,
    is_of_interest_only,
    left_open,
    long_ago,
    long_ago_zh,
    over_zh,
)
from services.findings.skeleton import BREAK, SENTENCE_END, Skeleton, numbers, skeleton_of, spelled_out
from services.findings.unsaid import Unsaid


class Status(StrEnum):
    """What is known of a finding."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


_SPEAKS_AGAINST: Final = re.compile(
    r"\b(?:(?:argues?|speaks?) against|makes? [^.]{0,60} (?:less likely|unlikely)|does not suggest|not typical"
    r"|suggests? (?:another|other|a different)|points? (?:to another|away))\b"
    r"|不支持|提示(?:其他|另有)|可能性(?:较?小|较?低)|应考虑其他|不典型|更可能是其他",
    re.IGNORECASE,
)


def assert_matches(
    text: str, tokens: Sequence[Token], matches: Sequence[Match], times: Times | None = None
) -> list[Status]:
    """The status of each match, in their order; that of lasting concepts is the same however long ago they were."""
    times = times or Times()
    skeleton = skeleton_of(text, tokens, matches)
    absent: set[int] = set()
    unknown: set[int] = set()
    past: set[int] = set()
    feared: set[int] = set()
    speaks_of_self = bool(SELF.search(text))
    said = ASKED_AND_DENIED.sub(": ", PSEUDO.sub(lambda found: "·" * len(found.group()), skeleton.text))
    for sentence in SENTENCE_END.split(said):
        spelled = spelled_out(sentence, skeleton, text)
        for statement in BREAK.split(sentence):
            absent.update(negated(statement))
            unknown.update(left_open(statement, spelled, speaks_of_self=speaks_of_self))
            past.update(long_ago(statement))
            feared.update(*(numbers(found.group()) for found in NOT_HAPPENED.finditer(statement)))
            if not STILL.search(text):
                past.update(long_ago_zh(statement))
    spans = [(0, len(text))] if is_of_interest_only(text) else list(over_zh(text))
    past.update(number for number, run in enumerate(skeleton.runs) if any(a <= run[0] < b for a, b in spans))
    absent -= unknown
    unsaid = Unsaid(text)

    def status(match: Match) -> Status:
        lasts = match.concept_id in times.lasting
        if any(unsaid.covers(tokens[place].start, is_lasting=lasts) for place in match.tokens):
            return Status.UNKNOWN
        left_aside = (unknown if lasts else unknown | past) | (feared if match.concept_id in times.events else set())
        return _status(match, tokens, skeleton, absent, left_aside)

    return [status(match) for match in matches]


def speaks_against(sentence: str) -> bool:
    """Whether a guideline's sentence says that what it names speaks against the condition."""
    return bool(_SPEAKS_AGAINST.search(sentence))


def _status(match: Match, tokens: Sequence[Token], skeleton: Skeleton, absent: set[int], unknown: set[int]) -> Status:
    starts = (tokens[place].start for place in match.tokens)
    runs = {bisect.bisect_right(skeleton.runs, start, key=lambda run: run[0]) - 1 for start in starts}
    if runs & unknown:
        return Status.UNKNOWN
    return Status.ABSENT if runs & absent else Status.PRESENT
