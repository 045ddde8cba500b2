"""What a document's own text and file name say about it, where nobody stated it."""

import hashlib
import re
from pathlib import PurePosixPath
from typing import Final

from ingestion.readers.reader import Reading
from ingestion.sections import is_heading_wording
from services.core.types import Condition

_MAX_ID_CHARACTERS: Final = 80
_MAX_TITLE_CHARACTERS: Final = 300
_CASELESS_LETTER: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def title_in(reading: Reading) -> str | None:
    """The outermost heading over the first text; None if there is none, or if it only names a section."""
    path = reading.sections[0].path if reading.sections else ()
    if not path:
        return None
    title = " ".join(path[0].split()).rstrip(":： ")
    if not any(character.isalpha() for character in title) or len(title) > _MAX_TITLE_CHARACTERS:
        return None
    return None if is_heading_wording(title) else _readable(title)


def title_of(file: PurePosixPath) -> str:
    """A readable title from a file name: "BRONCHIAL ASTHMA_2.txt" is "Bronchial asthma"."""
    return _readable(re.sub(r"_\d+$", "", file.stem).replace("_", " ").strip() or file.stem)


def condition_of(title: str, language: str) -> Condition:
    """The condition that a title names; names in brackets after it are synonyms."""
    names = re.fullmatch(r"([^()（）]+)[(（](.+)[)）]", title)
    synonyms = tuple(part.strip() for part in re.split(r"[,;，；、]", names[2]) if part.strip()) if names else ()
    name = names[1].strip() if names else title
    return Condition(slug(name), {language: name}, {language: synonyms})


def slug(text: str) -> str:
    """An id from a text: letters, digits and hyphens, cut with a hash if long."""
    made = re.sub(r"[\W_]+", "-", text.casefold()).strip("-") or "document"
    if len(made) <= _MAX_ID_CHARACTERS:
        return made
    return f"{made[: _MAX_ID_CHARACTERS - 9]}-{hashlib.sha256(made.encode()).hexdigest()[:8]}"


def _readable(title: str) -> str:
    """Without shouting; capitals among Chinese characters are an abbreviation."""
    if not title.isupper() or _CASELESS_LETTER.search(title):
        return title
    return re.sub(r"\([A-Z]{2,5}\)", lambda match: match.group().upper(), title.capitalize(), flags=re.IGNORECASE)
