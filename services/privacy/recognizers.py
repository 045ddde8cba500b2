"""Recognizers of identifiers, in English and Chinese text."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import phonenumbers
from stdnum.gb import nhs
from stdnum.iso7064 import mod_11_2
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
    """Phone numbers by Google's phone number metadata, written for any of the regions or internationally.

    After a "+" any possible number counts; so does a Chinese mobile number with letters around it.
    """

    _REGIONS: Final = ("CN", "US", "GB", "HK", "NG", "IN")
    _CHINESE_MOBILE: Final = re.compile(r"(?<![\d.])1[3-9]\d{9}(?!\d)")
    _READINGS: Final = re.compile(r"\d{1,2}(?:[ ,，、]+\d{1,2})+")
    """Numbers one after the other, as of repeated measurements; nobody writes a phone number in twos alone."""

    def find(self, text: str) -> Iterator[Span]:
        """Spans by region."""
        matchers = [phonenumbers.PhoneNumberMatcher(text, region) for region in self._REGIONS]
        matchers.append(phonenumbers.PhoneNumberMatcher(text, None, phonenumbers.Leniency.POSSIBLE))
        for matcher in matchers:
            for match in matcher:
                if not self._READINGS.fullmatch(match.raw_string):
                    yield Span(IdentifierType.PHONE, match.start, match.end)
        for found in self._CHINESE_MOBILE.finditer(text):
            yield Span(IdentifierType.PHONE, *found.span())


class NationalIdRecognizer:
    """Chinese resident ids, US social security and UK NHS numbers, by form and check digit or by the word before."""

    _CHINESE: Final = re.compile(r"(?<!\d)(?=(?P<id>\d(?:[ -]?\d){16}[ -]?[\dXxＸｘ])(?!\d))")
    _CHINESE_FORM: Final = re.compile(r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
    _SSN: Final = re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")
    _NHS: Final = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
    _NAMED: Final = re.compile(
        r"(?:nhs|ssn|social security|passport|national id|id card|身份证|护照|社保)[^\d\n]{0,24}?"
        r"(?P<id>(?:(?<![a-z])[a-z]{1,2} |[a-z]{0,9})\d[\dX -]{5,20})",
        re.IGNORECASE,
    )

    def find(self, text: str) -> Iterator[Span]:
        """Spans by kind of number."""
        for match in self._CHINESE.finditer(text):
            if self._is_chinese(match["id"]):
                yield Span(IdentifierType.NATIONAL_ID, *match.span("id"))
        for pattern, is_valid in ((self._SSN, ssn.is_valid), (self._NHS, nhs.is_valid)):
            for match in pattern.finditer(text):
                if is_valid(match.group()):
                    yield Span(IdentifierType.NATIONAL_ID, *match.span())
        for match in self._NAMED.finditer(text):
            yield Span(IdentifierType.NATIONAL_ID, match.start("id"), match.start("id") + len(match["id"].rstrip(" -")))

    def _is_chinese(self, written: str) -> bool:
        """By form and check digit (GB 11643, ISO 7064 MOD 11-2); counties come and go, so none is looked up."""
        number = re.sub("[ -]", "", unicodedata.normalize("NFKC", written)).upper()
        return bool(self._CHINESE_FORM.fullmatch(number)) and bool(mod_11_2.is_valid(number))


_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_ZH: Final = r"[\d〇○零一二三四五六七八九十]"
_DATE: Final = (
    rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}|{_ZH}{{4}}\s*年\s*{_ZH}{{1,2}}\s*月(?:\s*{_ZH}{{1,3}}\s*[日号])?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s*(?:of\s+)?{_MONTH},?\s*\d{{4}}|{_MONTH}\s+(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s+)?\d{{4}}"
    r")"
)
_DAY_OF_YEAR: Final = rf"{_ZH}{{1,2}}\s*月\s*{_ZH}{{1,3}}\s*[日号]"
_HAN: Final = r"\u3400-\u9fff"
_LABEL: Final = rf"(?:[a-z\d-]+|[{_HAN}]+)"
_HOST: Final = rf"{_LABEL}(?:[.．]{_LABEL})*[.．](?:[a-z][a-z\d-]+|[{_HAN}]{{1,4}})"

RECOGNIZERS: Final[tuple[Recognizer, ...]] = (
    PatternRecognizer(
        IdentifierType.EMAIL,
        re.compile(rf"(?:(?<![a-z\d_.+-])[a-z\d_.+-]+|(?<![{_HAN}])[{_HAN}]+) ?[@＠] ?{_HOST}", re.IGNORECASE),
    ),
    PatternRecognizer(
        IdentifierType.URL,
        re.compile(r"(?<![a-z\d])(?:(?:https?|ftp)://|www\.)[^\s，。；！？、）)>\]\"']+", re.IGNORECASE),
    ),
    PatternRecognizer(
        IdentifierType.BIRTH_DATE,
        re.compile(
            r"(?:(?<![a-z])(?:d\.?o\.?b\.?|born|birth ?da(?:te|y)|date of birth)(?![a-z])|出生(?:日期|年月)?|生日|生于)"
            rf"(?:[^\d\na-z{_HAN}〇○]|\b(?:is|was|on|in|the)\b|[是为于在]){{0,8}}(?P<id>{_DATE}|{_DAY_OF_YEAR})",
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
