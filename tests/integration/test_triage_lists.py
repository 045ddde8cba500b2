"""120 emergencies and 120 harmless texts, written by people who had seen neither rules, lexicon nor examples."""

import json
from collections import Counter
from pathlib import Path

import pytest
from support import GUIDELINES

from services.assistant.intake import Question, triage_only
from services.core.settings import LibrarySettings
from services.core.types import Patient, RawText
from services.findings.lexicon import load_lexicon
from services.triage.engine import load_triage
from services.triage.levels import EMERGENCIES

FILE = Path(__file__).parents[1] / "data" / "triage_lists.jsonl"
TEXTS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
RAISED_AT_MOST = 0.10


@pytest.fixture(scope="module")
def raised():
    """Which of the texts are raised to an emergency."""
    lexicon = load_lexicon(GUIDELINES / "terminology" / "findings.yaml")
    engine = load_triage(GUIDELINES / "triage", lexicon, LibrarySettings().resembles_from)

    def level(entry):
        patient = Patient(entry.get("age_years"), entry.get("sex"), entry.get("pregnant"))
        return triage_only(Question(RawText(entry["text"]), patient=patient), engine, lexicon).level

    return [level(entry) in EMERGENCIES for entry in TEXTS]


def test_there_are_enough_of_each():
    counted = Counter((entry["language"], entry["expect"]) for entry in TEXTS)
    assert set(counted) == {(language, kind) for language in ("en", "zh") for kind in ("emergency", "harmless")}
    assert min(counted.values()) >= 60


def test_no_emergency_is_missed(raised):
    missed = [
        entry["text"] for entry, up in zip(TEXTS, raised, strict=True) if entry["expect"] == "emergency" and not up
    ]
    assert missed == []


def test_few_harmless_texts_are_raised(raised):
    harmless = [up for entry, up in zip(TEXTS, raised, strict=True) if entry["expect"] == "harmless"]
    assert sum(harmless) <= RAISED_AT_MOST * len(harmless)


def test_no_text_is_among_the_examples():
    known = {
        json.loads(line)["text"]
        for file in (GUIDELINES / "triage" / "examples").glob("*.jsonl")
        for line in file.read_text(encoding="utf-8").splitlines()
    }
    assert not [entry["text"] for entry in TEXTS if entry["text"] in known]
