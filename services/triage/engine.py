"""Triage of a text: the rules first, then a second look that can only raise what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.core.text import detect_language
from services.core.types import Language, Patient
from services.findings.extract import Findings
from services.triage.levels import EMERGENCIES
from services.triage.resemblance import Resemblance
from services.triage.rules import Rule, Triage, triage


@dataclass(frozen=True, slots=True)
class TriageEngine:
    """Rules, and examples by language.

    Attributes:
        resembles_from: Chance from which on a text counts as resembling an emergency.
    """

    rules: Sequence[Rule]
    examples: Mapping[Language, Resemblance] = field(default_factory=dict)
    resembles_from: float = 0.5

    def assess(self, text: str, findings: Findings, patient: Patient, duration_days: float | None) -> Triage:
        """The level.

        Args:
            text: What the patient says now; records and history are left to the rules.
            findings: Of all that was written.
            patient: Who it is about.
            duration_days: None if unknown.
        """
        found = triage(self.rules, findings, patient, duration_days)
        examples = self.examples.get(detect_language(text))
        if found.level in EMERGENCIES or examples is None or examples.chance(text) < self.resembles_from:
            return found
        rule = examples.nearest(text, patient)
        return found if rule is None else replace(found, level=rule.level, rules=(), resembled=rule)
