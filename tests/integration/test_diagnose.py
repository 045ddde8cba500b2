"""Questions over HTTP, to the real service on the starter guidelines."""

import httpx2
import pytest

CHINESE = {
    "symptoms": "持续咳嗽两周，伴有夜间加重，无发热，但有胸闷感",
    "duration": "两周",
    "history": "有过敏性鼻炎史，吸烟5年",
}
ENGLISH = {
    "symptoms": "Persistent cough for two weeks, worse at night, no fever, but chest tightness",
    "duration": "two weeks",
    "history": "allergic rhinitis, smoker for five years",
}


def ask(client: httpx2.Client, path: str = "/v1/diagnose", **body: object) -> dict:
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def check_citations(client: httpx2.Client, answer: dict) -> None:
    """Every id that is used is there, all that is there is used, and every quote is verbatim."""
    cited = {citation["id"]: citation for citation in answer["citations"]}
    used = set(answer["medical_referral"]["citations"])
    for reason in answer["triage"]["reasons"]:
        assert reason["citations"]
        used |= set(reason["citations"])
    for diagnosis in answer["possible_diagnoses"]:
        assert diagnosis["citations"]
        used |= set(diagnosis["citations"])
        for finding in diagnosis["supporting"] + diagnosis["against"]:
            assert finding["citations"]
            used |= set(finding["citations"])
    for tip in answer["lifestyle_tips"]:
        assert tip["citations"]
        used |= set(tip["citations"])
    assert used == set(cited)
    for citation in cited.values():
        passage = client.get(f"/v1/passages/{citation['passage_id']}").json()
        assert passage["text"][citation["start"] : citation["end"]] == citation["quote"]
        assert {"start": citation["start"], "end": citation["end"]} in passage["sentences"]


def test_a_chinese_question_is_answered_in_chinese_with_cough_variant_asthma_among_the_first_three(client):
    body = ask(client, "/diagnose", **CHINESE, output_format="json")
    advice, answer = body["advice"], body["details"]
    assert set(advice) == {"possible_diagnoses", "lifestyle_tips", "medical_referral"}
    assert "咳嗽变异性哮喘" in advice["possible_diagnoses"][:3]
    assert any("戒烟" in tip for tip in advice["lifestyle_tips"])
    referral = advice["medical_referral"]
    assert set(referral) == {"need_visit", "recommended_department", "urgent_level", "suggested_tests"}
    assert referral["recommended_department"] == "呼吸内科"
    assert referral["urgent_level"] in {"紧急", "高", "中等", "低"}
    assert any("肺功能" in test for test in referral["suggested_tests"])
    assert answer["language"] == "zh"
    assert answer["status"] == "answered"
    for diagnosis in answer["possible_diagnoses"]:
        assert "fever" not in {finding["finding_id"] for finding in diagnosis["supporting"]}
        assert not any("发热" in finding["finding"] for finding in diagnosis["supporting"])
    check_citations(client, answer)


def test_the_same_question_in_english_is_answered_in_english(client):
    answer = ask(client, **ENGLISH)
    leading = [diagnosis["condition_id"] for diagnosis in answer["possible_diagnoses"][:3]]
    assert "cough-variant-asthma" in leading
    assert answer["language"] == "en"
    assert answer["medical_referral"]["recommended_department"] == "Respiratory medicine"
    assert any("smoking" in tip["text"].lower() for tip in answer["lifestyle_tips"])
    assert any("pulmonary function" in test for test in answer["medical_referral"]["suggested_tests"])
    supporting = {f["finding_id"] for d in answer["possible_diagnoses"] for f in d["supporting"]}
    assert "fever" not in supporting
    assert {"chest-tightness", "worse-at-night"} <= supporting
    check_citations(client, answer)


def test_crushing_chest_pain_calls_an_ambulance_with_a_cited_rule(client):
    answer = ask(client, symptoms="Crushing chest pain spreading to the left arm for 30 minutes, sweating")
    assert answer["triage"]["level"] == "call_ambulance"
    flag = answer["triage"]["red_flags"][0]
    citations = {citation["id"]: citation for citation in answer["citations"]}
    assert citations[flag["citations"][0]]["passage_id"].startswith("triage:")
    assert answer["medical_referral"]["urgent_level"] == "emergency"
    assert answer["lifestyle_tips"] == []
    check_citations(client, answer)


@pytest.mark.parametrize(
    "text", ["I want to buy a bicycle", "我想买一辆自行车", "What is the capital of France?", "asdf qwer", "🙂🙂🙂"]
)
def test_what_the_library_does_not_cover_gets_no_diagnosis_and_no_citation(client, text):
    answer = ask(client, symptoms=text)
    assert answer["status"] == "insufficient_evidence"
    assert answer["possible_diagnoses"] == []
    assert answer["citations"] == []
    assert answer["lifestyle_tips"] == []
    assert answer["missing"]
    assert answer["triage"]["level"] in {"routine_visit", "self_care"}


