import pytest
from paper import LEFT, Paper

from ingestion.readers.pdf import PdfReader

FILLER = "The cough stays for a while and the patient rests at home as long as the fever goes on. "


@pytest.fixture
def paper():
    made = Paper()
    made.text_block(FILLER * 3)
    return made


def beside(paper, *pieces):
    """Pieces of one line, each with its size and how much it is raised."""
    x = LEFT
    for text, size, rise in pieces:
        paper.canvas.setFont("Helvetica", size)
        paper.canvas.drawString(x, paper.y + rise, text)
        x += paper.canvas.stringWidth(text, "Helvetica", size)
    paper.font()
    paper.y -= 15


def note(paper, text="1 A note of another guideline", from_top_mm=265):
    paper.down(from_top_mm)
    paper.font(size=8)
    paper.lines(text)
    paper.font()


def lines(paper):
    return [(s.page, line) for s in PdfReader().read(paper.output()).sections for line in s.text.split("\n")]


def test_a_note_does_not_cut_the_sentence_that_goes_over_the_page(paper):
    paper.lines("It is common. The cough is worse at")
    note(paper)
    paper.add_page()
    paper.lines("night and in the cold. It goes away.")
    assert lines(paper)[-3:] == [
        (1, "1 A note of another guideline"),
        (1, "It is common. The cough is worse at night and in the cold."),
        (2, "It goes away."),
    ]


def test_a_note_below_a_sentence_that_ended_stays_where_it_is(paper):
    paper.lines("It is common.")
    note(paper)
    paper.add_page()
    paper.lines("It goes away.")
    assert [line for _, line in lines(paper)][-2:] == ["1 A note of another guideline", "It goes away."]


def test_a_note_below_a_list_stays_below_it(paper):
    paper.lines("Ask for:", "- fever", "- cough")
    note(paper)
    paper.add_page()
    paper.lines("It goes away.")
    assert [line for _, line in lines(paper)][-4:-1] == ["fever", "cough", "1 A note of another guideline"]


def test_the_mark_of_a_note_that_stands_alone_is_left_out_and_the_line_goes_on(paper):
    beside(paper, ("The Ministry of Health", 11, 0), (" 12 ", 6, 9), ("asks for reports.", 11, 0))
    assert lines(paper)[-1] == (1, "The Ministry of Health asks for reports.")


def test_a_small_number_on_the_line_is_no_mark(paper):
    beside(paper, ("The dose is", 11, 0), (" 12 ", 6, 0), ("drops.", 11, 0))
    assert lines(paper)[-1][1].split() == ["The", "dose", "is", "12", "drops."]
