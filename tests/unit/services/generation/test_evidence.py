import pytest

from services.core.answer import Draft
from services.core.text import sentence_spans
from services.core.types import Chunk, Condition, Document, Passage, Patient, Profile, SectionRole, Sentence
from services.findings.extract import extract
from services.findings.lexicon import Concept, Kind, Lexicon
from services.generation.advice import Guideline
from services.generation.evidence import EvidenceEngine, Terminology
from services.generation.ranking import Case
from services.verification.confidence import judge


def concept(name, *terms, kind=Kind.SYMPTOM):
    return Concept(name, {"en": name, "zh": name}, {"en": terms}, kind)


FINDINGS = Lexicon(
    [concept("cough", "cough", "咳嗽"), concept("fever", "fever", "发热"), concept("wheeze", "wheeze", "喘息")]
)
TERMINOLOGY = Terminology(
    FINDINGS,
    Lexicon([concept("spirometry", "spirometry", kind=Kind.OTHER)]),
    Lexicon([concept("lungs", "pulmonologist", kind=Kind.OTHER)]),
)


def guideline(condition, language="en", **sections):
    name = f"{condition}.{language}"
    chunks = []
    for role, text in sections.items():
        sentences = tuple(Sentence(a, b) for a, b in sentence_spans(text, language))
        chunks.append(Chunk(f"{name}:{role}", name, len(chunks), role, SectionRole(role), text, sentences))
    profile = Profile(department={"en": "Respiratory medicine"})
    document = Document(
        name, name, language, Condition(condition, {"en": condition}), f"{name}.md", name, profile=profile
    )
    return Guideline(document, tuple(chunks))


ASTHMA = guideline(
    "asthma",
    presentation="Wheeze is always present. Cough is usual.",
    tests="Spirometry shows the obstruction.",
    self_care="Avoiding cold air keeps the airways calm.",
    referral="A pulmonologist should see severe cases.",
)
FLU = guideline("flu", presentation="Fever is always present. Cough is usual.")
LIBRARY = {"asthma": [ASTHMA], "flu": [FLU]}


def passage(one, score=0.05, similarity=None):
    return Passage(one.chunks[0], one.document, score, similarity)


def draft(text, passages, library=None, language="en"):
    case = Case(text, language, extract(text, FINDINGS), Patient())
    engine = EvidenceEngine(TERMINOLOGY)
    ranking = engine.rank(case, passages, library or LIBRARY)
    named = Draft(judge(ranking.diagnoses, None).diagnoses)
    return engine.complete(named, case, ranking, library or LIBRARY)


def test_the_condition_whose_guideline_covers_the_findings_leads():
    made = draft("wheeze and cough", [passage(FLU), passage(ASTHMA)])
    assert made.diagnoses[0].condition.id == "asthma"
    assert made.diagnoses[0].refs


def test_advice_comes_from_the_leading_guideline():
    made = draft("wheeze and cough", [passage(ASTHMA), passage(FLU)])
    assert [tip.text for tip in made.tips] == ["Avoiding cold air keeps the airways calm."]
    assert [test.text for test in made.tests] == ["spirometry"]
    assert made.department.text == "Respiratory medicine"
    assert [ref.passage_id for ref in made.referral_refs] == ["asthma.en:referral"]
    assert "Do you have: fever?" in made.questions


@pytest.mark.parametrize("text", ["zzz", "", "no cough", "what if I get a fever"])
def test_where_nothing_is_covered_there_is_no_diagnosis(text):
    assert draft(text, [passage(ASTHMA), passage(FLU)]) == Draft()


def test_without_passages_there_is_no_diagnosis():
    assert draft("cough", []) == Draft()


def test_a_text_that_is_close_enough_covers_what_the_lexicon_does_not_know():
    assert draft("whistling lungs", [passage(ASTHMA, similarity=0.2)]) == Draft()
    assert [d.condition.id for d in draft("whistling lungs", [passage(ASTHMA, similarity=0.8)]).diagnoses] == ["asthma"]


def test_every_diagnosis_points_at_sentences_of_the_library():
    known = {chunk.id: chunk for guidelines in LIBRARY.values() for one in guidelines for chunk in one.chunks}
    made = draft("wheeze, cough, no fever", [passage(ASTHMA), passage(FLU)])
    refs = [ref for d in made.diagnoses for ref in d.refs] + [ref for tip in made.tips for ref in tip.refs]
    assert refs
    assert all(ref.sentence < len(known[ref.passage_id].sentences) for ref in refs)


def test_there_are_five_diagnoses_at_most():
    library = {f"c{number}": [guideline(f"c{number}", presentation="Cough is usual.")] for number in range(8)}
    made = draft("cough", [passage(one[0]) for one in library.values()], library)
    assert len(made.diagnoses) == 5


def test_a_condition_without_a_sentence_is_not_named():
    empty = guideline("empty", presentation="")
    made = draft("cough", [passage(empty), passage(FLU)], {"empty": [empty], "flu": [FLU]})
    assert [d.condition.id for d in made.diagnoses] == ["flu"]


def test_only_the_guideline_in_the_language_of_the_question_is_read():
    chinese = guideline("asthma", "zh", presentation="通常有喘息。")
    made = draft("喘息", [passage(ASTHMA)], {"asthma": [chinese, ASTHMA]}, "zh")
    assert {ref.passage_id for ref in made.diagnoses[0].refs} == {"asthma.zh:presentation"}


def test_a_guideline_in_another_language_is_read_where_there_is_no_other():
    made = draft("喘息", [passage(ASTHMA)], {"asthma": [ASTHMA]}, "zh")
    assert [d.condition.id for d in made.diagnoses] == ["asthma"]
