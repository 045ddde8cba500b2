import io

import pytest
from paper import Paper
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from ingestion.readers.pdf import PdfReader

PLAIN = ParagraphStyle("plain", fontSize=11, leading=14)


def paragraph(text):
    return Paragraph(text.replace("^{", "<super>").replace("}", "</super>"), PLAIN)


def read(*story):
    file = io.BytesIO()
    SimpleDocTemplate(file).build(list(story))
    return "\n".join(section.text for section in PdfReader().read(file.getvalue()).sections)


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("Platelets below 100 × 10^{9}/L are few.", "Platelets below 100 × 10⁹/L are few."),
        ("A body mass index of 30 kg/m^{2}, or more.", "A body mass index of 30 kg/m², or more."),
        ("It is 5 × 10^{-12} mol and 3 cm^{2} of skin.", "It is 5 × 10⁻¹² mol and 3 cm² of skin."),
        ("A cough of 24^{5} weeks stays.", "A cough of 24⁵ weeks stays."),
    ],
)
def test_raised_digits_behind_numbers_and_units_stay_exponents(printed, text):
    assert read(paragraph(printed)) == text


def test_exponents_stay_so_in_cells():
    rows = [
        ["Test", "Limit in kg/m^{2}"],
        ["Platelets", "100 × 10^{9}/L, or 2 × 10^{12}/L"],
        ["Index", "30 kg/m^{2}, now"],
    ]
    cells = [[paragraph(text) for text in row] for row in rows]
    assert read(Table(cells, style=[("GRID", (0, 0), (-1, -1), 0.5, "black")])).split("\n") == [
        "Test: Platelets; Limit in kg/m²: 100 × 10⁹/L, or 2 × 10¹²/L",
        "Test: Index; Limit in kg/m²: 30 kg/m², now",
    ]


def test_the_mark_of_a_note_behind_a_word_is_no_exponent():
    assert "²" not in read(paragraph("This was shown by others^{12} and by them."))


def test_what_is_not_raised_stays_as_it_is():
    text = "In 2026, 109 people took 10-20 mg of vitamin B12 or H2O at 5 m3."
    assert read(paragraph(text)) == text


def test_small_digits_on_the_line_are_no_exponents():
    assert read(paragraph('The dose is 10<font size="6">9</font> mg.')) == "The dose is 109 mg."


def test_digits_of_turned_text_are_no_exponents():
    paper = Paper()
    paper.text_block("The dose is in the table.")
    paper.canvas.rotate(90)
    paper.canvas.drawString(300, -300, "The month M2 and the quarter Q4 of it")
    (section,) = PdfReader().read(paper.output()).sections
    assert not any(sign in section.text for sign in "²⁴")
