import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import IndexFormatError
from services.index.collections import quoted


def test_values_become_string_literals():
    assert quoted(["cough.en", "咳嗽"]) == '"cough.en", "咳嗽"'


def test_nothing_is_quoted_as_nothing():
    assert quoted([]) == ""


def test_quotes_and_backslashes_cannot_end_a_literal():
    assert quoted(['a" or id != "', "b\\"]) == '"a\\" or id != \\"", "b\\\\"'


@pytest.mark.parametrize("value", ["a\nb", "a\x00", "\t", "\u200b", "a\u2028b"])
def test_an_unprintable_value_is_refused(value):
    with pytest.raises(IndexFormatError):
        quoted(["fine", value])


@given(st.lists(st.text().filter(str.isprintable), max_size=5))
def test_literals_read_back_as_the_values(values):
    assert json.loads(f"[{quoted(values)}]") == values


def test_an_iterator_is_read_once_and_whole():
    assert quoted(iter(["a", "b"])) == '"a", "b"'