@pytest.mark.parametrize(
    ("region", "numbers"),
    [
        ("CN", {"region": "CN", "ambulance": "120", "police": "110"}),
        ("GB", {"region": "GB", "ambulance": "999", "police": "999"}),
        ("US", {"region": "US", "ambulance": "911", "police": "911"}),
        ("AU", {"region": "AU", "ambulance": "000", "police": "000"}),
        ("FR", {"region": "FR", "ambulance": "112", "police": "112"}),
        ("AQ", None),
        (None, None),
    ],
)
def test_an_emergency_comes_with_the_number_of_the_region(client, region, numbers):
    body = {"symptoms": "I want to kill myself tonight", "patient": {"region": region}, "output_format": "text"}
    answer = client.post("/v1/triage", json=body).json()
    assert answer["triage"]["emergency_numbers"] == numbers
    assert (numbers["ambulance"] if numbers else "112 in the European Union") in answer["text"]


def test_without_an_emergency_there_is_no_number(client):
    body = {"symptoms": "runny nose for two days", "patient": {"region": "CN"}, "output_format": "text"}
    answer = client.post("/v1/diagnose", json=body).json()
    assert answer["triage"]["emergency_numbers"] is None
    urgency = answer["text"].splitlines()[0]
    assert urgency.startswith("Urgency: ")
    assert "120" not in urgency


def test_a_symptom_outside_the_library_is_not_forced_into_a_diagnosis(client):
    answer = ask(client, symptoms="My wisdom tooth hurts when I chew")
    assert answer["status"] == "insufficient_evidence"
    assert answer["citations"] == []


def test_text_output_carries_urgency_first_and_the_quotes(client):
    answer = ask(client, **ENGLISH, output_format="text")
    assert answer["text"].startswith("Urgency: ")
    assert all(f"[{citation['id']}] “{citation['quote']}”" in answer["text"] for citation in answer["citations"])
    assert answer["disclaimer"] in answer["text"]
    older = ask(client, "/diagnose", **CHINESE, output_format="text")
    assert older["advice"].startswith("紧急程度")


def test_json_output_has_no_text(client):
    assert ask(client, **ENGLISH)["text"] is None


def test_the_same_question_gets_the_same_answer(client):
    first, second = ask(client, **ENGLISH), ask(client, **ENGLISH)
    first.pop("id"), second.pop("id")
    assert first == second


def test_a_language_can_be_asked_for(client):
    answer = ask(client, **ENGLISH, language="zh-Hans")
    assert answer["language"] == "zh"
    assert "咳嗽变异性哮喘" in [diagnosis["name"] for diagnosis in answer["possible_diagnoses"][:3]]


def test_a_negated_red_flag_is_none(client):
    answer = ask(
        client, symptoms="Runny nose and sneezing for two days. No chest pain, no shortness of breath, no fever."
    )
    assert answer["triage"]["level"] in {"self_care", "routine_visit"}
    assert answer["triage"]["red_flags"] == []


def test_given_facts_about_the_patient_are_used(client):
    baby = ask(client, "/v1/triage", symptoms="fever of 38.5", patient={"age_years": 0.15})
    adult = ask(client, "/v1/triage", symptoms="fever of 38.5", patient={"age_years": 30})
    order = ["call_ambulance", "emergency_department", "within_24_hours", "routine_visit", "self_care"]
    assert order.index(baby["triage"]["level"]) < order.index(adult["triage"]["level"])


def test_triage_needs_no_retrieval_and_cites_its_rule(client):
    body = ask(client, "/v1/triage", symptoms="突然半边身子不能动，说话不清楚")
    assert body["triage"]["level"] == "call_ambulance"
    assert body["citations"][0]["quote"]
    passage = client.get(f"/v1/passages/{body['citations'][0]['passage_id']}").json()
    start, end = body["citations"][0]["start"], body["citations"][0]["end"]
    assert passage["text"][start:end] == body["citations"][0]["quote"]


def test_identifiers_do_not_come_back(client):
    response = client.post(
        "/v1/diagnose", json={"symptoms": "cough for two weeks, call me at +1 212 555 0123 or jane@example.org"}
    )
    assert "555 0123" not in response.text
    assert "212" not in response.json()["possible_diagnoses"][0]["rationale"]
    assert "example.org" not in response.text


def test_no_dose_reaches_a_patient(client):
    answer = ask(client, symptoms="Throbbing headache on one side with nausea, light hurts my eyes")
    assert not any(" mg" in tip["text"] for tip in answer["lifestyle_tips"])


def test_confidence_is_calibrated_on_the_starter_library_and_its_levels_are_those_that_the_library_states(client):
    least = {one["level"]: one["least"] for one in client.get("/v1/library").json()["confidence"]}
    answer = ask(client, symptoms="Crushing chest pain spreading to the left arm for 30 minutes, sweating")
    assert answer["provenance"]["calibrated"] is True
    for diagnosis in answer["possible_diagnoses"]:
        reached = [level for level in ("high", "medium", "low") if diagnosis["probability"] >= least[level]]
        assert diagnosis["confidence"] == reached[0]
    assert sum(diagnosis["probability"] for diagnosis in answer["possible_diagnoses"]) < 1
