"""The tree of errors. Messages carry ids, counts and remedies, never what a person wrote.

CitewellError
├── InvalidInputError            422
├── NotFoundError                404
├── OverloadedError              503
├── DeidentificationError        503
├── CitationError                500  a quote is not verbatim: the claim must not leave
├── EmbedderError                500
├── LibraryError                 500  triage rules or terminology cannot be read
│   └── DocumentError                 one guideline file cannot be read
└── IndexUnavailableError        503
    ├── IndexMissingError
    ├── IndexLockedError
    ├── IndexFormatError
    ├── IndexEmbedderError
    └── IndexDamagedError
"""

from typing import ClassVar


class CitewellError(Exception):
    """Root of the tree. `code` is stable and machine-readable, `status` the HTTP status."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    retry_after_s: ClassVar[int | None] = None


class InvalidInputError(CitewellError):
    """The request cannot be answered as it is."""

    code = "invalid_input"
    status = 422
    title = "Invalid input"


class NotFoundError(CitewellError):
    """No such guideline or passage."""

    code = "not_found"
    status = 404
    title = "Not found"


class OverloadedError(CitewellError):
    """More requests are waiting than can be answered in time."""

    code = "overloaded"
    status = 503
    title = "Too many requests are waiting"
    retry_after_s = 1


class DeidentificationError(CitewellError):
    """Identifiers could not be removed, so nothing is sent on."""

    code = "deidentification_failed"
    status = 503
    title = "The text could not be de-identified"
    retry_after_s = 5


class CitationError(CitewellError):
    """A citation does not resolve to verbatim text."""

    code = "citation_invalid"


class EmbedderError(CitewellError):
    """The embedding model is missing or is not the one that was pinned."""

    code = "embedder_unusable"


class LibraryError(CitewellError):
    """Triage rules or terminology cannot be read."""

    code = "library_invalid"


class DocumentError(LibraryError):
    """One guideline file cannot be read; the others go on."""

    code = "document_invalid"


class IndexUnavailableError(CitewellError):
    """Milvus cannot be reached."""

    code = "index_unavailable"
    status = 503
    title = "The guideline index is not available"
    retry_after_s = 5


class IndexMissingError(IndexUnavailableError):
    """Nothing has been ingested yet."""

    code = "index_missing"


class IndexLockedError(IndexUnavailableError):
    """Another process holds the Milvus Lite file."""

    code = "index_locked"


class IndexFormatError(IndexUnavailableError):
    """The index was written in another format."""

    code = "index_format"


class IndexEmbedderError(IndexUnavailableError):
    """The index was written with another embedder."""

    code = "index_embedder"


class IndexDamagedError(IndexUnavailableError):
    """Rows are missing that the edition's manifest promises."""

    code = "index_damaged"
