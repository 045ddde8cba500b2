"""One guideline, written down once and printed in four formats, reads the same down to its sentences."""

import io
import re
import unicodedata
from html import escape
from itertools import chain, groupby

import docx
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from ingestion.readers.docx import DocxReader
from ingestion.readers.html import HtmlReader
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.pdf import PdfReader
from ingestion.sections import role_of
from services.core.text import sentence_spans

ENGLISH = [
    ("h1", "Persistent cough in adults"),
    (
        "p",
        "This invented guideline is about adults who have coughed for **more than eight weeks**. It was tried in three "
        "small practices between Zürich and Übersee, whose doctors – most of them working alone – asked for something "
        "short. Doses stand in the table; what a hospital does is left to the hospital.",
    ),
    ("h2", "Clinical features"),
    (
        "p",
        "The cough of asthma is dry, comes at night or in cold air, and often follows exercise. The cough of reflux "
        "comes after meals and when lying down, e.g. in the first hour of sleep. Drugs that lower the blood pressure "
        "cause a dry cough in about 10 % of those who take them; it goes away 1–4 weeks after the last tablet.",
    ),
    ("p", "Ask every person with a cough for all of these:"),
    (
        "ul",
        [
            "how long it has lasted, and what was there before it began",
            "**Smoking**, now or in the past, and the dust, fumes and animals that the person meets at work or at home "
            "on an ordinary day",
            "heartburn, a blocked nose, and fever above 38.5 °C",
        ],
    ),
    ("h2", "Red flags"),
    ("p", "Send the person to a hospital **on the same day** for any of these."),
    (
        "ul",
        [
            "Blood in the sputum.",
            "Breathlessness at rest, or a saturation below 92 %.",
            "Fewer than 100 × 10⁹/L platelets.",
        ],
    ),
    ("h2", "Investigations"),
    ("p", "Do these in order, and stop when the cause is found:"),
    (
        "ol",
        [
            "A chest x-ray, whatever the history says. It is normal in most people; it must not be put off.",
            "Spirometry before and after salbutamol.",
            "A trial of treatment for eight weeks.",
        ],
    ),
    ("h2", "Treatment"),
    (
        "p",
        "Treat what is likely before you treat what is rare. The doctors who tried this guideline found that four of "
        "five coughs had ended after twelve weeks, and that most of the others belonged to people who still smoked. "
        "Nobody should take a cough suppressant for longer than a week. The person comes back after four weeks, and "
        "again after eight; a cough that has not changed by then is looked at anew, from the history onwards. Do not "
        "add a second drug before the first has had its time – that is how lists of seven drugs begin. Stop what has "
        "not helped. Write down what was stopped, when it was stopped and why, so that nobody begins it again.",
    ),
    ("h3", "Drug treatment"),
    (
        "table",
        [
            ["Drug", "Daily dose", "For how long", "Note"],
            ["Budesonide", "400 µg inhaled", "8 weeks", "Rinse the mouth. Not for Sjögren's disease without advice."],
            ["Omeprazole", "20–40 mg", "8 weeks", "Before breakfast"],
            ["Loratadine", "10 mg", "", "Makes **few people** tired"],
            ["Ipratropium", "80 µg", "2 weeks", "Not above 40 kg/m², or below 18"],
        ],
    ),
    ("p", "No antibiotic is on this list. A cough without fever does not need one."),
    ("h3", "Self-care"),
    (
        "p",
        "Warm drinks, honey and moist air help as much as most syrups do. Smokers who stop cough more in the first "
        "two weeks and less after that; tell them before they stop.",
    ),
    ("h2", "Follow-up"),
    ("p", "See the person again after four weeks. Measure what was measured before – and write both numbers down."),
]
CHINESE = [
    ("h1", "成人慢性咳嗽"),
    ("p", "咳嗽持续超过**八周**称为慢性咳嗽。本指南为测试而编写，适用于没有肺部疾病史的成年人，不适用于儿童和孕妇。"),
    ("h2", "临床表现"),
    ("p", "哮喘引起的咳嗽多为干咳，夜间或接触冷空气时加重。反流引起的咳嗽多在饭后或平卧时出现，可伴有烧心和反酸。"),
    ("h2", "检查"),
    ("ol", ["所有患者均应拍摄胸片。", "肺功能检查和支气管舒张试验。"]),
    ("h2", "治疗"),
    ("h3", "药物治疗"),
    (
        "table",
        [
            ["药物", "每日剂量", "疗程"],
            ["布地奈德", "400微克", "八周"],
            ["奥美拉唑", "20毫克", "八周"],
            ["氯雷他定", "10毫克", "两周"],
        ],
    ),
    ("h3", "生活方式"),
    ("ul", ["戒烟。", "睡前三小时不进食。"]),
]
BOLD = re.compile(r"\*\*(.+?)\*\*")
RAISED = re.compile("([²⁹])")
"""Written as such in Markdown, and as a raised digit in the other formats."""


