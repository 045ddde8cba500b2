"""Forty questions in lay wording over HTTP; those that are known to be answered wrongly say so."""

import pytest
import yaml

from evals.benchmarks.languages import QUESTIONS

ASKED = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("asked", ASKED, ids=[f"{number}: {entry['expect']}" for number, entry in enumerate(ASKED)])
def test_the_condition_is_among_the_first_three_and_the_level_as_noted(client, asked):
    patient = {name: asked[name] for name in ("age_years", "sex") if name in asked}
    answer = client.post("/v1/diagnose", json={"symptoms": asked["text"], "patient": patient}).json()
    named = [diagnosis["condition_id"] for diagnosis in answer["possible_diagnoses"][:3]]
    assert (asked["expect"] in named) == ("missed" not in asked)
    assert answer["triage"]["level"] == asked["level"]
