from pathlib import Path

import pytest

from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.reader import reader_for
from ingestion.readers.text import TextReader

READERS = (MarkdownReader(), TextReader())


@pytest.mark.parametrize(
    ("name", "reader"),
    [("a.md", READERS[0]), ("a.MARKDOWN", READERS[0]), ("a.b.TXT", READERS[1]), ("a.pdf", None), ("md", None)],
)
def test_the_ending_chooses_the_reader(name, reader):
    assert reader_for(Path(name), READERS) is reader
