"""The findings of a question: each with its status, more general ones included."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.core.text import Token, tokenize
from services.findings.assertion import Status, assert_matches
from services.findings.facts import measured_findings
from services.findings.lexicon import Lexicon, Match


@dataclass(frozen=True, slots=True)
class Findings:
    """What a text says of findings, by id.

    Attributes:
        present: Said to be there, with all that they imply.
        absent: Said not to be there, or excluded by what is, and not said to be there anywhere else.
        unknown: Asked about, feared, said of others, or long past.
        stated: Present ones that the text names itself rather than implies, in the order of the text.
        denied: Absent ones that the text names itself rather than implies.
    """

    present: frozenset[str]
    absent: frozenset[str]
    unknown: frozenset[str]
    stated: tuple[str, ...]
    denied: tuple[str, ...] = ()


def extract(text: str, lexicon: Lexicon) -> Findings:
    """Find the findings of a text. Present wins over absent wins over unknown."""
    by_status: Mapping[Status, dict[str, None]] = {status: {} for status in Status}
    for match, status in _asserted(text, tokenize(text), lexicon):
        by_status[status][match.concept_id] = None
    for finding, status in measured_findings(text).items():
        if finding in lexicon.concepts:
            by_status[status][finding] = None
    stated = tuple(by_status[Status.PRESENT])
    implied = {other for finding in stated for other in lexicon.concepts[finding].implies}
    present = frozenset(stated) | implied
    denied = tuple(finding for finding in by_status[Status.ABSENT] if finding not in present)
    excluded = {other for finding in present for other in lexicon.concepts[finding].excludes}
    absent = _with_specific(frozenset(denied) | excluded, lexicon) - present
    return Findings(present, absent, frozenset(by_status[Status.UNKNOWN]) - present - absent, stated, denied)


def without_absent(text: str, lexicon: Lexicon) -> str:
    """The text without the words for findings that it says are absent, or leaves open."""
    tokens = tokenize(text)
    gone = {n for m, status in _asserted(text, tokens, lexicon) if status is not Status.PRESENT for n in m.tokens}
    for number in sorted(gone, reverse=True):
        text = f"{text[: tokens[number].start]} {text[tokens[number].end :]}"
    return text


def _asserted(text: str, tokens: Sequence[Token], lexicon: Lexicon) -> Iterable[tuple[Match, Status]]:
    matches = lexicon.match(text, tokens)
    return zip(matches, assert_matches(text, tokens, matches, lexicon.times), strict=True)


def _with_specific(absent: frozenset[str], lexicon: Lexicon) -> frozenset[str]:
    """Where there is no cough there is no dry cough; a risk factor's absence says nothing of others."""
    return absent | {concept.id for concept in lexicon.concepts.values() if concept.implies & absent}
