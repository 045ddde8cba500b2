from pathlib import Path

import pytest

from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.reader import decode, reader_for
from ingestion.readers.text import TextReader
from services.core.errors import DocumentError

READERS = (MarkdownReader(), TextReader())


def test_a_byte_order_mark_is_no_text():
    assert decode(b"\xef\xbb\xbf" + "咳嗽".encode()) == "咳嗽"


def test_line_ends_become_line_feeds():
    assert decode(b"a\r\nb\rc\nd") == "a\nb\nc\nd"


@pytest.mark.parametrize("content", ["咳嗽".encode("gbk"), "咳嗽".encode("utf-16"), b"a\x00b", b"\xff"])
def test_what_is_not_utf_8_text_is_refused(content):
    with pytest.raises(DocumentError):
        decode(content)


@pytest.mark.parametrize(
    ("name", "reader"),
    [("a.md", READERS[0]), ("a.MARKDOWN", READERS[0]), ("a.b.TXT", READERS[1]), ("a.pdf", None), ("md", None)],
)
def test_the_ending_chooses_the_reader(name, reader):
    assert reader_for(Path(name), READERS) is reader
