import dataclasses
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import IndexFormatError
from services.core.types import (
    AgeRange,
    Chunk,
    Condition,
    Document,
    Frequency,
    Onset,
    Profile,
    SectionRole,
    Sentence,
    Source,
    TriageLevel,
)
from services.index.schema import (
    CHUNK_FIELDS,
    DENSE,
    FORMAT,
    MANIFEST_PROPERTY,
    SEARCH_TEXT,
    Entry,
    Manifest,
    collection_schema,
    hash_ids,
    read_manifest,
    to_chunk,
    to_document,
    to_row,
)

MANIFEST = Manifest("20261123T000000000000Z", FORMAT, "model@0123", "1", 2, 3, "ab", "2026-11-23T00:00:00+00:00")
DOCUMENT = Document(
    id="cough.en",
    title="Cough",
    language="en",
    condition=Condition("cough", {"en": "Cough", "zh": "咳嗽"}, {"en": ("tussis",)}, "R05"),
    file="cough.md",
    content_hash="0" * 64,
    publisher="Citewell",
    published="2026-11-23",
    profile=Profile(
        population=AgeRange(6, None),
        sex="female",
        onset=Onset.GRADUAL,
        min_duration_days=14,
        frequency=Frequency.COMMON,
        urgency=TriageLevel.ROUTINE_VISIT,
        department={"en": "Respiratory medicine"},
    ),
    sources={"gina": Source("GINA", "Strategy", 2024, "https://example.org", checked=True)},
)


def stored(row):
    """What Milvus gives back: JSON types only."""
    return json.loads(json.dumps(row))


def test_a_manifest_comes_back_as_it_was_stored():
    assert read_manifest({MANIFEST_PROPERTY: MANIFEST.to_json()}) == MANIFEST


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {MANIFEST_PROPERTY: ""},
        {MANIFEST_PROPERTY: "[]"},
        {MANIFEST_PROPERTY: "{}"},
        {MANIFEST_PROPERTY: "not json"},
        {MANIFEST_PROPERTY: json.dumps({**dataclasses.asdict(MANIFEST), "more": 1})},
        {MANIFEST_PROPERTY: dataclasses.replace(MANIFEST, format=FORMAT + 1).to_json()},
        {MANIFEST_PROPERTY: dataclasses.replace(MANIFEST, format=0).to_json()},
    ],
    ids=range(8),
)
def test_a_manifest_that_this_version_does_not_read_is_refused_with_a_remedy(properties):
    with pytest.raises(IndexFormatError, match="--rebuild"):
        read_manifest(properties)


def test_the_hash_of_ids_is_that_of_their_sorted_lines():
    assert hash_ids(["b", "a"]) == hashlib.sha256(b"a\nb").hexdigest()


@given(st.lists(st.uuids().map(str), min_size=1, max_size=6, unique=True), st.randoms())
def test_the_hash_of_ids_knows_members_but_no_order(ids, random):
    shuffled = list(ids)
    random.shuffle(shuffled)
    assert hash_ids(shuffled) == hash_ids(ids)
    assert hash_ids(ids[1:]) != hash_ids(ids)


CHUNKS = st.builds(
    Chunk,
    id=st.text(min_size=1, max_size=10),
    document_id=st.text(min_size=1, max_size=10),
    ordinal=st.integers(0, 1000),
    section=st.text(max_size=10),
    role=st.sampled_from(SectionRole),
    text=st.text(max_size=40),
    sentences=st.lists(
        st.builds(Sentence, st.integers(0, 9), st.integers(10, 40), st.lists(st.text(max_size=4)).map(tuple))
    ).map(tuple),
    page=st.none() | st.integers(1, 99),
)


@given(CHUNKS, st.none() | st.lists(st.floats(-1, 1), min_size=4, max_size=4))
def test_a_chunk_comes_back_from_its_row(chunk, vector):
    row = stored(to_row(Entry(chunk, "searched", vector), None, 4))
    assert to_chunk({name: row[name] for name in CHUNK_FIELDS}) == chunk
    assert row[SEARCH_TEXT] == "searched"
    assert row["embedded"] == (vector is not None)
    assert len(row[DENSE]) == 4
    assert row["document"] is None


def test_a_chunk_without_a_vector_has_one_of_length_one_that_is_marked():
    chunk = Chunk("c", "d", 0, "", SectionRole.OTHER, "咳嗽", ())
    row = to_row(Entry(chunk, "咳嗽", None), None, 3)
    assert (row["embedded"], row[DENSE]) == (False, [1.0, 0.0, 0.0])


def test_a_row_has_a_value_for_every_field_but_the_computed_one():
    chunk = Chunk("c", "d", 0, "", SectionRole.OTHER, "text", ())
    schema = collection_schema(4, "standard")
    names = {field.name for field in schema.fields} - {"lexical"}
    assert set(to_row(Entry(chunk, "text", None), DOCUMENT, 4)) == names


def test_a_document_comes_back_from_its_row():
    chunk = Chunk("c", "cough.en", 0, "", SectionRole.OTHER, "text", ())
    row = stored(to_row(Entry(chunk, "text", None), DOCUMENT, 4))
    assert to_document(row["document"]) == DOCUMENT


def test_a_document_without_a_profile_comes_back():
    plain = dataclasses.replace(DOCUMENT, profile=None, sources={})
    chunk = Chunk("c", "cough.en", 0, "", SectionRole.OTHER, "text", ())
    assert to_document(stored(to_row(Entry(chunk, "text", None), plain, 4))["document"]) == plain


@pytest.mark.parametrize("value", [None, {}, [], "text", {"id": "cough.en"}])
def test_a_document_record_that_cannot_be_read_is_refused(value):
    with pytest.raises(IndexFormatError):
        to_document(value)
