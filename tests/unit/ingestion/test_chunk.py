import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.chunk import CHUNK_TOKENS, chunk_document, embedding_text, search_text
from ingestion.readers.reader import Section
from services.core.text import sentence_spans
from services.core.types import Chunk, Condition, Document, SectionRole, Sentence
from services.index.schema import MAX_TEXT_CHARACTERS

MAX_TOKENS = 256


def document(language="en", name="d", **changes):
    condition = Condition("asthma", {"en": "Asthma", "zh": "哮喘"}, {"en": ("wheezing",)})
    return Document(name, "Asthma", language, condition, "asthma.md", "0" * 64, **changes)


def section(text, *path, language="en"):
    spans = sentence_spans(text, language)
    return Section(path, text, tuple(Sentence(a, b, (f"k{number}",)) for number, (a, b) in enumerate(spans)))


def count(text):
    """Latin words and single Chinese characters, with two special tokens."""
    return 2 + sum(1 if word.isascii() else len(word) for word in text.split())


def chunks_of(*sections, language="en", max_tokens=MAX_TOKENS):
    return chunk_document(document(language), sections, count, max_tokens)


LONG = " ".join(f"Sentence number {number} says that the cough stays for a while." for number in range(120))


def test_a_short_section_is_one_chunk():
    (chunk,) = chunks_of(section("The cough is dry. It is worse at night.", "Asthma", "Presentation"))
    assert chunk.text == "The cough is dry. It is worse at night."
    assert (chunk.ordinal, chunk.section, chunk.role) == (0, "Asthma > Presentation", SectionRole.PRESENTATION)
    assert [chunk.text[s.start : s.end] for s in chunk.sentences] == ["The cough is dry.", "It is worse at night."]
    assert [s.sources for s in chunk.sentences] == [("k0",), ("k1",)]


def test_sections_are_not_mixed_and_chunks_are_numbered_through():
    made = chunks_of(section("A cough.", "Presentation"), section("A test.", "Tests"))
    assert [(chunk.ordinal, chunk.section, chunk.text) for chunk in made] == [
        (0, "Presentation", "A cough."),
        (1, "Tests", "A test."),
    ]


def test_a_long_section_is_cut_between_sentences():
    made = chunks_of(section(LONG, "Presentation"))
    assert len(made) > 1
    assert all(chunk.text.endswith(".") and chunk.text.startswith("Sentence") for chunk in made)
    assert [s for chunk in made for s in (chunk.text[s.start : s.end] for s in chunk.sentences)] == [
        LONG[a:b] for a, b in sentence_spans(LONG, "en")
    ]


def test_chunks_fit_the_embedder_with_their_heading():
    for max_tokens in (64, 128, MAX_TOKENS):
        made = chunks_of(section(LONG, "A heading", "of some length"), max_tokens=max_tokens)
        for chunk in made:
            assert count(embedding_text(document(), chunk.section, chunk.text)) <= max_tokens
            assert count(chunk.text) <= CHUNK_TOKENS


def test_a_sentence_longer_than_a_chunk_is_cut_at_words():
    text = "word " * 1000 + "end."
    made = chunks_of(section(text))
    assert len(made) > 1
    assert sum(len(chunk.text.split()) for chunk in made) == 1001
    assert all(len(chunk.sentences) == 1 for chunk in made)


def test_text_without_spaces_stays_under_the_length_that_milvus_holds():
    made = chunk_document(document("zh"), [section("咳" * 20_000, language="zh")], lambda text: 1, MAX_TOKENS)
    assert all(len(chunk.text) <= MAX_TEXT_CHARACTERS for chunk in made)
    assert "".join(chunk.text for chunk in made) == "咳" * 20_000


def test_an_id_stays_where_other_sections_change():
    before = chunks_of(section("A cough.", "Presentation"), section("A test.", "Tests"))
    after = chunks_of(section("New.", "Introduction"), section("A test.", "Tests"))
    assert after[1].id == before[1].id
    assert after[0].id != before[0].id


@pytest.mark.parametrize("other", [section("Another.", "Tests"), section("A test.", "Presentation")])
def test_another_text_or_section_has_another_id(other):
    (before,), (after,) = chunks_of(section("A test.", "Tests")), chunks_of(other)
    assert before.id != after.id


def test_another_document_has_another_id():
    same = section("A test.", "Tests")
    (first,), (second,) = (chunk_document(document(name=name), [same], count, MAX_TOKENS) for name in "de")
    assert first.id != second.id


def test_the_same_text_twice_in_one_section_has_two_ids():
    first, second = chunks_of(section("Rest.", "Self-care"), section("Rest.", "Self-care"))
    assert first.id != second.id


def test_nothing_is_cut_from_nothing():
    assert chunks_of() == ()


SENTENCES = st.lists(
    st.text(alphabet=st.sampled_from("abc  咳嗽痰38."), min_size=1, max_size=60)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
    .map(lambda text: text + "."),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40)
@given(st.lists(SENTENCES.map(" ".join), min_size=1, max_size=3).map("\n".join), st.sampled_from(["en", "zh"]))
def test_chunks_are_verbatim_and_in_order_and_lose_nothing(text, language):
    whole = section(text, "Presentation", language=language)
    made = chunks_of(whole, language=language, max_tokens=40)
    at = 0
    for chunk in made:
        start = text.index(chunk.text, at)
        assert text[at:start].strip() == ""
        at = start + len(chunk.text)
    assert text[at:].strip() == ""
    assert len({chunk.id for chunk in made}) == len(made)
    assert [chunk.ordinal for chunk in made] == list(range(len(made)))


@settings(max_examples=40)
@given(SENTENCES.map(" ".join), st.sampled_from(["en", "zh"]))
def test_sentences_of_chunks_are_those_of_the_section(text, language):
    whole = section(text, "Presentation", language=language)
    made = chunks_of(whole, language=language, max_tokens=40)
    for chunk in made:
        reach = 0
        for sentence in chunk.sentences:
            assert reach <= sentence.start < sentence.end <= len(chunk.text)
            reach = sentence.end
    keys = [key for chunk in made for sentence in chunk.sentences for key in sentence.sources]
    assert list(dict.fromkeys(keys)) == [key for sentence in whole.sentences for key in sentence.sources]


@settings(max_examples=20)
@given(SENTENCES.map(" ".join))
def test_the_same_document_makes_the_same_chunks(text):
    assert chunks_of(section(text, "Tests")) == chunks_of(section(text, "Tests"))


def test_the_embedder_reads_title_and_heading_first():
    assert embedding_text(document(), "Tests", "X-ray.") == "Asthma. Tests\nX-ray."
    assert embedding_text(document(), "", "X-ray.") == "Asthma\nX-ray."


def test_the_lexical_side_has_the_names_in_all_languages():
    chunk = Chunk("c", "d", 0, "Tests", SectionRole.TESTS, "X-rays help.", ())
    made = search_text(document(), chunk)
    assert {"asthma", "哮喘", "wheez", "test"} <= set(made.split())
    assert made.count("asthma") == 1


def test_a_row_of_a_table_is_never_cut_where_a_sentence_seems_to_end():
    rows = [f"Drug: medicine {n}; Dose: 5 mg. Once. Then rest." for n in range(40)]
    text = "\n".join(rows)
    edges, at = [], 0
    for row in rows:
        edges.append(Sentence(at, at + len(row)))
        at += len(row) + 1
    chunks = chunks_of(Section(("Doses",), text, tuple(edges)), max_tokens=60)
    assert len(chunks) > 5
    assert [line for chunk in chunks for line in chunk.text.split("\n")] == rows
