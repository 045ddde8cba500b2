"""What was read waits on disk until it is embedded, so that memory does not grow with the library."""

import pickle
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ingestion.readers.reader import Section
from services.core.types import Document


@dataclass(frozen=True, slots=True)
class Read:
    """A document and its text."""

    document: Document
    sections: tuple[Section, ...]


class Spool:
    """Documents in memory, their texts in a temporary file that nobody else can open."""

    def __init__(self) -> None:
        """Empty."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._places: list[tuple[Document, int]] = []

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gone, and the file with it."""
        self._file.close()

    @property
    def documents(self) -> list[Document]:
        """All that was put in, in order."""
        return [document for document, _ in self._places]

    def put(self, read: Read) -> None:
        """Keep one more."""
        self._places.append((read.document, self._file.seek(0, 2)))
        pickle.dump(read.sections, self._file)

    def take(self, ids: Collection[str]) -> Iterator[Read]:
        """Those with these ids, in order."""
        for document, place in self._places:
            if document.id in ids:
                self._file.seek(place)
                yield Read(document, pickle.load(self._file))  # noqa: S301 - written by this process
