"""HTML: what a page says, without its navigation; headings, lists and tables are kept."""

import re
from dataclasses import replace
from typing import Any, Final

from ingestion.readers.encoding import decode
from ingestion.readers.invisible import VEILED
from ingestion.readers.outline import Cell, Heading, Line, Part, exponent, reading_of, table_of
from ingestion.readers.reader import Reading
from ingestion.readers.style import WHITE, Color, color_of, colors_of, is_hidden_style, looks_the_same
from services.core.errors import DocumentError

_CHARSET: Final = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]+)|encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_HEAD_BYTES: Final = 2048
"""Where a declared encoding stands; HTML asks for the first 1024 bytes, old tools are less exact."""

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_NOT_TEXT: Final = frozenset({
    "script", "style", "noscript", "template", "head", "nav", "aside", "footer", "button", "select", "input", "svg",
    "textarea", "math", "iframe", "object", "canvas", "video", "audio",
})  # fmt: skip
_NOT_TEXT_ROLES: Final = frozenset({"navigation", "banner", "contentinfo", "search", "menu"})
_INLINE: Final = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub",
    "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip
_CJK: Final = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
_CJK_BREAK: Final = re.compile(rf"(?<=[{_CJK}])\s*\n\s*(?=[{_CJK}])")
_MAX_DEPTH: Final = 200
_MAX_SPAN: Final = 100


class HtmlReader:
    """Reads HTML with lxml. trafilatura, tried, ran a small table and its list into one paragraph."""

    suffixes = frozenset({".html", ".htm", ".xhtml"})

    def read(self, content: bytes) -> Reading:
        """Take headings, paragraphs, list items and tables of the page's main part apart.

        Raises:
            DocumentError: The encoding is not known, the parser gave up before the end, or there is no text.
        """
        import lxml.etree
        import lxml.html

        found = _CHARSET.search(content[:_HEAD_BYTES])
        decoded = decode(content, (found[1] or found[2]).decode("ascii", "replace") if found else None)
        parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        try:
            page = lxml.html.document_fromstring(decoded.text.encode(), parser=parser)
        except lxml.etree.LxmlError as exc:
            raise DocumentError("has no text", kind="no_text") from exc
        if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
            raise DocumentError("nested too deeply or too large: not all of it can be read", kind="too_large")
        main = _main(page)
        hidden = _without_hidden(main)
        walk = _Walk()
        walk.element(main)
        walk.flush()
        notes = (*decoded.notes, VEILED) if decoded.is_veiled else decoded.notes
        reading = reading_of(walk.parts, notes=notes, hidden=hidden)
        return replace(reading, hidden_text=reading.hidden_text or decoded.is_veiled)


def _main(page: Any) -> Any:
    for where in ("//main", "//*[@role='main']", "//article", "//body"):
        found = page.xpath(where)
        if len(found) == 1:
            return found[0]
    return page


def _is_left_out(element: Any) -> bool:
    if not isinstance(element.tag, str) or element.tag in _NOT_TEXT:
        return True
    if element.get("role") in _NOT_TEXT_ROLES or element.get("aria-hidden") == "true":
        return True
    return bool(element.tag == "header" and element.find(".//h1") is None and element.getparent().tag == "body")


def _without_hidden(main: Any) -> int:
    """Take out what styles and attributes hide from a person; how many characters that were."""
    count = 0
    open_elements: list[tuple[Any, Color, Color | str]] = [(main, (0, 0, 0), WHITE)]
    while open_elements:
        element, color, behind = open_elements.pop()
        if not isinstance(element.tag, str) or element.tag in _NOT_TEXT:
            continue
        own, own_behind = colors_of(f"color:{element.get('color', '')};{element.get('style', '')}")
        color = own or color
        behind = own_behind or (color_of(element.get("bgcolor", "")) or behind)
        is_same = not isinstance(behind, str) and looks_the_same(color, behind)
        if element.get("hidden") is not None or is_hidden_style(element.get("style", "")):
            count += _length(element)
            element.drop_tree()
            continue
        if is_same:
            count += len("".join((element.text or "").split()))
            element.text = None
        for child in element:
            if is_same:
                count += len("".join((child.tail or "").split()))
                child.tail = None
            open_elements.append((child, color, behind))
    return count


def _length(element: Any) -> int:
    """Characters in an element, without white space, scripts and controls of forms."""
    if not isinstance(element.tag, str) or element.tag in _NOT_TEXT:
        return 0
    texts = element.xpath(".//text()[not(ancestor::script or ancestor::style or ancestor::template or ancestor::nav)]")
    return sum(len("".join(text.split())) for text in texts)