def plain(text):
    return BOLD.sub(r"\1", text)


def markdown(guideline):
    def block(kind, content):
        if kind == "table":
            header, *rows = (f"| {' | '.join(row)} |" for row in content)
            return "\n".join([header, "|---" * len(content[0]) + "|", *rows])
        if kind == "ul":
            return "\n".join(f"- {item}" for item in content)
        if kind == "ol":
            return "\n".join(f"{number}. {item}" for number, item in enumerate(content, 1))
        return content if kind == "p" else f"{'#' * int(kind[1])} {content}"

    return "\n\n".join(block(*part) for part in guideline).encode()


def marked_up(text, bold, raised):
    text = RAISED.sub(lambda found: f"<{raised}>{unicodedata.digit(found[1])}</{raised}>", escape(text, quote=False))
    return BOLD.sub(rf"<{bold}>\1</{bold}>", text)


def html(guideline):
    def cells(row, tag):
        return "<tr>" + "".join(f"<{tag}>{marked_up(cell, 'strong', 'sup')}</{tag}>" for cell in row) + "</tr>"

    def inside(kind, content):
        if kind == "table":
            return cells(content[0], "th") + "\n".join(cells(row, "td") for row in content[1:])
        if kind in {"ul", "ol"}:
            return "\n".join(f"<li>{marked_up(item, 'strong', 'sup')}</li>" for item in content)
        return marked_up(content, "strong", "sup")

    body = "\n".join(f"<{kind}>{inside(kind, content)}</{kind}>" for kind, content in guideline)
    return f'<!DOCTYPE html><meta charset="utf-8"><nav>Start</nav><main>{body}</main><footer>2026</footer>'.encode()


def fill(paragraph, text):
    for at, piece in enumerate(BOLD.split(text)):
        for part in RAISED.split(piece):
            is_raised = bool(RAISED.fullmatch(part))
            run = paragraph.add_run(str(unicodedata.digit(part)) if is_raised else part)
            run.bold, run.font.superscript = at % 2 == 1, is_raised


