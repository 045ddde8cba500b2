import datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.catalog import describe, slug, title_of
from ingestion.readers.reader import Reading, Section
from services.core.errors import DocumentError
from services.core.types import AgeRange, Condition, Frequency, Onset, Sentence, Source, TriageLevel

FILE = PurePosixPath("lungs/cough.md")
FRONT = {
    "id": "cough.en",
    "title": "Cough",
    "language": "en",
    "condition": {
        "id": "cough",
        "name": {"en": "Cough", "zh": "咳嗽"},
        "synonyms": {"en": ["tussis"]},
        "icd10": "R05",
    },
    "population": {"min_age_years": 6, "max_age_years": None, "sex": "any"},
    "usual": {"min_age_years": 15, "max_age_years": 60, "sex": "female"},
    "onset": "gradual",
    "duration_days": {"min": 14, "max": None},
    "frequency": "common",
    "urgency": "routine_visit",
    "department": {"en": "Respiratory medicine"},
    "publisher": "Citewell",
    "edition": "2026-11",
    "published": datetime.date(2026, 11, 23),
    "licence": "CC-BY-4.0",
    "review": "unreviewed digest",
    "sources": {
        "gina": {"publisher": "GINA", "title": "Strategy", "year": 2024, "url": "https://example.org", "checked": True}
    },
}


def reading(metadata, *sources, language="en"):
    return Reading((Section((), "A cough.", (Sentence(0, 8, sources),)),), metadata, language)


def test_the_front_matter_describes_the_document():
    made = describe(FILE, "ab", reading(FRONT, "gina"))
    assert (made.id, made.title, made.language, made.file) == ("cough.en", "Cough", "en", "lungs/cough.md")
    assert made.condition == Condition("cough", {"en": "Cough", "zh": "咳嗽"}, {"en": ("tussis",)}, "R05")
    assert (made.publisher, made.edition, made.published, made.licence) == (
        "Citewell",
        "2026-11",
        "2026-11-23",
        "CC-BY-4.0",
    )
    assert made.sources == {"gina": Source("GINA", "Strategy", 2024, "https://example.org", checked=True)}
    assert made.content_hash == "ab"


def test_the_front_matter_tells_when_to_think_of_the_condition():
    profile = describe(FILE, "ab", reading(FRONT)).profile
    assert (profile.population, profile.usual_age) == (AgeRange(6, None), AgeRange(15, 60))
    assert (profile.sex, profile.usual_sex) == (None, "female")
    assert (profile.onset, profile.frequency, profile.urgency) == (
        Onset.GRADUAL,
        Frequency.COMMON,
        TriageLevel.ROUTINE_VISIT,
    )
    assert (profile.min_duration_days, profile.max_duration_days) == (14, None)


def test_only_a_title_is_required():
    made = describe(FILE, "ab", reading({"title": "Cough"}))
    assert (made.id, made.title, made.condition.id) == ("lungs-cough", "Cough", "cough")
    assert made.profile is not None


def test_the_language_of_the_text_counts_where_the_front_matter_has_none():
    assert describe(FILE, "ab", reading({"title": "咳嗽"}, language="zh")).language == "zh"


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": None},
        {"id": "no spaces please"},
        {"condition": {"id": "cough", "name": {}}},
        {"condition": {"id": "cough", "name": {"en": "Cough"}, "icd10": "cough"}},
        {"onset": "quick"},
        {"urgency": "tomorrow"},
        {"published": "last year"},
        {"population": {"sex": "other"}},
        {"sources": {"gina": {"publisher": "GINA"}}},
        {"sources": {"gina": {"publisher": "G", "title": "T", "year": 2024, "url": "javascript:x"}}},
        {"titel": "Cough"},
    ],
    ids=str,
)
def test_front_matter_that_is_not_valid_is_refused_with_the_place(changes):
    with pytest.raises(DocumentError, match=next(iter(changes))):
        describe(FILE, "ab", reading(FRONT | changes))


def test_an_error_does_not_quote_the_value():
    with pytest.raises(DocumentError) as caught:
        describe(FILE, "ab", reading(FRONT | {"onset": "secretly"}))
    assert "secretly" not in str(caught.value)


def test_a_source_key_that_is_not_listed_is_refused():
    with pytest.raises(DocumentError, match="1 source key"):
        describe(FILE, "ab", reading(FRONT, "gina", "nowhere"))


def test_without_front_matter_the_file_name_describes_the_document():
    made = describe(PurePosixPath("a/BRONCHIAL ASTHMA (WHEEZING, HYPERACTIVE AIRWAYS)_2.txt"), "ab", reading(None))
    assert made.condition.names == {"en": "Bronchial asthma"}
    assert made.condition.synonyms == {"en": ("wheezing", "hyperactive airways")}
    assert made.condition.id == "bronchial-asthma"
    assert made.profile is None


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("BRONCHIAL ASTHMA_2.txt", "Bronchial asthma"),
        ("Heart_failure.txt", "Heart failure"),
        ("SEVERE PNEUMONIA (SARI).txt", "Severe pneumonia (SARI)"),
        ("咳嗽.md", "咳嗽"),
        ("_.txt", "_"),
    ],
)
def test_a_title_is_readable(name, title):
    assert title_of(PurePosixPath(name)) == title


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Heart failure (CHF)", "heart-failure-chf"),
        ("咳嗽 变异性", "咳嗽-变异性"),
        ("--", "document"),
        ("", "document"),
    ],
)
def test_an_id_has_letters_digits_and_hyphens(text, made):
    assert slug(text) == made


@given(st.text(max_size=200))
def test_an_id_is_never_empty_or_long_and_stays_itself(text):
    made = slug(text)
    assert 0 < len(made) <= 80
    assert slug(made) == made


@given(st.text(alphabet="ab", min_size=100, max_size=120), st.text(alphabet="ab", min_size=100, max_size=120))
def test_long_texts_keep_ids_of_their_own(first, second):
    assert (slug(first) == slug(second)) == (first == second)
