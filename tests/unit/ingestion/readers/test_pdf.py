from contextlib import suppress

import pytest
from paper import Paper

from ingestion.chunk import chunk_document
from ingestion.readers.pdf import PdfReader
from ingestion.readers.ruled import readable
from services.core.errors import DocumentError
from services.core.types import Condition, Document

FILLER = "The cough stays for a while and the patient rests at home as long as the fever goes on. "


@pytest.fixture
def paper():
    return Paper()


def sections(paper):
    return PdfReader().read(paper.output()).sections


def parts(paper):
    return [(section.path, section.text) for section in sections(paper)]


def test_larger_and_bold_lines_are_headings(paper):
    paper.heading("Asthma", 20)
    paper.text_block(FILLER * 3)
    paper.heading("Treatment", 14)
    paper.text_block("Rest at home.")
    paper.heading("Children", 11)
    paper.text_block("Ask a doctor.")
    paper.heading("Gout", 20)
    paper.text_block("Rest.")
    assert parts(paper) == [
        (("Asthma",), (FILLER * 3).strip()),
        (("Asthma", "Treatment"), "Rest at home."),
        (("Asthma", "Treatment", "Children"), "Ask a doctor."),
        (("Gout",), "Rest."),
    ]


def test_numbering_alone_makes_headings_of_its_depth(paper):
    paper.lines("1.1 Presentation")
    paper.y -= 8
    paper.text_block(FILLER)
    paper.lines("1.1.1 Red flags")
    paper.y -= 8
    paper.text_block("Blood in the sputum.")
    assert [path for path, _ in parts(paper)] == [
        ("1.1 Presentation",),
        ("1.1 Presentation", "1.1.1 Red flags"),
    ]


def test_a_heading_over_two_lines_is_one(paper):
    paper.heading("Management of cough that stays for\nmore than eight weeks", 18)
    paper.text_block(FILLER)
    assert parts(paper)[0][0] == ("Management of cough that stays for more than eight weeks",)


def test_a_bold_line_that_goes_on_is_no_heading(paper):
    paper.text_block(FILLER)
    paper.font(bold=True)
    paper.lines("Give oxygen to all adults whose saturation is")
    paper.font()
    paper.lines("below ninety percent.")
    ((path, text),) = parts(paper)
    assert path == ()
    assert "whose saturation is below ninety percent." in text


def test_list_items_are_lines_without_marks(paper):
    paper.lines("Ask for:", "- a cough that is dry or worse at night and that", "does not go away", "- fever")
    paper.lines("1. blood", "2. pain")
    text = "Ask for:\na cough that is dry or worse at night and that does not go away\nfever\nblood\npain"
    assert parts(paper) == [((), text)]


def test_a_dash_at_the_start_of_a_wrapped_line_belongs_to_its_sentence(paper):
    paper.lines(
        "The dose is lowered step by step, from 20 mg in the morning down to 5", "- 10 mg a day, if all goes well."
    )
    paper.lines("It is lowered further", "- not at once", "- if nothing comes back")
    assert parts(paper)[0][1].split("\n") == [
        "The dose is lowered step by step, from 20 mg in the morning down to 5 - 10 mg a day, if all goes well.",
        "It is lowered further",
        "not at once",
        "if nothing comes back",
    ]


def test_each_section_lies_on_one_page_and_chunks_know_it(paper):
    paper.heading("Asthma")
    paper.text_block(FILLER)
    paper.add_page()
    paper.text_block("Second page.")
    found = sections(paper)
    assert [(section.path, section.page) for section in found] == [(("Asthma",), 1), (("Asthma",), 2)]
    document = Document("d", "Asthma", "en", Condition("asthma", {"en": "Asthma"}), "asthma.pdf", "0" * 64)
    assert [chunk.page for chunk in chunk_document(document, found, lambda text: len(text.split()), 256)] == [1, 2]


def test_a_sentence_over_two_pages_belongs_to_the_page_where_it_begins(paper):
    paper.lines("- It is common. The cough is worse at")
    paper.add_page()
    paper.lines("night and in the cold. It goes away.")
    assert [(section.text, section.page) for section in sections(paper)] == [
        ("It is common. The cough is worse at night and in the cold.", 1),
        ("It goes away.", 2),
    ]


def test_running_lines_and_page_numbers_are_left_out():
    made = Paper("Guideline 2024", numbered=True)
    for number in range(4):
        if number:
            made.add_page()
        made.text_block(f"Text of part {number}. Guideline 2024 says so.")
    assert [text for _, text in parts(made)] == [f"Text of part {n}. Guideline 2024 says so." for n in range(4)]


def test_a_chapter_of_one_page_has_its_name_where_the_others_have_theirs(paper):
    for number, name in enumerate(["METHODS", "METHODS", "METHODS", "RESULTS", "RESULTS", "RESULTS", "BURDEN"]):
        if number:
            paper.add_page()
        paper.down(12)
        paper.lines(name)
        paper.down(40)
        paper.text_block(f"Text of part {number} goes on")
    assert all(name not in text for _, text in parts(paper) for name in ("METHODS", "RESULTS", "BURDEN"))


def test_text_that_begins_where_a_few_pages_repeat_a_line_is_kept(paper):
    for number in range(8):
        if number:
            paper.add_page()
        paper.down(12)
        paper.text_block(
            "See page 9 for doses." if number < 3 else f"The text of page {'abcdefgh'[number]} begins here."
        )
        paper.text_block("It goes on.")
    assert sum("begins here" in text for _, text in parts(paper)) == 5


