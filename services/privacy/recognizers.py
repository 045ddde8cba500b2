"""Recognizers of identifiers, in English and Chinese text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import phonenumbers
from stdnum.cn import ric
from stdnum.gb import nhs
from stdnum.us import ssn


class IdentifierType(StrEnum):
    """What kind of identifier a span is; also the word in its placeholder."""

    PHONE = "PHONE"
    EMAIL = "EMAIL"
    NATIONAL_ID = "NATIONAL_ID"
    BIRTH_DATE = "BIRTH_DATE"
    URL = "URL"


@dataclass(frozen=True, slots=True)
class Span:
    """An identifier: `text[start:end]`."""

    type: IdentifierType
    start: int
    end: int


class Recognizer(Protocol):
    """Finds identifiers of one type."""

    def find(self, text: str) -> Iterator[Span]:
        """Spans in any order."""


@dataclass(frozen=True, slots=True)
class PatternRecognizer:
    """Finds what a pattern matches; the group `id`, where there is one, is the identifier."""

    type: IdentifierType
    pattern: re.Pattern[str]

    def find(self, text: str) -> Iterator[Span]:
        """Spans in the order of the text."""
        group = "id" if "id" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            yield Span(self.type, *match.span(group))


class PhoneRecognizer:
    """Phone numbers by Google's phone number metadata, written for any of the regions or internationally."""

    _REGIONS: Final = ("CN", "US", "GB", "HK", "NG", "IN")

    def find(self, text: str) -> Iterator[Span]:
        """Spans by region."""
        for region in self._REGIONS:
            for match in phonenumbers.PhoneNumberMatcher(text, region):
                yield Span(IdentifierType.PHONE, match.start, match.end)


class NationalIdRecognizer:
    """Chinese resident ids, US social security and UK NHS numbers, by form and check digit or by the word before."""

    _CHINESE: Final = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
    _SSN: Final = re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")
    _NHS: Final = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
    _NAMED: Final = re.compile(
        r"(?:nhs|ssn|social security|passport|national id|id card|身份证|护照|社保)[^\d\n]{0,24}"
        r"(?P<id>[A-Z]{0,2}\d[\dXx -]{5,20})",
        re.IGNORECASE,
    )

    def find(self, text: str) -> Iterator[Span]:
        """Spans by kind of number."""
        for pattern, is_valid in ((self._CHINESE, ric.is_valid), (self._SSN, ssn.is_valid), (self._NHS, nhs.is_valid)):
            for match in pattern.finditer(text):
                if is_valid(match.group()):
                    yield Span(IdentifierType.NATIONAL_ID, *match.span())
        for match in self._NAMED.finditer(text):
            yield Span(IdentifierType.NATIONAL_ID, match.start("id"), match.start("id") + len(match["id"].rstrip(" -")))


_DATE: Final = (
    r"(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{4}\s*年\s*\d{1,2}\s*月\s*(?:\d{1,2}\s*[日号])?"
    r"|\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?\s+\d{4}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4})"
)

RECOGNIZERS: Final[tuple[Recognizer, ...]] = (
    PatternRecognizer(IdentifierType.EMAIL, re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)),
    PatternRecognizer(
        IdentifierType.URL, re.compile(r"\b(?:https?://|www\.)[^\s，。；！？、）)>\]\"']+", re.IGNORECASE)
    ),
    PatternRecognizer(
        IdentifierType.BIRTH_DATE,
        re.compile(
            r"(?:\b(?:d\.?o\.?b\.?|born(?: on)?|birth ?da(?:te|y)|date of birth)\b|出生(?:日期|年月)?|生日|生于)"
            rf"[^\d\na-z]{{0,8}}(?:is |was |on )?(?P<id>{_DATE})",
            re.IGNORECASE,
        ),
    ),
    PatternRecognizer(
        IdentifierType.BIRTH_DATE, re.compile(rf"(?P<id>{_DATE})\s*(?:出生|生(?![病理化]))", re.IGNORECASE)
    ),
    NationalIdRecognizer(),
    PhoneRecognizer(),
)
"""The first set; names, addresses, record numbers and more are not recognized yet."""
