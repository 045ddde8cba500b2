"""How relevant each passage found is, against the others or in the eyes of a reranker, and which of them may stay."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from services.core.types import Passage

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A passage and its relevance, 0 to 1."""

    passage: Passage
    relevance: float


def relative_strengths(sides: Sequence[Mapping[Group, float]]) -> dict[Group, float]:
    """Of each group its strength as a share of the strongest group's, 0 to 1, on the side where that is higher.

    Cosines and BM25 have other scales in every language, library and query; such a share has not. A side whose
    strongest group has no strength says nothing.
    """
    shares: dict[Group, float] = {}
    for side in sides:
        strongest = max(side.values(), default=0.0)
        for group, strength in side.items():
            share = max(0.0, strength / strongest) if strongest > 0 else 0.0
            shares[group] = max(share, shares.get(group, 0.0))
    return shares


def reordered(found: Sequence[Weighed], scores: Sequence[float]) -> tuple[Weighed, ...]:
    """Passages in the order of a reranker's scores, ties as they were, each with that score as its relevance.

    The fused scores stay with the places: they fall from place to place as before, whatever the reranker's scale is.

    Args:
        found: Best first.
        scores: Of the first of them, 0 to 1; the rest was not read, stays behind, and its relevance is not known: 0.
    """
    read = sorted(zip(found, scores, strict=False), key=lambda one: -one[1])
    order = [replace(one, relevance=score) for one, score in read]
    order += [replace(one, relevance=0.0) for one in found[len(scores) :]]
    return tuple(
        replace(one, passage=replace(one.passage, score=place.passage.score))
        for one, place in zip(order, found, strict=True)
    )


def relevant(found: Sequence[Weighed], least: float) -> tuple[Passage, ...]:
    """The passages of at least this relevance, in their order; all of them from 0 on."""
    return tuple(one.passage for one in found if one.relevance >= least)
