"""Whose guidelines hold for a patient: those of the patient's country where it has any on a condition, else all."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from langcodes.data_dicts import TERRITORY_REPLACEMENTS

from services.core.types import Document

_CODE: Final = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z0-9]{1,3})?")
_COUNTRY_CHARACTERS: Final = 2
_NO_COUNTRIES: Final = frozenset({"EU", "UN"})
"""Reserved in ISO 3166-1 for more than one country."""


def country_of(jurisdiction: str | None) -> str | None:
    """ISO 3166-1 alpha-2 of an ISO 3166 code: "us-ca" and "USA" are "US", and "UK" is "GB".

    None for whatever is no country's code, as "international" and "WHO": a guideline of this kind holds everywhere.
    """
    code = _CODE.fullmatch((jurisdiction or "").strip())
    if code is None:
        return None
    country: str = TERRITORY_REPLACEMENTS.get(code[1].lower(), code[1].upper())
    return country if len(country) == _COUNTRY_CHARACTERS and country not in _NO_COUNTRIES else None


def countries_of(documents: Iterable[Document]) -> tuple[str, ...]:
    """The countries that these guidelines are of, in the order of their codes; international ones are of none."""
    return tuple(sorted({country for document in documents if (country := country_of(document.jurisdiction))}))


def set_aside(documents: Iterable[Document]) -> Mapping[str, frozenset[str]]:
    """By country, ids of the guidelines that its own set aside: those of other countries on the same conditions.

    A country that is not among the keys has no guidelines of its own, and uses all.
    """
    national: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for document in documents:
        if country := country_of(document.jurisdiction):
            national[document.condition.id][country].append(document.id)
    aside: dict[str, set[str]] = defaultdict(set)
    for by_country in national.values():
        for own in by_country:
            aside[own].update(*(ids for country, ids in by_country.items() if country != own))
    return {country: frozenset(ids) for country, ids in aside.items()}


def in_order(documents: Iterable[Document], language: str, region: str) -> list[Document]:
    """Those in this language first, among them those of the region ("" is unknown), then the newest, then by id."""
    country = country_of(region)
    by_id = sorted(documents, key=lambda document: document.id)
    # ISO 8601 dates compare as texts, a year before its months; what has no date is last.
    newest_first = sorted(by_id, key=lambda document: document.published or "", reverse=True)
    return sorted(
        newest_first,
        key=lambda d: (d.language != language, country is not None and country_of(d.jurisdiction) != country),
    )
