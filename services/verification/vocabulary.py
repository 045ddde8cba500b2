"""Vocabularies that a user has a licence for: UMLS, SNOMED CT and ICD release files.

Nothing of them is shipped or kept: a file is read from front to back, twice, and only what was asked for stays.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

from services.core.errors import VocabularyError
from services.core.settings import VocabularySettings

_CODE: Final = re.compile(r"[A-Z]\d[0-9A-Z]{1,5}")
_CATEGORY: Final = 3
"""Characters of an ICD-10 code before its point."""

_SPELLINGS: Final = (("ae", "e"), ("oe", "e"), ("our", "or"))
"""British and American spelling become one, in whatever word."""

_SAYS_NOTHING: Final = frozenset({"the", "unspecified", "nos"})
_LEAST_PLURAL: Final = 4


def key_of(name: str) -> str:
    """What names that differ in case, punctuation, plural, spelling or the order of their words have in common."""
    words = "".join(c if c.isalnum() else " " for c in unicodedata.normalize("NFKC", name).casefold()).split()
    return " ".join(sorted(_singular(word) for word in words if word not in _SAYS_NOTHING))


def _singular(word: str) -> str:
    for british, american in _SPELLINGS:
        word = word.replace(british, american)
    is_plural = len(word) >= _LEAST_PLURAL and word.endswith("s") and not word.endswith(("ss", "is", "us"))
    return word[:-1] if is_plural else word


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What vocabularies say of names, by `key_of` the name.

    Attributes:
        codes: ICD-10.
        names: Preferred names by language.
    """

    codes: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class _Row(NamedTuple):
    """A name of a concept, or its ICD-10 code without point, or both."""

    concept: str
    code: str = ""
    language: str = ""
    name: str = ""
    is_preferred: bool = False


def check_vocabulary(settings: VocabularySettings) -> None:
    """See whether there is anything to read, and whether it may be.

    Raises:
        VocabularyError: The licence is not acknowledged, or no file of a known release is there.
    """
    if settings.path is None:
        return
    if not settings.license_acknowledged:
        raise VocabularyError(
            "the vocabulary needs a licence: set CITEWELL_VOCABULARY__LICENSE_ACKNOWLEDGED=true if you have it"
        )
    _files(settings.path)


def read_vocabulary(settings: VocabularySettings, names: Collection[str]) -> Vocabulary:
    """What the vocabulary at this path says of these names. A full UMLS release takes minutes.

    Raises:
        VocabularyError: A file cannot be read, or its rows are not what its name says.
    """
    wanted = {key_of(name) for name in names}
    if settings.path is None or not wanted:
        return Vocabulary()
    files = _files(settings.path)
    concepts: dict[str, set[str]] = defaultdict(set)
    for row in _rows(files):
        if row.name and (key := key_of(row.name)) in wanted:
            concepts[row.concept].add(key)
    codes: dict[str, set[str]] = defaultdict(set)
    preferred: dict[str, dict[str, str]] = defaultdict(dict)
    for row in _rows(files):
        for key in concepts.get(row.concept, ()):
            if row.code:
                codes[key].add(row.code)
            if row.is_preferred:
                preferred[key].setdefault(row.language, row.name)
    known = {key: code for key, found in codes.items() if (code := _in_common(found))}
    return Vocabulary(known, dict(preferred))


def _in_common(codes: set[str]) -> str | None:
    """The code that covers all of them; None where they are of several categories, for then the name is ambiguous."""
    first, last = min(codes), max(codes)
    common = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    if len(common) < _CATEGORY:
        return None
    return common if len(common) == _CATEGORY else f"{common[:_CATEGORY]}.{common[_CATEGORY:]}"


def _files(path: Path) -> list[tuple[Path, "_Reader"]]:
    if not path.exists():
        raise VocabularyError("there is nothing at the path of CITEWELL_VOCABULARY__PATH")
    candidates = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    found = [(file, reader) for file in candidates for name, reader in _READERS if re.fullmatch(name, file.name)]
    if not found:
        raise VocabularyError(
            "no vocabulary file at the path of CITEWELL_VOCABULARY__PATH: MRCONSO.RRF, sct2_Description_*.txt with "
            "der2_*ExtendedMap*.txt, icd10cm_codes_*.txt, icd10cm_order_*.txt and icd10*syst_codes.txt are read"
        )
    return found


