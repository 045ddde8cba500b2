"""Triage of a text: the rules first, then a second look that can only raise what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from services.core.text import detect_language
from services.core.types import Language, Patient
from services.findings.extract import Findings
from services.findings.lexicon import Lexicon
from services.triage.levels import EMERGENCIES
from services.triage.resemblance import Resemblance, load_resemblance
from services.triage.rules import Rule, Triage, load_rules, triage


@dataclass(frozen=True, slots=True)
class TriageEngine:
    """Rules, and examples by language.

    Attributes:
        general: What is cited where a text resembles emergencies, but no single one of them.
        resembles_from: Chance from which on a text counts as resembling an emergency.
    """

    rules: Sequence[Rule]
    examples: Mapping[Language, Resemblance] = field(default_factory=dict)
    general: Rule | None = None
    resembles_from: float = 0.55

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """Every rule that an answer may cite."""
        return (*self.rules, *([self.general] if self.general else []))

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
        if found.level in EMERGENCIES or examples is None:
            return found
        vector = examples.vector(text)
        if examples.chance(vector) < self.resembles_from:
            return found
        rule = examples.nearest(vector, patient) or self.general
        return found if rule is None else replace(found, level=rule.level, rules=(), resembled=rule)


def load_triage(folder: Path, lexicon: Lexicon, resembles_from: float) -> TriageEngine:
    """The rules of a folder, and the examples in `examples/` where there are any; `general.yaml` there has one rule.

    Raises:
        LibraryError: Something is missing or not valid.
    """
    rules = load_rules(folder, lexicon)
    examples = load_resemblance(folder / "examples", rules, lexicon)
    general = load_rules(folder / "examples", lexicon)[0] if examples else None
    return TriageEngine(rules, examples, general, resembles_from)
