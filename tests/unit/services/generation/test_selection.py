import pytest

from services.core.answer import DraftDiagnosis
from services.core.text import sentence_spans
from services.core.types import Chunk, Condition, Document, Passage, SectionRole, Sentence
from services.generation.advice import Guideline
from services.generation.selection import MOST_OF_A_DOCUMENT, choose_evidence

SECTIONS = {
    "treatment": "Rest is advised.",
    "self_care": "Warm drinks ease it. Take 500 mg four times a day.",
    "referral": "Severe cases are referred.",
    "tests": "Spirometry shows it.",
    "red_flags": "Blue lips are dangerous.",
    "presentation": "Cough is usual.",
    "differential": "A cold is similar.",
}
IN_PROMPT_ORDER = ["presentation", "red_flags", "tests", "referral", "self_care"]


def chunk(document, ordinal, role, text):
    sentences = tuple(Sentence(start, end) for start, end in sentence_spans(text, "en"))
    return Chunk(f"{document}:{role}:{ordinal}", document, ordinal, role, SectionRole(role), text, sentences)


def guideline(name, sections=None, language="en"):
    document = Document(f"{name}.{language}", name, language, Condition(name, {"en": name}), f"{name}.md", "0" * 64)
    pairs = (sections or SECTIONS).items()
    return Guideline(document, tuple(chunk(document.id, at, role, text) for at, (role, text) in enumerate(pairs)))


def passage(one, role):
    found = next(chunk for chunk in one.chunks if chunk.role == role)
    return Passage(found, one.document, 1.0)


def diagnosis(name):
    return DraftDiagnosis(Condition(name, {"en": name}), None, 1.0, {}, 1.0, (), (), ())


NAMES = ["a", "b", "c", "d", "e"]
LIBRARY = {name: [guideline(name)] for name in NAMES}


def choose(names=NAMES, role="treatment", library=None, **options):
    library = library or LIBRARY
    passages = [passage(library[name][0], role) for name in reversed(names)]
    return choose_evidence(
        [diagnosis(name) for name in names], passages, library, **{"with_medicines": False, **options}
    )


def places(evidence):
    return [(item.document.condition.id, item.chunk.role.value) for item in evidence]


def test_the_passage_found_of_each_condition_comes_first_in_their_order():
    assert places(choose())[:5] == [(name, "treatment") for name in NAMES]


def test_then_come_the_sections_that_are_needed_of_the_leading_three():
    assert places(choose())[5:] == [(name, role) for name in NAMES[:3] for role in IN_PROMPT_ORDER]


def test_a_passage_that_was_found_is_not_taken_again():
    made = places(choose(["a"], role="tests"))
    assert made == [("a", "tests"), *(("a", role) for role in IN_PROMPT_ORDER if role != "tests")]


@pytest.mark.parametrize("names", [NAMES, NAMES[:2], ["c", "a"]])
@pytest.mark.parametrize("with_medicines", [False, True])
def test_ranks_are_consecutive(names, with_medicines):
    made = choose(names, with_medicines=with_medicines)
    assert [item.rank for item in made] == list(range(len(made)))


def test_only_the_first_passage_of_a_section_is_taken():
    one = guideline("a")
    more = chunk(one.document.id, 99, "presentation", "Wheeze is usual.")
    made = choose(["a"], library={"a": [Guideline(one.document, (*one.chunks, more))]})
    assert [item.chunk.id for item in made if item.chunk.role is SectionRole.PRESENTATION] == ["a.en:presentation:5"]


def test_the_guideline_of_the_questions_language_is_read_first():
    made = choose(["a"], library={"a": [guideline("a", language="zh"), guideline("a")]})
    assert {item.document.language for item in made} == {"zh"}


def shown(made, role="self_care"):
    return [item.sentences for item in made if item.chunk.role == role]


def test_sentences_with_doses_are_for_clinicians_only():
    assert shown(choose(["a"])) == [(0,)]
    assert shown(choose(["a"], with_medicines=True)) == [(0, 1)]


@pytest.mark.parametrize("text", ["Take 500 mg four times a day.", "每次0.5克，每日3次。", ""])
def test_a_passage_without_a_sentence_left_is_left_out(text):
    library = {"a": [guideline("a", {"treatment": text, "tests": "Spirometry shows it."})], "b": [guideline("b")]}
    made = choose(["a", "b"], library=library)
    assert ("a", "treatment") not in places(made)
    assert places(made)[0] == ("b", "treatment")
    assert [item.rank for item in made] == list(range(len(made)))


def test_a_guideline_without_some_sections_gives_those_that_it_has():
    made = choose(["a"], library={"a": [guideline("a", {"treatment": "Rest.", "referral": "Go."})]})
    assert places(made) == [("a", "treatment"), ("a", "referral")]


def test_no_document_fills_a_prompt():
    # One document answers for several conditions, and has found passages of its own for each.
    long = guideline("a", {role: text for role, text in SECTIONS.items() if role != "treatment"})
    treatments = tuple(chunk(long.document.id, 10 + at, "treatment", f"Rest {at} days.") for at in range(9))
    long = Guideline(long.document, (*long.chunks, *treatments))
    names = [f"c{at}" for at in range(9)]
    documents = [Document(long.document.id, n, "en", Condition(n, {"en": n}), "a.md", "0" * 64) for n in names]
    passages = [Passage(found, document, 1.0) for found, document in zip(treatments, documents, strict=True)]
    chosen = choose_evidence(
        [diagnosis(name) for name in names], passages, {name: [long] for name in names}, with_medicines=True
    )
    assert len(chosen) == MOST_OF_A_DOCUMENT
    assert [item.rank for item in chosen] == list(range(MOST_OF_A_DOCUMENT))


def test_without_conditions_there_is_no_evidence():
    assert choose([]) == ()
