"""The guidelines of the published edition, by condition, and the triage rules as passages."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Final

from services.assistant.jurisdiction import country_of, in_order, set_aside
from services.core.errors import NotFoundError
from services.core.settings import VocabularySettings
from services.core.types import Chunk, Condition, Document
from services.generation.advice import Guideline
from services.index.guidelines import GuidelineIndex
from services.index.schema import Manifest
from services.triage.rules import Rule, rule_passage
from services.verification.terminology import Nomenclature
from services.verification.vocabulary import read_vocabulary

KEPT_DOCUMENTS: Final = 1_000
"""Documents whose chunks stay in memory, a few ten kilobytes each."""


class Library:
    """Reads whole guidelines, and keeps those that were read last."""

    def __init__(self, index: GuidelineIndex, rules: Sequence[Rule], vocabulary: VocabularySettings) -> None:
        """Read from this index, and codes and names that it lacks from this vocabulary.

        Raises:
            VocabularyError: It cannot be read.
        """
        self._index = index
        self._kept: OrderedDict[str, tuple[Chunk, ...]] = OrderedDict()
        self._lock = Lock()
        self._by_condition: dict[str, list[Document]] = {}
        for document in index.documents.values():
            self._by_condition.setdefault(document.condition.id, []).append(document)
        self._set_aside = set_aside(index.documents.values())
        conditions = [
            condition
            for document in index.documents.values()
            for condition in (document.condition, *document.other_conditions)
        ]
        self._nomenclature = Nomenclature(conditions, lambda names: read_vocabulary(vocabulary, names))
        passages = [rule_passage(rule) for rule in rules]
        self.rule_documents: Final[Mapping[str, Document]] = {document.id: document for document, _ in passages}
        self.rule_chunks: Final[Mapping[str, Chunk]] = {chunk.id: chunk for _, chunk in passages}
        self.rules: Final = len(rules)

    @property
    def manifest(self) -> Manifest:
        """What the published edition is made of."""
        return self._index.manifest

    @property
    def documents(self) -> Mapping[str, Document]:
        """The guidelines by id."""
        return self._index.documents

    @property
    def conditions(self) -> Sequence[str]:
        """Ids of the conditions that guidelines are on."""
        return tuple(self._by_condition)

    def aligned(self, condition: Condition) -> Condition:
        """The condition under its ICD-10 code and preferred names, as far as they are known."""
        return self._nomenclature.align(condition)

    def ping(self) -> None:
        """Ask the index whether it answers.

        Raises:
            IndexUnavailableError: It does not.
        """
        self._index.ping()

    def set_aside(self, region: str) -> frozenset[str]:
        """Ids of guidelines that are not used where a patient is; none where that is unknown ("")."""
        return self._set_aside.get(country_of(region) or "", frozenset())

    def guidelines_on(self, conditions: Sequence[str], language: str, region: str) -> dict[str, tuple[Guideline, ...]]:
        """The guidelines on each condition that hold in a region ("" is unknown).

        Those in this language are first, among them those of the region, and then the newest.
        """
        excluded = self.set_aside(region)
        documents = {
            condition: in_order((d for d in self._by_condition[condition] if d.id not in excluded), language, region)
            for condition in conditions
        }
        chunks = self._chunks([document.id for found in documents.values() for document in found])
        return {c: tuple(Guideline(d, chunks[d.id]) for d in found) for c, found in documents.items()}

    def document(self, document_id: str) -> tuple[Document, tuple[Chunk, ...]]:
        """A guideline and its chunks.

        Raises:
            NotFoundError: There is none with this id.
        """
        if document_id not in self.documents:
            raise NotFoundError("there is no guideline with this id in the published edition")
        return self.documents[document_id], self._chunks([document_id])[document_id]

    def passage(self, passage_id: str) -> tuple[Document, Chunk]:
        """A passage and its guideline; triage rules are passages too.

        Raises:
            NotFoundError: There is none with this id.
        """
        if rule := self.rule_chunks.get(passage_id):
            return self.rule_documents[passage_id], rule
        document_id = passage_id.rpartition(":")[0]
        if document_id in self.documents:
            for chunk in self._chunks([document_id])[document_id]:
                if chunk.id == passage_id:
                    return self.documents[document_id], chunk
        raise NotFoundError("there is no passage with this id in the published edition")

    def preload(self, language: str, region: str) -> dict[str, tuple[Guideline, ...]]:
        """Read as many guidelines as are kept, so that the first question is not slower than the next."""
        return self.guidelines_on(list(self._by_condition)[:KEPT_DOCUMENTS], language, region)

    def _chunks(self, document_ids: Sequence[str]) -> dict[str, tuple[Chunk, ...]]:
        with self._lock:
            found = {key: self._kept[key] for key in document_ids if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        if missing := [key for key in document_ids if key not in found]:
            read = self._index.chunks_of(missing)
            found.update(read)
            with self._lock:
                self._kept.update(read)
                while len(self._kept) > KEPT_DOCUMENTS:
                    self._kept.popitem(last=False)
        return found
