import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.readers.markdown import MarkdownReader
from services.core.errors import DocumentError

GUIDELINE = """---
title: Asthma
language: en
---
Asthma is common. [^gina]

## Presentation
The cough is dry. [^gina] It is worse at night.

- Wheeze is often heard. [^gina] [^nice]
- Fever is usually
  absent. [^nice]

## Tests
### Children
1. A peak flow meter. [^gina]
2) A spirometer.
"""


def read(content):
    return MarkdownReader().read(content.encode())


def sentences(section):
    return [(section.text[s.start : s.end], s.sources) for s in section.sentences]


def test_headings_are_taken_from_the_outermost_inwards():
    assert [section.path for section in read(GUIDELINE).sections] == [(), ("Presentation",), ("Tests", "Children")]


def test_front_matter_is_no_text():
    reading = read(GUIDELINE)
    assert reading.metadata == {"title": "Asthma", "language": "en"}
    assert all("title" not in section.text for section in reading.sections)


def test_paragraphs_and_list_items_are_lines_without_marks():
    first, second, third = read(GUIDELINE).sections
    assert first.text == "Asthma is common."
    assert second.text.split("\n") == [
        "The cough is dry. It is worse at night.",
        "Wheeze is often heard.",
        "Fever is usually absent.",
    ]
    assert third.text.split("\n") == ["A peak flow meter.", "A spirometer."]


def test_source_keys_belong_to_the_sentence_before_them():
    _, presentation, _ = read(GUIDELINE).sections
    assert sentences(presentation) == [
        ("The cough is dry.", ("gina",)),
        ("It is worse at night.", ()),
        ("Wheeze is often heard.", ("gina", "nice")),
        ("Fever is usually absent.", ("nice",)),
    ]


def test_keys_after_two_sentences_belong_to_the_last():
    (section,) = read("One. Two. [^a]").sections
    assert sentences(section) == [("One.", ()), ("Two.", ("a",))]


def test_chinese_sentences_follow_each_other_without_a_space():
    (section,) = read(
        "---\ntitle: 咳嗽\nlanguage: zh\n---\n## 临床表现\n咳嗽以干咳为主。 [^a] 夜间明显。 [^b]\n"
    ).sections
    assert section.text == "咳嗽以干咳为主。夜间明显。"
    assert sentences(section) == [("咳嗽以干咳为主。", ("a",)), ("夜间明显。", ("b",))]


def test_without_front_matter_there_is_no_metadata_and_the_text_tells_the_language():
    reading = read("## 临床表现\n干咳。\n")
    assert reading.metadata is None
    assert reading.language == "zh"


def test_the_front_matter_tells_the_language():
    assert read("---\ntitle: x\nlanguage: fr\n---\nToux.").language == "fr"


def test_a_section_without_text_is_left_out():
    assert [section.path for section in read("# A\n\n## B\nText.\n## C\n").sections] == [("A", "B")]


def test_a_hash_inside_a_code_fence_is_no_heading():
    paths = [section.path for section in read("# A\nText.\n```\n# not a heading\n```\n").sections]
    assert paths == [("A",)]


def test_a_slash_in_a_heading_cuts_nothing():
    paths = [section.path for section in read("# HIV/AIDS #\nIntro.\n## Tests\nText.").sections]
    assert paths == [("HIV/AIDS",), ("HIV/AIDS", "Tests")]


@pytest.mark.parametrize("content", ["~~~\n# a\n```\n[^b]: c\n~~~\nText.", "```\n# a\n~~~\n[^b]: c\n```\nText."])
def test_fences_of_either_kind_are_known_and_are_no_text(content):
    (section,) = read(content).sections
    assert section.path == ()
    assert section.text.startswith("# a")
    assert section.text.endswith("\nText.")
    assert "```" not in section.text
    assert "~~~" not in section.text


def test_comments_and_definitions_of_keys_are_no_text():
    (section,) = read("<!-- a\n# b\n-->\nText. [^a]\n\n[^a]: A source.\n").sections
    assert (section.path, sentences(section)) == ((), [("Text.", ("a",))])


def test_a_key_inside_a_sentence_does_not_cut_it():
    (section,) = read("Cough [^a], fever [^b] and chills. More. [^c]").sections
    assert sentences(section) == [("Cough, fever and chills.", ("a", "b")), ("More.", ("c",))]


def test_a_key_may_touch_its_sentence():
    (section,) = read("Text.[^a] More").sections
    assert sentences(section) == [("Text.", ("a",)), ("More", ())]


