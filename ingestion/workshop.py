"""What a sync works with; the only place that builds it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from ingestion.embedding import KnowsVectors, embed_all
from ingestion.parsing import Parsed, Parsers
from ingestion.scan import File
from ingestion.spool import Read
from services.core.settings import EmbeddingSettings, IndexSettings
from services.embedding.embedder import Embedder
from services.embedding.opening import fingerprint_of, open_embedder
from services.index.connection import connect
from services.index.editions import Editions
from services.index.schema import Entry

Engine = Literal["local", "ray"]
Progress = Callable[[str, int, int], None]
"""Called with a stage, how many documents (reading) or chunks of it are done, and how many there are; 0 is unknown."""


class Parse(Protocol):
    """Reads files."""

    def __call__(self, files: Sequence[File], /) -> Iterator[Parsed]:
        """One result for each file, in their order."""


class Embed(Protocol):
    """Cuts and embeds what was read."""

    def __call__(
        self, reads: Iterable[Read], embedder: Embedder, known: KnowsVectors, /
    ) -> Iterator[tuple[list[Entry], int]]:
        """Entries in batches, and how many texts of each were embedded."""


def _quiet(_stage: str, _done: int, _total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a sync works with.

    Attributes:
        fingerprint: Of the embedder that `open_embedder` would load.
        open_embedder: Called only if something is to be published.
        parse: Reads files.
        embed: Cuts and embeds what was read.
    """

    editions: Editions
    fingerprint: str
    open_embedder: Callable[[], Embedder]
    parse: Parse
    progress: Progress = _quiet
    embed: Embed = embed_all


@contextmanager
def open_workshop(
    index: IndexSettings,
    embedding: EmbeddingSettings | Embedder,
    progress: Progress = _quiet,
    engine: Engine = "local",
) -> Iterator[Workshop]:
    """A workshop on an index, which is made if there is none; closed at the end.

    Args:
        index: Where the editions are.
        embedding: An embedder, or the settings of one that is opened when it is needed.
        progress: Told how far a sync is.
        engine: Where files are read, cut and embedded; "ray" needs settings, not an embedder.

    Raises:
        LibraryError: The engine is not installed or does not start.
        IndexUnavailableError: The index cannot be opened; subclasses say why.
        EmbedderError: There is no such embedder.
    """
    with ExitStack() as stack:
        ray = None
        if engine == "ray":
            if not isinstance(embedding, EmbeddingSettings):
                raise TypeError("on Ray an embedder is opened where it is used: give its settings")
            from ingestion.distributed import RayEngine

            ray = stack.enter_context(RayEngine(embedding))  # first: it forks, and Milvus's client has threads
        client = stack.enter_context(connect(index, create=True))
        parsers = stack.enter_context(Parsers())

        def opened() -> Embedder:
            if not isinstance(embedding, EmbeddingSettings):
                return embedding
            embedder = open_embedder(embedding)
            stack.callback(embedder.close)
            return embedder

        fingerprint = fingerprint_of(embedding) if isinstance(embedding, EmbeddingSettings) else embedding.fingerprint
        work = Workshop(Editions(client, index), fingerprint, opened, parsers.read, progress)
        yield work if ray is None else replace(work, parse=ray.read, embed=ray.embed)
