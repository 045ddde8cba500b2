"""Answers as the wire has them: objects, the older contract, and plain text."""

from collections.abc import Mapping, Sequence

from services.api.schemas import (
    CitationOut,
    DiagnoseAnswer,
    DiagnosisOut,
    EmergencyNumbersOut,
    FindingOut,
    GuidelineRef,
    LegacyAdvice,
    LegacyAnswer,
    LegacyReferral,
    PassageHit,
    ProvenanceOut,
    ReasonOut,
    ReferralOut,
    SearchAnswer,
    SourceOut,
    TipOut,
    TriageAnswerOut,
    TriageOut,
)
from services.assistant.wording import WORDING, Wording
from services.core.answer import Answer, Citation, CitedFinding, CitedText, Diagnosis, TriageAnswer
from services.core.types import Document, Language, Passage, Source
from services.triage.levels import EMERGENCIES


def answer_out(answer: Answer, *, as_text: bool) -> DiagnoseAnswer:
    """The answer of `/v1/diagnose`."""
    return DiagnoseAnswer(
        id=answer.id,
        language=answer.language,
        status=answer.status,
        engine=answer.engine,
        degraded=answer.degraded,
        triage=_triage_out(answer.triage),
        possible_diagnoses=[_diagnosis_out(diagnosis) for diagnosis in answer.diagnoses],
        lifestyle_tips=[TipOut(text=tip.text, citations=list(tip.citations)) for tip in answer.tips],
        medical_referral=ReferralOut(
            need_visit=answer.referral.need_visit,
            recommended_department=answer.referral.recommended_department,
            urgent_level=answer.referral.urgent_level,
            suggested_tests=list(answer.referral.suggested_tests),
            citations=list(answer.referral.citations),
        ),
        follow_up_questions=list(answer.questions),
        citations=[citation_out(citation) for citation in answer.citations],
        missing=answer.missing,
        text=answer_text(answer) if as_text else None,
        disclaimer=answer.disclaimer,
        provenance=ProvenanceOut.model_validate(answer.provenance),
    )


def triage_out(
    triage: TriageAnswer, citations: Sequence[Citation], language: Language, *, as_text: bool
) -> TriageAnswerOut:
    """The answer of `/v1/triage`."""
    wording = WORDING[language]
    return TriageAnswerOut(
        triage=_triage_out(triage),
        citations=[citation_out(citation) for citation in citations],
        language=language,
        text="\n".join([*_triage_text(triage, language), *_quotes(citations), "", wording.disclaimer])
        if as_text
        else None,
        disclaimer=wording.disclaimer,
    )


def legacy_out(answer: Answer, *, as_text: bool) -> LegacyAnswer:
    """The answer of `/diagnose`: the older contract beside the whole answer."""
    details = answer_out(answer, as_text=as_text)
    if as_text:
        return LegacyAnswer(advice=answer_text(answer), details=details)
    referral = answer.referral
    return LegacyAnswer(
        advice=LegacyAdvice(
            possible_diagnoses=[diagnosis.name for diagnosis in answer.diagnoses],
            lifestyle_tips=[tip.text for tip in answer.tips],
            medical_referral=LegacyReferral(
                need_visit=referral.need_visit,
                recommended_department=referral.recommended_department,
                urgent_level=WORDING[answer.language].urgent_levels[referral.urgent_level],
                suggested_tests=list(referral.suggested_tests),
            ),
        ),
        details=details,
    )


def answer_text(answer: Answer) -> str:
    """An answer to read, urgency first, with numbered quotes at the end."""
    wording = WORDING[answer.language]
    headings = wording.headings
    lines = _triage_text(answer.triage, answer.language)
    if answer.missing:
        lines += ["", answer.missing]
    if answer.diagnoses:
        lines += ["", headings["diagnoses"]]
        for number, diagnosis in enumerate(answer.diagnoses, 1):
            lines.append(f"{number}. {_named(diagnosis, wording)} {_marks(diagnosis.citations)}")
            lines.append(f"   {diagnosis.rationale}")
    if answer.tips:
        lines += ["", headings["tips"], *(f"- {tip.text} {_marks(tip.citations)}" for tip in answer.tips)]
    if answer.diagnoses:
        referral = answer.referral
        lines += ["", f"{headings['referral']}: {referral.recommended_department} {_marks(referral.citations)}"]
        if referral.suggested_tests:
            lines.append(f"{headings['tests']}: {wording.joiner.join(referral.suggested_tests)}")
    if answer.questions:
        lines += ["", headings["questions"], *(f"- {question}" for question in answer.questions)]
    return "\n".join([*lines, *_quotes(answer.citations, headings["citations"]), "", answer.disclaimer])


