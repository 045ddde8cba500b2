"""Runs of a Word file that a person does not see: hidden, white on white, or too small."""

from typing import Any, Final

from ingestion.readers.style import WHITE, color_of, looks_the_same

_MIN_HALF_POINTS: Final = 4
_OFF: Final = frozenset({"0", "false", "off"})
_NO_FILL: Final = frozenset({"", "auto", "clear", "none"})


def without_hidden(document: Any) -> int:
    """Empty the runs of a python-docx document that a person does not see; how many characters that were."""
    from docx.oxml.ns import qn

    styles = {style.get(qn("w:styleId")): style for style in document.styles.element.iter(qn("w:style"))}
    count = 0
    for run in list(document.element.body.iter(qn("w:r"))):
        texts = run.findall(qn("w:t"))
        if texts and _is_hidden(run, styles):
            count += sum(len("".join((text.text or "").split())) for text in texts)
            for text in texts:
                run.remove(text)
    return count


def _is_hidden(run: Any, styles: dict[str, Any]) -> bool:
    """By the run's own marks, else by those of its style and of its paragraph's."""
    from docx.oxml.ns import qn

    found: dict[str, Any] = {}
    for properties in _properties(run, styles):
        for name in ("w:vanish", "w:color", "w:sz", "w:shd", "w:highlight"):
            element = properties.find(qn(name))
            if element is not None:
                found.setdefault(name, element)
    vanish, size = found.get("w:vanish"), found.get("w:sz")
    if vanish is not None and vanish.get(qn("w:val"), "1") not in _OFF:
        return True
    if size is not None and size.get(qn("w:val"), "").isdigit() and int(size.get(qn("w:val"))) < _MIN_HALF_POINTS:
        return True
    color = found.get("w:color")
    is_white = color is not None and (
        (color.get(qn("w:themeColor")) in {"background1", "light1"} and color.get(qn("w:themeShade")) is None)
        or looks_the_same(color_of(f"#{color.get(qn('w:val'), '')}") or (0, 0, 0), WHITE)
    )
    return is_white and "w:highlight" not in found and not _is_shaded(run, found.get("w:shd"))


def _properties(run: Any, styles: dict[str, Any]) -> list[Any]:
    """Run properties, the nearest first; styles are followed to those that they are based on."""
    from docx.oxml.ns import qn

    paragraph = next(run.iterancestors(qn("w:p")), None)
    names = [run.find(f"{qn('w:rPr')}/{qn('w:rStyle')}")]
    if paragraph is not None:
        names.append(paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}"))
    found = [run.find(qn("w:rPr"))]
    for name in names:
        seen: set[str] = set()
        at = name.get(qn("w:val")) if name is not None else None
        while at in styles and at not in seen:
            seen.add(at)
            found.append(styles[at].find(qn("w:rPr")))
            based = styles[at].find(qn("w:basedOn"))
            at = based.get(qn("w:val")) if based is not None else None
    return [properties for properties in found if properties is not None]


def _is_shaded(run: Any, own: Any) -> bool:
    """Whether the run, its paragraph, its cell or its table's style gives it a color behind."""
    from docx.oxml.ns import qn

    shades = [own]
    for ancestor in run.iterancestors(qn("w:p"), qn("w:tc"), qn("w:tbl")):
        if ancestor.tag == qn("w:tbl") and ancestor.find(f"{qn('w:tblPr')}/{qn('w:tblStyle')}") is not None:
            return True  # header rows of Word's table styles are white on a color that the style gives
        kind = {qn("w:p"): "w:pPr", qn("w:tc"): "w:tcPr", qn("w:tbl"): "w:tblPr"}[ancestor.tag]
        shades.append(ancestor.find(f"{qn(kind)}/{qn('w:shd')}"))
    fills = [shade.get(qn("w:fill"), "").lower() for shade in shades if shade is not None]
    has_theme = any(shade.get(qn("w:themeFill")) for shade in shades if shade is not None)
    return has_theme or any(
        fill not in _NO_FILL and not looks_the_same(color_of(f"#{fill}") or (0, 0, 0), WHITE) for fill in fills
    )
