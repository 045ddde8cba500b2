import pytest

from ingestion.readers.encoding import decode
from ingestion.readers.html import HtmlReader
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.text import TextReader
from services.core.errors import DocumentError

SIMPLIFIED = (
    "成人社区获得性肺炎指南。患者咳嗽、发热三天，血氧饱和度低于百分之九十二时应立即转诊。"
    "治疗：阿莫西林每日三次，每次500毫克。"
)
TRADITIONAL = (
    "成人社區獲得性肺炎指南。患者咳嗽、發熱三天，血氧飽和度低於百分之九十二時應立即轉診。"
    "治療：阿莫西林每日三次，每次500毫克。"
)
ENGLISH = "Give oxygen if saturation is below 92 % – the patient’s cough “stays” at 38 °C ± 1, as Müller says. " * 3
RUSSIAN = "Больной кашляет три дня, температура выше 38. Назначить амоксициллин по 500 мг три раза в день."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", ["咳嗽", SIMPLIFIED, ENGLISH])
def test_unicode_is_read_without_a_guess(text, encoding):
    decoded = decode(text.encode(encoding))
    assert (decoded.text, decoded.notes) == (text, ())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "gbk"),
        (SIMPLIFIED, "utf-16-le"),
        (SIMPLIFIED, "utf-16-be"),
        (TRADITIONAL, "big5"),
        (RUSSIAN, "cp1251"),
        (ENGLISH, "utf-16-le"),
        ("Fever is 38 °C or more.", "cp1252"),
        ("A long text in plain letters. " * 20 + "Ménière’s disease is rare – see Müller.", "cp1252"),
    ],
)
def test_a_likely_guess_is_taken_and_told(text, encoding):
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert "guessed" in decoded.notes[0]


@pytest.mark.parametrize(
    "content",
    [
        "咳嗽".encode("gbk"),
        ("Cough (咳嗽) is common in adults and goes away. " * 3).encode("gb18030"),
        "咳嗽時應立即轉診".encode("big5"),
        b"\xff",
        b"Fever \xff\xfe\xfd\xfc or more.",
    ],
)
def test_what_may_mean_several_things_is_refused(content):
    with pytest.raises(DocumentError) as failed:
        decode(content)
    assert failed.value.kind == "unknown_encoding"


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n", b"PK\x03\x04more", b"a\x00b", bytes(range(256)) * 4, b"\x01\x02\x03\x04 text", b"\x89PNG\r\n",
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(content):
    with pytest.raises(DocumentError) as failed:
        decode(content)
    assert failed.value.kind == "unsupported"


def test_a_page_break_of_an_old_text_is_no_sign_of_a_binary_file():
    assert decode(b"Rest.\x0c\nDrink.\x1a").text == "Rest.\x0c\nDrink."


def test_line_ends_become_line_feeds():
    assert decode(b"a\r\nb\rc\nd").text == "a\nb\nc\nd"


def test_what_is_declared_decides_before_a_guess():
    assert decode("咳嗽".encode("gbk"), "gb2312").text == "咳嗽"
    assert decode("咳嗽".encode(), "big5").text == "咳嗽"


@pytest.mark.parametrize(
    ("reader", "start", "end"),
    [(TextReader(), "", ""), (MarkdownReader(), "# 指南\n\n", ""), (HtmlReader(), "<p>", "</p>")],
)
@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_text_formats_are_read_in_chinese_encodings(reader, start, end, encoding):
    reading = reader.read(f"{start}{SIMPLIFIED}{end}".encode(encoding))
    assert reading.sections[0].text == SIMPLIFIED
    assert bool(reading.notes) == (encoding == "gb18030")
