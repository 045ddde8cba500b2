import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.answer import Claim, DraftDiagnosis, FindingClaim, SentenceRef
from services.core.types import Condition
from services.findings.lexicon import Concept, Kind, Lexicon
from services.generation.grammar import (
    Reply,
    ReplyDiagnosis,
    ReplyFinding,
    ReplyReferral,
    ReplyTest,
    ReplyTip,
)
from services.generation.prompt import Prompt
from services.generation.reply import to_draft

FINDINGS = Lexicon([Concept("cough", {"en": "cough"}, {"en": ("cough",), "zh": ("咳嗽",)}, Kind.SYMPTOM)])
SENTENCES = {"G1.1": SentenceRef("asthma:0", 0), "G1.3": SentenceRef("asthma:0", 2), "G2.1": SentenceRef("flu:0", 0)}
CONDITIONS = {"C1": "asthma", "C2": "flu", "C3": "cold"}
PROMPT = Prompt((), SENTENCES, CONDITIONS, "v")


def known(name):
    claim = FindingClaim("cough", "cough", 0.7, (SentenceRef("asthma:0", 9),))
    return DraftDiagnosis(
        Condition(name, {"en": name}), None, 2.0, {"findings": 2.0}, 0.5, (claim,), (), (SentenceRef("x", 0),)
    )


RANKED = {name: known(name) for name in CONDITIONS.values()}


def diagnosis(label, *, supporting=(), against=(), rationale="", confidence="medium"):
    return ReplyDiagnosis(
        condition=label,
        supporting=list(supporting),
        against=list(against),
        rationale=rationale,
        confidence=confidence,
    )


def finding(text, *labels):
    return ReplyFinding(finding=text, citations=list(labels or ["G1.1"]))


def reply(*diagnoses, advice=(), tests=(), department="Lungs", urgency="low", cited=("G2.1",)):
    referral = ReplyReferral(urgency=urgency, department=department, tests=list(tests), citations=list(cited))
    given = [diagnosis(one) if isinstance(one, str) else one for one in diagnoses]
    return Reply(diagnoses=given, advice=list(advice), referral=referral)


def draft(*replies):
    return to_draft(replies, PROMPT, RANKED, FINDINGS)


def names(made):
    return [one.condition.id for one in made.diagnoses]


def test_labels_become_references_to_sentences():
    said = diagnosis("C1", supporting=[finding("cough", "G1.3", "G1.1")], against=[finding("fever", "G2.1")])
    tip, test = ReplyTip(text="Rest.", citations=["G1.1"]), ReplyTest(test="Spirometry", citations=["G1.3"])
    made = draft(reply(said, advice=[tip], tests=[test], urgency="high"))
    (one,) = made.diagnoses
    assert one.supporting[0].refs == (SentenceRef("asthma:0", 2), SentenceRef("asthma:0", 0))
    assert one.against[0].refs == (SentenceRef("flu:0", 0),)
    assert made.tips == (Claim("Rest.", (SentenceRef("asthma:0", 0),)),)
    assert made.tests == (Claim("Spirometry", (SentenceRef("asthma:0", 2),)),)
    assert made.department == Claim("Lungs", (SentenceRef("flu:0", 0),))
    assert (made.referral_refs, made.urgency) == ((SentenceRef("flu:0", 0),), "high")


@pytest.mark.parametrize("label", ["G9.9", "G1.2", "g1.1", "", "C1", "asthma:0"])
def test_labels_that_were_not_sent_are_dropped(label):
    tip = ReplyTip(text="Rest.", citations=[label])
    made = draft(reply(diagnosis("C1", supporting=[finding("cough", label, "G1.1")]), advice=[tip], cited=[label]))
    assert made.diagnoses[0].supporting[0].refs == (SentenceRef("asthma:0", 0),)
    assert made.tips == (Claim("Rest.", ()),)
    assert made.referral_refs == ()