class _Walk:
    """Goes through a tree once and collects its parts."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._open: list[str] = []

    def flush(self) -> None:
        """End the open paragraph."""
        text = _spaced("".join(self._open))
        self._open.clear()
        if text:
            self.parts.append(Line(text))

    def element(self, element: Any, depth: int = 0) -> None:
        """Collect an element, without its tail."""
        if _is_left_out(element):
            return
        if element.tag in _HEADINGS or (element.tag == "table" and not _is_layout(element)):
            self.flush()
            self.parts += _table(element) if element.tag == "table" else _heading(element)
        elif element.tag == "br":
            self.flush()
        elif element.tag == "sup":
            self._open.append(_superscript(element, "".join(self._open[-1:])))
        elif depth > _MAX_DEPTH:
            self._open.append(_text(element))
        else:
            self._children(element, depth)

    def _children(self, element: Any, depth: int) -> None:
        is_block = element.tag not in _INLINE
        if is_block:
            self.flush()
        self._open.append(element.text or "")
        for child in element:
            self.element(child, depth + 1)
            self._open.append(child.tail or "")
        if is_block:
            self.flush()


def _heading(element: Any) -> list[Part]:
    text = _text(element)
    return [Heading(text, _HEADINGS[element.tag])] if text else []


def _superscript(element: Any, before: str) -> str:
    """An exponent stays one ("10⁹"), a mark that links to a note is left out, other text stands as it is."""
    if element.find(".//a") is not None:
        return ""
    return exponent("".join(element.itertext()).strip(), before)


def _text(element: Any) -> str:
    """The text of an element on one line."""
    pieces: list[str] = [element.text or ""]
    for child in element:
        if not _is_left_out(child):
            before = "".join(pieces[-1:])
            inside = _superscript(child, before) if child.tag == "sup" else _inner(child)
            pieces.append(inside if child.tag in _INLINE else f" {inside} ")
        pieces.append(child.tail or "")
    return _spaced("".join(pieces))


def _inner(element: Any) -> str:
    """The text below a child; lists and paragraphs inside a cell or heading are set apart by white space."""
    marked: list[str] = []
    open_elements = [(element, False)]
    while open_elements:
        node, is_tail = open_elements.pop()
        if is_tail:
            marked.append(node.tail or "")
            continue
        if _is_left_out(node):
            continue
        if node.tag == "sup":
            marked.append(_superscript(node, "".join(marked[-1:])))
            continue
        marked.append((node.text or "") if node.tag in _INLINE else f" {node.text or ''}")
        for child in reversed(node):
            open_elements += [(child, True), (child, False)]
    return "".join(marked)


def _spaced(text: str) -> str:
    return " ".join(_CJK_BREAK.sub("", text).split())


def _is_layout(table: Any) -> bool:
    """Tables that only place things hold other tables or headings, or have one column."""
    if table.xpath(".//table | .//h1 | .//h2 | .//h3 | .//h4"):
        return True
    return table.find(".//th") is None and all(len(row.xpath("./td")) <= 1 for row in table.iter("tr"))


def _table(table: Any) -> list[Part]:
    captions = [Line(text) for caption in table.iter("caption") if (text := _text(caption))]
    elements = list(table.iter("tr"))
    rows = _grid(elements)
    headers = 0
    while headers < len(elements) and _is_header(elements[headers]):
        headers += 1
    if headers == len(elements):
        headers = 0
    return [*captions, *table_of(rows, headers or None).lines()]


def _is_header(row: Any) -> bool:
    return row.getparent().tag == "thead" or (len(row) > 0 and all(cell.tag == "th" for cell in row))


def _grid(elements: list[Any]) -> list[list[Cell]]:
    """Rows of equal length; a cell that spans stands in every place it covers."""
    grid: list[dict[int, Cell]] = [{} for _ in elements]
    for at, row in enumerate(elements):
        column = 0
        for element in row.xpath("./td | ./th"):
            while column in grid[at]:
                column += 1
            cell = Cell(_text(element))
            width = _span(element, "colspan")
            for below in grid[at : at + _span(element, "rowspan")]:
                below.update(dict.fromkeys(range(column, column + width), cell))
            column += width
    columns = max((max(row, default=-1) + 1 for row in grid), default=0)
    return [[row.get(column) or Cell("") for column in range(columns)] for row in grid]


def _span(element: Any, name: str) -> int:
    value = element.get(name, "1").strip()
    return min(max(int(value), 1), _MAX_SPAN) if value.isascii() and value.isdigit() else 1
