"""One file, because all cases say what one place for metadata does to another."""

import dataclasses
import datetime
import json
import tempfile
import unicodedata
from pathlib import Path, PurePosixPath

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.catalog import Catalog, load_catalog
from ingestion.lifecycle import needs_review
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.reader import Reading, Section
from services.core.errors import DocumentError
from services.core.types import (
    AgeRange,
    Chunk,
    Condition,
    Document,
    Frequency,
    Onset,
    SectionRole,
    Sentence,
    Source,
    TriageLevel,
)
from services.index.schema import Entry, to_document, to_row

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


def describe(file, content_hash, reading):
    return Catalog().describe(file, content_hash, reading).document


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


def test_a_title_is_enough():
    made = describe(FILE, "ab", reading({"title": "Cough"}))
    assert (made.id, made.title, made.condition.id) == ("lungs-cough", "Cough", "cough")
    assert made.profile is not None


def test_the_language_of_the_text_counts_where_the_front_matter_has_none():
    assert describe(FILE, "ab", reading({"title": "咳嗽"}, language="zh")).language == "zh"


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
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
    assert made.id == "a-bronchial-asthma-wheezing-hyperactive-airways-2"
    assert made.profile is None


def test_the_first_heading_is_the_title_where_none_is_stated():
    made = describe(PurePosixPath("scan0042.pdf"), "ab", under("高血压防治指南", "治疗", language="zh"))
    assert (made.title, made.language, made.condition.names) == ("高血压防治指南", "zh", {"zh": "高血压防治指南"})


def test_what_nobody_stated_is_named_in_the_order_in_which_it_matters():
    described = Catalog().describe(PurePosixPath("a.pdf"), "ab", under("Hypertension"))
    assert described.inferred == ("title", "language", "publisher", "published", "licence", "condition")
    assert not described.id_is_stated
    described = Catalog().describe(FILE, "ab", reading(FRONT))
    assert described.inferred == ()
    assert described.id_is_stated


def under(*path, language="en"):
    return Reading((Section(path, "Text.", (Sentence(0, 5),)),), None, language)


NAME = PurePosixPath("who/心血管/高血压.pdf")
TEXT = under("Guideline", language="zh")


@pytest.fixture
def library(tmp_path):
    """Writes files of a library, and reads its catalog: what is no text is written as YAML."""

    def load(**files):
        for name, content in {str(NAME): "a PDF", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True))
        return load_catalog(tmp_path)

    return load


def test_a_sidecar_describes_the_file_beside_it(library):
    stated = {
        "title": "中国高血压防治指南",
        "publisher": "国家心血管病中心",
        "jurisdiction": "CN",
        "language": "zh_cn",
        "edition": 2024,
        "published": datetime.date(2024, 7, 1),
        "effective": datetime.date(2024, 8, 1),
        "withdrawn": datetime.date(2030, 1, 1),
        "supersedes": "高血压-2018",
        "population": {"min_age_years": 18},
        "licence": "CC BY-NC 4.0",
        "url": "https://example.org/指南",
        "condition": [
            {"id": "hypertension", "name": {"zh": "高血压"}, "icd10": "I10.x00x002"},
            {"id": "hypertensive-crisis", "name": {"zh": "高血压危象"}},
        ],
    }
    catalog = library(**{f"{NAME}.yaml": stated})
    described = catalog.describe(NAME, "ab", TEXT)
    made = described.document
    assert catalog.problems == []
    assert described.inferred == ()
    assert (made.id, made.file) == ("who-心血管-高血压", str(NAME))
    assert (made.title, made.publisher, made.jurisdiction) == ("中国高血压防治指南", "国家心血管病中心", "CN")
    assert (made.language, made.edition, made.published) == ("zh-CN", "2024", "2024-07-01")
    assert (made.effective, made.withdrawn) == ("2024-08-01", "2030-01-01")
    assert made.supersedes == ("高血压-2018",)
    assert made.profile.population == AgeRange(18, None)
    assert (made.licence, made.full_text) == ("CC BY-NC 4.0", False)
    assert made.url == "https://example.org/指南"
    assert made.condition == Condition("hypertension", {"zh": "高血压"}, {}, "I10.x00x002")
    assert made.other_conditions == (Condition("hypertensive-crisis", {"zh": "高血压危象"}),)


def test_an_entry_describes_the_file_at_its_path_and_defaults_all_files_below(library):
    catalog = library(
        **{
            "who/catalog.yaml": {
                "defaults": {"publisher": "WHO", "licence": "CC0-1.0"},
                "documents": {"./心血管/高血压.pdf": {"title": "Hypertension"}},
            },
            "who/other.pdf": "a PDF",
            "elsewhere.pdf": "a PDF",
        }
    )
    made = catalog.describe(NAME, "ab", TEXT).document
    assert (made.title, made.publisher, made.full_text) == ("Hypertension", "WHO", True)
    other = catalog.describe(PurePosixPath("who/other.pdf"), "ab", TEXT).document
    assert (other.title, other.publisher) == ("Guideline", "WHO")
    assert catalog.describe(PurePosixPath("elsewhere.pdf"), "ab", TEXT).document.publisher is None
    assert made.profile is None


