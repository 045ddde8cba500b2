import pytest

from ingestion.readers.inline import unmarked
from ingestion.readers.markdown import MarkdownReader


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Take *this* and **that**, ***both*** or _one_.", "Take this and that, both or one."),
        ("**注意：**戒烟。咳嗽**（干咳）**常见。", "注意：戒烟。咳嗽（干咳）常见。"),
        ("**Dose:**5 mg", "Dose:5 mg"),
        (
            'See [the table](https://example.org/a_b "Title") or <https://example.org>.',
            "See the table or https://example.org.",
        ),
        ("Before ![a picture](a.png) after", "Before after"),
        (r"\*Not\* marked, 1\. not a list", "*Not* marked, 1. not a list"),
        ("`code_word` ~~old~~ &lt; 5 &deg;C", "code_word old < 5 °C"),
    ],
)
def test_marks_are_taken_off(text, seen):
    assert unmarked(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "2*3*4 and 1.5**2**3",
        "5 * 3 * 2",
        "5 mg* daily; *see below",
        "snake_case_name",
        "p < 0.05 & more",
        "20~~30 mg or 40~~50 mg",
        "A[^a](5) and more [^b]",
        "[1] and [a][b]",
        "an open ** mark",
    ],
)
def test_what_is_no_mark_stays(text):
    assert unmarked(text) == text


def test_headings_items_and_cells_are_read_without_marks_and_sentences_keep_their_sources():
    text = "# **Cough** _in adults_\n\n- **Rest.**[^a] Drink *warm\n  water*. [^b]\n\n"
    text += "| *Drug* | Dose |\n|--|--|\n| **X**[^c] | *5* mg |\n"
    (section,) = MarkdownReader().read(text.encode()).sections
    assert section.path == ("Cough in adults",)
    assert [(section.text[s.start : s.end], s.sources) for s in section.sentences] == [
        ("Rest.", ("a",)),
        ("Drink warm water.", ("b",)),
        ("Drug: X; Dose: 5 mg", ("c",)),
    ]
