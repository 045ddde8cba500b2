"""What the model may answer: a JSON schema that can only cite what was sent, and the reading of a finished answer.

Every string and array is bounded, so that even random text ends; short names save tokens.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypeAliasType

from services.core.errors import DraftRejectedError

_SENTENCES: Final = "@sentences"
_CONDITIONS: Final = "@conditions"
MAX_DIAGNOSES: Final = 4

SentenceLabel = TypeAliasType("SentenceLabel", Annotated[str, Field(json_schema_extra={"enum": _SENTENCES})])
ConditionLabel = TypeAliasType("ConditionLabel", Annotated[str, Field(json_schema_extra={"enum": _CONDITIONS})])
Cited = TypeAliasType("Cited", Annotated[list[SentenceLabel], Field(min_length=1, max_length=2)])


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ReplyFinding(_Part):
    """A finding for or against a condition."""

    finding: str = Field(max_length=40)
    citations: Cited


class ReplyDiagnosis(_Part):
    """A condition that may explain the findings."""

    condition: ConditionLabel
    supporting: list[ReplyFinding] = Field(max_length=5)
    against: list[ReplyFinding] = Field(max_length=3)
    rationale: str = Field(max_length=200)
    confidence: Literal["high", "medium", "low"]


class ReplyTip(_Part):
    """Something that the person can do."""

    text: str = Field(max_length=120)
    citations: Cited


class ReplyTest(_Part):
    """A test to expect."""

    test: str = Field(max_length=40)
    citations: Cited


class ReplyReferral(_Part):
    """Where to go, how soon, and for which tests."""

    urgency: Literal["emergency", "high", "medium", "low"]
    department: str = Field(max_length=40)
    tests: list[ReplyTest] = Field(max_length=5)
    citations: Cited


class Reply(_Part):
    """The model's whole answer; what comes first is written first, evidence before judgement."""

    diagnoses: list[ReplyDiagnosis] = Field(max_length=MAX_DIAGNOSES)
    advice: list[ReplyTip] = Field(max_length=4)
    referral: ReplyReferral


def _without_titles(schema: Any) -> Any:
    """The schema without what only readers need; it is sent with every request."""
    if isinstance(schema, dict):
        return {key: _without_titles(value) for key, value in schema.items() if key not in {"title", "description"}}
    return [_without_titles(item) for item in schema] if isinstance(schema, list) else schema


TEMPLATE: Final = json.dumps(_without_titles(Reply.model_json_schema()), separators=(",", ":"))
"""The schema with marks where the labels of a request go."""


def answer_schema(sentences: Sequence[str], conditions: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer that can cite only these sentences and name only these conditions."""
    written = TEMPLATE.replace(f'"{_SENTENCES}"', json.dumps(list(sentences)))
    schema: dict[str, Any] = json.loads(written.replace(f'"{_CONDITIONS}"', json.dumps(list(conditions))))
    return schema


def read_reply(text: str) -> Reply:
    """A finished answer.

    Raises:
        DraftRejectedError: It is not what the schema asks for.
    """
    try:
        return Reply.model_validate_json(text)
    except ValidationError as exc:
        # Not chained: pydantic names fields that are too many, and those are the model's words.
        wrong = exc.error_count()
        raise DraftRejectedError(f"the model's answer does not follow the schema in {wrong} places") from None