def test_a_path_is_found_however_its_accents_are_written(library):
    composed = unicodedata.normalize("NFC", "fièvre.pdf")
    catalog = library(
        **{
            unicodedata.normalize("NFD", composed): "a PDF",
            "catalog.yaml": {"documents": {composed: {"title": "La fièvre"}}},
        }
    )
    for form in ("NFC", "NFD"):
        name = PurePosixPath(unicodedata.normalize(form, composed))
        assert catalog.describe(name, "ab", TEXT).document.title == "La fièvre"


_PLACES = ("front", "sidecar", "near entry", "far entry", "near defaults", "far defaults")
"""In the order in which they win."""
_VALUES = ("publisher", "licence", "edition", "jurisdiction", "review")
_SAID = st.dictionaries(st.sampled_from(_VALUES), st.sampled_from(["一", "二", "three", None]))


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(_PLACES, _SAID)))
def test_every_field_comes_from_the_nearest_place_that_states_it(said):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        file = root / NAME
        file.parent.mkdir(parents=True)
        file.write_text("a PDF")
        near = {"defaults": said["near defaults"], "documents": {file.name: said["near entry"]}}
        far = {"defaults": said["far defaults"], "documents": {str(NAME): said["far entry"]}}
        (root / f"{NAME}.yml").write_text(yaml.safe_dump(said["sidecar"]))
        (file.parent / "catalog.yaml").write_text(yaml.safe_dump(near))
        (root / "catalog.yaml").write_text(yaml.safe_dump(far))
        catalog = load_catalog(root)
    assert catalog.problems == []
    made = catalog.describe(NAME, "ab", dataclasses.replace(TEXT, metadata=said["front"])).document
    for name in _VALUES:
        stated = [said[place][name] for place in _PLACES if said[place].get(name) is not None]
        assert getattr(made, name) == (stated[0] if stated else None)


def test_the_hash_is_of_what_is_said_outside_of_the_file(library):
    assert library().metadata_hash(NAME) == ""
    hashes = []
    for publisher in ("WHO", "NICE", "WHO"):
        catalog = library(**{"catalog.yaml": {"defaults": {"publisher": publisher}}})
        hashes.append(catalog.metadata_hash(NAME))
        assert catalog.describe(NAME, "ab", TEXT).document.metadata_hash == hashes[-1]
        fronted = dataclasses.replace(TEXT, metadata={"publisher": "本院"})
        assert catalog.describe(NAME, "ab", fronted).document.metadata_hash == hashes[-1]
    assert len(bytes.fromhex(hashes[0])) == 32
    assert hashes[0] == hashes[2] != hashes[1]


def test_the_hash_is_the_same_wherever_and_however_it_is_said(library):
    entry = {"documents": {str(NAME): {"licence": "CC0-1.0"}}, "defaults": {"effective": "2024-01-01"}}
    as_entry = library(**{"catalog.yaml": entry}).metadata_hash(NAME)
    sidecar = "effective: 2024-01-01  # a date for YAML\nlicence: CC0-1.0\nreview:\n"
    assert library(**{"catalog.yaml": "", f"{NAME}.yaml": sidecar}).metadata_hash(NAME) == as_entry != ""


def test_a_broken_sidecar_fails_its_document_alone(library):
    catalog = library(
        **{
            "catalog.yaml": {"defaults": {"publisher": "WHO"}},
            f"{NAME}.yaml": {"onset": "secretly"},
            "other.pdf": "a PDF",
        }
    )
    assert [file for file, _ in catalog.problems] == [f"{NAME}.yaml"]
    with pytest.raises(DocumentError, match="onset") as caught:
        catalog.describe(NAME, "ab", TEXT)
    assert caught.value.kind == "metadata_invalid"
    assert "secretly" not in str(caught.value) + catalog.problems[0][1]
    assert catalog.metadata_hash(NAME) not in {"", library(**{f"{NAME}.yaml": {}}).metadata_hash(NAME)}
    assert catalog.describe(PurePosixPath("other.pdf"), "ab", TEXT).document.publisher == "WHO"


def test_a_broken_entry_fails_its_document_alone(library):
    catalog = library(
        **{
            "catalog.yaml": {"publishers": ["WHO"], "documents": {"a.pdf": {}, str(NAME): {"titel": "secretly"}}},
            "a.pdf": "a PDF",
        }
    )
    assert catalog.problems == [("catalog.yaml", "documents: entry 2: titel: Extra inputs are not permitted")]
    assert catalog.publishers == {"WHO"}
    with pytest.raises(DocumentError, match=r"catalog\.yaml: documents: entry 2"):
        catalog.describe(NAME, "ab", TEXT)
    assert catalog.describe(PurePosixPath("a.pdf"), "ab", TEXT).document.file == "a.pdf"


