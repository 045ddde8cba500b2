import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.embedding.token_estimate import cut_to, estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 2),
        ("  \n", 2),
        ("flu", 3),
        ("fever", 4),
        ("hydrochlorothiazide", 9),
        ("7.0 mmol/L", 2 + 3 + 2 + 1 + 1),
        ("咳嗽三天", 6),
        ("咳嗽 and 发热。", 2 + 2 + 1 + 3),
    ],
)
def test_words_cost_by_length_and_all_else_by_character(text, tokens):
    assert estimate_tokens(text) == tokens


def test_a_text_is_cut_before_the_word_that_does_not_fit():
    assert cut_to("fever and chills", 2 + 2 + 1) == "fever and"
    assert cut_to("fever and chills", 2 + 2 + 1 + 1) == "fever and"
    assert cut_to("咳嗽三天", 4) == "咳嗽"


@given(st.text(), st.integers(2, 60))
def test_a_cut_text_is_a_start_that_fits(text, most):
    cut = cut_to(text, most)
    assert text.startswith(cut)
    assert estimate_tokens(cut) <= most


@given(st.text(max_size=40))
def test_a_text_that_fits_is_left_as_it_is(text):
    assert cut_to(text, estimate_tokens(text)) == text
