"""Which documents are in force on a day, and which a person must look at first."""

import datetime
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence

from services.core.types import Document


def needs_review(document: Document, publishers: Collection[str] | None) -> bool:
    """Whether a person must release the document first.

    Args:
        document: Anything that `Catalog.describe` made.
        publishers: Those that go live without review, however they are capitalised; None is everybody.
    """
    if publishers is None:
        return False
    return document.publisher is None or _name(document.publisher) not in set(map(_name, publishers))


def live(documents: Sequence[Document], today: datetime.date) -> tuple[list[Document], dict[str, str]]:
    """Part the documents that are to be published from the others.

    While its dates have it in force, a document replaces those that it names in `supersedes`, and all that they had
    replaced; it does so even where it has been replaced itself, so that the first edition does not come back with the
    third. Documents that replace each other are all held back: one of the statements is wrong, and it cannot be known
    which.

    Returns:
        Those to publish, in the order given, and the reasons for the others by file.
    """
    held_back = {document.file: reason for document in documents if (reason := _out_of_force(document, today))}
    superseded = _superseded(documents, [document for document in documents if document.file not in held_back])
    for document in documents:
        if document.id in superseded:
            held_back.setdefault(document.file, f"superseded by {superseded[document.id]}")
    return [document for document in documents if document.file not in held_back], held_back


def _out_of_force(document: Document, today: datetime.date) -> str | None:
    # ISO 8601 dates of one form compare as texts.
    day = today.isoformat()
    if document.withdrawn is not None and document.withdrawn <= day:
        return f"withdrawn since {document.withdrawn}"
    if document.effective is not None and document.effective > day:
        return f"not in force before {document.effective}"
    return None


def _superseded(documents: Iterable[Document], in_force: Iterable[Document]) -> dict[str, str]:
    """Ids of documents that are replaced, each with the id of a document that does so."""
    replaces: dict[str, set[str]] = {}
    for document in documents:
        replaces.setdefault(document.id, set()).update(document.supersedes)
    found: dict[str, str] = {}
    for document in in_force:
        for replaced in _reachable(document.id, replaces) - {document.id}:
            found.setdefault(replaced, document.id)
    return found


def _reachable(start: str, replaces: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        following = replaces.get(waiting.pop(), set()) - reached
        reached |= following
        waiting.extend(following)
    return reached


def _name(publisher: str) -> str:
    """For comparison: one width and case of letters, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", publisher).casefold().split())
