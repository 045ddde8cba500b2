import pytest
from paper import LEFT, Paper

from ingestion.readers.pdf import PdfReader

HEADER = ("Drug", "Daily dose", "Note")
ROWS = [("Salbutamol", "100 µg", "As needed."), ("Budesonide", "200 µg", ""), ("Loratadine", "10 mg", "At night")]
BEFORE = "The doses of this invented table are low, and stand in it for as long as nobody knows better. " * 2


@pytest.fixture
def paper():
    made = Paper()
    made.text_block(BEFORE)
    return made


def put(paper, *rows, xs=(0, 150, 300), bold=True):
    """Rows without rules, the first in bold."""
    for number, row in enumerate(rows):
        paper.font(bold=bold and number == 0)
        for x, text in zip(xs, row, strict=True):
            if text:
                paper.canvas.drawString(LEFT + x, paper.y, text)
        paper.y -= 15
    paper.font()


def read(paper):
    """The lines after the first paragraph, whatever section they are in, and whether a table's row is a sentence."""
    sections = PdfReader().read(paper.output()).sections
    return "\n".join(section.text for section in sections).removeprefix(BEFORE.strip()).strip().split("\n")


def test_rows_below_a_bold_header_repeat_it(paper):
    put(paper, HEADER, *ROWS)
    paper.text_block("Ask a doctor.")
    assert read(paper) == [
        "Drug: Salbutamol; Daily dose: 100 µg; Note: As needed.",
        "Drug: Budesonide; Daily dose: 200 µg",
        "Drug: Loratadine; Daily dose: 10 mg; Note: At night",
        "Ask a doctor.",
    ]


def test_the_rest_of_a_cell_below_it_belongs_to_it(paper):
    put(paper, HEADER, *ROWS, ("", "", "and not before"))
    assert read(paper)[-1] == "Drug: Loratadine; Daily dose: 10 mg; Note: At night and not before"


def test_a_row_is_one_sentence(paper):
    put(paper, HEADER, ("X", "5 mg. Once.", "Z"), *ROWS)
    (section,) = PdfReader().read(paper.output()).sections
    assert "Drug: X; Daily dose: 5 mg. Once.; Note: Z" in [section.text[s.start : s.end] for s in section.sentences]


@pytest.mark.parametrize(
    "rows",
    [
        (HEADER, ROWS[0]),
        (HEADER, *ROWS, ("", "400 µg", "Adults")),
        (HEADER, *ROWS, ("and formoterol", "", ""), ("Ipratropium", "20 µg", "Daily")),
        (("1.", "Introduction", "of this"), *ROWS),
    ],
    ids=["one row", "a cell for two rows", "a first cell goes on", "numbers"],
)
def test_what_may_mean_something_else_stays_lines(paper, rows):
    put(paper, *rows)
    assert not any(": Salbutamol" in line for line in read(paper))


def test_a_header_that_is_not_bold_makes_no_table(paper):
    put(paper, HEADER, *ROWS, bold=False)
    assert not any(": Salbutamol" in line for line in read(paper))


def test_cells_that_begin_elsewhere_make_no_table(paper):
    put(paper, HEADER, xs=(0, 150, 300))
    put(paper, *ROWS, xs=(0, 180, 300), bold=False)
    assert not any(": Salbutamol" in line for line in read(paper))


def test_cells_printed_one_by_one_that_go_over_lines_make_no_table(paper):
    put(paper, HEADER, *ROWS)
    paper.canvas.drawString(LEFT, paper.y, "Ipratropium")
    paper.canvas.drawString(LEFT + 150, paper.y, "20 µg in the")
    paper.canvas.drawString(LEFT + 150, paper.y - 15, "morning")
    paper.canvas.drawString(LEFT + 300, paper.y, "Daily")
    assert not any(": Salbutamol" in line for line in read(paper))


def test_two_columns_printed_line_by_line_make_no_table(paper):
    left = [
        "The cough of asthma is dry and comes",
        "at night or in cold air, and it often",
        "follows exercise or a cold in winter",
    ]
    right = [
        "A chest x-ray is normal in most of",
        "them, and it is not put off for more",
        "than a week if there is any fever.",
    ]
    put(paper, ("Presentation", "Investigations"), *zip(left, right, strict=True), xs=(0, 220))
    assert not any("Presentation:" in line or "Investigations:" in line for line in read(paper))
