"""What inline styles of HTML hide from a person: pure functions on style attributes."""

import re
from typing import Final

Color = tuple[int, int, int]

WHITE: Final[Color] = (255, 255, 255)
_NAMES: Final[dict[str, Color]] = {
    "white": WHITE, "snow": (255, 250, 250), "ivory": (255, 255, 240), "ghostwhite": (248, 248, 255),
    "whitesmoke": (245, 245, 245), "floralwhite": (255, 250, 240), "black": (0, 0, 0), "red": (255, 0, 0),
    "blue": (0, 0, 255), "green": (0, 128, 0), "yellow": (255, 255, 0), "gray": (128, 128, 128),
    "grey": (128, 128, 128), "navy": (0, 0, 128), "silver": (192, 192, 192),
}  # fmt: skip
_HIDDEN: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?<![\w-])opacity\s*:\s*0(?:\.0*)?\s*(?:;|!|$)"
    r"|font-size\s*:\s*(?:0*\.\d+|[01](?:\.\d+)?(?=\s*p[xt])|0(?![.\d]))\s*(?:p[xt]|\b)(?!\s*(?:r?em|%))",
    re.IGNORECASE,
)
_DECLARATION: Final = re.compile(r"(?<![\w-])(color|background(?:-color)?)\s*:\s*([^;]+)", re.IGNORECASE)
_HEX: Final = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})(?:[0-9a-f]{2})?$")
_RGB: Final = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]+%?))?\s*\)$")
_SIMILAR: Final = 16
"""Difference in each channel, of 255, up to which two colors look the same."""


def is_hidden_style(style: str) -> bool:
    """Whether it hides an element: not displayed, invisible, transparent, or with letters under two points."""
    return bool(_HIDDEN.search(style))


def colors_of(style: str) -> tuple[Color | None, Color | str | None]:
    """Color of the text and of what is behind it; None if not given, "unknown" for images and unusual names."""
    text: Color | None = None
    behind: Color | str | None = None
    for name, value in _DECLARATION.findall(style):
        found = color_of(value)
        if name.lower() == "color":
            text = found
        elif value.strip().lower() not in {"none", "transparent", "inherit", "initial"}:
            behind = found or "unknown"
    return text, behind


def color_of(value: str) -> Color | None:
    """A color by name, hexadecimal or rgb(); None if it is another or transparent."""
    value = value.replace("!important", "").strip().lower()
    if value in _NAMES:
        return _NAMES[value]
    if (found := _HEX.match(value)) is not None:
        digits = found[1] if len(found[1]) > 3 else "".join(2 * digit for digit in found[1])  # noqa: PLR2004 - "#fff"
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if (found := _RGB.match(value)) is not None:
        return int(found[1]), int(found[2]), int(found[3])
    return None


def looks_the_same(one: Color, other: Color) -> bool:
    """Whether a person would not see text of one color on the other."""
    return all(abs(a - b) <= _SIMILAR for a, b in zip(one, other, strict=True))
