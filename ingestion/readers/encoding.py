"""Bytes of a text file become text, or are refused: a wrong guess would change doses without a trace."""

import codecs
import re
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes

from ingestion.readers.invisible import without_invisible
from services.core.errors import DocumentError

_MAGIC: Final = (
    b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"\x7fELF",
    b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ", b"SQLite format 3",
)  # fmt: skip
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
"""The longer first: UTF-32's little-endian mark begins with that of UTF-16."""

_UTF_16: Final = ["utf_16_le", "utf_16_be"]
_OTHERS: Final = ["gb18030", "big5", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257"]
_SUPERSETS: Final = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "cp1252"}
"""What is declared by the first name is in practice written with the second; browsers read it so, too."""

_TYPOGRAPHIC: Final = re.compile(
    rb"(?<![\x80-\xff])[\x85\x91-\x97\x99\xa0\xa7\xa9\xae\xb0-\xb3\xb5\xb7\xbc-\xbe\xd7\xf7]+(?![\x80-\xff])"
)
"""Windows-1252's dashes, quotes and signs as in "38 °C" and "±"; single ones tell charset-normalizer nothing."""

_WESTERN: Final = re.compile(rb"(?<![\x80-\xff])[\x85\x91-\x97\x99\xa0-\xff](?![\x80-\xff])")
_MAX_WESTERN_SHARE: Final = 0.02
"""English with some names and loan words; languages that are full of such letters are not meant."""

_MIN_TELLING_SHARE: Final = 0.2
"""With fewer bytes beyond ASCII, coherence is that of the English around them and tells nothing of them."""

_HIGH: Final = re.compile(rb"[\x80-\xff]")

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_MAX_CONTROL_SHARE: Final = 0.01
_MAX_SAMPLE_BYTES: Final = 200_000
_CLOSE: Final = 0.03
"""Difference in charset-normalizer's mess ratio that says nothing."""

_MIN_COHERENCE: Final = 0.1
_MIN_LONE_CHARACTERS: Final = 20


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with line feeds as line ends; `is_veiled` if many invisible characters were taken out."""

    text: str
    notes: tuple[str, ...] = ()
    is_veiled: bool = False


def decode(content: bytes, declared: str | None = None) -> Decoded:
    """By byte order mark, as UTF-8, as declared, or as charset-normalizer finds it if only one reading is likely.

    Raises:
        DocumentError: It is no text (`unsupported`), or what its bytes mean cannot be told (`unknown_encoding`).
    """
    if content.startswith(_MAGIC):
        raise DocumentError("not a text file, whatever its name says: give it its right ending", kind="unsupported")
    text, name = _decoded(content, declared)
    controls = len(_CONTROL.findall(text))
    if "\x00" in text or controls > max(1, _MAX_CONTROL_SHARE * len(text)):
        raise DocumentError("contains control characters: not a text file", kind="unsupported")
    notes = (f"read as {name}, which was guessed: check special characters, or save it as UTF-8",) if name else ()
    text, is_veiled = without_invisible(_CONTROL.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))
    return Decoded(text, notes, is_veiled)


def _decoded(content: bytes, declared: str | None) -> tuple[str, str | None]:
    """The text, and the name of its encoding if that was guessed."""
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    for name in (marked, "utf-8-sig", _superset(declared)):
        text = _strictly(content, name) if name else None
        if text is not None and not ("\x00" in text and name == "utf-8-sig"):
            return text, None
    if not content.strip(b"\x00"):
        raise DocumentError("contains no text", kind="no_text")
    return _guessed(content)


def _superset(declared: str | None) -> str | None:
    try:
        name = codecs.lookup(declared).name if declared else None
    except LookupError:
        return None
    return _SUPERSETS.get(name, name) if name else None


def _strictly(content: bytes, name: str) -> str | None:
    try:
        text = content.decode(name)
    except (UnicodeError, LookupError):
        return None
    return text if isinstance(text, str) else None


def _guessed(content: bytes) -> tuple[str, str]:
    has_nul = b"\x00" in content
    share = len(_HIGH.findall(content)) / len(content)
    if not has_nul and (
        _TYPOGRAPHIC.sub(b"", content).isascii()
        or (share < _MAX_WESTERN_SHARE and _WESTERN.sub(b"", content).isascii())
    ):
        return content.decode("cp1252", "replace"), "windows-1252"
    names = _UTF_16 if has_nul else [*_UTF_16, *_OTHERS]
    matches = list(from_bytes(content[:_MAX_SAMPLE_BYTES], cp_isolation=names))
    best = matches[0] if matches else None
    is_telling = has_nul or share >= _MIN_TELLING_SHARE
    if best is None or any(
        str(match) != str(best)
        and (not is_telling or (match.chaos <= best.chaos + _CLOSE and match.coherence >= best.coherence / 2))
        for match in matches[1:]
    ):
        raise _unknown(has_nul=has_nul)
    text = _strictly(content, best.encoding)
    if text is None or (best.coherence < _MIN_COHERENCE and len(text) < _MIN_LONE_CHARACTERS):
        raise _unknown(has_nul=has_nul)
    return text, best.encoding


def _unknown(*, has_nul: bool) -> DocumentError:
    if has_nul:
        return DocumentError("contains NUL characters: not a text file", kind="unsupported")
    return DocumentError("encoding is not known: save it as UTF-8", kind="unknown_encoding")
