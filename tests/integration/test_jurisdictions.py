"""A library with guidelines of several countries on one condition: the patient's region decides whose are used."""

import json
from contextlib import contextmanager

import httpx2
import pytest
from support import Server, settings_for

SYMPTOMS = "itching all over the body, worse at night, with burrows between the fingers"
REFERRAL = {
    "GB": "Scabies that lasts two weeks is seen by a general practitioner.",
    "US-CA": "Scabies that lasts six weeks is seen by a dermatologist.",
    "international": "Scabies in an institution is told to the public health service.",
}


def write(folder, name, jurisdiction, referral):
    (folder / f"{name}.md").write_text(
        f"""---
id: {name}
language: en
title: Scabies
condition: {{id: scabies, name: {{en: Scabies}}}}
publisher: Ministry of Invented Health
jurisdiction: {jurisdiction}
---
## Presentation
{name.capitalize()} says that itching all over the body, worse at night, is usual.

## Self-care
{name.capitalize()} says that clothes and bedding are washed hot in scabies.

## Referral
{referral}
""",
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def index(ingest, tmp_path_factory):
    folder = tmp_path_factory.mktemp("countries")
    for number, (jurisdiction, referral) in enumerate(REFERRAL.items()):
        write(folder, f"scabies-{number}", jurisdiction, referral)
    (folder / "gout.md").write_text(
        "---\ntitle: Gout\njurisdiction: US\n---\n## Presentation\nA hot big toe is usual.\n"
    )
    uri = tmp_path_factory.mktemp("index") / "countries.db"
    assert ingest(folder, uri).problems == []
    return uri


@contextmanager
def served(settings):
    server = Server(settings)
    server.start()
    with httpx2.Client(base_url=server.url, timeout=60) as asking:
        yield asking
    server.stop()


@pytest.fixture(scope="module")
def client(index):
    with served(settings_for(index)) as asking:
        yield asking


def ask(client, region=None, **changes):
    body = {"symptoms": SYMPTOMS, "patient": {"region": region}, **changes}
    answer = client.post("/v1/diagnose", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def cited(answer):
    return {citation["guideline"]["jurisdiction"] for citation in answer["citations"]}


@pytest.mark.parametrize(("region", "own", "other"), [("GB", "GB", "US-CA"), ("US", "US-CA", "GB")])
def test_only_guidelines_of_the_patients_country_and_international_ones_are_cited(client, region, own, other):
    answer = ask(client, region)
    assert answer["possible_diagnoses"][0]["name"] == "Scabies"
    assert answer["possible_diagnoses"][0]["jurisdictions"] == [region]
    assert own in cited(answer)
    assert other not in cited(answer)
    assert REFERRAL[own] in {citation["quote"] for citation in answer["citations"]}


@pytest.mark.parametrize("region", ["GB", "US"])
def test_the_evidence_that_is_shown_first_and_a_search_have_nothing_of_other_countries(client, region):
    body = {"symptoms": SYMPTOMS, "patient": {"region": region}, "stream": True}
    with client.stream("POST", "/v1/diagnose", json=body) as streamed:
        lines = list(streamed.iter_lines())
    shown = json.loads(lines[lines.index("event: evidence") + 1].removeprefix("data: "))["passages"]
    found = client.post("/v1/search", json={"query": SYMPTOMS, "region": region}).json()["passages"]
    for passages in (shown, found):
        of = {
            passage["guideline"]["jurisdiction"] for passage in passages if passage["guideline"]["title"] == "Scabies"
        }
        assert of
        assert not any(jurisdiction[:2] in {"GB", "US"} - {region} for jurisdiction in of)


def test_where_the_region_is_unknown_all_are_used_and_the_answer_names_them_and_asks(client):
    answer = ask(client)
    assert answer["possible_diagnoses"][0]["jurisdictions"] == ["GB", "US"]
    assert answer["follow_up_questions"][-1] == "In which country are you?"
    text = ask(client, output_format="text")["text"]
    assert "guidelines of: GB, US" in text
    assert "In which country are you?" in text
    assert ask(client, language="zh")["follow_up_questions"][-1] == "您在哪个国家或地区？"


def test_in_a_country_without_guidelines_of_its_own_all_are_used_and_nobody_asks_where_that_is(client):
    answer = ask(client, "DE")
    assert answer["possible_diagnoses"][0]["jurisdictions"] == ["GB", "US"]
    assert "In which country are you?" not in answer["follow_up_questions"]


def test_a_guideline_of_another_country_is_used_where_there_is_no_other_on_the_condition(client):
    found = client.post("/v1/search", json={"query": "hot big toe", "region": "GB", "k": 1}).json()["passages"]
    assert found[0]["guideline"]["jurisdiction"] == "US"


def test_the_settings_say_where_patients_are_and_the_question_overrules_them(index):
    settings = settings_for(index)
    there = settings.library.model_copy(update={"region": "GB"})
    with served(settings.model_copy(update={"library": there})) as client:
        assert "US-CA" not in cited(ask(client))
        assert "GB" not in cited(ask(client, "US"))
        found = client.post("/v1/search", json={"query": SYMPTOMS}).json()["passages"]
        assert "US-CA" not in {passage["guideline"]["jurisdiction"] for passage in found}


@pytest.mark.parametrize("region", ["gb", "GBR", ""])
def test_a_region_that_is_no_code_is_refused(client, region):
    assert client.post("/v1/diagnose", json={"symptoms": SYMPTOMS, "patient": {"region": region}}).status_code == 422
    assert client.post("/v1/search", json={"query": SYMPTOMS, "region": region}).status_code == 422
