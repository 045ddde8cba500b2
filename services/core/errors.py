"""The tree of errors. Messages carry ids, counts and remedies, never what a person wrote.

CitewellError
├── InvalidInputError            422
├── NotFoundError                404
├── OverloadedError              503
├── ClientGoneError              499  nobody reads the answer
├── DeidentificationError        503
├── CitationError                500  a quote is not verbatim: the claim must not leave
├── PromptTooLongError           413
├── ModelError                        the evidence engine answers instead, where the caller was not sent a draft yet
│   ├── ModelUnavailableError    503  no token came
│   │   └── ModelInterruptedError     it stopped in the middle of an answer
│   ├── ModelBusyError           503
│   ├── ModelRefusalError        503  it does not take the request: key, name or parameters
│   └── DraftRejectedError       503  what it wrote is not complete, or not what was asked for
├── ModelSettingError            500  at start
├── EmbedderError                500
│   └── EmbedderUnavailableError 503  the embeddings endpoint does not answer
├── RerankerError                500
├── VocabularyError              500  a user's vocabulary cannot be read, or may not be
├── LibraryError                 500  triage rules or terminology cannot be read
│   └── DocumentError                 one guideline file cannot be read
└── IndexUnavailableError        503
    ├── IndexMissingError
    ├── IndexLockedError
    ├── IndexBusyError
    ├── IndexFormatError
    ├── IndexEmbedderError
    └── IndexDamagedError
"""

from collections.abc import Iterator
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


class ClientGoneError(CitewellError):
    """The caller closed the connection before there was an answer."""

    code = "client_gone"
    status = 499
    title = "The caller is gone"


class DeidentificationError(CitewellError):
    """Identifiers could not be removed, so nothing is sent on."""

    code = "deidentification_failed"
    status = 503
    title = "The text could not be de-identified"
    retry_after_s = 5


class PromptTooLongError(CitewellError):
    """Question and record do not fit into the model's context."""

    code = "prompt_too_long"
    status = 413
    title = "The question is too long for the model"


class ModelError(CitewellError):
    """The language model gives no answer that may leave."""

    code = "model_failed"
    status = 503
    title = "The language model does not answer"
    retry_after_s = 5


class ModelUnavailableError(ModelError):
    """No token comes from the language model."""

    code = "model_unavailable"


class ModelInterruptedError(ModelUnavailableError):
    """The language model stopped in the middle of an answer."""

    code = "model_interrupted"


class ModelBusyError(ModelError):
    """All slots of the language model are taken."""

    code = "model_busy"


class ModelRefusalError(ModelError):
    """The model server does not take the request."""

    code = "model_refused"


class DraftRejectedError(ModelError):
    """What the language model wrote is cut off, no valid answer, or not supported by what it cites."""

    code = "draft_rejected"


class ModelSettingError(CitewellError):
    """A setting of the language model is wrong, as it shows at start."""

    code = "model_setting"


class CitationError(CitewellError):
    """A citation does not resolve to verbatim text."""

    code = "citation_invalid"


class EmbedderError(CitewellError):
    """The embedding model is missing or is not the one that was pinned."""

    code = "embedder_unusable"


class EmbedderUnavailableError(EmbedderError):
    """The embeddings endpoint does not answer."""

    code = "embedder_unavailable"
    status = 503
    title = "The embedding model does not answer"
    retry_after_s = 5


class RerankerError(CitewellError):
    """The reranking model is missing, is no reranker, or gives no usable score."""

    code = "reranker_unusable"


class VocabularyError(CitewellError):
    """A vocabulary that the user gave cannot be read, or its licence is not acknowledged."""

    code = "vocabulary_invalid"


class LibraryError(CitewellError):
    """Triage rules or terminology cannot be read."""

    code = "library_invalid"


class DocumentError(LibraryError):
    """One guideline file cannot be read; the others go on.

    Attributes:
        kind: What is wrong, stable and machine-readable: `invalid` where no other kind fits, `broken`, `encrypted`,
            `no_text`, `too_large`, `too_slow`, `too_much_memory`, `unknown_encoding`, `metadata_invalid`,
            `suspicious`, `unsupported`, `unreadable` (the file system gives it not out) or `crashed`.
    """

    code = "document_invalid"

    def __init__(self, message: str, *, kind: str = "invalid") -> None:
        super().__init__(message)
        self.kind = kind


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


class IndexBusyError(IndexUnavailableError):
    """Another process is changing the editions."""

    code = "index_busy"


class IndexFormatError(IndexUnavailableError):
    """The index was written in another format."""

    code = "index_format"


class IndexEmbedderError(IndexUnavailableError):
    """The index was written with another embedder."""

    code = "index_embedder"


class IndexDamagedError(IndexUnavailableError):
    """Rows are missing that the edition's manifest promises."""

    code = "index_damaged"


def only_ours(failed: ExceptionGroup[Exception]) -> Exception:
    """One of our errors, if all that failed in a task group are ours; else the group as it is."""
    ours, others = failed.split(CitewellError)
    if ours is None or others is not None:
        return failed
    return next(error for error in _leaves(ours))


def _leaves(failed: Exception) -> Iterator[Exception]:
    if isinstance(failed, ExceptionGroup):
        for inner in failed.exceptions:
            yield from _leaves(inner)
    else:
        yield failed