def test_wrapped_chinese_lines_are_joined_without_a_space():
    assert read("咳嗽以\n干咳为主。").sections[0].text == "咳嗽以干咳为主。"


@pytest.mark.parametrize("content", ["", "\n\n", "---\ntitle: x\n---\n", "# Heading only\n", "[^a]\n"])
def test_a_file_without_text_is_refused(content):
    with pytest.raises(DocumentError):
        read(content)


def test_front_matter_that_is_not_yaml_is_refused_without_quoting_it():
    with pytest.raises(DocumentError) as caught:
        read("---\ntitle: [secret\nlanguage: en\n---\nText.")
    assert "secret" not in str(caught.value)
    assert "line" in str(caught.value)


LINES = st.lists(
    st.sampled_from(
        [
            "# Heading",
            "## Part #",
            "- item one. [^a]",
            "  2. item two",
            "A line. [^a][^b-c] Another",
            "",
            "咳嗽。 [^x]",
            "[^y]",
        ]
    ),
    max_size=12,
)


@given(LINES.map("\n".join))
def test_sentences_lie_in_the_text_in_order_and_no_mark_is_left(content):
    try:
        reading = read(content)
    except DocumentError:
        return
    for section in reading.sections:
        assert "[^" not in section.text
        assert section.text == section.text.strip()
        reach = 0
        for sentence in section.sentences:
            assert reach <= sentence.start < sentence.end <= len(section.text)
            assert "\n" not in section.text[sentence.start : sentence.end]
            reach = sentence.end


@pytest.mark.parametrize(
    "front",
    ["published: 2026-02-30", "published: !!timestamp soon", "a: " + "[" * 100_000, "a: &a [x]\nb: *a", "a: 1\na: 2"],
    ids=["no such day", "tag", "deep", "alias", "key twice"],
)
def test_front_matter_that_cannot_be_loaded_safely_is_refused(front):
    with pytest.raises(DocumentError, match="front matter: has"):
        MarkdownReader().read(f"---\n{front}\n---\n# A\n\nText.".encode())


@pytest.mark.parametrize("mark", ["+++", "{"])
def test_a_text_that_begins_like_another_format_is_text(mark):
    assert MarkdownReader().read(f"{mark}\nno front matter\n{mark}\n\nText.".encode()).metadata is None


def test_a_row_of_a_table_repeats_the_header_and_is_one_sentence():
    text = "Doses are low.\n\n| Drug | Dose |\n|:--|--:|\n| X | 5 mg. Once. |\n| Y \\| Z | 1 mg |\n\nAsk a doctor.\n"
    (section,) = MarkdownReader().read(text.encode()).sections
    assert section.text.split("\n") == [
        "Doses are low.",
        "Drug: X; Dose: 5 mg. Once.",
        "Drug: Y | Z; Dose: 1 mg",
        "Ask a doctor.",
    ]
    assert [section.text[s.start : s.end] for s in section.sentences] == section.text.split("\n")


def test_a_table_of_one_column_repeats_its_header():
    (section,) = MarkdownReader().read(b"| Technique |\n|---|\n| Pressure |\n").sections
    assert section.text == "Technique: Pressure"


def test_keys_in_a_row_belong_to_it():
    text = "a | b\n--|--\nX[^one] | 5 mg. Once.[^two]\n"
    (section,) = MarkdownReader().read(text.encode()).sections
    assert section.text == "a: X; b: 5 mg. Once."
    assert [sentence.sources for sentence in section.sentences] == [("one", "two")]


@pytest.mark.parametrize("text", ["Use A | B.\nNot C | D.", "A | B\n---\nRest."])
def test_pipes_alone_make_no_table(text):
    (section,) = MarkdownReader().read(f"# Cough\n\nStart.\n\n{text}".encode()).sections[-1:]
    assert "A:" not in section.text


def test_underlined_headings_are_headings():
    found = MarkdownReader().read(b"Cough\n=====\n\nRest.\n\nChildren\n--------\n\nAsk.\n").sections
    assert [(section.path, section.text) for section in found] == [
        (("Cough",), "Rest."),
        (("Cough", "Children"), "Ask."),
    ]


def test_a_hash_in_a_fence_is_no_heading():
    (section,) = MarkdownReader().read(b"# Cough\n\n~~~\n# Rest.\n~~~\n").sections
    assert (section.path, section.text) == (("Cough",), "# Rest.")
