"""What to do: advice, tests, department and questions, taken from the sentences of the leading guidelines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.core.answer import Claim, DraftDiagnosis, SentenceRef
from services.core.text import content_terms
from services.core.types import Chunk, Document, SectionRole
from services.findings.extract import Findings
from services.findings.lexicon import Kind, Lexicon
from services.findings.orders import is_order, names_medicine
from services.generation.profile import GuidelineProfile, strongest

_MAX_TIPS: Final = 5
_MAX_TESTS: Final = 6
_MAX_QUESTIONS: Final = 4
_MIN_TIP_CHARACTERS: Final = {"en": 25, "zh": 8}
_SAME_TIP: Final = 0.6


@dataclass(frozen=True, slots=True)
class Guideline:
    """A document and its chunks, in reading order."""

    document: Document
    chunks: tuple[Chunk, ...]

    def sentences(self, *roles: SectionRole) -> Iterator[tuple[SentenceRef, str]]:
        """The sentences of sections with these roles, in reading order."""
        for chunk in self.chunks:
            if chunk.role in roles:
                for number, sentence in enumerate(chunk.sentences):
                    yield SentenceRef(chunk.id, number), chunk.text[sentence.start : sentence.end]


def choose_tips(
    guidelines: Sequence[Guideline], findings: Findings, lexicon: Lexicon, *, with_medicines: bool = False
) -> tuple[Claim, ...]:
    """Sentences of self-care sections: first those about what the patient has (smoking, say), then the leading ones.

    Sentences that name medicines or doses are left out, unless clinicians ask.
    """
    risks = {f for f in findings.present if lexicon.concepts[f].kind in {Kind.RISK_FACTOR, Kind.HISTORY}}
    offered = []
    for place, guideline in enumerate(guidelines):
        for order, (ref, text) in enumerate(guideline.sentences(SectionRole.SELF_CARE)):
            orders = not with_medicines and (is_order(text) or names_medicine(text))
            if orders or len(text) < _MIN_TIP_CHARACTERS.get(guideline.document.language, 25):
                continue
            offered.append((risks.isdisjoint(lexicon.concepts_in(text)), place, order, ref, text))
    tips: list[Claim] = []
    for not_about_risk, place, _, ref, text in sorted(offered, key=lambda tip: tip[:3]):
        # Of the other guidelines only what concerns the patient's own risks is worth saying.
        if (place == 0 or not not_about_risk) and not any(_similar(text, tip.text) for tip in tips):
            tips.append(Claim(text, (ref,)))
    return tuple(tips[:_MAX_TIPS])


def choose_tests(guidelines: Sequence[Guideline], tests: Lexicon, language: str) -> tuple[Claim, ...]:
    """Tests that the sections on tests name, those of the leading guideline first; each once."""
    found: dict[str, SentenceRef] = {}
    for guideline in guidelines:
        for ref, text in guideline.sentences(SectionRole.TESTS):
            for test in tests.concepts_in(text):
                found.setdefault(test, ref)
    return tuple(Claim(tests.concepts[test].name(language), (ref,)) for test, ref in list(found.items())[:_MAX_TESTS])


def choose_department(guideline: Guideline, departments: Lexicon, language: str) -> Claim | None:
    """Where the leading guideline refers to: as its front matter says, else as its referral sentences do."""
    refs = [ref for ref, _ in guideline.sentences(SectionRole.REFERRAL)]
    profile = guideline.document.profile
    if profile and profile.department:
        name = profile.department.get(language) or next(iter(profile.department.values()))
        return Claim(name, tuple(refs[:2]))
    roles = (SectionRole.REFERRAL, SectionRole.TREATMENT, SectionRole.FOLLOW_UP)
    for ref, text in guideline.sentences(*roles):
        if is_order(text):
            continue
        for department in departments.concepts_in(text):
            return Claim(departments.concepts[department].name(language), (ref,))
    return None


def choose_questions(
    leading: Sequence[DraftDiagnosis],
    says: Mapping[str, GuidelineProfile],
    findings: Findings,
    lexicon: Lexicon,
    language: str,
) -> tuple[str, ...]:
    """Findings not spoken of that one of the two leading guidelines expects and the other does not."""
    if not leading:
        return ()
    known = findings.present | findings.absent
    profiles = [says[diagnosis.condition.id] for diagnosis in leading[:2]]
    worth: dict[str, float] = {}
    asked = {f for p in profiles for f in p.expected if lexicon.concepts[f].kind in {Kind.SYMPTOM, Kind.SIGN}} - known
    for finding in asked:
        weights = [strongest(p.expected.get(finding, ())) - strongest(p.unexpected.get(finding, ())) for p in profiles]
        worth[finding] = abs(weights[0] - weights[-1]) if len(weights) > 1 else weights[0]
    best = sorted(worth, key=lambda finding: (-worth[finding], finding))
    names = [lexicon.concepts[f].name(language) for f in best if not lexicon.concepts[f].implies & known][
        :_MAX_QUESTIONS
    ]
    return tuple(f"是否有：{name}？" if language == "zh" else f"Do you have: {name}?" for name in names)


def _similar(first: str, second: str) -> bool:
    a, b = content_terms(first), content_terms(second)
    return bool(a and b) and len(a & b) / min(len(a), len(b)) >= _SAME_TIP
