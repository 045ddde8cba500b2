import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.answer import SentenceRef
from services.core.errors import CitationError
from services.core.types import Chunk, Condition, Document, SectionRole, Sentence
from services.verification.citations import Citations, quote_of

TEXT = "The cough is dry. It is worse at night."
DOCUMENT = Document("d", "Cough", "en", Condition("cough", {"en": "Cough"}), "cough.md", "0" * 64)


def chunk(*sentences, name="p", text=TEXT, document_id="d"):
    return Chunk(name, document_id, 0, "Presentation", SectionRole.PRESENTATION, text, sentences, page=3)


CHUNK = chunk(Sentence(0, 17, ("gina",)), Sentence(18, 39))


def citations(*chunks):
    return Citations({one.id: one for one in chunks}, {"d": DOCUMENT})


def test_a_quote_is_the_sentence_verbatim():
    assert quote_of(SentenceRef("p", 1), CHUNK) == ("It is worse at night.", 18, 39)


@pytest.mark.parametrize("number", [-1, 2, 99])
def test_a_sentence_that_is_not_there_cannot_be_quoted(number):
    with pytest.raises(CitationError):
        quote_of(SentenceRef("p", number), CHUNK)


@pytest.mark.parametrize("bounds", [(5, 5), (9, 3), (30, 99), (-5, 10), (-5, 39), (17, 18), (99, 120)])
def test_a_sentence_whose_bounds_hold_no_text_cannot_be_quoted(bounds):
    with pytest.raises(CitationError):
        quote_of(SentenceRef("p", 0), chunk(Sentence(*bounds)))


def test_an_error_does_not_quote_the_passage():
    with pytest.raises(CitationError) as caught:
        quote_of(SentenceRef("p", 7), CHUNK)
    assert "cough" not in str(caught.value)


def test_citations_are_numbered_as_they_are_first_used():
    made = citations(CHUNK)
    assert made.cite([SentenceRef("p", 1)]) == ("c1",)
    assert made.cite([SentenceRef("p", 0), SentenceRef("p", 1)]) == ("c2", "c1")
    assert [citation.id for citation in made.used()] == ["c1", "c2"]


def test_a_citation_says_where_its_quote_stands():
    made = citations(CHUNK)
    made.cite([SentenceRef("p", 0)])
    (citation,) = made.used()
    assert citation.quote == TEXT[citation.start : citation.end] == "The cough is dry."
    assert (citation.passage_id, citation.section, citation.page) == ("p", "Presentation", 3)
    assert (citation.guideline, citation.sources) == (DOCUMENT, ("gina",))


def test_a_reference_twice_is_one_citation():
    assert citations(CHUNK).cite([SentenceRef("p", 0), SentenceRef("p", 0)]) == ("c1",)


@pytest.mark.parametrize(
    "ref",
    [
        SentenceRef("elsewhere", 0),
        SentenceRef("p", 5),
        SentenceRef("p", -1),
        SentenceRef("orphan", 0),
        SentenceRef("", 0),
    ],
)
def test_a_reference_that_does_not_resolve_is_dropped(ref):
    made = citations(CHUNK, chunk(Sentence(0, 17), name="orphan", document_id="elsewhere"))
    assert made.cite([ref]) == ()
    assert made.used() == ()


def test_a_dropped_reference_takes_no_number():
    made = citations(CHUNK)
    assert made.cite([SentenceRef("elsewhere", 0), SentenceRef("p", 0)]) == ("c1",)


def test_nothing_to_cite_is_nothing_cited():
    assert citations(CHUNK).cite([]) == ()


@given(st.lists(st.lists(st.builds(SentenceRef, st.sampled_from(["p", "q", "no"]), st.integers(-1, 3)), max_size=5)))
def test_every_citation_that_was_handed_out_is_used_once_and_verbatim(asked):
    chunks = {"p": CHUNK, "q": chunk(Sentence(4, 9), Sentence(3, 3), name="q")}
    made = Citations(chunks, {"d": DOCUMENT})
    given_out = {citation_id for refs in asked for citation_id in made.cite(refs)}
    assert {citation.id for citation in made.used()} == given_out
    assert len(made.used()) == len(given_out)
    for citation in made.used():
        assert citation.quote == chunks[citation.passage_id].text[citation.start : citation.end]
        assert citation.quote.strip()
