"""Reading: searches over one edition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from services.core.errors import IndexEmbedderError, IndexMissingError
from services.core.settings import IndexSettings
from services.core.types import Chunk, Document, Vectors
from services.index.collections import all_rows, check_rows, current_collection, documents_of, load, manifest_of, quoted
from services.index.connection import BoundedClient, close_client, is_borrowed, open_client, translated
from services.index.schema import CHUNK_FIELDS, DENSE, LEXICAL, Manifest, to_chunk


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search found.

    Attributes:
        strength: Cosine for a dense hit, BM25 for a lexical one; higher is better. BM25's scale differs between Milvus
            Lite and a server (Lite's is negative; here it is not), so compare strengths within one search only.
    """

    chunk_id: str
    document_id: str
    strength: float


class GuidelineIndex:
    """One edition, whatever is published later. Its methods block: call them from a thread."""

    def __init__(
        self,
        client: BoundedClient,
        settings: IndexSettings,
        collection: str,
        manifest: Manifest,
        documents: Mapping[str, Document],
    ) -> None:
        """Use `open`."""
        self._client = client
        self._settings = settings
        self.collection: Final = collection
        self.manifest: Final = manifest
        self.documents: Final = documents

    @classmethod
    def open(cls, settings: IndexSettings, embedder: str) -> Self:
        """Connect, check and load the published edition.

        Args:
            settings: Where it is.
            embedder: Fingerprint of the embedder that queries will use.

        Raises:
            IndexMissingError: Nothing was published yet.
            IndexEmbedderError: It was written with another embedder.
            IndexUnavailableError: It cannot be opened or is damaged; subclasses say why.
        """
        client = open_client(settings)
        try:
            return cls._checked(client, settings, _published(client, settings), embedder)
        except BaseException:
            close_client(client)
            raise

    @classmethod
    def _checked(cls, client: BoundedClient, settings: IndexSettings, collection: str, embedder: str) -> Self:
        manifest = _usable_manifest(client, collection, embedder)
        load(client, collection)
        check_rows(client, collection, manifest)
        return cls(client, settings, collection, manifest, documents_of(client, collection))

    @property
    def is_borrowed(self) -> bool:
        """Whether it is a Milvus Lite file that another process has open and may close."""
        return is_borrowed(self._settings)

    def published(self) -> str:
        """The collection that is published now.

        Raises:
            IndexMissingError: None is.
            IndexUnavailableError: Milvus does not answer.
        """
        return _published(self._client, self._settings)

    def at(self, collection: str, embedder: str) -> Self:
        """Another edition over the same connection, checked and loaded; raises as `open` does."""
        return self._checked(self._client, self._settings, collection, embedder)

    def close(self) -> None:
        """Let go of Milvus, and so of all editions over this connection."""
        close_client(self._client)

    def ping(self) -> None:
        """Ask Milvus for the alias.

        Raises:
            IndexUnavailableError: It does not answer.
        """
        with translated():
            self._client.describe_alias(self._settings.collection)

    def dense(self, vectors: Vectors, limit: int) -> list[list[Hit]]:
        """Nearest chunks by cosine for each of (n, dim) query vectors, best first."""
        return [
            [Hit(row["id"], row["entity"]["document_id"], float(row["distance"])) for row in rows]
            for rows in self._search(vectors.tolist(), DENSE, {"metric_type": "COSINE"}, limit, "embedded == true")
        ]

    def lexical(self, texts: Sequence[str], limit: int) -> list[list[Hit]]:
        """Best chunks by BM25 for each query text, best first."""
        return [
            [Hit(row["id"], row["entity"]["document_id"], abs(float(row["distance"]))) for row in rows]
            for rows in self._search(list(texts), LEXICAL, {"metric_type": "BM25"}, limit)
        ]

    def chunks(self, ids: Sequence[str]) -> dict[str, Chunk]:
        """Chunks by id; an unknown id is left out."""
        if not ids:
            return {}
        with translated():
            rows = self._client.query(self.collection, filter=f"id in [{quoted(ids)}]", output_fields=[*CHUNK_FIELDS])
        return {row["id"]: to_chunk(row) for row in rows}

    def chunks_of(self, document_ids: Sequence[str]) -> dict[str, tuple[Chunk, ...]]:
        """All chunks of these documents, in reading order."""
        found: dict[str, list[Chunk]] = {document_id: [] for document_id in document_ids}
        if found:
            where = f"document_id in [{quoted(document_ids)}]"
            for row in all_rows(self._client, self.collection, [*CHUNK_FIELDS], where):
                found[row["document_id"]].append(to_chunk(row))
        return {key: tuple(sorted(chunks, key=lambda chunk: chunk.ordinal)) for key, chunks in found.items()}

    def _search(
        self, queries: list[Any], field: str, params: dict[str, str], limit: int, where: str = ""
    ) -> list[list[dict[str, Any]]]:
        if not queries:
            return []
        with translated():
            found: list[list[dict[str, Any]]] = self._client.search(
                self.collection,
                data=queries,
                anns_field=field,
                search_params=params,
                filter=where,
                limit=limit,
                output_fields=["document_id"],
            )
        return found


def _published(client: BoundedClient, settings: IndexSettings) -> str:
    name = current_collection(client, settings.collection)
    if name is None:
        raise IndexMissingError("the index is empty: run `citewell-ingest sync guidelines`")
    return name


def _usable_manifest(client: BoundedClient, collection: str, embedder: str) -> Manifest:
    manifest = manifest_of(client, collection)
    if manifest.embedder != embedder:
        raise IndexEmbedderError(
            f"the index was written with {manifest.embedder}, the service uses {embedder}: "
            "set CITEWELL_EMBEDDING__MODEL back, or run `citewell-ingest sync FOLDER --rebuild`"
        )
    return manifest
