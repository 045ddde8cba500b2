"""Word (.docx): headings, paragraphs, list items and tables in the order of the text."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Final

from ingestion.readers.hidden_runs import without_hidden
from ingestion.readers.outline import Cell, Heading, Line, Part, exponent, reading_of, table_of
from ingestion.readers.reader import Reading
from services.core.errors import DocumentError

_OLE: Final = b"\xd0\xcf\x11\xe0"
"""How encrypted files and the old .doc begin."""

_BROKEN: Final = "broken: not a readable Word file; open it in Word and save it again"
_MAX_UNPACKED_BYTES: Final = 200_000_000
_HEADING: Final = re.compile(r"(?:heading|überschrift|titre|título|标题)\s*(\d)$", re.IGNORECASE)
_TITLE: Final = frozenset({"title", "标题"})
_MARK: Final = re.compile(r"^\s*[•●▪■◦·–—*-]\s+")
_MAX_OUTLINE_LEVEL: Final = 8
_CONTENTS: Final = re.compile(r"toc(?: heading|\s*\d)", re.IGNORECASE)


class DocxReader:
    """Reads Word files with python-docx. Headers and footers are parts of their own and are not read."""

    suffixes = frozenset({".docx"})

    def read(self, content: bytes) -> Reading:
        """Take headings, paragraphs, list items and tables apart. Text that was marked as deleted is left out.

        Raises:
            DocumentError: The file is encrypted, broken or unpacks to too much, or there is no text.
        """
        import docx
        from docx.opc.exceptions import OpcError
        from lxml.etree import LxmlError

        _check(content)
        try:
            document = docx.Document(io.BytesIO(content))
            hidden = without_hidden(document)
            parts = list(_parts(document))
        except (OpcError, LxmlError, zipfile.BadZipFile, KeyError, ValueError, AttributeError, EOFError) as exc:
            raise DocumentError(_BROKEN, kind="broken") from exc
        return reading_of(parts, hidden=hidden)


def _check(content: bytes) -> None:
    if content.startswith(_OLE):
        raise DocumentError("encrypted, or an old .doc file: save it as .docx without a password", kind="encrypted")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, EOFError) as exc:
        raise DocumentError(_BROKEN, kind="broken") from exc
    if size > _MAX_UNPACKED_BYTES:
        raise DocumentError(f"unpacks to more than {_MAX_UNPACKED_BYTES // 1_000_000} MB: split it", kind="too_large")


def _parts(document: Any) -> Iterator[Part]:
    from docx.table import Table as DocxTable

    for block in _blocks(document.element.body, document):
        if isinstance(block, DocxTable):
            yield from _table(block)
        else:
            yield from _paragraph(block)


def _blocks(parent: Any, part: Any) -> Iterator[Any]:
    """Paragraphs and tables in order; content controls, which python-docx passes over, are opened."""
    from docx.oxml.ns import qn
    from docx.table import Table as DocxTable
    from docx.text.paragraph import Paragraph

    for element in parent:
        if element.tag == qn("w:p"):
            yield Paragraph(element, part)
        elif element.tag == qn("w:tbl"):
            yield DocxTable(element, part)
        elif element.tag == qn("w:sdt"):
            for inner in element.findall(qn("w:sdtContent")):
                yield from _blocks(inner, part)
        elif element.tag == qn("w:ins"):
            yield from _blocks(element, part)


def _paragraph(paragraph: Any) -> Iterator[Part]:
    text = _text(paragraph)
    style = paragraph.style.name if paragraph.style is not None and paragraph.style.name else ""
    if not text.strip() or _CONTENTS.match(style):
        return
    level = _level(paragraph, style)
    if level is not None:
        yield Heading(" ".join(text.split()), level)
        return
    for line in text.split("\n"):
        if found := _MARK.sub("", " ".join(line.split())):
            yield Line(found)


def _level(paragraph: Any, style: str) -> int | None:
    """0 for the title, from 1 for headings; by style name, else by the outline level that it or its style has."""
    if style.lower() in _TITLE:
        return 0
    if named := _HEADING.match(style):
        return int(named[1])
    from docx.oxml.ns import qn

    styles = [paragraph.style] if paragraph.style is not None else []
    while styles and styles[-1].base_style is not None and len(styles) < _MAX_OUTLINE_LEVEL:
        styles.append(styles[-1].base_style)
    for element in [paragraph._p, *(found.element for found in styles)]:
        outline = element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if outline is not None and outline.get(qn("w:val"), "9").isdigit():
            level = int(outline.get(qn("w:val"), "9"))
            return level + 1 if level <= _MAX_OUTLINE_LEVEL else None
    return None


def _text(paragraph: Any) -> str:
    """Runs, also those inside links, insertions and content controls; raised digits stay exponents."""
    from docx.oxml.ns import qn

    pieces: list[str] = []
    for node in paragraph._p.iter(qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:cr"), qn("w:noBreakHyphen")):
        run = node.getparent()
        if run.tag != qn("w:r"):
            continue
        properties = run.find(qn("w:rPr"))
        pieces.append(_piece(node, properties, "".join(pieces[-1:])))
    return "".join(pieces)


def _piece(node: Any, properties: Any, before: str) -> str:
    from docx.oxml.ns import qn

    if node.tag == qn("w:t"):
        text = node.text or ""
        raised = properties.find(qn("w:vertAlign")) if properties is not None else None
        is_raised = raised is not None and raised.get(qn("w:val")) == "superscript"
        return exponent(text, before) if is_raised else text
    if node.tag == qn("w:noBreakHyphen"):
        return "-"
    return "\t" if node.tag == qn("w:tab") else "\n"


def _table(table: Any) -> Iterator[Line]:
    from docx.oxml.ns import qn

    cells: dict[Any, Cell] = {}
    rows: list[list[Cell]] = []
    marked = 0
    width = len(table.columns)
    for row in table.rows:
        if row._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None and marked == len(rows):
            marked += 1
        found = [cells.setdefault(cell._tc, Cell(_cell_text(cell))) for cell in row.cells]
        rows.append([*found, *(Cell("") for _ in range(width - len(found)))][:width])
    yield from table_of(rows, marked if 0 < marked < len(rows) else None).lines()


def _cell_text(cell: Any) -> str:
    """All paragraphs of a cell on one line, and those of tables inside it."""
    from docx.table import Table as DocxTable

    texts: list[str] = []
    for block in _blocks(cell._tc, cell):
        if isinstance(block, DocxTable):
            texts += [line.text for line in _table(block)]
        else:
            texts.append(_text(block))
    return " ".join(" ".join(texts).split())
