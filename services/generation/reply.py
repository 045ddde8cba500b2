"""The model's replies become one draft, whose statements point at sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from services.core.answer import Claim, Draft, DraftDiagnosis, FindingClaim, SentenceRef
from services.findings.lexicon import Lexicon
from services.generation.grammar import Reply, ReplyDiagnosis, ReplyFinding
from services.generation.prompt import Prompt

_FIRST_VOTE: Final = 0.5


def to_draft(replies: Sequence[Reply], prompt: Prompt, ranked: Mapping[str, DraftDiagnosis], lexicon: Lexicon) -> Draft:
    """Merge the replies: conditions by their votes, and all else from the reply that agrees most with the others.

    A label that was not sent is dropped with what rests on it, though the grammar leaves no room for one.

    Args:
        replies: At least one.
        prompt: What the labels refer to.
        ranked: What code knows of each condition, by id.
        lexicon: Names findings that it knows.
    """
    votes = _votes(replies, prompt)
    leading = max(replies, key=lambda reply: sum(votes[condition] for condition in _conditions(reply, prompt)[:1]))
    diagnoses = [
        _diagnosis(_best_of(condition, replies, prompt), vote, prompt, ranked[condition], lexicon)
        for condition, vote in sorted(votes.items(), key=lambda item: -item[1])
    ]
    referral = leading.referral
    return Draft(
        diagnoses=tuple(diagnoses),
        tips=tuple(Claim(tip.text, _refs(tip.citations, prompt)) for tip in leading.advice),
        department=Claim(referral.department, _refs(referral.citations, prompt)),
        tests=tuple(Claim(test.test, _refs(test.citations, prompt)) for test in referral.tests),
        referral_refs=_refs(referral.citations, prompt),
        urgency=referral.urgency,
    )


def _conditions(reply: Reply, prompt: Prompt) -> list[str]:
    """Condition ids in the reply's order, each once."""
    named = (prompt.conditions.get(diagnosis.condition) for diagnosis in reply.diagnoses)
    return list(dict.fromkeys(condition for condition in named if condition))


def _votes(replies: Sequence[Reply], prompt: Prompt) -> dict[str, float]:
    votes: dict[str, float] = {}
    for reply in replies:
        for place, condition in enumerate(_conditions(reply, prompt)):
            votes[condition] = votes.get(condition, 0.0) + _FIRST_VOTE ** (place + 1) / len(replies)
    return votes


def _best_of(condition: str, replies: Sequence[Reply], prompt: Prompt) -> ReplyDiagnosis:
    """What the reply that places the condition highest says of it."""
    said = [
        (place, diagnosis)
        for reply in replies
        for place, diagnosis in enumerate(reply.diagnoses)
        if prompt.conditions.get(diagnosis.condition) == condition
    ]
    return min(said, key=lambda found: found[0])[1]


def _diagnosis(
    said: ReplyDiagnosis, vote: float, prompt: Prompt, known: DraftDiagnosis, lexicon: Lexicon
) -> DraftDiagnosis:
    weights = {claim.finding_id: claim.weight for claim in (*known.supporting, *known.against)}
    return replace(
        known,
        supporting=tuple(_finding(finding, prompt, weights, lexicon) for finding in said.supporting),
        against=tuple(_finding(finding, prompt, weights, lexicon) for finding in said.against),
        refs=(),
        rationale=said.rationale.strip(),
        word=said.confidence,
        votes=vote,
    )


def _finding(said: ReplyFinding, prompt: Prompt, weights: Mapping[str | None, float], lexicon: Lexicon) -> FindingClaim:
    concept = next((match.concept_id for match in lexicon.match(said.finding)), None)
    weight = weights.get(concept, 0.0) if concept else 0.0
    return FindingClaim(concept, said.finding.strip(), weight, _refs(said.citations, prompt))


def _refs(labels: Iterable[str], prompt: Prompt) -> tuple[SentenceRef, ...]:
    return tuple(dict.fromkeys(prompt.sentences[label] for label in labels if label in prompt.sentences))
