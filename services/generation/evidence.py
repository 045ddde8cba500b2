"""The evidence engine: answers without a language model, from the guidelines' own sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.core.answer import Draft, DraftDiagnosis, SentenceRef
from services.core.types import Passage, SectionRole
from services.findings.lexicon import Lexicon
from services.generation.advice import (
    Guideline,
    choose_department,
    choose_questions,
    choose_tests,
    choose_tips,
)
from services.generation.profile import GuidelineProfile, read_profile
from services.generation.ranking import Candidate, Case, rank

_LEADING: Final = 3
"""Diagnoses whose guidelines give tests and advice."""


@dataclass(frozen=True, slots=True)
class Terminology:
    """Terms of findings, tests and departments."""

    findings: Lexicon
    tests: Lexicon
    departments: Lexicon


@dataclass(frozen=True, slots=True)
class Ranking:
    """Conditions, best first, and what the guidelines on each say, by condition id."""

    diagnoses: tuple[DraftDiagnosis, ...]
    says: Mapping[str, GuidelineProfile]


class EvidenceEngine:
    """Ranks the conditions of the retrieved passages and composes a draft."""

    def __init__(self, terminology: Terminology) -> None:
        """Read guidelines with these terms."""
        self._terminology = terminology
        self._profiles: dict[str, GuidelineProfile] = {}

    def preload(self, library: Mapping[str, Sequence[Guideline]], language: str) -> None:
        """Read these guidelines ahead of the first question: profiles, and what advice and referral are chosen from."""
        terms = self._terminology
        read = (
            (terms.findings, (SectionRole.SELF_CARE,)),
            (terms.tests, (SectionRole.TESTS,)),
            (terms.departments, (SectionRole.REFERRAL, SectionRole.TREATMENT, SectionRole.FOLLOW_UP)),
        )
        for guidelines in library.values():
            self._profile(_of_one_language(guidelines, language))
            for lexicon, roles in read:
                for _, text in guidelines[0].sentences(*roles):
                    lexicon.concepts_in(text)

    def rank(self, case: Case, passages: Sequence[Passage], library: Mapping[str, Sequence[Guideline]]) -> Ranking:
        """The conditions that the patient can have and that have a sentence to cite, best first.

        Args:
            case: The question.
            passages: Retrieved, best first, each of another condition.
            library: The guidelines of each of these conditions, by condition id, the question's language first.
        """
        candidates = self._candidates(case, passages, library)
        ranked = rank(case, candidates, self._terminology.findings)
        says = {candidate.condition.id: candidate.says for candidate in candidates}
        return Ranking(tuple(diagnosis for diagnosis in ranked if diagnosis.refs), says)

    def complete(self, draft: Draft, case: Case, ranking: Ranking, library: Mapping[str, Sequence[Guideline]]) -> Draft:
        """The draft with advice, tests, department and questions from its leading guidelines, where it has none.

        A draft without diagnoses stays empty.
        """
        if not draft.diagnoses:
            return draft
        terms = self._terminology
        leading = [library[d.condition.id][0] for d in draft.diagnoses[:_LEADING]]
        referral = tuple(ref for ref, _ in leading[0].sentences(SectionRole.REFERRAL))[:2]
        tips = draft.tips or choose_tips(leading, case.findings, terms.findings, with_medicines=case.for_clinician)
        return replace(
            draft,
            tips=tips,
            department=draft.department or choose_department(leading[0], terms.departments, case.language),
            tests=draft.tests or choose_tests(leading, terms.tests, case.language),
            referral_refs=draft.referral_refs or referral,
            questions=choose_questions(draft.diagnoses, ranking.says, case.findings, terms.findings, case.language),
        )

    def _candidates(
        self, case: Case, passages: Sequence[Passage], library: Mapping[str, Sequence[Guideline]]
    ) -> list[Candidate]:
        best = max((passage.score for passage in passages), default=1.0)
        known = [passage.similarity for passage in passages if passage.similarity is not None]
        floor = min(known, default=0.0)
        candidates = []
        for passage in passages:
            condition = passage.document.condition
            guidelines = _of_one_language(library[condition.id], case.language)
            candidates.append(
                Candidate(
                    condition=condition,
                    profile=guidelines[0].document.profile,
                    says=self._profile(guidelines),
                    retrieval=passage.score / best,
                    similarity=floor if passage.similarity is None else passage.similarity,
                    first_ref=SentenceRef(passage.chunk.id, 0) if passage.chunk.sentences else None,
                )
            )
        return candidates

    def _profile(self, guidelines: Sequence[Guideline]) -> GuidelineProfile:
        key = "\n".join(f"{g.document.id}@{g.document.content_hash}" for g in guidelines)
        if key not in self._profiles:
            chunks = [chunk for guideline in guidelines for chunk in guideline.chunks]
            self._profiles[key] = read_profile(chunks, self._terminology.findings)
        return self._profiles[key]


def _of_one_language(guidelines: Sequence[Guideline], language: str) -> Sequence[Guideline]:
    """Those in the question's language, else all: two translations of one text must not count twice."""
    return [g for g in guidelines if g.document.language.split("-")[0] == language] or guidelines
