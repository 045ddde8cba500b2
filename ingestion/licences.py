"""Which licences allow the whole text of a guideline to be shown, and not only quotes from it."""

import re
import unicodedata
from typing import Final

_CREATIVE_COMMONS: Final = re.compile(
    r"cc-?by(?:-(?:sa|nd))?(?:-[1-4]-\d(?:-(?:igo|international|unported|intl|(?!n[cd]|sa)[a-z]{2}))?)?"
)
"""Attribution, share alike and no derivatives, in all versions and ports.

No derivatives (ND) forbids changed copies, and a text shown as it was written is none; putting it into another format
is allowed by the licence itself (CC BY-ND 4.0, section 2(a)(4)). Non-commercial (NC) is not here: whether a service is
commercial is known to whoever runs it, not to a library of guidelines.
"""

_OPEN: Final = frozenset(
    {
        "0bsd", "apache-2-0", "apache-licence-2-0", "bsd-2-clause", "bsd-3-clause", "cc-pddc", "cc0", "cc0-1-0",
        "cc0-1-0-universal", "cc-zero", "etalab-2-0", "mit", "mit-licence", "odc-by-1-0", "ogl-canada-2-0",
        "ogl-uk-1-0", "ogl-uk-2-0", "ogl-uk-3-0", "ogl-1-0", "ogl-2-0", "ogl-3-0", "pddl-1-0",
        "open-government-licence", "open-government-licence-1-0", "open-government-licence-2-0",
        "open-government-licence-3-0",
        "public-domain", "publicdomain", "publicdomain-mark-1-0", "publicdomain-zero-1-0", "unlicense",
        "us-government-work", "u-s-government-work", "公有领域", "公共领域",
    }
)  # fmt: skip
"""SPDX identifiers and common names, as `_normal` writes them."""

_WORDINGS: Final = (
    (r"^https?://(?:www\.)?creativecommons\.org/licenses/", "cc "),
    (r"^https?://(?:www\.)?creativecommons\.org/publicdomain/zero/", "cc0 "),
    (r"^https?://(?:www\.)?creativecommons\.org/publicdomain/mark/", "publicdomain mark "),
    (r"\bcreative commons\b|知识共享", "cc"),
    (r"\battribution\b|署名", "by"),
    (r"share ?-?alike|相同方式共享", "sa"),
    (r"no ?-?deriv(?:ative)?s?\b|禁止演绎", "nd"),
    (r"国际", "international"),
    (r"\blicense\b", "licence"),
    (r"\bv(?:ersion)? ?(?=\d)", ""),
    (r"\b(?:deed|legalcode)(?:\.[\w-]+)?$|许可协议$|\blicence$", ""),
)
"""Other ways to write the same; the last one drops words that say nothing about which licence it is."""


def may_show_full_text(licence: str | None) -> bool:
    """Whether a document's whole text may be shown; without a licence, or with one unknown here, only quotes may."""
    if licence is None:
        return False
    written = unicodedata.normalize("NFKC", licence).casefold().strip()
    names = {_normal(written), _normal(_reworded(written))}
    return any(name in _OPEN or _CREATIVE_COMMONS.fullmatch(name) is not None for name in names)


def _reworded(text: str) -> str:
    for wording, short in _WORDINGS:
        text = re.sub(wording, f" {short} ", text).strip()
    return text


def _normal(text: str) -> str:
    """Letters and digits with single hyphens: "CC BY 4.0" is "cc-by-4-0"."""
    return re.sub(r"[\W_]+", "-", text).strip("-")
