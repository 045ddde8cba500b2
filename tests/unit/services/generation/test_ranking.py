import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.answer import SentenceRef
from services.core.text import sentence_spans
from services.core.types import AgeRange, Chunk, Condition, Frequency, Onset, Patient, Profile, SectionRole, Sentence
from services.findings.extract import extract
from services.findings.lexicon import Concept, Kind, Lexicon
from services.generation.profile import read_profile
from services.generation.ranking import AGE_UNUSUAL, DURATION_OFF, FREQUENCY, ONSET_FITS, Candidate, Case, rank


def concept(name, *terms, implies=(), kind=Kind.SYMPTOM):
    return Concept(name, {"en": name.replace("-", " "), "zh": terms[-1]}, {"en": terms}, kind, frozenset(implies))


LEXICON = Lexicon(
    [
        concept("cough", "cough", "咳嗽"),
        concept("dry-cough", "dry cough", "干咳", implies=["cough"]),
        concept("fever", "fever", "发热"),
        concept("wheeze", "wheeze", "喘息"),
        concept("smoking", "smoker", "吸烟", kind=Kind.RISK_FACTOR),
    ]
)


def case(text, language="en", patient=None, **rest):
    return Case(text, language, extract(text, LEXICON), patient or Patient(), **rest)


def candidate(name, text, profile=None, retrieval=0.5, similarity=0.0):
    sentences = tuple(Sentence(a, b) for a, b in sentence_spans(text, "en"))
    chunk = Chunk(name, name, 0, "", SectionRole.PRESENTATION, text, sentences)
    first = SentenceRef(name, 0) if sentences else None
    says = read_profile([chunk], LEXICON)
    return Candidate(Condition(name, {"en": name}), profile, says, retrieval, similarity, first)


def names(drafts):
    return [draft.condition.id for draft in drafts]


ASTHMA = candidate("asthma", "Wheeze is always present. A dry cough is usual. Fever is usually absent.")
FLU = candidate("flu", "Fever is always present. A cough is usual.")


def test_the_condition_that_expects_the_findings_comes_first():
    assert names(rank(case("wheeze and a dry cough"), [FLU, ASTHMA], LEXICON)) == ["asthma", "flu"]
    assert names(rank(case("fever and cough"), [ASTHMA, FLU], LEXICON)) == ["flu", "asthma"]


def test_nothing_to_rank_is_an_empty_ranking():
    assert rank(case("cough"), [], LEXICON) == []


def test_parts_add_up_to_the_score():
    patient = Patient(age_years=80, sex="male")
    profile = Profile(usual_age=AgeRange(5, 20), usual_sex="female", onset=Onset.SUDDEN, max_duration_days=3)
    one = candidate("one", "Cough is common. Fever is rare.", profile, 0.3, 0.4)
    asked = case("cough, no fever, wheeze", patient=patient, duration_days=30, onset=Onset.GRADUAL)
    (draft,) = rank(asked, [one], LEXICON)
    assert draft.score == pytest.approx(sum(draft.parts.values()))
    assert {"age", "sex", "duration", "onset"} <= set(draft.parts)


def test_supporting_findings_cite_the_sentence_that_speaks_of_them():
    (draft,) = rank(case("wheeze"), [ASTHMA], LEXICON)
    assert [(claim.finding_id, claim.refs) for claim in draft.supporting] == [("wheeze", (SentenceRef("asthma", 0),))]
    assert draft.refs == (SentenceRef("asthma", 0),)


def test_a_finding_that_the_guideline_says_is_absent_speaks_against():
    (draft,) = rank(case("fever"), [ASTHMA], LEXICON)
    (against,) = draft.against
    assert (against.finding_id, against.refs) == ("fever", (SentenceRef("asthma", 2),))
    assert against.weight < 0
    assert draft.parts["findings_against"] == against.weight


def test_a_denied_finding_that_the_guideline_expects_speaks_against():
    (draft,) = rank(case("no wheeze"), [ASTHMA], LEXICON)
    (against,) = draft.against
    assert (against.finding_id, against.text) == ("wheeze", "no wheeze")
    assert against.weight < 0


def test_a_denied_finding_is_named_in_the_language_of_the_question():
    (draft,) = rank(case("无喘息", language="zh"), [ASTHMA], LEXICON)
    assert [claim.text for claim in draft.against] == ["无喘息"]


def test_a_denied_finding_that_the_guideline_says_is_absent_counts_for_it():
    (denied,) = rank(case("no fever"), [ASTHMA], LEXICON)
    assert denied.parts["absent_as_expected"] > 0
    assert denied.against == ()


def test_a_more_general_finding_supports_less_than_the_special_one():
    general = candidate("general", "A cough is usual.")
    special = candidate("special", "A dry cough is usual.")
    first, second = rank(case("dry cough"), [general, special], LEXICON)
    assert (first.condition.id, second.condition.id) == ("special", "general")
    assert second.supporting[0].finding_id == "cough"
    assert 0 < second.supporting[0].weight < first.supporting[0].weight


def test_a_rare_finding_says_more_than_one_that_all_have():
    others = [candidate(f"other{number}", "Cough is usual.") for number in range(4)]
    one = candidate("one", "Cough is usual. Wheeze is usual.")
    draft = next(d for d in rank(case("cough, wheeze"), [*others, one], LEXICON) if d.condition.id == "one")
    weights = {claim.finding_id: claim.weight for claim in draft.supporting}
    assert weights["wheeze"] > weights["cough"] > 0
    assert [claim.finding_id for claim in draft.supporting] == ["wheeze", "cough"]