@pytest.mark.parametrize(
    "content",
    [
        "defaults: {onset: secretly}",
        "defaults: {id: secretly}",
        "documents: [secretly]",
        "publishers: secretly",
        "publishers:",
        "publisher: [secretly]",
        "- secretly",
        "secretly: [",
    ],
)
def test_a_catalog_that_is_none_fails_the_documents_below_it_and_lets_no_publisher_through(library, content):
    catalog = library(**{"who/catalog.yaml": content, "other.pdf": "a PDF"})
    assert [file for file, _ in catalog.problems] == ["who/catalog.yaml"]
    assert "secretly" not in catalog.problems[0][1]
    with pytest.raises(DocumentError, match=r"who/catalog\.yaml") as caught:
        catalog.describe(NAME, "ab", TEXT)
    assert caught.value.kind == "metadata_invalid"
    other = catalog.describe(PurePosixPath("other.pdf"), "ab", TEXT).document
    assert catalog.publishers == frozenset()
    assert needs_review(other, catalog.publishers)


def test_publishers_of_all_catalogs_go_live(library):
    assert library().publishers is None
    assert library(**{"catalog.yaml": {"defaults": {}}}).publishers is None
    assert library(**{"who/catalog.yaml": {"publishers": ["WHO"]}}).publishers == {"WHO"}
    assert library(**{"catalog.yaml": {"publishers": ["中华医学会"]}}).publishers == {"WHO", "中华医学会"}


@pytest.mark.parametrize("path", ["nowhere.pdf", "../who/心血管/高血压.pdf", "/etc/hosts", "who", 5], ids=str)
def test_an_entry_for_no_file_of_the_folder_is_a_problem(library, path):
    catalog = library(**{"catalog.yaml": {"documents": {path: {"title": "x"}}}})
    assert catalog.problems == [("catalog.yaml", "documents: entry 1: no such file in or below this folder")]


def test_what_is_said_twice_is_refused(library):
    catalog = library(**{"catalog.yaml": {"documents": {str(NAME): {}, f"./{NAME}": {"withdrawn": "2024-01-01"}}}})
    with pytest.raises(DocumentError, match="entry 2: the file has an entry already"):
        catalog.describe(NAME, "ab", TEXT)
    catalog = library(**{"catalog.yaml": {}, f"{NAME}.yaml": {}, f"{NAME}.yml": {}})
    with pytest.raises(DocumentError, match="keep one"):
        catalog.describe(NAME, "ab", TEXT)
    catalog = library(**{f"{NAME}.yaml": {}, "catalog.yml": {}, "catalog.yaml": {}})
    assert ("catalog.yaml", "exists as .yaml and as .yml: keep one") in catalog.problems


def test_links_and_hidden_files_say_nothing(library, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text("title: secretly")
    library(**{".trash/catalog.yaml": {"publishers": []}, "a.pdf": "a PDF"})
    (tmp_path / "a.pdf.yaml").symlink_to(outside)
    catalog = load_catalog(tmp_path)
    assert catalog.problems == [("a.pdf.yaml", "is a link or no file")]
    assert catalog.publishers is None
    with pytest.raises(DocumentError, match="a link"):
        catalog.describe(PurePosixPath("a.pdf"), "ab", TEXT)


def test_sources_may_be_listed_outside_of_the_file(library):
    source = {"publisher": "GINA", "title": "Strategy", "year": 2024, "url": "https://example.org"}
    catalog = library(**{f"{NAME}.yaml": {"sources": {"gina": source}}})
    found = MarkdownReader().read("# 哮喘\n\n吸入激素。[^gina]\n".encode())
    assert catalog.describe(NAME, "ab", found).document.sources["gina"].year == 2024
    with pytest.raises(DocumentError, match="1 source key"):
        Catalog().describe(NAME, "ab", found)


def test_a_profile_may_be_stated_outside_of_the_file(library):
    made = library(**{f"{NAME}.yaml": {"urgency": "self_care"}}).describe(NAME, "ab", TEXT).document
    assert made.profile.urgency == TriageLevel.SELF_CARE


def test_a_document_with_all_fields_comes_back_from_the_index(library):
    catalog = library(**{"catalog.yaml": {"defaults": {"jurisdiction": "CN", "supersedes": None}}})
    front = FRONT | {
        "url": "https://example.org",
        "effective": "2026-12-01",
        "withdrawn": "2030-01-01",
        "supersedes": ["咳嗽-2018"],
        "condition": [FRONT["condition"], {"id": "asthma", "name": {"zh": "哮喘"}, "synonyms": {"zh": ["气喘"]}}],
    }
    made = catalog.describe(NAME, "ab", reading(front, "gina")).document
    document = dataclasses.replace(made, text_hash="cd")
    unset = [f.name for f in dataclasses.fields(Document) if getattr(document, f.name) in (None, "", (), False)]
    assert unset == []
    row = to_row(Entry(Chunk("c", document.id, 0, "", SectionRole.OTHER, "text", ()), "text", None), document, 4)
    assert to_document(json.loads(json.dumps(row))["document"]) == document
