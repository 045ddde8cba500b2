"""Which passages go into the prompt: few, of the conditions that fit best, and what is needed to advise and refer."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from services.core.answer import DraftDiagnosis
from services.core.types import Chunk, Document, Passage, SectionRole
from services.findings.orders import is_order
from services.generation.advice import Guideline
from services.generation.prompt import Evidence

_LEADING: Final = 3
"""Conditions of which more than the passage found goes into the prompt."""

_FOR_LEADING: Final = (
    SectionRole.PRESENTATION,
    SectionRole.RED_FLAGS,
    SectionRole.TESTS,
    SectionRole.REFERRAL,
    SectionRole.SELF_CARE,
)


MOST_OF_A_DOCUMENT: Final = 6
"""Passages, so that no document fills a prompt, however long or poisoned it is."""


def choose_evidence(
    ranked: Sequence[DraftDiagnosis],
    passages: Sequence[Passage],
    library: Mapping[str, Sequence[Guideline]],
    *,
    with_medicines: bool,
) -> tuple[Evidence, ...]:
    """The passage found of each condition in their order, then more of the leading ones, best first.

    Sentences that give doses are neither shown nor citable unless clinicians ask; a passage that is left without a
    sentence is left out.

    Args:
        ranked: The conditions that may be named, best first.
        passages: What retrieval found, one for each condition.
        library: The guidelines of each condition, the question's language first.
        with_medicines: Whether doses may be shown.
    """
    found = {passage.document.condition.id: passage for passage in passages}
    chosen: dict[str, tuple[Document, Chunk]] = {}
    for diagnosis in ranked:
        passage = found[diagnosis.condition.id]
        chosen.setdefault(passage.chunk.id, (passage.document, passage.chunk))
    for diagnosis in ranked[:_LEADING]:
        for document, chunk in _more_of(library[diagnosis.condition.id][0]):
            chosen.setdefault(chunk.id, (document, chunk))
    evidence: list[Evidence] = []
    taken = Counter[str]()
    for document, chunk in chosen.values():
        if taken[document.id] == MOST_OF_A_DOCUMENT:
            continue
        if sentences := _citable(chunk, with_medicines=with_medicines):
            taken[document.id] += 1
            evidence.append(Evidence(document, chunk, len(evidence), sentences))
    return tuple(evidence)


def _more_of(guideline: Guideline) -> Iterator[tuple[Document, Chunk]]:
    """The first passage of each section that a prompt needs."""
    for role in _FOR_LEADING:
        for chunk in guideline.chunks:
            if chunk.role is role:
                yield guideline.document, chunk
                break


def _citable(chunk: Chunk, *, with_medicines: bool) -> tuple[int, ...]:
    return tuple(
        place
        for place, sentence in enumerate(chunk.sentences)
        if with_medicines or not is_order(chunk.text[sentence.start : sentence.end])
    )
