"""What plain retrieval is: chunks as they are, text as it is, the two rankings of chunks fused with k = 60."""

from collections.abc import Sequence
from typing import Final

from ingestion.chunk import embedding_text
from services.embedding.embedder import Embedder
from services.index.editions import Editions
from services.index.guidelines import Hit
from services.index.schema import Entry
from services.retrieval.fusion import reciprocal_rank_fusion

CHUNKS: Final = 50
_RRF_K: Final = 60


def copy_plain(ours: Editions, plain: Editions, embedder: Embedder) -> None:
    """Copy the published edition, where it is not there yet, with the chunks' text as it is on its lexical side.

    Plain retrieval asks for no language: what our index leaves without a vector is embedded here.
    """
    manifest, documents = ours.current(), ours.documents()
    copied = plain.current()
    if manifest is None or (copied is not None and copied.edition == manifest.edition):
        return
    entries = list(ours.entries_of(list(documents)))
    bare = [e.chunk for e in entries if e.vector is None]
    texts = [embedding_text(documents[chunk.document_id], chunk.section, chunk.text) for chunk in bare]
    made = dict(zip((chunk.id for chunk in bare), embedder.encode_documents(texts).tolist(), strict=True))
    copies = [Entry(e.chunk, e.chunk.text, made.get(e.chunk.id, e.vector)) for e in entries]
    plain.create(manifest.edition, embedder.dim)
    plain.add(manifest.edition, copies, documents, embedder.dim)
    plain.complete(manifest)
    plain.publish(manifest)


def fused_documents(*sides: Sequence[Hit]) -> list[str]:
    """Document ids in the order of their best chunk, chunks fused by reciprocal rank."""
    documents = {hit.chunk_id: hit.document_id for side in sides for hit in side}
    order = reciprocal_rank_fusion([[hit.chunk_id for hit in side] for side in sides], _RRF_K)
    return list(dict.fromkeys(documents[chunk] for chunk in order))
