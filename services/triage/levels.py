"""The order of triage levels."""

from collections.abc import Iterable
from typing import Final

from services.core.types import TriageLevel

MOST_URGENT_FIRST: Final = tuple(TriageLevel)
"""As declared: from the ambulance to self-care."""

EMERGENCIES: Final = frozenset({TriageLevel.CALL_AMBULANCE, TriageLevel.EMERGENCY_DEPARTMENT})

DEFAULT: Final = TriageLevel.ROUTINE_VISIT
"""Where no rule applies: nothing was found that is urgent, and nothing that shows it is safe to stay at home."""


def most_urgent(levels: Iterable[TriageLevel]) -> TriageLevel | None:
    """The most urgent of some levels; None of none."""
    return min(levels, key=MOST_URGENT_FIRST.index, default=None)
