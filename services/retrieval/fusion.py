"""Ranked hits of chunks become one ranking of conditions, so that one guideline cannot fill the list."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Final, TypeVar

Item = TypeVar("Item", bound=Hashable)
Group = TypeVar("Group", bound=Hashable)

DECAY: Final = 0.3
"""What each further chunk of a condition counts of the one before it: a guideline whose presentation and red flags both
match is ahead of one with a single lucky chunk, and a long guideline gains little by its length."""


def strengths_of_groups(strengths: Sequence[tuple[Group, float]]) -> dict[Group, float]:
    """Groups with the decayed sum of their members' strengths, best first; ties in the order of first appearance."""
    members: dict[Group, list[float]] = defaultdict(list)
    for group, strength in strengths:
        members[group].append(strength)
    totals = {
        group: sum(strength * DECAY**place for place, strength in enumerate(sorted(found, reverse=True)))
        for group, found in members.items()
    }
    return dict(sorted(totals.items(), key=lambda total: -total[1]))


def reciprocal_rank_fusion(rankings: Sequence[Sequence[Item]], k: int) -> dict[Item, float]:
    """Items with the sum of 1 / (k + rank) over the rankings, best first; ties in the order of first appearance.

    Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet", SIGIR 2009.
    """
    scores: dict[Item, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            scores[item] = scores.get(item, 0.0) + 1 / (k + rank)
    return dict(sorted(scores.items(), key=lambda scored: -scored[1]))


def first_of_each(
    items: Mapping[Item, float], groups: Mapping[Item, Group], preferred: frozenset[Item]
) -> dict[Group, Item]:
    """One item of each group: its first preferred one in the order of `items`, else its first."""
    chosen: dict[Group, Item] = {}
    for item in items:
        group = groups[item]
        if group not in chosen or (item in preferred and chosen[group] not in preferred):
            chosen[group] = item
    return chosen
