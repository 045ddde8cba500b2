import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.readers.text import TextReader
from services.core.errors import DocumentError


def read(content):
    return TextReader().read(content.encode())


def parts(content):
    return [(section.path, section.text) for section in read(content).sections]


def test_capitalised_lines_are_headings():
    assert parts("BRONCHIAL ASTHMA\nA disease of the airways.\nTREATMENT:\nRest.") == [
        (("BRONCHIAL ASTHMA",), "A disease of the airways."),
        (("TREATMENT",), "Rest."),
    ]


def test_a_known_wording_is_a_part_of_a_capitalised_heading():
    assert parts("ASTHMA\nClinical features\nWheeze.\nTreatment\nRest.") == [
        (("ASTHMA", "Clinical features"), "Wheeze."),
        (("ASTHMA", "Treatment"), "Rest."),
    ]


def test_a_known_wording_alone_opens_a_section():
    assert parts("Introduction\nCommon.\n\nTreatment\nRest.") == [
        (("Introduction",), "Common."),
        (("Treatment",), "Rest."),
    ]


def test_chinese_headings_are_known():
    assert parts("临床表现\n干咳。\n\n治疗\n休息。") == [(("临床表现",), "干咳。"), (("治疗",), "休息。")]


def test_wrapped_lines_are_joined():
    assert parts("The cough is dry and\nworse at night.") == [((), "The cough is dry and worse at night.")]


def test_wrapped_chinese_lines_are_joined_without_a_space():
    assert parts("咳嗽以\n干咳为主，\n夜间明显。") == [((), "咳嗽以干咳为主，夜间明显。")]
    assert parts("剂量为\n5 mg。") == [((), "剂量为 5 mg。")]


def test_a_number_at_the_start_of_a_wrapped_line_is_kept():
    assert parts("The usual score is\n5. It may fall.") == [((), "The usual score is 5. It may fall.")]


@pytest.mark.parametrize("content", ["Ask for\n1. cough\n2. fever", "Ask for:\n1. cough\n2. fever"])
def test_numbered_items_stay_items(content):
    assert parts(content)[0][1].split("\n")[1:] == ["cough", "fever"]


def test_a_hyphen_at_the_end_of_a_line_is_kept():
    assert parts("It is a non-\nproductive cough.") == [((), "It is a non-productive cough.")]


def test_list_items_are_lines_without_marks():
    assert parts("There are:\n• cough\n- wheeze\n1. fever\n(b) chills\no rash") == [
        ((), "There are:\ncough\nwheeze\nfever\nchills\nrash")
    ]


def test_a_blank_line_ends_a_paragraph():
    assert parts("one\n\ntwo") == [((), "one\ntwo")]


def test_a_line_that_goes_on_after_a_comma_is_joined():
    assert parts("Give fluids,\nRest and warmth.") == [((), "Give fluids, Rest and warmth.")]


def test_short_capitals_are_no_heading():
    assert parts("Ask for:\nTB\nHIV") == [((), "Ask for:\nTB\nHIV")]


def test_sentences_are_where_they_say():
    (section,) = read("The cough is dry. It stays.\n\nSee a doctor.").sections
    assert [section.text[s.start : s.end] for s in section.sentences] == [
        "The cough is dry.",
        "It stays.",
        "See a doctor.",
    ]
    assert all(s.sources == () for s in section.sentences)


def test_there_is_no_metadata_and_the_text_tells_the_language():
    assert read("干咳。").metadata is None
    assert (read("干咳。").language, read("A cough.").language) == ("zh", "en")


@pytest.mark.parametrize("content", ["", "\n \n", "ONLY A HEADING", "TREATMENT\n\nPREVENTION"])
def test_a_file_without_text_is_refused(content):
    with pytest.raises(DocumentError):
        read(content)


LINES = st.lists(
    st.sampled_from(
        ["TREATMENT", "Symptoms", "• cough", "1) rest", "goes on", "A line.", "", "干咳。", "治疗", "ends-", "-"]
    ),
    max_size=12,
)


@given(LINES)
def test_sentences_lie_in_the_text_in_order(lines):
    try:
        reading = read("\n".join(lines))
    except DocumentError:
        return
    for section in reading.sections:
        reach = 0
        for sentence in section.sentences:
            assert reach <= sentence.start < sentence.end <= len(section.text)
            reach = sentence.end


@given(LINES)
def test_no_word_is_lost(lines):
    try:
        reading = read("\n".join(lines))
    except DocumentError:
        return
    left = " ".join(f"{' '.join(section.path)} {section.text}" for section in reading.sections)
    for word in ("cough", "rest", "goes", "line", "干咳", "ends"):
        assert left.count(word) == " ".join(lines).count(word)


@pytest.mark.parametrize("mark", [*"•●▪■◼□◆❖➢►▶‣◦○✓・", "· ", "– ", "* "])
def test_whatever_the_list_mark_each_item_is_a_line(mark):
    assert parts(f"Ask for\n{mark}fever\n{mark}12 - 14 days of cough") == [
        ((), "Ask for\nfever\n12 - 14 days of cough")
    ]


def test_a_decimal_without_a_zero_is_no_list_mark():
    assert parts("The dose:\n·5 mg") == [((), "The dose:\n·5 mg")]


def test_a_wrapped_word_that_headings_have_belongs_to_its_sentence():
    text = (
        "INVESTIGATIONS\nA swab is the gold standard for\ndiagnosis\n- Markers like\nCEA, CA 19-9\n\nTREATMENT\nRest."
    )
    assert parts(text) == [
        (("INVESTIGATIONS",), "A swab is the gold standard for diagnosis\nMarkers like CEA, CA 19-9"),
        (("TREATMENT",), "Rest."),
    ]


def test_a_known_heading_after_a_sentence_that_somebody_cut_off_is_one():
    assert parts("ASTHMA\nIt is usual in\nTreatment\nRest.")[1] == (("ASTHMA", "Treatment"), "Rest.")


def test_a_table_between_pipes_repeats_its_header():
    text = "TREATMENT\nRest.\n| **Drug** | Dose |\n|---|---|\n| X | 5 mg. Once. |\n| Y | |\nAsk."
    (section,) = read(text).sections
    assert section.text == "Rest.\nDrug: X; Dose: 5 mg. Once.\nDrug: Y\nAsk."
    assert [section.text[s.start : s.end] for s in section.sentences] == section.text.split("\n")


@pytest.mark.parametrize("caption", ["# Table 2: Doses", "## Doses"])
def test_a_caption_with_hashes_is_a_line_since_the_text_after_the_table_is_not_below_it(caption):
    text = f"TREATMENT\nRest.\n{caption}\n\n| Drug | Dose |\n|--|--|\n| X | 5 mg |\n\nAsk."
    assert parts(text) == [(("TREATMENT",), f"Rest.\n{caption.lstrip('# ')}\nDrug: X; Dose: 5 mg\nAsk.")]


def test_lines_with_hashes_are_headings_of_their_depth():
    assert parts("ASTHMA\n# Treatment of adults\nRest.\n## At night\nSleep.\n# 2 of 3 do\nwell.") == [
        (("ASTHMA", "Treatment of adults"), "Rest."),
        (("ASTHMA", "Treatment of adults", "At night"), "Sleep.\n# 2 of 3 do well."),
    ]


def test_frames_drawn_with_characters_are_no_text():
    assert parts("┌──────────┐\n│ Contact 1 │\n├──────────┤\n│ Contact 2 │\n└──────────┘") == [
        ((), "Contact 1\nContact 2")
    ]
