"""Whom to call in an emergency, by region."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter

from services.core.answer import EmergencyNumbers
from services.core.datafile import read_yaml

FILE: Final = "emergency-numbers.yaml"

_Number = Annotated[str, StringConstraints(pattern=r"^\d{2,6}$")]
_Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    ambulance: _Number
    police: _Number


_ENTRIES: Final = TypeAdapter(dict[_Region, _Entry])


def load_emergency_numbers(folder: Path) -> Mapping[str, EmergencyNumbers]:
    """The numbers by region, ISO 3166-1 alpha-2.

    Raises:
        LibraryError: The file is missing or not valid.
    """
    entries = read_yaml(folder / FILE, _ENTRIES)
    return {region: EmergencyNumbers(region, entry.ambulance, entry.police) for region, entry in entries.items()}
