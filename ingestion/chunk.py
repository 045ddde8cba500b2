"""Sections become chunks that fit the embedder, cut between sentences."""

import bisect
import hashlib
import itertools
from collections.abc import Callable, Sequence
from typing import Final

from llama_index.core import Document as LlamaDocument
from llama_index.core.node_parser import SentenceSplitter

from ingestion.readers.reader import Section
from ingestion.sections import role_of
from services.core.text import lexical_form, sentence_spans
from services.core.types import Chunk, Document, Sentence
from services.index.schema import MAX_TEXT_CHARACTERS

PIPELINE: Final = "3"
"""Raised whenever readers or chunker would make other chunks of the same file."""

CHUNK_TOKENS: Final = 200
"""Longest chunk in the embedder's tokens, less its heading; under the 256 that the packaged embedder reads."""

_MIN_CHUNK_TOKENS: Final = 32
SECTION_SEPARATOR: Final = " > "


def chunk_document(
    document: Document, sections: Sequence[Section], count_tokens: Callable[[str], int], max_tokens: int
) -> tuple[Chunk, ...]:
    """Cut a document into chunks, in reading order.

    llama-index's SentenceSplitter packs whole sentences; one sentence longer than a chunk is cut at words. An id is
    made of document, section and text, so that the same text in the same place keeps its id.
    """
    chunks: list[Chunk] = []
    seen: set[str] = set()
    for section in sections:
        heading = SECTION_SEPARATOR.join(section.path)
        room = max_tokens - count_tokens(embedding_text(document, heading, ""))
        size = max(_MIN_CHUNK_TOKENS, min(CHUNK_TOKENS, room))
        splitter = SentenceSplitter(
            chunk_size=size,
            chunk_overlap=0,
            paragraph_separator="\n\n",
            tokenizer=lambda text: range(count_tokens(text)),
            chunking_tokenizer_fn=lambda text, section=section: _tile(text, section, document.language),
            include_metadata=False,
        )
        fits = len(section.text) <= MAX_TEXT_CHARACTERS and count_tokens(section.text) <= size
        for start, end in [(0, len(section.text))] if fits else _pieces(splitter, section.text):
            text = section.text[start:end]
            sentences = _inside(section.sentences, start, end)
            identity = _identity(document.id, heading, text, seen)
            role = role_of(section.path)
            chunks.append(Chunk(identity, document.id, len(chunks), heading, role, text, sentences, section.page))
    return tuple(chunks)


def embedding_text(document: Document, section: str, text: str) -> str:
    """What the embedder reads: title and heading before the text."""
    return f"{document.title}. {section}\n{text}" if section else f"{document.title}\n{text}"


def search_text(document: Document, chunk: Chunk) -> str:
    """What the lexical side indexes: the text with title, heading and the condition's names in all languages."""
    conditions = (document.condition, *document.other_conditions)
    names = [name for condition in conditions for name in condition.names.values()]
    names += [word for condition in conditions for words in condition.synonyms.values() for word in words]
    return lexical_form("\n".join(dict.fromkeys([document.title, *names, chunk.section, chunk.text])))


def _tile(text: str, section: Section, language: str) -> list[str]:
    """The text as consecutive sentences that leave nothing out; a row of a table is one sentence, as it was read."""
    if text == section.text:
        starts = [sentence.start for sentence in section.sentences][1:]
    else:
        starts = [start for start, _ in sentence_spans(text, language)][1:]
    edges = [0, *starts, len(text)]
    return [text[a:b] for a, b in itertools.pairwise(edges)]


def _pieces(splitter: SentenceSplitter, text: str) -> list[tuple[int, int]]:
    """Spans of the section's text, in order."""
    spans: list[tuple[int, int]] = []
    at = 0
    for node in splitter.get_nodes_from_documents([LlamaDocument(text=text)]):
        piece = node.get_content().strip()
        start = text.index(piece, at)
        at = start + len(piece)
        for cut in range(start, at, MAX_TEXT_CHARACTERS):
            spans.append((cut, min(at, cut + MAX_TEXT_CHARACTERS)))
    return spans


def _inside(sentences: Sequence[Sentence], start: int, end: int) -> tuple[Sentence, ...]:
    """The sentences of a span, relative to it; a sentence that was cut is present with the part that lies inside."""
    first = bisect.bisect_right(sentences, start, key=lambda sentence: sentence.end)
    found = []
    for sentence in sentences[first:]:
        if sentence.start >= end:
            break
        a, b = max(sentence.start, start) - start, min(sentence.end, end) - start
        found.append(Sentence(a, b, sentence.sources))
    return tuple(found)


def _identity(document_id: str, section: str, text: str, seen: set[str]) -> str:
    for repeat in range(len(seen) + 1):
        digest = hashlib.sha256("\0".join((document_id, section, text, str(repeat))).encode()).hexdigest()[:16]
        identity = f"{document_id}:{digest}"
        if identity not in seen:
            seen.add(identity)
            break
    return identity