def test_what_stands_in_the_band_once_is_kept(paper):
    paper.down(8)
    paper.lines("Not for children.")
    paper.down(60)
    paper.text_block(FILLER)
    assert parts(paper)[0][1].startswith("Not for children.")


def test_lines_of_a_table_of_contents_are_left_out(paper):
    paper.lines("Treatment ................... 12", "Rest at home.")
    assert parts(paper) == [((), "Rest at home.")]


def test_hyphenation_is_joined_and_hyphens_of_words_are_kept(paper):
    paper.lines("Each hospital gives infor-", "mation on long-", "term care. The long and the short", "term.")
    assert parts(paper) == [((), "Each hospital gives information on long-term care. The long and the short term.")]


def test_two_columns_are_read_one_after_the_other(paper):
    left = "The left column tells of the cough", "and of all that is known about it."
    paper.down(40)
    paper.lines(*left)
    paper.down(40)
    paper.lines("The right column tells of", "the treatment.", x=330)
    assert parts(paper)[0][1] == f"{' '.join(left)}\nThe right column tells of the treatment."


def test_a_row_of_a_ruled_table_repeats_the_header(paper):
    paper.text_block("Doses are low.")
    paper.rows(("Drug", "Dose"), ("X", "5 mg. Once."), ("Y", "1 mg"))
    paper.text_block("Ask a doctor.")
    (section,) = sections(paper)
    assert section.text.split("\n") == [
        "Doses are low.",
        "Drug: X; Dose: 5 mg. Once.",
        "Drug: Y; Dose: 1 mg",
        "Ask a doctor.",
    ]
    assert "Drug: X; Dose: 5 mg. Once." in [section.text[s.start : s.end] for s in section.sentences]


def test_a_table_that_goes_on_keeps_its_header(paper):
    paper.rows(("Drug", "Dose"), ("X", "5 mg"))
    paper.add_page()
    paper.rows(("Y", "daily"), ("Z", "weekly"))
    assert [(section.page, section.text) for section in sections(paper)] == [
        (1, "Drug: X; Dose: 5 mg"),
        (2, "Drug: Y; Dose: daily\nDrug: Z; Dose: weekly"),
    ]


def test_the_margin_of_a_shaded_cell_is_no_column(paper):
    top = paper.y
    paper.canvas.grid([57, 157, 257], [top, top - 20, top - 40])
    paper.canvas.grid([57, 157, 162, 252, 257], [top + 20, top])
    for row, texts in enumerate([("Drug", "Dose"), ("X", "5 mg"), ("Y", "1 mg")]):
        for x, text in zip((60, 165), texts, strict=True):
            paper.canvas.drawString(x, top + 6 - 20 * row, text)
    assert parts(paper) == [((), "Drug: X; Dose: 5 mg\nDrug: Y; Dose: 1 mg")]


def test_a_table_goes_on_below_running_lines_that_were_drawn_before_it():
    paper = Paper("Guideline 2024", numbered=True)
    paper.rows(("Drug", "Dose"), ("X", "5 mg"))
    paper.add_page()
    paper.rows(("Y", "daily"), ("Z", "weekly"))
    assert [text for _, text in parts(paper)] == ["Drug: X; Dose: 5 mg", "Drug: Y; Dose: daily\nDrug: Z; Dose: weekly"]


def test_a_header_alone_at_the_end_of_a_page_names_the_columns_on_the_next(paper):
    paper.text_block(FILLER)
    paper.rows(("Drug", "Dose"))
    paper.add_page()
    paper.rows(("Y", "daily"), ("Z", "weekly"))
    assert [(section.page, section.text.split("\n")[-2:]) for section in sections(paper)] == [
        (1, [FILLER.strip(), "Drug Dose"]),
        (2, ["Drug: Y; Dose: daily", "Drug: Z; Dose: weekly"]),
    ]


def test_a_last_row_alone_on_the_next_page_keeps_the_header(paper):
    paper.rows(("Drug", "Dose"), ("X", "5 mg"))
    paper.add_page()
    paper.rows(("Y", "daily"))
    assert [(section.page, section.text) for section in sections(paper)] == [
        (1, "Drug: X; Dose: 5 mg"),
        (2, "Drug: Y; Dose: daily"),
    ]


def test_a_frame_with_two_fields_is_read_as_lines(paper):
    paper.text_block(FILLER)
    paper.rows(("Take care", "Ask a doctor"))
    assert "Take care Ask a doctor" in sections(paper)[0].text


@pytest.mark.parametrize("glyph", ["\x9f", "\uf0b7"])
def test_a_glyph_of_a_symbol_font_is_a_bullet_at_the_start_and_nothing_elsewhere(glyph):
    assert readable(f" {glyph} fever and{glyph} pain") == "• fever and pain"


def test_an_encrypted_file_is_refused():
    paper = Paper(password="u")  # noqa: S106
    paper.lines("Secret.")
    with pytest.raises(DocumentError, match=r"^encrypted: needs a password"):
        sections(paper)


def test_a_file_of_drawings_only_is_refused(paper):
    paper.canvas.rect(10, 10, 50, 50)
    with pytest.raises(DocumentError, match=r"^has no text: images or drawings only"):
        sections(paper)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"plain text", b"\x00" * 100])
def test_a_broken_file_is_refused_without_a_quote(content):
    with pytest.raises(DocumentError, match=r"^broken: not a readable PDF$"):
        PdfReader().read(content)


def test_a_file_that_was_cut_off_is_read_or_refused(paper):
    paper.rows(("Drug", "Dose"), ("X", "5 mg"))
    content = paper.output()
    for length in range(0, len(content), max(1, len(content) // 40)):
        with suppress(DocumentError):
            PdfReader().read(content[:length])
