"""What lies in Milvus: collections behind an alias, their manifests, documents and rows."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from services.core.errors import IndexDamagedError, IndexFormatError
from services.core.types import Document
from services.index.connection import BoundedClient, translated
from services.index.schema import Manifest, hash_ids, read_manifest, to_document

ROWS_PER_CALL: Final = 500
LONG_S: Final = 600.0
"""Bound on one call that writes, builds an index or loads one."""


def current_collection(client: BoundedClient, alias: str) -> str | None:
    """The collection behind the alias, or None."""
    with translated():
        if alias not in client.list_aliases()["aliases"]:
            return None
        return str(client.describe_alias(alias)["collection_name"])


def manifest_of(client: BoundedClient, collection: str) -> Manifest:
    """A collection's manifest.

    Raises:
        IndexFormatError: It has none that this version reads.
    """
    with translated():
        properties = client.describe_collection(collection).get("properties") or {}
    return read_manifest(properties)


def load(client: BoundedClient, collection: str) -> None:
    """Make a collection ready to be read: Milvus releases collections at a restart."""
    with translated():
        client.load_collection(collection, timeout=LONG_S)


def check_rows(client: BoundedClient, collection: str, manifest: Manifest) -> None:
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


def documents_of(client: BoundedClient, collection: str) -> dict[str, Document]:
    """The documents of a collection by id, from the record that lies on each one's first chunk."""
    rows = all_rows(client, collection, ["document_id", "document"], "ordinal == 0")
    return {row["document_id"]: to_document(row["document"]) for row in rows}


def all_rows(client: BoundedClient, collection: str, fields: list[str], where: str = "") -> Iterator[dict[str, Any]]:
    """All rows that fit, in batches, so that no limit of Milvus on one answer is met."""
    with translated():
        rows = client.query_iterator(collection, batch_size=ROWS_PER_CALL, filter=where, output_fields=fields)
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
