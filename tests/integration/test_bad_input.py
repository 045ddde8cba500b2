"""Bad input over HTTP gets a clear problem that never echoes it."""

import concurrent.futures
import json

import httpx2
import pytest

MARKER = "zanzibar-7391"


def check_problem(response: httpx2.Response, status: int) -> dict:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert MARKER not in response.text
    return body


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"symptoms": ""}, "body.symptoms", "string_too_short"),
        ({"symptoms": "  \n "}, "body.symptoms", "string_too_short"),
        ({"symptoms": "a" * 8001}, "body.symptoms", "string_too_long"),
        ({"duration": MARKER}, "body.symptoms", "missing"),
        ({"symptoms": 5}, "body.symptoms", "string_type"),
        ({"symptoms": ["cough", MARKER]}, "body.symptoms", "string_type"),
        ({"symptoms": "cough", MARKER: 1}, "body", "extra_forbidden"),
        ({"symptoms": "cough", "output_format": MARKER}, "body.output_format", "literal_error"),
        ({"symptoms": "cough", "language": MARKER}, "body.language", "value_error"),
        ({"symptoms": "cough", "patient": {"age_years": -1}}, "body.patient.age_years", "greater_than_equal"),
        ({"symptoms": "cough", "patient": {"age_years": "40"}}, "body.patient.age_years", "float_type"),
        ({"symptoms": "cough", "patient": {"sex": MARKER}}, "body.patient.sex", "literal_error"),
    ],
)
def test_an_invalid_field_is_named_and_not_shown(client, body, field, code):
    problem = check_problem(client.post("/v1/diagnose", json=body), 422)
    assert {"field": field, "code": code} in problem["errors"]


@pytest.mark.parametrize("path", ["/v1/diagnose", "/diagnose", "/v1/triage", "/v1/search"])
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"symptoms": "' + MARKER.encode(), 400),
        (MARKER.encode(), 400),
        (b'{"symptoms": "\xff\xfe' + MARKER.encode() + b'"}', 400),
        (b"", 422),
        (json.dumps([MARKER]).encode(), 422),
        (b'{"symptoms": "\\ud800 half a character"}', 422),
    ],
)
def test_a_broken_body_is_refused(client, path, content, status):
    headers = {"content-type": "application/json"}
    check_problem(client.post(path, content=content, headers=headers), status)


def test_an_oversized_body_is_refused_whether_or_not_it_says_so(client):
    big = json.dumps({"symptoms": "cough", "record": MARKER * 40_000}).encode()
    headers = {"content-type": "application/json"}
    check_problem(client.post("/v1/diagnose", content=big, headers=headers), 413)
    pieces = (big[at : at + 10_000] for at in range(0, len(big), 10_000))
    check_problem(client.post("/v1/diagnose", content=pieces, headers=headers), 413)


def test_a_wrong_method_is_refused(client):
    check_problem(client.get("/v1/diagnose"), 405)


def test_a_wellformed_request_id_is_kept_and_another_one_replaced(client):
    assert client.get("/livez", headers={"x-request-id": "abcdef-123456"}).headers["x-request-id"] == "abcdef-123456"
    replaced = client.get("/livez", headers={"x-request-id": f"bad id {MARKER}"}).headers["x-request-id"]
    assert MARKER not in replaced


def test_a_long_record_is_read(client):
    record = "Seen for a routine check. " * 4_000 + "Crushing chest pain today. " + "Nothing else. " * 9_000
    for path in ("/v1/triage", "/v1/diagnose"):
        answer = client.post(path, json={"symptoms": "unwell", "record": record}).json()
        assert answer["triage"]["level"] == "call_ambulance"


def test_many_at_once_all_get_their_own_answer(client):
    texts = [
        "右下腹痛一天，伴恶心",
        "burning when passing urine",
        "throbbing headache, light hurts",
        "I want a bicycle",
    ]

    def ask(number: int) -> tuple[int, str, list[str]]:
        answer = client.post("/v1/diagnose", json={"symptoms": texts[number % 4]})
        return number % 4, answer.json()["status"], [d["condition_id"] for d in answer.json()["possible_diagnoses"]]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(32)))
    expected = {0: "appendicitis", 1: "urinary-tract-infection", 2: "migraine"}
    for kind, status, conditions in answers:
        if kind in expected:
            assert conditions[0] == expected[kind]
        else:
            assert status == "insufficient_evidence"
