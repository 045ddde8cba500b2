"""What a guideline's own text says of findings: which, how usual, and where."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.core.answer import SentenceRef
from services.core.text import content_terms, tokenize
from services.core.types import Chunk, SectionRole
from services.findings.assertion import Status, assert_matches, speaks_against
from services.findings.lexicon import Lexicon
from services.generation.absence import usually_absent

ROLE_WEIGHT: Final[Mapping[SectionRole, float]] = {
    SectionRole.PRESENTATION: 1.0,
    SectionRole.RED_FLAGS: 0.6,
    SectionRole.OTHER: 0.6,
}
"""How much a mention of a finding says about the condition itself. Differential diagnoses speak of other conditions;
tests, treatment and self-care mention findings for other reasons."""

_USUALNESS: Final = (
    (1.0, r"\b(?:always|hallmark|cardinal|characteristic\w*|classic\w*|typical\w*|main|predominant\w*)\b"),
    (1.0, r"总是|必有|主要|特征|典型"),
    (0.9, r"\b(?:usual\w*|most(?:ly)?|common(?:ly|est)?|generally)\b|通常|多数|大多|常见|多为|多有"),
    (0.2, r"\b(?:rare\w*|seldom|uncommon\w*|unusual\w*)\b|很少|罕见|少见|极少"),
    (0.5, r"\b(?:sometimes|may|can|occasional\w*|some)\b|有时|可有|可能|偶|部分|可伴"),
    (0.8, r"\b(?:often|frequent\w*)\b|常|往往"),
)
"""Words of frequency and what they are worth; the first that a sentence has decides."""

_UNQUALIFIED: Final = 0.7


@dataclass(frozen=True, slots=True)
class Mention:
    """A sentence that speaks of a finding.

    Attributes:
        weight: How much it says that the condition has the finding, 0 to 1; negative, that it has it not.
    """

    ref: SentenceRef
    weight: float


@dataclass(frozen=True, slots=True)
class GuidelineProfile:
    """What one or more documents on a condition say.

    Attributes:
        expected: By finding, sentences that speak of it, the strongest first.
        unexpected: By finding, sentences that say it is absent or speaks against the condition.
        words: By content term (`services.core.text.content_terms`), the describing sentences that have it.
    """

    expected: Mapping[str, tuple[Mention, ...]]
    unexpected: Mapping[str, tuple[Mention, ...]]
    words: Mapping[str, tuple[SentenceRef, ...]]


def read_profile(chunks: Iterable[Chunk], lexicon: Lexicon) -> GuidelineProfile:
    """Read the sections that describe a condition; a more general finding is expected where a special one is."""
    expected: dict[str, dict[SentenceRef, float]] = defaultdict(dict)
    unexpected: dict[str, dict[SentenceRef, float]] = defaultdict(dict)
    words: dict[str, list[SentenceRef]] = defaultdict(list)
    for chunk in chunks:
        role_weight = ROLE_WEIGHT.get(chunk.role)
        if role_weight is None:
            continue
        for number, sentence in enumerate(chunk.sentences):
            ref = SentenceRef(chunk.id, number)
            text = chunk.text[sentence.start : sentence.end]
            for word in content_terms(text):
                words[word].append(ref)
            for finding, weight in _mentions(text, lexicon).items():
                side = expected if weight > 0 else unexpected
                side[finding][ref] = abs(weight) * role_weight
    return GuidelineProfile(
        {finding: _ordered(refs) for finding, refs in expected.items()},
        {finding: _ordered(refs) for finding, refs in unexpected.items()},
        {word: tuple(refs) for word, refs in words.items()},
    )


def usualness(sentence: str) -> float:
    """How usual a sentence says that something is, 0 to 1, by its words of frequency."""
    return next((weight for weight, words in _USUALNESS if re.search(words, sentence, re.IGNORECASE)), _UNQUALIFIED)


def _mentions(sentence: str, lexicon: Lexicon) -> dict[str, float]:
    tokens = tokenize(sentence)
    matches = lexicon.match(sentence, tokens)
    if not matches:
        return {}
    weight = usualness(sentence)
    against = speaks_against(sentence)
    found: dict[str, float] = {}
    if absent := usually_absent(sentence):
        return {match.concept_id: -weight for match in matches if any(a <= match.start < b for a, b in absent)}
    statuses = assert_matches(sentence, tokens, matches)
    for match, status in zip(matches, statuses, strict=True):
        if status is Status.UNKNOWN:
            continue
        sign = -1 if against or status is Status.ABSENT else 1
        found[match.concept_id] = sign * weight
        if sign > 0:
            for implied in lexicon.concepts[match.concept_id].implies:
                found.setdefault(implied, weight)
    return found


def _ordered(refs: Mapping[SentenceRef, float]) -> tuple[Mention, ...]:
    return tuple(Mention(ref, weight) for ref, weight in sorted(refs.items(), key=lambda item: -item[1]))


def strongest(mentions: Sequence[Mention]) -> float:
    """The weight of the strongest mention; 0 of none."""
    return mentions[0].weight if mentions else 0.0