def word(guideline):
    document = docx.Document()
    styles = {"p": None, "ul": "List Bullet", "ol": "List Number"}
    for kind, content in guideline:
        if kind == "table":
            table = document.add_table(len(content), len(content[0]))
            for cell, text in zip(table._cells, chain(*content), strict=True):
                fill(cell.paragraphs[0], text)
        elif kind in styles:
            for text in [content] if kind == "p" else content:
                fill(document.add_paragraph(style=styles[kind]), text)
        else:
            document.add_heading(content, int(kind[1]))
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def pdf(guideline, font=("Helvetica", "Helvetica-Bold"), size=12, **style):
    """Two pages with a running header and page numbers; paragraphs wrap, and one goes over the page's end."""
    usual = ParagraphStyle("p", fontName=font[0], fontSize=size, leading=1.4 * size, spaceAfter=6, **style)
    item = ParagraphStyle("item", usual, leftIndent=14, bulletIndent=2, spaceAfter=2)
    headings = {
        f"h{level}": ParagraphStyle("h", usual, fontName=font[1], fontSize=large, leading=1.4 * large, spaceBefore=8)
        for level, large in ((1, 1.8 * size), (2, 1.4 * size), (3, 1.2 * size))
    }

    def running(canvas, page):
        canvas.setFont(font[0], 9)
        canvas.drawString(72, A4[1] - 36, guideline[0][1])
        canvas.drawCentredString(A4[0] / 2, 30, str(page.page))

    story = []
    for kind, content in guideline:
        if kind == "table":
            cells = [[Paragraph(marked_up(cell, "b", "super"), usual) for cell in row] for row in content]
            story += [Table(cells, style=[("GRID", (0, 0), (-1, -1), 0.5, "black")]), Spacer(1, 8)]
        elif kind in {"ul", "ol"}:
            marks = ["•" if kind == "ul" else f"{number}." for number in range(1, len(content) + 1)]
            story += [Paragraph(marked_up(c, "b", "super"), item, mark) for mark, c in zip(marks, content, strict=True)]
        else:
            story.append(Paragraph(marked_up(content, "b", "super"), headings.get(kind, usual)))
    file = io.BytesIO()
    SimpleDocTemplate(file, pagesize=A4).build(story, onFirstPage=running, onLaterPages=running)
    return file.getvalue()


def told(reading):
    """Each section's headings, role and sentences, whatever page it lies on."""
    sections = [(s.path, s.text[at.start : at.end]) for s in reading.sections for at in s.sentences]
    return [(path, role_of(path), [text for _, text in found]) for path, found in groupby(sections, lambda s: s[0])]


def meant(guideline, language):
    """What a reading must tell, from the guideline as it is written down."""
    lines, path = [], ()
    for kind, content in guideline:
        if kind[0] == "h":
            path = (*path[: int(kind[1]) - 1], content)
        elif kind == "table":
            header, *rows = content
            for row in rows:
                cells = [f"{name}: {plain(cell)}" for name, cell in zip(header, row, strict=True) if cell]
                lines.append((path, ["; ".join(cells)]))
        else:
            for text in map(plain, [content] if kind == "p" else content):
                lines.append((path, [text[a:b] for a, b in sentence_spans(text, language)]))
    sections = groupby(lines, lambda line: line[0])
    return [(path, role_of(path), [text for _, texts in found for text in texts]) for path, found in sections]


@pytest.mark.parametrize(("reader", "made"), [(MarkdownReader(), markdown), (HtmlReader(), html), (DocxReader(), word)])
@pytest.mark.parametrize(("guideline", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
def test_a_guideline_is_read_as_it_was_written_down(reader, made, guideline, language):
    assert told(reader.read(made(guideline))) == meant(guideline, language)


@pytest.mark.parametrize("size", [9.5, 10, 12, 13, 16])
def test_a_pdf_is_read_as_it_was_written_down_wherever_lines_and_pages_end(size):
    assert told(PdfReader().read(pdf(ENGLISH, size=size))) == meant(ENGLISH, "en")


@pytest.mark.parametrize("size", [22, 24])
def test_a_chinese_pdf_is_read_as_it_was_written_down(size):
    registerFont(UnicodeCIDFont("STSong-Light"))
    made = pdf(CHINESE, ("STSong-Light", "STSong-Light"), size, wordWrap="CJK")
    assert told(PdfReader().read(made)) == meant(CHINESE, "zh")


@pytest.mark.parametrize(("size", "heading"), [(12, "Treatment"), (9.5, "Drug treatment")], ids=["paragraph", "table"])
def test_pages_end_inside_a_paragraph_and_inside_a_table(size, heading):
    sections = PdfReader().read(pdf(ENGLISH, size=size)).sections
    assert [section.page for section in sections if section.path[-1] == heading] == [1, 2]


def test_the_guideline_has_all_that_is_compared():
    paths, roles, sentences = zip(*meant(ENGLISH, "en"), strict=True)
    assert len(set(paths)) == len(paths) == 8
    assert len(set(roles)) >= 6
    assert sum(map(len, sentences)) > 30
    assert "Drug: Loratadine; Daily dose: 10 mg; Note: Makes few people tired" in sentences[5]