def test_coverage_is_the_share_of_complaints_that_are_spoken_of():
    (draft,) = rank(case("wheeze, fever, cough"), [candidate("one", "Wheeze is usual.")], LEXICON)
    assert draft.coverage == pytest.approx(1 / 3)


def test_risk_factors_do_not_count_towards_coverage():
    (draft,) = rank(case("smoker with wheeze"), [candidate("one", "Smokers are usual.")], LEXICON)
    assert draft.coverage == 0
    (draft,) = rank(case("I am a smoker"), [candidate("one", "A smoker is usual.")], LEXICON)
    assert (draft.coverage, [claim.finding_id for claim in draft.supporting]) == (0, ["smoking"])


def test_where_no_finding_points_at_a_sentence_the_words_do():
    one = candidate("one", "Cough is usual.\nSquealing brakes bother")
    (draft,) = rank(case("brakes"), [one], LEXICON)
    assert draft.refs == (SentenceRef("one", 1),)


def test_where_nothing_points_at_a_sentence_the_first_one_is_cited():
    (draft,) = rank(case("zzz"), [ASTHMA], LEXICON)
    assert draft.refs == (SentenceRef("asthma", 0),)


def test_without_any_sentence_nothing_is_cited():
    (draft,) = rank(case("zzz"), [candidate("empty", "")], LEXICON)
    assert draft.refs == ()


@pytest.mark.parametrize(
    ("profile", "patient", "kept"),
    [
        (Profile(population=AgeRange(18, None)), Patient(age_years=5), False),
        (Profile(population=AgeRange(18, None)), Patient(age_years=18), True),
        (Profile(population=AgeRange(18, None)), Patient(), True),
        (Profile(population=AgeRange(None, 2)), Patient(age_years=3), False),
        (Profile(sex="female"), Patient(sex="male"), False),
        (Profile(sex="female"), Patient(sex="female"), True),
        (Profile(sex="female"), Patient(), True),
        (None, Patient(age_years=5, sex="male"), True),
    ],
)
def test_who_is_outside_the_population_cannot_have_the_condition(profile, patient, kept):
    one = candidate("one", "Cough is usual.", profile)
    assert bool(rank(case("cough", patient=patient), [one], LEXICON)) == kept


@pytest.mark.parametrize(
    ("profile", "rest", "part", "value"),
    [
        (Profile(usual_age=AgeRange(5, 20)), {"patient": Patient(age_years=50)}, "age", AGE_UNUSUAL),
        (Profile(usual_age=AgeRange(5, 20)), {"patient": Patient(age_years=10)}, "age", None),
        (Profile(usual_age=AgeRange(5, 20)), {}, "age", None),
        (Profile(min_duration_days=14), {"duration_days": 2.0}, "duration", DURATION_OFF),
        (Profile(min_duration_days=14), {}, "duration", None),
        (Profile(), {"duration_days": 2.0}, "duration", None),
        (Profile(onset=Onset.SUDDEN), {"onset": Onset.SUDDEN}, "onset", ONSET_FITS),
        (Profile(onset=Onset.EITHER), {"onset": Onset.SUDDEN}, "onset", None),
        (Profile(usual_sex="female"), {"patient": Patient(sex="female")}, "sex", None),
        (Profile(frequency=Frequency.RARE), {}, "frequency", FREQUENCY[Frequency.RARE]),
    ],
)
def test_circumstances_count_where_both_sides_are_known(profile, rest, part, value):
    (draft,) = rank(case("cough", **rest), [candidate("one", "Cough is usual.", profile)], LEXICON)
    assert draft.parts.get(part) == value


SENTENCES = st.lists(
    st.sampled_from(
        ["Cough is usual.", "Fever is rare.", "There is no fever.", "Wheeze may occur.", "A dry cough is common."]
    ),
    max_size=4,
).map(" ".join)
TEXTS = st.lists(
    st.sampled_from(["cough", "no fever", "fever", "wheeze", "dry cough", "I smoke", "no cough"]), max_size=5
)


@given(st.lists(st.tuples(SENTENCES, st.floats(0, 1), st.floats(0, 1)), max_size=5), TEXTS.map(", ".join))
def test_a_ranking_is_in_order_and_its_numbers_hold_together(made, text):
    candidates = [candidate(f"c{number}", *one[:1], None, *one[1:]) for number, one in enumerate(made)]
    drafts = rank(case(text), candidates, LEXICON)
    assert sorted(names(drafts)) == sorted(one.condition.id for one in candidates)
    assert [draft.score for draft in drafts] == sorted((draft.score for draft in drafts), reverse=True)
    for draft in drafts:
        assert draft.score == pytest.approx(sum(draft.parts.values()))
        assert 0 <= draft.coverage <= 1 + 1e-9
        assert all(claim.weight > 0 and claim.refs for claim in draft.supporting)
        assert all(claim.weight < 0 and claim.refs for claim in draft.against)
        assert len({claim.finding_id for claim in draft.supporting}) == len(draft.supporting)


@given(TEXTS.map(", ".join), st.floats(0, 0.5), st.floats(0.01, 0.5))
def test_better_retrieval_never_lowers_a_score(text, retrieval, more):
    low, high = (
        rank(case(text), [candidate("one", "Cough is usual.", None, value, value)], LEXICON)[0].score
        for value in (retrieval, retrieval + more)
    )
    assert high > low
