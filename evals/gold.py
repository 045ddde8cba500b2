"""What is right: codes and names of the vignettes' diagnoses, and how near one ICD-10 code is to another."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from services.core.datafile import read_yaml
from services.verification.vocabulary import key_of

DIAGNOSES: Final = Path(__file__).parent / "datasets" / "diagnoses.yaml"

_CHAPTERS: Final = (
    "A00-B99", "C00-D48", "D50-D89", "E00-E90", "F00-F99", "G00-G99", "H00-H59", "H60-H95", "I00-I99", "J00-J99",
    "K00-K93", "L00-L99", "M00-M99", "N00-N99", "O00-O99", "P00-P96", "Q00-Q99", "R00-R99", "S00-T98", "U00-U85",
    "V01-Y98", "Z00-Z99",
)  # fmt: skip
"""Chapters of ICD-10 by their first and last categories (WHO, ICD-10, 2019)."""

_CATEGORY: Final = 3
_CODE: Final = re.compile(r"[A-Z]\d[0-9A-Z](\.?\w+)?")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    icd10: str
    names: list[str]


@dataclass(frozen=True, slots=True)
class Gold:
    """A diagnosis: its ICD-10 code, and its names as `key_of` writes them."""

    icd10: str
    names: frozenset[str]


def read_gold(file: Path = DIAGNOSES) -> Mapping[str, Gold]:
    """The diagnoses by condition id.

    Raises:
        LibraryError: The file is not valid.
    """
    entries = read_yaml(file, TypeAdapter(dict[str, _Entry]))
    return {id_: Gold(one.icd10, frozenset(key_of(name) for name in one.names)) for id_, one in entries.items()}


def ancestors(code: str) -> frozenset[str]:
    """A code with all that it lies in: subcategories, category, chapter. Empty where it is in no chapter."""
    category = code[:_CATEGORY]
    chapter = next((one for one in _CHAPTERS if one[:_CATEGORY] <= category <= one[-_CATEGORY:]), None)
    if chapter is None or not _CODE.fullmatch(code):
        return frozenset()
    digits = code.replace(".", "")
    return frozenset({chapter, *(digits[:length] for length in range(_CATEGORY, len(digits) + 1))})


def hierarchical_f1(code: str | None, gold: str) -> float:
    """How near a code is to the right one: F1 of both with their ancestors (Kiritchenko and others, 2006)."""
    said, right = ancestors(code or ""), ancestors(gold)
    if not right:
        raise ValueError("the right code is in no chapter of ICD-10")
    return 2 * len(said & right) / (len(said) + len(right))
