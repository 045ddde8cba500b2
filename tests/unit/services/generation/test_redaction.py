import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.generation.redaction import WITHHELD, Redactor

ORDERS = [
    "Take 500 mg twice a day.",
    "Amoxicillin is given.",
    "Two tablets at night",
    "每次0.5克，每日3次",
    "服用布洛芬退烧",
    "阿莫西林",
]
HARMLESS = [
    "Warm drinks ease the throat.",
    "多喝温水。",
    "",
    "126 mg/dL",
    'He said "no".',
    "back\\slash",
    "line\nbreak",
    "é咳😀",
]


def shown(text, pieces=None, *, is_on=True):
    redactor = Redactor(is_on=is_on)
    return "".join(map(redactor.feed, pieces or [text]))


def written(value, *, ascii_only=False):
    return json.dumps({"advice": [{"text": value, "citations": ["G1.1"]}], "n": 1}, ensure_ascii=ascii_only)


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_what_orders_nothing_is_shown_as_it_is(text, ascii_only):
    assert shown(written(text, ascii_only=ascii_only)) == written(text, ascii_only=ascii_only)


@pytest.mark.parametrize("text", ORDERS)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_doses_and_medicines_are_withheld_and_the_rest_stays(text, ascii_only):
    made = json.loads(shown(written(text, ascii_only=ascii_only)))
    assert made == {"advice": [{"text": WITHHELD, "citations": ["G1.1"]}], "n": 1}


@pytest.mark.parametrize(
    "escaped", ["5\\u00a0mg daily", "\\u0035 mg", 'a \\"pill\\" of 5 mg', "amoxi\\u0063illin", "5\\n mg"]
)
def test_no_way_of_writing_it_hides_an_order(escaped):
    assert json.loads(shown(f'["{escaped}", "rest"]')) == [WITHHELD, "rest"]


def test_an_escaped_quote_or_backslash_does_not_end_a_string():
    text = json.dumps(['a "b" take 5 mg', "c\\", "take 5 mg", 'd\\"'])
    assert json.loads(shown(text)) == [WITHHELD, "c\\", WITHHELD, 'd\\"']


def test_a_string_is_held_back_until_it_is_closed():
    redactor = Redactor(is_on=True)
    assert redactor.feed('{"text": "Take 50') == '{"text": "'
    assert redactor.feed("0 mg") == ""
    assert redactor.feed('", ') == f'{WITHHELD}", '


def test_what_is_never_closed_is_never_shown():
    assert shown('["rest", "Take 500 m') == '["rest", "'


@pytest.mark.parametrize("text", ORDERS)
def test_switched_off_everything_passes_at_once(text):
    redactor = Redactor(is_on=False)
    for piece in written(text):
        assert redactor.feed(piece) == piece


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([*ORDERS, *HARMLESS]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON, st.booleans(), st.lists(st.integers(0, 400), max_size=10))
def test_pieces_cut_anywhere_give_the_same_text(value, ascii_only, cuts):
    text = json.dumps(value, ensure_ascii=ascii_only)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    assert shown(text, pieces) == shown(text)


def withheld(value):
    """What should be left of a value."""
    if isinstance(value, str):
        return WITHHELD if value in ORDERS else value
    return [withheld(item) for item in value]


@given(st.recursive(st.sampled_from([*ORDERS, *HARMLESS]), lambda inner: st.lists(inner, max_size=4)), st.booleans())
def test_the_structure_stays_and_only_orders_go(value, ascii_only):
    assert json.loads(shown(json.dumps(value, ensure_ascii=ascii_only))) == withheld(value)