def _rows(files: Sequence[tuple[Path, "_Reader"]]) -> Iterator[_Row]:
    for file, reader in files:
        try:
            with file.open(encoding="utf-8-sig") as lines:
                yield from reader(lines)
        except (OSError, ValueError) as exc:
            raise VocabularyError(
                f"the vocabulary file {file.name} cannot be read: is it the original release?"
            ) from exc


def _code(text: str) -> str:
    """Without its point; "" where it is none, as in incomplete ones that end with a question mark."""
    bare = text.strip().replace(".", "")
    return bare if _CODE.fullmatch(bare) else ""


def _columns(line: str, separator: str, least: int) -> list[str]:
    columns = line.rstrip("\r\n").split(separator)
    if len(columns) < least:
        raise ValueError("a row has too few columns")
    return columns


def _umls(lines: Iterator[str]) -> Iterator[_Row]:
    """MRCONSO.RRF: CUI|LAT|TS|LUI|STT|SUI|ISPREF|AUI|SAUI|SCUI|SDUI|SAB|TTY|CODE|STR|SRL|SUPPRESS|CVF|."""
    languages = {"ENG": "en", "CHI": "zh"}
    for line in lines:
        columns = _columns(line, "|", 18)
        language = languages.get(columns[1])
        if language is None or columns[16] != "N":
            continue
        code = _code(columns[13]) if columns[11] in {"ICD10", "ICD10CM"} else ""
        is_preferred = columns[2] == "P" and columns[4] == "PF" and columns[6] == "Y"
        yield _Row(columns[0], code, language, columns[14], is_preferred)


def _snomed_descriptions(lines: Iterator[str]) -> Iterator[_Row]:
    """RF2: id, effectiveTime, active, moduleId, conceptId, languageCode, typeId, term, caseSignificanceId.

    Which synonym is preferred is said by reference sets of dialects; the fully specified name without its tag serves.
    """
    fully_specified = "900000000000003001"
    for line in lines:
        columns = _columns(line, "\t", 9)
        if columns[2] != "1":
            continue
        is_full = columns[6] == fully_specified
        term = re.sub(r" \([^()]*\)$", "", columns[7]) if is_full else columns[7]
        yield _Row(columns[4], "", columns[5], term, is_full)


def _snomed_map(lines: Iterator[str]) -> Iterator[_Row]:
    """RF2: the concept is the sixth column, then group, priority, rule, advice and ICD-10 code of the map.

    Rules on age, sex or other diseases are left out.
    """
    for line in lines:
        columns = _columns(line, "\t", 11)
        if columns[2] == "1" and columns[6] == "1" and columns[8] in {"TRUE", "OTHERWISE TRUE"}:
            yield _Row(columns[5], _code(columns[10]))


def _icd10cm_codes(lines: Iterator[str]) -> Iterator[_Row]:
    """A code, spaces, its description."""
    for line in lines:
        code, _, name = line.strip().partition(" ")
        yield _Row(f"icd:{code}", _code(code), "en", name.strip(), True)


def _icd10cm_order(lines: Iterator[str]) -> Iterator[_Row]:
    """Fixed columns: order number 0-4, code 6-12, whether it is complete 14, short description 16-75, long one 77-."""
    for line in lines:
        code = line[6:13].strip()
        yield _Row(f"icd:{code}", _code(code), "en", line[77:].strip(), True)


def _who_codes(lines: Iterator[str]) -> Iterator[_Row]:
    """WHO's meta data, by semicolons: the code with point is the sixth column, its title the ninth."""
    for line in lines:
        columns = _columns(line, ";", 9)
        code = _code(columns[5].rstrip("+*!-"))
        if code:
            yield _Row(f"icd:{code}", code, "en", columns[8], True)


_Reader = Callable[[Iterator[str]], Iterator[_Row]]
_READERS: Final[tuple[tuple[str, _Reader], ...]] = (
    (r"(?i)mrconso\.rrf", _umls),
    (r"(?i)x?sct2_Description_.*\.txt", _snomed_descriptions),
    (r"(?i)x?der2_.*ExtendedMap.*\.txt", _snomed_map),
    (r"(?i)icd10cm[_-]codes[_-].*\.txt", _icd10cm_codes),
    (r"(?i)icd10cm[_-]order[_-].*\.txt", _icd10cm_order),
    (r"(?i)icd10.*syst_codes\.txt", _who_codes),
)
