"""What pdfium knows of one character of a page."""

import ctypes
import math
from typing import Any, Final

_BOLD_WEIGHT: Final = 600


def baseline(text_page: Any, index: int) -> float:
    """Where it stands, in points from below."""
    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text_page, index, x, y)
    return y.value


def size_of(text_page: Any, index: int) -> float:
    """As it is printed: many files set size 1 and scale it."""
    from pypdfium2 import raw

    matrix = raw.FS_MATRIX()
    size = float(raw.FPDFText_GetFontSize(text_page, index))
    if raw.FPDFText_GetMatrix(text_page, index, matrix):
        size *= math.hypot(matrix.c, matrix.d)
    return size


def is_bold(text_page: Any, index: int) -> bool:
    """By weight, or by the name of its font."""
    from pypdfium2 import raw

    if raw.FPDFText_GetFontWeight(text_page, index) >= _BOLD_WEIGHT:
        return True
    name = ctypes.create_string_buffer(128)
    raw.FPDFText_GetFontInfo(text_page, index, name, len(name), ctypes.c_int())
    return any(word in name.value.lower() for word in (b"bold", b"black", b"heavy"))
