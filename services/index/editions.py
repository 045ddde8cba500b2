"""Writing: an edition is a collection of its own that goes live by one switch of the alias."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from services.core.errors import IndexBusyError, IndexFormatError, NotFoundError
from services.core.settings import IndexSettings
from services.core.types import Chunk, Document
from services.index.bulk import BulkImport
from services.index.collections import (
    LONG_S,
    ROWS_PER_CALL,
    all_rows,
    check_rows,
    current_collection,
    documents_of,
    load,
    manifest_of,
    quoted,
)
from services.index.connection import BoundedClient, is_lite, translated
from services.index.guidelines import GuidelineIndex
from services.index.schema import (
    CHUNK_FIELDS,
    DENSE,
    MANIFEST_PROPERTY,
    SEARCH_TEXT,
    Entry,
    Manifest,
    collection_schema,
    index_params,
    to_chunk,
    to_row,
)

_KEPT_EDITIONS: Final = 2


@contextmanager
def one_writer(settings: IndexSettings) -> Iterator[None]:
    """Only one process of this machine changes editions at a time; the lock goes with the process.

    Raises:
        IndexBusyError: Another one is at it.
    """
    if is_lite(settings.uri):
        path = Path(settings.uri).with_name(f"{Path(settings.uri).name}.lock")
        path.parent.mkdir(parents=True, exist_ok=True)
    else:
        name = hashlib.sha256(f"{settings.uri}\n{settings.collection}".encode()).hexdigest()[:16]
        path = Path(tempfile.gettempdir()) / f"citewell-{name}.lock"
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout as exc:
        raise IndexBusyError("another process is changing this library: wait until it is done") from exc


class Editions:
    """Creates, fills, publishes, rolls back and drops editions. One writer at a time: see `one_writer`."""

    def __init__(self, client: BoundedClient, settings: IndexSettings) -> None:
        """Use a client that `connect` opened."""
        self._client = client
        self._settings = settings
        self._bulk: BulkImport | None = None

    def current(self) -> Manifest | None:
        """The published edition's manifest, or None before the first.

        Raises:
            IndexFormatError: The published edition is of another format.
        """
        name = current_collection(self._client, self._settings.collection)
        return None if name is None else manifest_of(self._client, name)

    def kept(self) -> list[Manifest]:
        """The manifests of all finished editions of this format, newest first."""
        found = []
        for name in self._names():
            try:
                found.append(manifest_of(self._client, name))
            except IndexFormatError:
                continue  # left over from a run that was killed, or of another version
        return found

    def manifest(self, edition: str) -> Manifest:
        """A kept edition's manifest.

        Raises:
            NotFoundError: There is no finished edition of this name.
        """
        for manifest in self.kept():
            if manifest.edition == edition:
                return manifest
        raise NotFoundError("there is no such edition: `citewell-ingest editions` lists them")

    def create(self, edition: str, dim: int) -> None:
        """An empty edition; what a run that was killed has left over is dropped first."""
        finished = {self._collection(manifest.edition) for manifest in self.kept()}
        published = current_collection(self._client, self._settings.collection)
        schema = collection_schema(dim, self._settings.analyzer)
        with translated():
            for name in set(self._names()) - finished - {published}:
                self._client.drop_collection(name, timeout=LONG_S)
            name = self._collection(edition)
            self._client.create_collection(name, schema=schema, timeout=LONG_S)
            # pymilvus would wait half a second for each index of what is still empty; `complete` waits for them.
            self._client.create_index(name, index_params(), timeout=LONG_S, sync=False)
        if self._settings.bulk.endpoint:
            self._bulk = BulkImport(self._settings, name, schema)

    def add(self, edition: str, entries: Iterable[Entry], documents: Mapping[str, Document], dim: int) -> int:
        """Write entries. Returns how many were sent."""
        rows = [to_row(e, documents[e.chunk.document_id] if e.chunk.ordinal == 0 else None, dim) for e in entries]
        if self._bulk is not None:
            self._bulk.add(rows)
            return len(rows)
        for start in range(0, len(rows), ROWS_PER_CALL):
            part = rows[start : start + ROWS_PER_CALL]
            with translated():
                self._client.insert(self._collection(edition), part, timeout=LONG_S)
        return len(rows)

    def complete(self, manifest: Manifest) -> GuidelineIndex:
        """Flush once and compare with the manifest; to be tried before it is published.

        Raises:
            IndexDamagedError: The rows in Milvus are not those of the manifest.
        """
        name = self._collection(manifest.edition)
        if self._bulk is not None:
            self._bulk.finish()
        with translated():
            self._client.flush(name, timeout=LONG_S)
        load(self._client, name)
        check_rows(self._client, name, manifest)
        return GuidelineIndex(self._client, self._settings, name, manifest, documents_of(self._client, name))

    def publish(self, manifest: Manifest) -> None:
        """Switch readers to a complete edition at once, and drop all but it and the one published before."""
        name, alias = self._collection(manifest.edition), self._settings.collection
        published = current_collection(self._client, alias)
        with translated():
            self._client.alter_collection_properties(name, properties={MANIFEST_PROPERTY: manifest.to_json()})
            if published is None:
                self._client.create_alias(name, alias)
            else:
                self._client.alter_alias(name, alias)
        self._drop_old(name, published)

    def roll_back(self, edition: str | None = None) -> Manifest:
        """Switch readers to a kept edition: this one, or the newest other than the published one.

        Raises:
            NotFoundError: There is none.
            IndexDamagedError: Rows of it are missing; the published edition stays.
        """
        current = self.current()
        others = [manifest for manifest in self.kept() if current is None or manifest.edition != current.edition]
        if edition is None and not others:
            raise NotFoundError("there is no other edition to go back to")
        manifest = others[0] if edition is None else self.manifest(edition)
        name = self._collection(manifest.edition)
        load(self._client, name)
        check_rows(self._client, name, manifest)
        with translated():
            self._client.alter_alias(name, self._settings.collection)
        return manifest

    def entries_of(self, document_ids: Sequence[str]) -> Iterator[Entry]:
        """Chunks with their vectors from the published edition, so that unchanged text is not embedded again."""
        name = self._loaded(None)
        if name is None or not document_ids:
            return
        fields = [*CHUNK_FIELDS, "embedded", SEARCH_TEXT, DENSE]
        for start in range(0, len(document_ids), ROWS_PER_CALL):
            wanted = quoted(document_ids[start : start + ROWS_PER_CALL])
            for row in all_rows(self._client, name, fields, f"document_id in [{wanted}]"):
                yield Entry(to_chunk(row), row[SEARCH_TEXT], row[DENSE] if row["embedded"] else None)

    def documents(self, edition: str | None = None) -> dict[str, Document]:
        """An edition's documents by id, of the published one where none is named; empty before the first."""
        name = self._loaded(edition)
        return {} if name is None else documents_of(self._client, name)

    def chunks(self, edition: str | None = None) -> Iterator[Chunk]:
        """An edition's chunks, in no order; those of the published one where none is named."""
        name = self._loaded(edition)
        if name is not None:
            yield from (to_chunk(row) for row in all_rows(self._client, name, [*CHUNK_FIELDS]))

    def _loaded(self, edition: str | None) -> str | None:
        """A collection, ready to be read."""
        if edition is None:
            name = current_collection(self._client, self._settings.collection)
        else:
            name = self._collection(self.manifest(edition).edition)
        if name is not None:
            load(self._client, name)
        return name

    def _drop_old(self, *kept: str | None) -> None:
        """All but these; if that leaves fewer than are kept, the newest others stay."""
        names = self._names()
        spare = [name for name in names if name not in kept]
        with translated():
            for name in spare[max(0, _KEPT_EDITIONS - len(set(names) & set(kept))) :]:
                self._client.drop_collection(name, timeout=LONG_S)

    def _names(self) -> list[str]:
        """Names of all editions' collections, newest first."""
        prefix = f"{self._settings.collection}_"
        with translated():
            return sorted((n for n in self._client.list_collections() if n.startswith(prefix)), reverse=True)

    def _collection(self, edition: str) -> str:
        return f"{self._settings.collection}_{edition}"
