"""What a reader must do, and which one reads a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from services.core.types import Sentence


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document under one heading and, in a format with pages, on one page.

    Attributes:
        path: Headings from the outermost to this one; empty before the first heading.
        text: Verbatim but for white space, list marks and source marks; one line per paragraph or list item.
        sentences: Where the sentences of `text` are, in order, with the keys of the sources they name.
        page: From 1, where the text begins; None for formats without pages.
    """

    path: tuple[str, ...]
    text: str
    sentences: tuple[Sentence, ...]
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as a reader found it.

    Attributes:
        metadata: The front matter, None if there is none.
        notes: What an editor should know of a file that was read, as in a page that is an image; never its text.
        hidden_text: Whether there was text that a model would read and a person does not see. It was left out.
    """

    sections: tuple[Section, ...]
    metadata: Mapping[str, Any] | None = None
    language: str = field(default="en")
    notes: tuple[str, ...] = ()
    hidden_text: bool = False


class Reader(Protocol):
    """Reads one format."""

    @property
    def suffixes(self) -> frozenset[str]:
        """File name endings, lower case, with the dot."""

    def read(self, content: bytes) -> Reading:
        """Take a file apart.

        Raises:
            DocumentError: The file cannot be read; `kind` and message say why, without quoting it.
        """


def reader_for(file: Path, readers: tuple[Reader, ...]) -> Reader | None:
    """The reader of this file's format, or None."""
    return next((reader for reader in readers if file.suffix.lower() in reader.suffixes), None)
