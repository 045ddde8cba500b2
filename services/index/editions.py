"""Writing: an edition is a collection of its own that goes live by one switch of the alias."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pymilvus import MilvusClient

from services.core.errors import IndexDamagedError, IndexFormatError
from services.core.settings import IndexSettings
from services.core.types import Document
from services.index.connection import translated
from services.index.schema import (
    CHUNK_FIELDS,
    DENSE,
    MANIFEST_PROPERTY,
    SEARCH_TEXT,
    Entry,
    Manifest,
    collection_schema,
    hash_ids,
    index_params,
    read_manifest,
    to_chunk,
    to_document,
    to_row,
)

_ROWS_PER_CALL: Final = 500
_KEPT_EDITIONS: Final = 2


class Editions:
    """Creates, fills, checks, publishes and drops editions. One writer at a time."""

    def __init__(self, client: MilvusClient, settings: IndexSettings) -> None:
        """Use a client that `connect` opened."""
        self._client = client
        self._settings = settings

    def current(self) -> Manifest | None:
        """The published edition's manifest, or None before the first.

        Raises:
            IndexFormatError: The published edition is of another format.
        """
        name = current_collection(self._client, self._settings.collection)
        return None if name is None else manifest_of(self._client, name)

    def create(self, edition: str, dim: int) -> None:
        """An empty edition; one left over from a run that was killed is dropped first."""
        name = self._collection(edition)
        with translated():
            if self._client.has_collection(name):
                self._client.drop_collection(name)
            self._client.create_collection(
                name, schema=collection_schema(dim, self._settings.analyzer), index_params=index_params()
            )

    def add(self, edition: str, entries: Iterable[Entry], documents: Mapping[str, Document], dim: int) -> int:
        """Write entries; the same id twice is one row. Returns how many were sent."""
        rows = [to_row(e, documents[e.chunk.document_id] if e.chunk.ordinal == 0 else None, dim) for e in entries]
        for start in range(0, len(rows), _ROWS_PER_CALL):
            with translated():
                self._client.upsert(self._collection(edition), rows[start : start + _ROWS_PER_CALL])
        return len(rows)

    def publish(self, manifest: Manifest) -> None:
        """Flush once, check against the manifest, switch the alias, drop all but the last editions.

        Raises:
            IndexDamagedError: The rows in Milvus are not those of the manifest; the old edition stays.
        """
        name, alias = self._collection(manifest.edition), self._settings.collection
        with translated():
            self._client.flush(name)
            self._client.load_collection(name)
            self._client.alter_collection_properties(name, properties={MANIFEST_PROPERTY: manifest.to_json()})
        check_rows(self._client, name, manifest)
        published = current_collection(self._client, alias)
        with translated():
            if published is None:
                self._client.create_alias(name, alias)
            else:
                self._client.alter_alias(name, alias)
        self._drop_old(keep={name})

    def entries_of(self, document_ids: Sequence[str]) -> Iterator[Entry]:
        """Chunks with their vectors from the published edition, so that unchanged text is not embedded again."""
        name = self._loaded()
        if name is None or not document_ids:
            return
        fields = [*CHUNK_FIELDS, "embedded", SEARCH_TEXT, DENSE]
        for start in range(0, len(document_ids), _ROWS_PER_CALL):
            wanted = quoted(document_ids[start : start + _ROWS_PER_CALL])
            for row in all_rows(self._client, name, fields, f"document_id in [{wanted}]"):
                yield Entry(to_chunk(row), row[SEARCH_TEXT], row[DENSE] if row["embedded"] else None)

    def documents(self) -> dict[str, Document]:
        """The published edition's documents by id; empty before the first."""
        name = self._loaded()
        return {} if name is None else documents_of(self._client, name)

    def _loaded(self) -> str | None:
        """The published collection, ready to be read: Milvus releases collections at a restart."""
        name = current_collection(self._client, self._settings.collection)
        if name is not None:
            with translated():
                self._client.load_collection(name)
        return name

    def _drop_old(self, keep: set[str]) -> None:
        prefix = f"{self._settings.collection}_"
        with translated():
            names = sorted((n for n in self._client.list_collections() if n.startswith(prefix)), reverse=True)
            for name in [n for n in names if n not in keep][_KEPT_EDITIONS - len(keep) :]:
                self._client.drop_collection(name)

    def _collection(self, edition: str) -> str:
        return f"{self._settings.collection}_{edition}"


def current_collection(client: MilvusClient, alias: str) -> str | None:
    """The collection behind the alias, or None."""
    with translated():
        if alias not in client.list_aliases()["aliases"]:
            return None
        return str(client.describe_alias(alias)["collection_name"])


def manifest_of(client: MilvusClient, collection: str) -> Manifest:
    """A collection's manifest.

    Raises:
        IndexFormatError: It has none that this version reads.
    """
    with translated():
        properties = client.describe_collection(collection).get("properties") or {}
    return read_manifest(properties)


def check_rows(client: MilvusClient, collection: str, manifest: Manifest) -> None:
    """Compare what Milvus holds with what the manifest promises.

    Raises:
        IndexDamagedError: Rows are missing, or there are others.
    """
    ids = [row["id"] for row in all_rows(client, collection, ["id"])]
    if len(ids) != manifest.chunks or hash_ids(ids) != manifest.ids_hash:
        raise IndexDamagedError(
            f"the index holds {len(ids)} chunks, its manifest promises {manifest.chunks}: "
            "rebuild it with `citewell-ingest sync FOLDER --rebuild`"
        )


def documents_of(client: MilvusClient, collection: str) -> dict[str, Document]:
    """The documents of a collection by id, from the record that lies on each one's first chunk."""
    rows = all_rows(client, collection, ["document_id", "document"], "ordinal == 0")
    return {row["document_id"]: to_document(row["document"]) for row in rows}


def all_rows(client: MilvusClient, collection: str, fields: list[str], where: str = "") -> Iterator[dict[str, Any]]:
    """All rows that fit, in batches, so that no limit of Milvus on one answer is met."""
    with translated():
        rows = client.query_iterator(collection, batch_size=_ROWS_PER_CALL, filter=where, output_fields=fields)
        try:
            while batch := rows.next():
                yield from batch
        finally:
            rows.close()


def quoted(values: Iterable[str]) -> str:
    """String literals for a filter: Lite takes no templates, so quotes and backslashes are escaped.

    Raises:
        IndexFormatError: A value has a control character, which no id of ours has.
    """
    values = list(values)
    if any(not value.isprintable() for value in values):
        raise IndexFormatError("an id has unprintable characters")
    return ", ".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
