"""References become citations with verbatim quotes; what does not resolve is dropped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.core.answer import Citation, SentenceRef
from services.core.errors import CitationError
from services.core.types import Chunk, Document
from services.findings.orders import is_order


def quote_of(ref: SentenceRef, chunk: Chunk) -> tuple[str, int, int]:
    """The sentence, verbatim, with its start and end in the passage's text.

    Raises:
        CitationError: The passage has no such sentence, or its bounds do not hold text.
    """
    if not 0 <= ref.sentence < len(chunk.sentences):
        raise CitationError(f"passage {chunk.id} has no sentence {ref.sentence}")
    sentence = chunk.sentences[ref.sentence]
    quote = chunk.text[sentence.start : sentence.end]
    if not quote.strip() or not 0 <= sentence.start < sentence.end <= len(chunk.text):
        raise CitationError(f"sentence {ref.sentence} of passage {chunk.id} is empty")
    return quote, sentence.start, sentence.end


@dataclass(slots=True)
class Citations:
    """The citations of one answer, numbered as they are first used.

    Attributes:
        chunks: Passages that may be cited, by id; a reference to any other does not resolve.
        documents: Their documents, by id.
        for_clinician: Whether sentences that give doses may be quoted.
    """

    chunks: Mapping[str, Chunk]
    documents: Mapping[str, Document]
    for_clinician: bool = False
    _made: dict[SentenceRef, Citation] = field(default_factory=dict)

    def cite(self, refs: Iterable[SentenceRef]) -> tuple[str, ...]:
        """Ids of the citations of those references that resolve; empty if none does, and then nothing may be said."""
        ids = []
        for ref in refs:
            citation = self._made.get(ref) or self._resolve(ref)
            if citation is not None:
                self._made[ref] = citation
                ids.append(citation.id)
        return tuple(dict.fromkeys(ids))

    def used(self) -> tuple[Citation, ...]:
        """All that was cited, in the order of their ids."""
        return tuple(self._made.values())

    def _resolve(self, ref: SentenceRef) -> Citation | None:
        chunk = self.chunks.get(ref.passage_id)
        if chunk is None or chunk.document_id not in self.documents:
            return None
        try:
            quote, start, end = quote_of(ref, chunk)
        except CitationError:
            return None
        if not self.for_clinician and is_order(quote):
            return None
        return Citation(
            id=f"c{len(self._made) + 1}",
            passage_id=chunk.id,
            guideline=self.documents[chunk.document_id],
            section=chunk.section,
            page=chunk.page,
            quote=quote,
            start=start,
            end=end,
            sources=chunk.sentences[ref.sentence].sources,
        )
