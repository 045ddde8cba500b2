import datetime
import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import DeidentificationError
from services.core.types import RawText
from services.privacy.deidentify import deidentify
from services.privacy.recognizers import IdentifierType, Span


class Fixed:
    """Finds the same spans in every text."""

    def __init__(self, *spans):
        self.spans = spans

    def find(self, text):
        return iter(self.spans)


class Broken:
    def __init__(self, error):
        self.error = error

    def find(self, text):
        yield Span(IdentifierType.PHONE, 0, 1)
        raise self.error


PHONE, EMAIL, URL = IdentifierType.PHONE, IdentifierType.EMAIL, IdentifierType.URL


def test_an_identifier_is_replaced_by_its_type():
    assert deidentify(RawText("Mail a@example.org, call 13812345678.")) == "Mail [EMAIL], call [PHONE]."
    assert deidentify(RawText("手机13812345678，咳嗽2周")) == "手机[PHONE]，咳嗽2周"


@pytest.mark.parametrize("text", ["", "a dry cough for 3 weeks", "干咳3周，体温38.5"])
def test_a_text_without_identifiers_stays_as_it_is(text):
    assert deidentify(RawText(text)) == text


def test_overlapping_spans_become_one_of_the_first_and_longest_kind():
    recognizer = Fixed(Span(PHONE, 4, 8), Span(EMAIL, 2, 5), Span(URL, 2, 4))
    assert deidentify(RawText("0123456789"), [recognizer]) == "01[EMAIL]89"


def test_a_span_inside_another_does_not_cut_it_short():
    recognizer = Fixed(Span(PHONE, 1, 9), Span(EMAIL, 2, 3), Span(URL, 5, 6))
    assert deidentify(RawText("0123456789"), [recognizer]) == "0[PHONE]9"


def test_spans_that_only_touch_are_both_named():
    assert deidentify(RawText("0123"), [Fixed(Span(PHONE, 0, 2), Span(EMAIL, 2, 4))]) == "[PHONE][EMAIL]"


@pytest.mark.parametrize("error", [ValueError("chest"), RuntimeError(), KeyError(1), RecursionError()])
def test_a_recognizer_that_fails_lets_nothing_out(error):
    with pytest.raises(DeidentificationError) as caught:
        deidentify(RawText("0123"), [Fixed(Span(PHONE, 0, 2)), Broken(error)])
    assert "chest" not in str(caught.value)


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 29), st.integers(1, 10)), max_size=6))
def test_no_character_of_a_span_is_left_and_no_other_is_lost(text, places):
    spans = [Span(PHONE, a, min(a + n, len(text))) for a, n in places if a < len(text)]
    covered = {at for span in spans for at in range(span.start, span.end)}
    made = deidentify(RawText(text), [Fixed(*spans)])
    kept = "".join(character for at, character in enumerate(text) if at not in covered)
    assert made.replace("[PHONE]", "") == kept.replace("[PHONE]", "")


AROUND = st.sampled_from(["", "Call me: ", "咳嗽三天，电话", "I have a cough. ", "联系 ", "fever 38.5 C, "])
AFTER = st.sampled_from(["", ". Thanks", "，谢谢", " (home)", "\nfever", "。发烧"])
WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)


@given(
    AROUND,
    st.lists(WORD, min_size=1, max_size=3).map(".".join),
    st.lists(WORD.filter(str.isalnum), min_size=1, max_size=3).map("-".join),
    st.sampled_from(["com", "org", "cn", "co.uk"]),
    AFTER,
)
def test_no_generated_email_is_left(before, local, host, top, after):
    made = deidentify(RawText(f"{before}{local}@{host}.{top}{after}"))
    assert "@" not in made
    assert "[EMAIL]" in made


CHINESE_MOBILE = st.from_regex(r"\A1(3[0-9]|5[0-35-9]|8[0-9])[0-9]{8}\Z")
AMERICAN = st.from_regex(r"\A(212|415|617)[2-9][0-9]{6}\Z").map(lambda digits: f"+1{digits}")
BRITISH = st.from_regex(r"\A7[4579][0-9]{8}\Z").map(lambda digits: f"+44{digits}")


@st.composite
def written_phone_numbers(draw):
    """A valid number as people write it."""
    raw = draw(st.one_of(CHINESE_MOBILE, AMERICAN, BRITISH))
    number = phonenumbers.parse(raw, "CN")
    forms = phonenumbers.PhoneNumberFormat
    form = draw(st.sampled_from([forms.E164, forms.INTERNATIONAL, forms.NATIONAL]))
    return number, phonenumbers.format_number(number, form)


@given(AROUND, written_phone_numbers().filter(lambda made: phonenumbers.is_valid_number(made[0])), AFTER)
def test_no_generated_phone_number_is_left(before, made, after):
    number, written = made
    left = deidentify(RawText(f"{before}{written}{after}"))
    assert written not in left
    assert str(number.national_number) not in re.sub(r"\D", "", left)


@given(
    AROUND,
    st.sampled_from(["110105", "310104"]),
    st.dates(datetime.date(1940, 1, 1), datetime.date(2009, 12, 31)),
    st.integers(0, 999),
    AFTER,
)
def test_no_generated_chinese_id_is_left(before, place, born, order, after):
    stem = f"{place}{born:%Y%m%d}{order:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(stem, weights, strict=True)) % 11]
    assert stem not in deidentify(RawText(f"{before}{stem}{check}{after}"))