def test_a_label_twice_is_one_reference():
    said = diagnosis("C1", supporting=[finding("cough", "G1.1", "G1.1")])
    assert draft(reply(said)).diagnoses[0].supporting[0].refs == (SentenceRef("asthma:0", 0),)


@pytest.mark.parametrize("label", ["C9", "c1", "asthma", ""])
def test_conditions_that_were_not_sent_are_dropped(label):
    made = draft(reply(label, "C2"))
    assert names(made) == ["flu"]
    assert made.diagnoses[0].votes == 0.5
    assert names(draft(reply(label))) == []


def test_what_code_knows_of_a_condition_stays_and_the_model_adds_its_own():
    said = diagnosis("C1", supporting=[finding("cough")], rationale=" It fits. ", confidence="high")
    (one,) = draft(reply(said)).diagnoses
    assert (one.score, one.parts, one.coverage) == (2.0, {"findings": 2.0}, 0.5)
    assert (one.rationale, one.word, one.votes) == ("It fits.", "high", 0.5)
    assert one.refs == ()


@pytest.mark.parametrize(
    ("text", "concept", "weight"), [("a cough", "cough", 0.7), ("咳嗽", "cough", 0.7), ("blue toes", None, 0.0)]
)
def test_findings_that_the_lexicon_knows_have_their_weight(text, concept, weight):
    (claim,) = draft(reply(diagnosis("C1", supporting=[finding(text)]))).diagnoses[0].supporting
    assert (claim.finding_id, claim.weight, claim.text) == (concept, weight, text)


def test_votes_are_halved_with_each_place_and_averaged_over_the_samples():
    made = draft(reply("C1", "C2"), reply("C2", "C1"), reply("C2"), reply())
    assert {one.condition.id: one.votes for one in made.diagnoses} == {
        "flu": (0.25 + 0.5 + 0.5) / 4,
        "asthma": (0.5 + 0.25) / 4,
    }
    assert names(made) == ["flu", "asthma"]


def test_a_condition_named_twice_has_one_vote():
    made = draft(reply("C1", "C1", "C2"))
    assert {one.condition.id: one.votes for one in made.diagnoses} == {"asthma": 0.5, "flu": 0.25}


def test_equal_votes_keep_the_order_of_the_model():
    assert names(draft(reply("C2", "C1"), reply("C1", "C2"))) == ["flu", "asthma"]


def test_the_reply_that_agrees_most_with_the_others_gives_advice_and_referral():
    odd = reply("C3", advice=[ReplyTip(text="odd", citations=["G1.1"])], department="Odd", urgency="emergency")
    usual = reply("C1", advice=[ReplyTip(text="usual", citations=["G1.1"])], department="Usual", urgency="low")
    made = draft(odd, reply("C1", "C3", department="Other"), usual)
    assert names(made)[0] == "asthma"
    assert (made.department.text, made.urgency) == ("Other", "low")
    made = draft(odd, usual, reply("C2"), reply("C1"))
    assert [tip.text for tip in made.tips] == ["usual"]


def test_a_condition_is_described_by_the_reply_that_places_it_highest():
    low = diagnosis("C1", rationale="second")
    high = diagnosis("C1", rationale="first")
    assert draft(reply("C2", low), reply(high)).diagnoses[0].rationale == "first"


def test_without_diagnoses_there_is_still_a_draft():
    made = draft(reply(department="", cited=["G9.9"]))
    assert (made.diagnoses, made.department, made.referral_refs) == ((), Claim("", ()), ())


REPLIES = st.lists(
    st.lists(st.sampled_from(["C1", "C2", "C3", "C9"]), max_size=4).map(lambda labels: reply(*labels)),
    min_size=1,
    max_size=5,
)


@given(REPLIES)
def test_diagnoses_are_known_conditions_each_once_with_votes_that_add_up_to_less_than_one(replies):
    made = draft(*replies)
    assert len(set(names(made))) == len(names(made))
    assert set(names(made)) <= set(CONDITIONS.values())
    votes = [one.votes for one in made.diagnoses]
    assert votes == sorted(votes, reverse=True)
    assert sum(votes) < 1
