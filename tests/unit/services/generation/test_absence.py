import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.generation.absence import usually_absent


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("Fever is usually absent.", ["Fever "]),
        (
            "Fever, sore throat and muscle aches are usually absent and suggest a virus.",
            ["Fever, sore throat and muscle aches "],
        ),
        ("Fever is usually absent or slight in cystitis, and chills are usually absent.", ["Fever ", "chills "]),
        ("The cough is usually dry, and fever is usually absent.", ["fever "]),
        ("Loose stools are often absent, but a partial obstruction lets loose stool pass.", ["Loose stools "]),
        ("Pain that wakes the person at night is usually absent in IBS.", ["wakes the person at night "]),
        ("Fever is common.", []),
        ("通常无发热。", ["发热"]),
        ("急性鼻窦炎通常无喷嚏、鼻痒和眼痒，有则提示过敏。", ["喷嚏、鼻痒和眼痒"]),
        ("一般没有明显喘息和气促。", ["喘息和气促"]),
        ("2型糖尿病常无症状，常通过验血发现。", []),
        ("下肢常无力。", []),
        ("淋巴结肿大常无痛。", []),
    ],
)
def test_what_a_sentence_says_is_absent(sentence, parts):
    assert [sentence[a:b] for a, b in usually_absent(sentence)] == parts


@given(st.text(max_size=80))
def test_spans_lie_in_the_sentence(sentence):
    assert all(0 <= a <= b <= len(sentence) for a, b in usually_absent(sentence))
