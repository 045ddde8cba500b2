"""What a sync works with; the only place that builds it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

from ingestion.parsing import Parsed, Parsers
from ingestion.scan import File
from services.core.settings import EmbeddingSettings, IndexSettings
from services.embedding.embedder import Embedder
from services.embedding.opening import fingerprint_of, open_embedder
from services.index.connection import connect
from services.index.editions import Editions

Progress = Callable[[str, int, int], None]
"""Called with a stage, how many documents (reading) or chunks of it are done, and how many there are; 0 is unknown."""


class Parse(Protocol):
    """Reads files."""

    def __call__(self, files: Sequence[File], /) -> Iterator[Parsed]:
        """One result for each file, in their order."""


def _quiet(_stage: str, _done: int, _total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a sync works with.

    Attributes:
        fingerprint: Of the embedder that `open_embedder` would load.
        open_embedder: Called only if something is to be published.
        parse: Reads files.
    """

    editions: Editions
    fingerprint: str
    open_embedder: Callable[[], Embedder]
    parse: Parse
    progress: Progress = _quiet


@contextmanager
def open_workshop(
    index: IndexSettings, embedding: EmbeddingSettings | Embedder, progress: Progress = _quiet
) -> Iterator[Workshop]:
    """A workshop on an index, which is made if there is none; closed at the end.

    Args:
        index: Where the editions are.
        embedding: An embedder, or the settings of one that is opened when it is needed.
        progress: Told how far a sync is.

    Raises:
        IndexUnavailableError: The index cannot be opened; subclasses say why.
        EmbedderError: There is no such embedder.
    """
    with ExitStack() as stack:
        client = stack.enter_context(connect(index, create=True))
        parsers = stack.enter_context(Parsers())

        def opened() -> Embedder:
            if not isinstance(embedding, EmbeddingSettings):
                return embedding
            embedder = open_embedder(embedding)
            stack.callback(embedder.close)
            return embedder

        fingerprint = fingerprint_of(embedding) if isinstance(embedding, EmbeddingSettings) else embedding.fingerprint
        yield Workshop(Editions(client, index), fingerprint, opened, parsers.read, progress)
