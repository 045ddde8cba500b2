"""How guidelines lie in Milvus: fields, indexes and the manifest of an edition."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pymilvus import CollectionSchema, DataType, Function, FunctionType, MilvusClient
from pymilvus.milvus_client.index import IndexParams

from services.core.errors import IndexFormatError
from services.core.types import Chunk, Document, SectionRole, Sentence

FORMAT: Final = 1
"""Raised whenever fields or their meaning change; an index of another format is not opened."""

MANIFEST_PROPERTY: Final = "citewell.manifest"
DENSE, LEXICAL, SEARCH_TEXT = "dense", "lexical", "search_text"
CHUNK_FIELDS: Final = ("id", "document_id", "ordinal", "section", "role", "text", "sentences", "page")
MAX_TEXT_CHARACTERS: Final = 8_000
"""`max_length` counts bytes on a Milvus server: four a character at most, 65,535 at most in all."""

_DOCUMENT: Final = TypeAdapter(Document)
_SENTENCES: Final = TypeAdapter(tuple[Sentence, ...])


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an edition is made of; checked when the index is opened, because Lite can lose rows silently.

    Attributes:
        ids_hash: SHA-256 over the sorted chunk ids.
        pipeline: Fingerprint of readers and chunker.
    """

    edition: str
    format: int
    embedder: str
    pipeline: str
    documents: int
    chunks: int
    ids_hash: str
    created: str

    def to_json(self) -> str:
        """As stored in the collection's properties."""
        return json.dumps(asdict(self), sort_keys=True)


def read_manifest(properties: Mapping[str, str]) -> Manifest:
    """The manifest in a collection's properties.

    Raises:
        IndexFormatError: There is none, or it is of another format.
    """
    remedy = "rebuild it with `citewell-ingest sync FOLDER --rebuild`"
    try:
        manifest = Manifest(**json.loads(properties[MANIFEST_PROPERTY]))
    except (KeyError, TypeError, ValueError) as exc:
        raise IndexFormatError(f"the index has no manifest that this version can read: {remedy}") from exc
    if manifest.format != FORMAT:
        raise IndexFormatError(f"the index has format {manifest.format}, this version reads {FORMAT}: {remedy}")
    return manifest


def hash_ids(ids: Iterable[str]) -> str:
    """SHA-256 over the sorted ids, hex."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


def collection_schema(dim: int, analyzer: str) -> CollectionSchema:
    """Fields of an edition. Text is indexed by Milvus's own BM25 function over `search_text`."""
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, max_length=128, is_primary=True)
    schema.add_field("document_id", DataType.VARCHAR, max_length=512)
    schema.add_field("ordinal", DataType.INT32)
    schema.add_field("section", DataType.VARCHAR, max_length=4_096)
    schema.add_field("role", DataType.VARCHAR, max_length=32)
    schema.add_field("text", DataType.VARCHAR, max_length=65_535)
    schema.add_field("sentences", DataType.JSON)
    schema.add_field("page", DataType.INT32, nullable=True)
    schema.add_field("embedded", DataType.BOOL)
    schema.add_field("document", DataType.JSON, nullable=True)  # on a document's first chunk only
    schema.add_field(
        SEARCH_TEXT, DataType.VARCHAR, max_length=65_535, enable_analyzer=True, analyzer_params={"tokenizer": analyzer}
    )
    schema.add_field(DENSE, DataType.FLOAT_VECTOR, dim=dim)
    schema.add_field(LEXICAL, DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(
        Function(
            name="bm25",
            function_type=FunctionType.BM25,
            input_field_names=[SEARCH_TEXT],
            output_field_names=[LEXICAL],
        )
    )
    return schema


def index_params() -> IndexParams:
    """Exact dense search (fast enough to some ten thousand chunks) and an inverted index for BM25."""
    params = MilvusClient.prepare_index_params()
    params.add_index(DENSE, index_type="FLAT", metric_type="COSINE")
    params.add_index(LEXICAL, index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    return params


@dataclass(frozen=True, slots=True)
class Entry:
    """A chunk ready to be stored.

    Attributes:
        search_text: What the lexical side indexes.
        vector: (dim,); None where the embedder does not know the chunk's language, so that the dense side skips it.
    """

    chunk: Chunk
    search_text: str
    vector: Sequence[float] | None


def to_row(entry: Entry, document: Document | None, dim: int) -> dict[str, Any]:
    """A row of the collection; `document` goes with a document's first chunk. Milvus Lite has no null vectors."""
    chunk = entry.chunk
    return {
        "id": chunk.id,
        "document_id": chunk.document_id,
        "ordinal": chunk.ordinal,
        "section": chunk.section,
        "role": chunk.role.value,
        "text": chunk.text,
        "sentences": _SENTENCES.dump_python(chunk.sentences, mode="json"),
        "page": chunk.page,
        "document": None if document is None else _DOCUMENT.dump_python(document, mode="json"),
        SEARCH_TEXT: entry.search_text,
        "embedded": entry.vector is not None,
        DENSE: [1.0] + [0.0] * (dim - 1) if entry.vector is None else list(entry.vector),
    }


def to_chunk(row: Mapping[str, Any]) -> Chunk:
    """A chunk from a row with `CHUNK_FIELDS`."""
    return Chunk(
        id=row["id"],
        document_id=row["document_id"],
        ordinal=int(row["ordinal"]),
        section=row["section"],
        role=SectionRole(row["role"]),
        text=row["text"],
        sentences=_SENTENCES.validate_python(row["sentences"]),
        page=row["page"],
    )


def to_document(value: object) -> Document:
    """A document from its JSON.

    Raises:
        IndexFormatError: The stored record is not one of this version's.
    """
    try:
        return _DOCUMENT.validate_python(value)
    except ValidationError as exc:
        raise IndexFormatError("a stored document record cannot be read: rebuild the index") from exc
