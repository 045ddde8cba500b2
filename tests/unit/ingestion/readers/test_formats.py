"""One guideline in four formats reads the same."""

import io

import docx
import pytest
from paper import Paper

from ingestion.readers.docx import DocxReader
from ingestion.readers.html import HtmlReader
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.pdf import PdfReader

GUIDELINE = [
    (
        "Chronic cough",
        1,
        ["A cough is chronic if it lasts for more than eight weeks. Asthma and reflux are common causes."],
    ),
    ("Presentation", 2, ["The cough is dry. It is worse at night and in cold air, and it may come with a wheeze."]),
    ("Red flags", 2, ["Blood in the sputum.", "Loss of weight without a reason."]),
    ("Treatment", 2, ["Treat the cause first."]),
    ("Children", 3, ["Honey helps from the age of one year. Do not give codeine to children under twelve years."]),
]
ROWS = [
    ("Drug", "Dose", "Note"),
    ("Salbutamol", "100 micrograms", "As needed."),
    ("Budesonide", "200 micrograms", "Daily"),
]


def markdown():
    blocks = [f"{'#' * level} {title}\n\n" + "\n\n".join(lines) for title, level, lines in GUIDELINE]
    return "\n\n".join(blocks).encode()


def html():
    blocks = [
        f"<h{level}>{title}</h{level}>" + "".join(f"<p>{line}</p>" for line in lines)
        for title, level, lines in GUIDELINE
    ]
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in ROWS)
    return f"<nav>Home</nav>{''.join(blocks)}<table>{rows}</table>".encode()


def word():
    document = docx.Document()
    for title, level, lines in GUIDELINE:
        document.add_heading(title, level)
        for line in lines:
            document.add_paragraph(line)
    table = document.add_table(len(ROWS), len(ROWS[0]))
    for row, texts in zip(table.rows, ROWS, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def pdf():
    paper = Paper()
    for title, level, lines in GUIDELINE:
        paper.heading(title, 24 - 4 * level)
        for line in lines:
            paper.text_block(line)
    paper.rows(*ROWS)
    return paper.output()


def told(reading):
    return [(s.path, [s.text[at.start : at.end] for at in s.sentences]) for s in reading.sections]


@pytest.mark.parametrize(("reader", "made"), [(HtmlReader(), html), (DocxReader(), word), (PdfReader(), pdf)])
def test_a_guideline_reads_the_same_in_each_format(reader, made):
    expected = told(MarkdownReader().read(markdown()))
    expected[-1][1].extend(
        [
            "Drug: Salbutamol; Dose: 100 micrograms; Note: As needed.",
            "Drug: Budesonide; Dose: 200 micrograms; Note: Daily",
        ]
    )
    assert told(reader.read(made())) == expected
