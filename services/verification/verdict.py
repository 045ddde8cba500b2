"""What of a model's draft may leave: what its citations carry, and nothing that prescribes or plays down."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.core.answer import Claim, Draft, DraftDiagnosis, FindingClaim, SentenceRef
from services.core.errors import CitationError
from services.core.text import content_terms, detect_language, sentence_spans
from services.core.types import Chunk, Document, SectionRole
from services.findings.extract import extract
from services.findings.orders import is_order, names_medicine
from services.verification.citations import quote_of
from services.verification.claims import Said, Terms, expected, is_supported, least_shared, quantities, stated

_PLAYS_DOWN: Final = re.compile(
    r"\b(?:no|not an?|isn['’]t an?) (?:emergency|danger|need|urgen\w+)|\bnot (?:serious|dangerous|urgent|necessary)\b"
    r"|\b(?:need not|needn['’]t|(?:do|does) ?n[o'’]?t need|no reason)\b"
    r"|\bnothing (?:serious|to worry)|\bharmless\b|\bsafe to (?:wait|stay)|\b(?:don['’]t|no need to) worry\b"
    r"|不严重|无需|不需要|不必|不用(?!药)|没有危险|无危险|不是急症|并非急症|没事|无大碍|安全",
    re.IGNORECASE,
)
_MAY_RAISE: Final = frozenset({SectionRole.RED_FLAGS, SectionRole.REFERRAL})


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a draft is held against: the passages that were sent, their documents, and what the person said."""

    chunks: Mapping[str, Chunk]
    documents: Mapping[str, Document]
    said: Said
    terms: Terms
    for_clinician: bool

    def quote(self, ref: SentenceRef) -> str | None:
        """The sentence, if it was sent."""
        try:
            return quote_of(ref, self.chunks[ref.passage_id])[0]
        except (KeyError, CitationError):
            return None

    def quotes(self, refs: Iterable[SentenceRef]) -> list[str]:
        """The sentences among the references that were sent."""
        return [quote for ref in refs if (quote := self.quote(ref))]

    def may_say(self, text: str) -> bool:
        """Whether a text neither prescribes, where a patient reads it, nor plays down."""
        prescribes = not self.for_clinician and (is_order(text) or names_medicine(text))
        return not prescribes and not _PLAYS_DOWN.search(text)


def verify(draft: Draft, grounds: Grounds) -> Draft:
    """The draft without what its citations do not carry; a diagnosis keeps at least one finding for it, or goes."""
    diagnoses = tuple(kept for d in draft.diagnoses if (kept := _diagnosis(d, grounds)) is not None)
    calls_for_care = tuple(ref for ref in draft.referral_refs if _calls_for_care(ref, grounds))
    return replace(
        draft,
        diagnoses=diagnoses,
        tips=tuple(tip for tip in draft.tips if _is_carried(tip, grounds)),
        department=draft.department if draft.department and _is_department(draft.department, grounds) else None,
        tests=tuple(test for test in draft.tests if _is_carried(test, grounds)),
        referral_refs=calls_for_care,
        urgency=draft.urgency if calls_for_care else None,
    )


def _diagnosis(draft: DraftDiagnosis, grounds: Grounds) -> DraftDiagnosis | None:
    supporting = _findings(draft.supporting, grounds, is_for=True)
    if not supporting:
        return None
    against = _findings(draft.against, grounds, is_for=False)
    refs = tuple(dict.fromkeys(ref for claim in supporting for ref in claim.refs))
    cited = dict.fromkeys([*refs, *(ref for claim in against for ref in claim.refs)])
    names = [*draft.condition.names.values(), *(claim.text for claim in (*supporting, *against))]
    rationale = _rationale(draft.rationale, grounds.quotes(cited), names, grounds)
    return replace(draft, supporting=supporting, against=against, refs=refs, rationale=rationale)


def _findings(claims: Sequence[FindingClaim], grounds: Grounds, *, is_for: bool) -> tuple[FindingClaim, ...]:
    """Findings that the person has and the guideline expects; against, those of which only one of the two holds."""
    kept: dict[str, FindingClaim] = {}
    for claim in claims:
        says = stated(claim.text, grounds.said, grounds.terms)
        if says is None or not grounds.may_say(claim.text):
            continue
        is_expected = (says == "present") if is_for else (says == "absent")
        refs = tuple(ref for ref in claim.refs if _says(ref, claim.text, grounds) is is_expected)
        if refs and (says == "present" or not is_for):
            kept.setdefault(claim.finding_id or claim.text, replace(claim, refs=refs))
    return tuple(kept.values())


def _says(ref: SentenceRef, finding: str, grounds: Grounds) -> bool | None:
    quote = grounds.quote(ref)
    return None if quote is None else expected(finding, quote, grounds.terms)


def _rationale(text: str, quotes: Sequence[str], names: Sequence[str], grounds: Grounds) -> str:
    """Those sentences of a rationale that speak with the words and numbers of its citations and of the person."""
    known = set().union(*map(content_terms, [*quotes, *names])) | grounds.said.terms
    numbers = set().union(*map(quantities, quotes)) | grounds.said.quantities
    kept = []
    for start, end in sentence_spans(text, detect_language(text)):
        sentence = text[start:end]
        terms = content_terms(sentence)
        is_known = bool(terms) and len(terms & known) / len(terms) >= least_shared(sentence)
        if (
            is_known
            and quantities(sentence) <= numbers
            and grounds.may_say(sentence)
            and not _contradicts(sentence, grounds)
        ):
            kept.append(sentence)
    return " ".join(kept)


def _contradicts(sentence: str, grounds: Grounds) -> bool:
    """Whether a sentence affirms a finding that the person denies, or denies one that the person has."""
    written, said = extract(sentence, grounds.terms.findings), grounds.said.findings
    return bool(written.present & said.absent or written.absent & said.present)


def _is_carried(claim: Claim, grounds: Grounds) -> bool:
    return grounds.may_say(claim.text) and is_supported(claim.text, grounds.quotes(claim.refs), grounds.terms)


def _is_department(claim: Claim, grounds: Grounds) -> bool:
    """A department that the cited guidelines name, in their front matter or in the cited sentences."""
    cited = {grounds.chunks[ref.passage_id].document_id for ref in claim.refs if ref.passage_id in grounds.chunks}
    profiles = [grounds.documents[document].profile for document in cited if document in grounds.documents]
    named = {name.casefold() for profile in profiles if profile for name in profile.department.values()}
    return claim.text.casefold() in named or _is_carried(claim, grounds)


def _calls_for_care(ref: SentenceRef, grounds: Grounds) -> bool:
    """Whether a sentence stands where a guideline says when to refer; nothing else lets a model raise the level."""
    chunk = grounds.chunks.get(ref.passage_id)
    return chunk is not None and chunk.role in _MAY_RAISE and grounds.quote(ref) is not None
