"""Requests. Strict: nothing is coerced, unknown fields are refused."""

from typing import Annotated, Final, Literal

import langcodes
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

MAX_SYMPTOMS_CHARACTERS: Final = 8_000


def _writable(text: str) -> str:
    """Text that can be written as UTF-8: JSON escapes can smuggle half a character in."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("contains characters that are not valid Unicode") from None
    return text


def _language_tag(tag: str) -> str:
    if tag != "auto" and not langcodes.tag_is_valid(tag):
        raise ValueError("is not a BCP 47 language tag")
    return tag


_Unicode = AfterValidator(_writable)
Symptoms = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SYMPTOMS_CHARACTERS), _Unicode
]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), _Unicode]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8_000), _Unicode]
RecordText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500_000), _Unicode]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
LanguageTag = Annotated[str, StringConstraints(max_length=35), AfterValidator(_language_tag)]

_WHERE: Final = "ISO 3166-1 alpha-2; where it has guidelines of its own, those of other countries are not used"


class Wire(BaseModel):
    """Base of requests."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class PatientIn(Wire):
    """What is known of the patient; what is missing is read from the text where it says so."""

    age_years: float | None = Field(None, ge=0, le=120, description="0.25 is three months")
    sex: Literal["female", "male"] | None = None
    pregnant: bool | None = None
    region: Region | None = Field(None, description=_WHERE)


class TriageRequest(Wire):
    """A question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "symptoms": "Persistent cough for two weeks, worse at night, no fever, but chest tightness",
                    "duration": "two weeks",
                    "history": "allergic rhinitis, smoker for five years",
                }
            ]
        }
    )

    symptoms: Symptoms = Field(description="What is felt, in the person's own words, English or Chinese")
    duration: ShortText | None = Field(None, description="How long")
    history: LongText | None = Field(None, description="Past illnesses, habits, medicines")
    record: RecordText | None = Field(None, description="Long text such as notes or reports")
    patient: PatientIn | None = None
    output_format: Literal["json", "text"] = "json"
    language: LanguageTag = Field("auto", description="`auto`, or a BCP 47 tag; fixed wording is English or Chinese")
    audience: Literal["patient", "clinician"] = "patient"


class GenerationIn(Wire):
    """How a language model is to answer, where there is one; what is missing is left to the settings."""

    temperature: float | None = Field(None, ge=0, le=1.5)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=256, le=8192)
    samples: int | None = Field(None, ge=1, le=5, description="Answers drawn to see how far they agree")


class DiagnoseRequest(TriageRequest):
    """A question, as `/v1/triage` takes it, and how to answer it."""

    generation: GenerationIn | None = None
    stream: bool = Field(
        False,
        description="Server-Sent Events: `triage`, `evidence`, `delta`..., then one `final`, which is the plain answer,"
        " or one `error`",
    )


class LegacyRequest(Wire):
    """A question in the older contract."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "symptoms": "持续咳嗽两周，伴有夜间加重，无发热，但有胸闷感",
                    "duration": "两周",
                    "history": "有过敏性鼻炎史，吸烟5年",
                    "output_format": "json",
                }
            ]
        }
    )

    symptoms: Symptoms
    duration: ShortText | None = None
    history: LongText | None = None
    output_format: Literal["json", "text"] = "json"


class SearchRequest(Wire):
    """A search of the library."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"query": "cough worse at night", "k": 3}]})

    query: Symptoms
    k: int = Field(6, ge=1, le=20, description="How many passages, each of another condition")
    language: LanguageTag = "auto"
    region: Region | None = Field(None, description=_WHERE)
