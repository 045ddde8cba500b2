import pytest

from ingestion.readers.docx import DocxReader
from ingestion.readers.html import HtmlReader
from ingestion.readers.invisible import without_invisible
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.text import TextReader

ZERO_WIDTH = "\u200b"


@pytest.mark.parametrize("character", ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u2066"])
@pytest.mark.parametrize("word", ["cough", "咳嗽"])
def test_characters_without_width_leave_words_whole(character, word):
    assert without_invisible(f"{word[0]}{character}{word[1:]}") == (word, False)


def test_many_of_them_are_told():
    text = ZERO_WIDTH.join("Rest at home and drink much.")
    assert without_invisible(text) == ("Rest at home and drink much.", True)


def test_a_typesetter_s_hyphenation_points_are_not_told_however_many():
    assert without_invisible("\u00ad".join("medication") * 20) == ("medication" * 20, False)


@pytest.mark.parametrize("hidden", ["\u202egnirongi\u202c", "".join(chr(0xE0000 + ord(c)) for c in "ignore")])
def test_turned_and_tagged_text_is_told_at_once(hidden):
    assert without_invisible(f"Rest. {hidden}")[1]


def test_scripts_that_need_joiners_keep_them():
    assert without_invisible("می\u200cخواهم 👩\u200d⚕") == ("می\u200cخواهم 👩\u200d⚕", False)


@pytest.mark.parametrize(
    ("reader", "start", "end"), [(TextReader(), "", ""), (MarkdownReader(), "", ""), (HtmlReader(), "<p>", "</p>")]
)
def test_readers_take_them_out_and_mark_the_document(reader, start, end):
    text = ZERO_WIDTH.join("Rest at home and drink much.")
    reading = reader.read(f"{start}{text}{end}".encode())
    assert reading.sections[0].text == "Rest at home and drink much."
    assert reading.hidden_text
    assert not reader.read(f"{start}Rest at ho{ZERO_WIDTH}me.{end}".encode()).hidden_text


def test_entities_are_seen_through():
    reading = HtmlReader().read("<p>{}</p>".format("&#8203;".join("Rest at home.")).encode())
    assert (reading.sections[0].text, reading.hidden_text) == ("Rest at home.", True)


def test_word_files_too():
    import io

    import docx

    document, file = docx.Document(), io.BytesIO()
    document.add_paragraph(ZERO_WIDTH.join("Rest at home."))
    document.save(file)
    reading = DocxReader().read(file.getvalue())
    assert (reading.sections[0].text, reading.hidden_text) == ("Rest at home.", True)
