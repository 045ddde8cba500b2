"""Each way in which a file can be refused has a kind that a program can act on."""

import io
import zipfile

import pytest
from paper import Paper

from ingestion.readers.docx import DocxReader
from ingestion.readers.html import HtmlReader
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.pdf import PdfReader
from ingestion.readers.text import TextReader
from services.core.errors import DocumentError


def empty_pdf():
    paper = Paper()
    paper.canvas.rect(10, 10, 50, 50)
    return paper.output()


def locked_pdf():
    paper = Paper(password="u")  # noqa: S106
    paper.lines("Rest.")
    return paper.output()


def other_zip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "a")
    return file.getvalue()


@pytest.mark.parametrize(
    ("reader", "content", "kind"),
    [
        (TextReader(), b" \n", "no_text"),
        (TextReader(), "咳嗽".encode("gbk"), "unknown_encoding"),
        (TextReader(), b"\x89PNG\r\n\x1a\n", "unsupported"),
        (MarkdownReader(), b"# Heading only\n", "no_text"),
        (MarkdownReader(), b"---\ntitle: [\n---\nRest.\n", "metadata_invalid"),
        (MarkdownReader(), b"---\npublished: 2024-13-45\n---\nRest.\n", "metadata_invalid"),
        (HtmlReader(), b"", "no_text"),
        (HtmlReader(), b"<div>" * 5000 + b"Rest.", "too_large"),
        (PdfReader(), b"%PDF-1.7\n", "broken"),
        (PdfReader(), empty_pdf(), "no_text"),
        (PdfReader(), locked_pdf(), "encrypted"),
        (DocxReader(), b"plain text", "broken"),
        (DocxReader(), other_zip(), "broken"),
        (DocxReader(), b"\xd0\xcf\x11\xe0" + b"\x00" * 100, "encrypted"),
    ],
)
def test_a_refusal_has_a_kind(reader, content, kind):
    with pytest.raises(DocumentError) as failed:
        reader.read(content)
    assert failed.value.kind == kind


def test_a_kind_is_given_where_none_is_named():
    assert DocumentError("is wrong").kind == "invalid"
