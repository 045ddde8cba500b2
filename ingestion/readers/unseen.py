"""Text of a PDF page that a person does not see, and pages that are only a picture."""

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from ingestion.readers.style import Color, looks_the_same

_MAX_DEPTH: Final = 5
"""Forms inside forms that are looked into."""

_INVISIBLE_MODE: Final = 3
_LIGHT: Final = 200
_MIN_ALPHA: Final = 16
_MIN_SIZE: Final = 2.0
"""In points; nobody reads smaller letters."""

_MAX_PIXELS: Final = 2_000_000
_MIN_CONTRAST: Final = 24
"""Difference in some channel, of 255, that letters make to what is around them."""

_MIN_FILL: Final = 8.0
"""Points; a filled path that is narrower is a rule."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why a text object may be unseen."""

    is_invisible: bool
    is_blended: bool
    is_tiny: bool


def page_box(page: Any) -> Box:
    """What of a page is shown; pypdfium2's own boxes do not know inherited ones."""
    from pypdfium2 import raw

    box = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page, box)
    return min(box.left, box.right), min(box.bottom, box.top), max(box.left, box.right), max(box.bottom, box.top)


def has_image(page: Any) -> bool:
    """Whether a picture is on the page."""
    from pypdfium2 import raw

    return next(iter(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_MAX_DEPTH)), None) is not None


def unseen_places(text: str, text_page: Any, page: Any) -> list[int]:
    """Indexes of the characters that a person does not see.

    Invisible letters over a picture are the recognized text of a scan, and count as seen.
    """
    doubts = _doubts(page)
    shown = page_box(page)
    if not doubts and not _reaches_out(text_page, shown):
        return []
    view = _View(page, shown)
    places: list[int] = []
    for address, group in groupby(range(len(text)), key=lambda index: _address(text_page, index)):
        run = [index for index in group if not text[index].isspace()]
        boxes = [_box(text_page, index) for index in run]
        outside = {index for index, box in zip(run, boxes, strict=True) if not _overlaps(box, shown)}
        doubt = doubts.get(address)
        if doubt is not None and run and len(outside) < len(run) and _is_unseen(doubt, boxes, view):
            outside = set(run)
        places += sorted(outside)
    return places


def _doubts(page: Any) -> dict[int, _Doubt]:
    """Text objects that may be unseen, by address; on most pages none."""
    from pypdfium2 import raw

    fills: set[Color] = set()
    texts: list[tuple[int, int, Color, int, float]] = []
    for found in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_PATH], max_depth=_MAX_DEPTH):
        color, alpha = _fill(found)
        if found.type == raw.FPDF_PAGEOBJ_PATH:
            if alpha >= _MIN_ALPHA and color not in fills and _is_filled(found):
                fills.add(color)
            continue
        address = ctypes.addressof(found.raw.contents)
        texts.append((address, raw.FPDFTextObj_GetTextRenderMode(found), color, alpha, _size(found)))
    doubts = {}
    for address, mode, color, alpha, size in texts:
        is_blended = (
            alpha < _MIN_ALPHA or min(color) >= _LIGHT or any(looks_the_same(color, behind) for behind in fills)
        )
        doubt = _Doubt(mode == _INVISIBLE_MODE, is_blended, 0 < size < _MIN_SIZE)
        if doubt.is_invisible or doubt.is_blended or doubt.is_tiny:
            doubts[address] = doubt
    return doubts


def _fill(found: Any) -> tuple[Color, int]:
    from pypdfium2 import raw

    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not raw.FPDFPageObj_GetFillColor(found, red, green, blue, alpha):
        return (0, 0, 0), 255
    return (red.value, green.value, blue.value), alpha.value


def _is_filled(path: Any) -> bool:
    from pypdfium2 import raw

    mode, stroke = ctypes.c_int(), ctypes.c_int()
    if not raw.FPDFPath_GetDrawMode(path, mode, stroke) or not mode.value:
        return False
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    raw.FPDFPageObj_GetBounds(path, left, bottom, right, top)
    return right.value - left.value >= _MIN_FILL and top.value - bottom.value >= _MIN_FILL


def _size(found: Any) -> float:
    from pypdfium2 import raw

    size, matrix = ctypes.c_float(), raw.FS_MATRIX()
    if not raw.FPDFTextObj_GetFontSize(found, size) or not raw.FPDFPageObj_GetMatrix(found, matrix):
        return 0.0
    return float(size.value) * math.hypot(matrix.c, matrix.d)


def _address(text_page: Any, index: int) -> int:
    """Of the text object that holds a character; 0 for characters that pdfium adds."""
    from pypdfium2 import raw

    found = raw.FPDFText_GetTextObject(text_page, index)
    return ctypes.addressof(found.contents) if found else 0


def _box(text_page: Any, index: int) -> Box:
    left, bottom, right, top = text_page.get_charbox(index, loose=True)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def _reaches_out(text_page: Any, shown: Box) -> bool:
    return any(not _overlaps(text_page.get_rect(index), shown) for index in range(text_page.count_rects()))


def _overlaps(box: Box, shown: Box) -> bool:
    return box[0] < shown[2] and box[2] > shown[0] and box[1] < shown[3] and box[3] > shown[1]


def _is_unseen(doubt: _Doubt, boxes: Sequence[Box], view: "_View") -> bool:
    if doubt.is_tiny and max(max(b[2] - b[0], b[3] - b[1]) for b in boxes) < _MIN_SIZE:
        return True
    if doubt.is_invisible:
        return not all(view.is_pictured(box) for box in boxes)
    return doubt.is_blended and view.is_plain(_around(boxes))


def _around(boxes: Sequence[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


class _View:
    """A page as it looks; rendered when somebody asks."""

    def __init__(self, page: Any, shown: Box) -> None:
        self._page = page
        self._shown = shown
        self._pixels: Any = None
        self._pictures: list[Box] | None = None

    def is_pictured(self, box: Box) -> bool:
        """Whether a picture lies behind the middle of a box."""
        if self._pictures is None:
            self._pictures = list(self._image_boxes())
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        return any(left <= x <= right and bottom <= y <= top for left, bottom, right, top in self._pictures)

    def _image_boxes(self) -> Iterator[Box]:
        from pypdfium2 import raw

        for found in self._page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_MAX_DEPTH):
            # Inside a form, places are the form's own: such a picture is taken to cover the page.
            yield found.get_bounds() if found.level == 0 else self._shown

    def is_plain(self, box: Box) -> bool:
        """Whether nothing can be told apart inside a box."""
        from pypdfium2 import raw

        if self._pixels is None:
            width, height = self._page.get_size()
            scale = min(1.5, math.sqrt(_MAX_PIXELS / max(width * height, 1.0)))
            self._pixels = self._page.render(scale=scale, rev_byteorder=True).to_numpy()
        rows, columns = self._pixels.shape[:2]
        xs, ys = [], []
        for x, y in ((box[0], box[1]), (box[2], box[3])):
            column, row = ctypes.c_int(), ctypes.c_int()
            raw.FPDF_PageToDevice(self._page, 0, 0, columns, rows, 0, x, y, column, row)
            xs.append(min(max(column.value, 0), columns))
            ys.append(min(max(row.value, 0), rows))
        part = self._pixels[min(ys) : max(ys) + 1, min(xs) : max(xs) + 1, :3].reshape(-1, 3)
        return part.size == 0 or int((part.max(axis=0).astype(int) - part.min(axis=0)).max()) < _MIN_CONTRAST
