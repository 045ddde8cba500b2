"""What happens while a question is answered, in this order: triage, evidence, drafts, and one answer."""

from dataclasses import dataclass
from typing import TypeAlias

from services.core.answer import Answer, Citation, TriageAnswer
from services.core.types import Language, Passage


@dataclass(frozen=True, slots=True)
class TriageFound:
    """What the rules say, before anything else is done."""

    triage: TriageAnswer
    citations: tuple[Citation, ...]
    language: Language


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """The passages that the answer will rest on; none where the library does not cover the question."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class DraftWritten:
    """More draft text of the model: JSON that is not verified yet."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The verified answer; the last event."""

    answer: Answer


Event: TypeAlias = TriageFound | EvidenceFound | DraftWritten | Answered
