import json
import traceback

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import DraftRejectedError
from services.generation.grammar import MAX_DIAGNOSES, TEMPLATE, answer_schema, read_reply

SENTENCES = ["G1.1", "G1.2", "G2.1"]
CONDITIONS = ["C1", "C2"]
SCHEMA = answer_schema(SENTENCES, CONDITIONS)
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
PRIVATE = "my-private-words"


def reply(**changes):
    """An answer that fits."""
    whole = {
        "diagnoses": [
            {
                "condition": "C1",
                "supporting": [{"finding": "cough", "citations": ["G1.1"]}],
                "against": [{"finding": "发热", "citations": ["G1.2", "G2.1"]}],
                "rationale": "The cough fits.",
                "confidence": "medium",
            }
        ],
        "advice": [{"text": "多喝温水。", "citations": ["G2.1"]}],
        "referral": {
            "urgency": "low",
            "department": "Respiratory medicine",
            "tests": [{"test": "Spirometry", "citations": ["G1.2"]}],
            "citations": ["G1.1"],
        },
    }
    return {**whole, **changes}


def changed(path, value):
    """An answer with something else at this place; a missing key is added."""
    whole = reply()
    at = whole
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return whole


def schemas(schema):
    """The schema and all inside it."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from schemas(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from schemas(item)


def of_type(kind):
    return [schema for schema in schemas(SCHEMA) if schema.get("type") == kind]


def test_every_string_is_bounded_or_one_of_a_few():
    assert of_type("string")
    assert all("maxLength" in schema or "enum" in schema for schema in of_type("string"))


def test_every_array_is_bounded():
    assert of_type("array")
    assert all("maxItems" in schema for schema in of_type("array"))


def test_every_object_is_closed_and_wants_all_its_fields():
    assert of_type("object")
    for schema in of_type("object"):
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])


def test_there_are_no_other_types_than_these():
    assert {schema["type"] for schema in schemas(SCHEMA) if isinstance(schema.get("type"), str)} == {
        "string",
        "array",
        "object",
    }


def test_labels_are_those_given_and_no_mark_is_left():
    assert SCHEMA["$defs"]["SentenceLabel"]["enum"] == SENTENCES
    assert SCHEMA["$defs"]["ConditionLabel"]["enum"] == CONDITIONS
    assert "@" in TEMPLATE
    assert "@" not in json.dumps(SCHEMA)


def test_what_only_readers_need_is_not_sent():
    assert all({"title", "description"}.isdisjoint(schema) for schema in schemas(SCHEMA) if "type" in schema)


def test_evidence_is_written_before_judgment():
    assert list(SCHEMA["properties"]) == ["diagnoses", "advice", "referral"]
    assert list(SCHEMA["$defs"]["ReplyDiagnosis"]["properties"]) == [
        "condition",
        "supporting",
        "against",
        "rationale",
        "confidence",
    ]


@pytest.mark.parametrize("whole", [reply(), reply(diagnoses=[], advice=[]), changed(["referral", "department"], "")])
def test_an_answer_that_fits_is_read(whole):
    assert VALIDATOR.is_valid(whole)
    assert read_reply(json.dumps(whole)).model_dump() == whole


BAD = [
    pytest.param(changed(["note"], PRIVATE), id="extra field"),
    pytest.param(changed([PRIVATE], 1), id="extra field with a private name"),
    pytest.param(changed(["referral", "note"], PRIVATE), id="extra field inside"),
    pytest.param(changed(["advice", 0, "text"], "x" * 121), id="text too long"),
    pytest.param(changed(["advice", 0, "text"], "咳" * 121), id="Chinese text too long"),
    pytest.param(changed(["diagnoses", 0, "rationale"], "x" * 201), id="rationale too long"),
    pytest.param(changed(["diagnoses", 0, "supporting", 0, "finding"], "x" * 41), id="finding too long"),
    pytest.param(changed(["diagnoses", 0, "confidence"], PRIVATE), id="no such confidence"),
    pytest.param(changed(["referral", "urgency"], PRIVATE), id="no such urgency"),
    pytest.param(changed(["advice", 0, "citations"], []), id="uncited"),
    pytest.param(changed(["advice", 0, "citations"], ["G1.1"] * 3), id="too many citations"),
    pytest.param(changed(["diagnoses"], reply()["diagnoses"] * (MAX_DIAGNOSES + 1)), id="too many diagnoses"),
    pytest.param(changed(["advice"], reply()["advice"] * 5), id="too much advice"),
    pytest.param(changed(["referral", "tests"], reply()["referral"]["tests"] * 6), id="too many tests"),
    pytest.param(changed(["advice"], None), id="null"),
    pytest.param(changed(["advice", 0, "text"], 5), id="a number for a text"),
    pytest.param({key: value for key, value in reply().items() if key != "referral"}, id="missing"),
    pytest.param([PRIVATE], id="a list"),
    pytest.param(PRIVATE, id="a string"),
]


@pytest.mark.parametrize("whole", BAD)
def test_what_does_not_fit_is_rejected_by_schema_and_reader_alike_without_an_echo(whole):
    assert not VALIDATOR.is_valid(whole)
    with pytest.raises(DraftRejectedError) as caught:
        read_reply(json.dumps(whole, ensure_ascii=False))
    assert PRIVATE not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "text", ["", PRIVATE, f'{{"{PRIVATE}', json.dumps(reply())[:-1], json.dumps(reply()) + PRIVATE]
)
def test_what_is_no_json_is_rejected_without_an_echo(text):
    with pytest.raises(DraftRejectedError) as caught:
        read_reply(text)
    assert PRIVATE not in "".join(traceback.format_exception(caught.value))


@given(st.text())
def test_any_text_is_read_or_rejected(text):
    with pytest.raises(DraftRejectedError):
        read_reply(text)


@pytest.mark.parametrize("label", ["G9.9", "G1.1 ", "g1.1", "", "@sentences", "</evidence>"])
def test_no_other_sentence_can_be_cited(label):
    for path in (["advice", 0], ["referral"], ["diagnoses", 0, "supporting", 0]):
        assert VALIDATOR.is_valid(changed([*path, "citations"], ["G1.2"]))
        assert not VALIDATOR.is_valid(changed([*path, "citations"], [label]))


@pytest.mark.parametrize("label", ["C3", "c1", "Asthma", ""])
def test_no_other_condition_can_be_named(label):
    assert not VALIDATOR.is_valid(changed(["diagnoses", 0, "condition"], label))


@given(st.lists(st.text(max_size=8), min_size=1, max_size=5, unique=True))
def test_labels_of_any_form_stay_as_they_are(labels):
    schema = answer_schema(labels, ["C1"])
    assert schema["$defs"]["SentenceLabel"]["enum"] == labels
    assert schema["$defs"]["ConditionLabel"]["enum"] == ["C1"]