def evidence_out(passages: Sequence[Passage]) -> SearchAnswer:
    """Passages, best first."""
    return SearchAnswer(
        passages=[
            PassageHit(
                id=passage.chunk.id,
                text=passage.chunk.text,
                score=round(passage.score, 5),
                similarity=None if passage.similarity is None else round(passage.similarity, 4),
                guideline=guideline_ref(passage.document),
                section=passage.chunk.section,
                page=passage.chunk.page,
            )
            for passage in passages
        ]
    )


def guideline_ref(document: Document) -> GuidelineRef:
    """A guideline in short."""
    return GuidelineRef(
        id=document.id,
        title=document.title,
        publisher=document.publisher,
        jurisdiction=document.jurisdiction,
        edition=document.edition,
        published=document.published,
        url=document.url,
        licence=document.licence,
    )


def sources_out(sources: Mapping[str, Source], keys: Sequence[str]) -> list[SourceOut]:
    """The sources with these keys."""
    return [
        SourceOut(key=key, publisher=s.publisher, title=s.title, year=s.year, url=s.url, checked=s.checked)
        for key in keys
        if (s := sources.get(key))
    ]


def citation_out(citation: Citation) -> CitationOut:
    """A citation with its guideline and the sources of its sentence."""
    return CitationOut(
        id=citation.id,
        passage_id=citation.passage_id,
        guideline=guideline_ref(citation.guideline),
        section=citation.section,
        page=citation.page,
        quote=citation.quote,
        start=citation.start,
        end=citation.end,
        sources=sources_out(citation.guideline.sources, citation.sources),
    )


def _triage_out(triage: TriageAnswer) -> TriageOut:
    return TriageOut(
        level=triage.level,
        red_flags=_reasons_out(triage.red_flags),
        reasons=_reasons_out(triage.reasons),
        emergency_numbers=EmergencyNumbersOut.model_validate(triage.numbers) if triage.numbers else None,
    )


def _reasons_out(reasons: Sequence[CitedText]) -> list[ReasonOut]:
    return [ReasonOut(finding=reason.text, citations=list(reason.citations)) for reason in reasons]


def _diagnosis_out(diagnosis: Diagnosis) -> DiagnosisOut:
    return DiagnosisOut(
        name=diagnosis.name,
        condition_id=diagnosis.condition_id,
        icd10=diagnosis.icd10,
        confidence=diagnosis.confidence,
        probability=diagnosis.probability,
        rationale=diagnosis.rationale,
        supporting=[_finding_out(finding) for finding in diagnosis.supporting],
        against=[_finding_out(finding) for finding in diagnosis.against],
        citations=list(diagnosis.citations),
        score=diagnosis.score,
        votes=diagnosis.votes,
        score_parts=dict(diagnosis.score_parts),
        jurisdictions=list(diagnosis.jurisdictions),
    )


def _finding_out(finding: CitedFinding) -> FindingOut:
    return FindingOut(
        finding=finding.text, finding_id=finding.finding_id, weight=finding.weight, citations=list(finding.citations)
    )


def _named(diagnosis: Diagnosis, wording: Wording) -> str:
    """The name, how sure it is, and whose guidelines differ, where those of several countries are in use."""
    said = [f"{wording.headings['confidence']}: {wording.confidences[diagnosis.confidence]}"]
    if len(diagnosis.jurisdictions) > 1:
        said.append(f"{wording.headings['jurisdictions']}: {wording.joiner.join(diagnosis.jurisdictions)}")
    return f"{diagnosis.name} ({'; '.join(said)})"


def _triage_text(triage: TriageAnswer, language: Language) -> list[str]:
    wording = WORDING[language]
    reasons = [f"- {reason.text} {_marks(reason.citations)}" for reason in triage.reasons]
    return [f"{wording.headings['triage']}: {wording.levels[triage.level]}", *_whom_to_call(triage, wording), *reasons]


def _whom_to_call(triage: TriageAnswer, wording: Wording) -> list[str]:
    """A line in emergencies: the numbers of the region, or how to find them."""
    if triage.level not in EMERGENCIES:
        return []
    if triage.numbers is None:
        return [wording.numbers_elsewhere]
    return [wording.numbers.format(ambulance=triage.numbers.ambulance, police=triage.numbers.police)]


def _quotes(citations: Sequence[Citation], heading: str | None = None) -> list[str]:
    if not citations:
        return []
    quotes = [f"[{c.id}] “{c.quote}” {c.guideline.title}, {c.section} ({c.passage_id})" for c in citations]
    return ["", *([heading] if heading else []), *quotes]


def _marks(citations: Sequence[str]) -> str:
    return "".join(f"[{citation}]" for citation in citations)
