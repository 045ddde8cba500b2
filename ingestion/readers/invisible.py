"""Characters that nobody sees: taken out of every text, and told apart from a typesetter's few."""

import re
from typing import Final

VEILED: Final = "left out many characters without width or that turn the writing direction"

_JOINERS: Final = "\u200c\u200d"
_LATIN_HAN: Final = "A-Za-z0-9\u00c0-\u024f\u3400-\u9fff"
_INVISIBLE: Final = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
    # Between letters of scripts that have no use for them; emoji, Arabic and Indic scripts need them.
    rf"|(?<=[{_LATIN_HAN}])[{_JOINERS}]+(?=[{_LATIN_HAN}])"
)
_NEVER_MEANT: Final = re.compile(r"[\u202d\u202e\U000e0001-\U000e007f]")
"""Overrides of the writing direction, and tag characters, which spell ASCII that only machines read."""

_USUAL: Final = re.compile("[\u00ad\ufeff]")
"""Hyphenation points and byte order marks: typesetting programs leave thousands."""

_MANY: Final = 10
_MANY_SHARE: Final = 0.005


def without_invisible(text: str) -> tuple[str, bool]:
    """The text without them, and whether there were so many, or such, that somebody meant to hide something."""
    if text.isascii():
        return text, False
    found = "".join(_INVISIBLE.findall(text))
    if not found:
        return text, False
    unusual = len(found) - len(_USUAL.findall(found))
    is_many = unusual >= _MANY and unusual > _MANY_SHARE * len(text)
    return _INVISIBLE.sub("", text), is_many or bool(_NEVER_MEANT.search(found))
