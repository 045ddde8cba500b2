"""A text in which each finding's own words are one placeholder, so that cues and list grammar can be written down."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.core.text import Token
from services.findings.lexicon import Match

OPEN_MARK, CLOSE_MARK = "\ue000", "\ue001"
PLACEHOLDER: Final = f"{OPEN_MARK}\\d+{CLOSE_MARK}"
_HAN: Final = f"\u4e00-\u9fff{OPEN_MARK}{CLOSE_MARK}"

BREAK: Final = re.compile(
    rf"[;!?\n。；！？…~～]|[—–]+|\s-\s|\((?!-\))|（(?![-－—])|(?<![-－—])[)）]|\.(?!\d)|(?<=[{_HAN}]) +(?=[{_HAN}])"
)
"""Where a statement ends. A decimal point and "(-)" are no ends; between Chinese characters a space is one."""

SENTENCE_END: Final = re.compile(r"[;!?\n。；！？]|\.(?!\d)")
"""Where a sentence ends; a statement ends there, too."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The text with each run of matched words as a placeholder; `runs` are the spans that these stand for."""

    text: str
    runs: tuple[tuple[int, int], ...]


def skeleton_of(text: str, tokens: Sequence[Token], matches: Sequence[Match]) -> Skeleton:
    """Runs of neighbouring tokens that belong to one match; overlapping runs are one."""
    runs: list[tuple[int, int]] = []
    for start, end in sorted(run for match in matches for run in _runs(tokens, match)):
        if runs and start < runs[-1][1]:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    made, at = "", 0
    for number, (start, end) in enumerate(runs):
        since = "前" if text[start - 1 : start + 1] == "年前" else ""
        made += f"{text[at:start]}{since}{OPEN_MARK}{number}{CLOSE_MARK}"
        at = end
    return Skeleton(made + text[at:], tuple(runs))


def _runs(tokens: Sequence[Token], match: Match) -> Iterator[tuple[int, int]]:
    first = match.tokens[0]
    for here, following in zip(match.tokens, (*match.tokens[1:], -1), strict=True):
        if following != here + 1:
            yield tokens[first].start, tokens[here].end
            first = following


def spelled_out(piece: str, skeleton: Skeleton, text: str) -> str:
    """A piece of a skeleton with the words of the text that its placeholders stand for."""
    return re.sub(PLACEHOLDER, lambda found: text[slice(*skeleton.runs[int(found.group()[1:-1])])], piece)


def numbers(skeleton: str) -> list[int]:
    """The placeholders in a piece of a skeleton."""
    return [int(number) for number in re.findall(f"{OPEN_MARK}(\\d+){CLOSE_MARK}", skeleton)]
