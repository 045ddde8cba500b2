import pytest

from ingestion.metadata import Metadata, hash_of, merged, read_metadata
from services.core.errors import DocumentError


@pytest.mark.parametrize(
    ("written", "language"),
    [("en", "en"), ("EN_us", "en-US"), ("zh-hans-cn", "zh-Hans-CN"), ("cmn", "zh"), ("x-clinic", "x-clinic")],
)
def test_a_language_is_a_standard_tag(written, language):
    assert read_metadata({"language": written}, "sidecar").language == language


@pytest.mark.parametrize("written", ["english", "中文", "", "xx", "en-", "zh\n", False], ids=repr)
def test_another_language_is_refused(written):
    with pytest.raises(DocumentError, match=r"^sidecar: language: "):
        read_metadata({"language": written}, "sidecar")


@pytest.mark.parametrize(
    ("written", "published"), [("2024-07-01", "2024-07-01"), ("2024-07", "2024-07"), ("2024", "2024"), (2024, "2024")]
)
def test_a_publication_has_a_date_a_month_or_a_year(written, published):
    assert str(read_metadata({"published": written}, "sidecar").published) == published


@pytest.mark.parametrize(
    "fields",
    [
        {"published": "2024-13"},
        {"published": "last year"},
        {"effective": "2024"},
        {"withdrawn": "2024-07"},
        {"withdrawn": True},
        {"edition": 1.1},
        {"supersedes": ["two words"]},
        {"condition": []},
        {"url": "javascript:alert(1)"},
        {"url": "file:///etc/hosts"},
        {"licence": ["CC0-1.0"]},
        {"Titel": "Cough"},
        {"title": "x" * 501},
    ],
    ids=str,
)
def test_what_is_not_valid_is_refused_with_the_field(fields):
    with pytest.raises(DocumentError, match=f"^sidecar: {next(iter(fields))}") as caught:
        read_metadata(fields, "sidecar")
    assert caught.value.kind == "metadata_invalid"


@pytest.mark.parametrize("fields", [[], "secretly", 5, {5: "secretly"}, {(): 1}], ids=str)
def test_what_is_no_mapping_of_fields_is_refused(fields):
    with pytest.raises(DocumentError, match="sidecar: ") as caught:
        read_metadata(fields, "sidecar")
    assert "secretly" not in str(caught.value)


def test_a_long_key_is_not_quoted_in_full():
    with pytest.raises(DocumentError) as caught:
        read_metadata({"word " * 100: 1}, "sidecar")
    assert len(str(caught.value)) < 200


def test_an_empty_field_is_not_stated():
    assert read_metadata({"licence": None, "title": "Cough"}, "sidecar").stated == {"title"}
    assert read_metadata(None, "sidecar").stated == frozenset()


@pytest.mark.parametrize("code", ["R05", "J45.9", "J45.991", "I10.x00x002", "U07.1", "C7A.1"])
def test_codes_of_the_who_and_longer_national_ones_are_icd_10(code):
    condition = {"id": "cough", "name": {"zh": "咳嗽"}, "icd10": code}
    assert read_metadata({"condition": condition}, "sidecar").condition[0].icd10 == code


def test_a_field_is_taken_as_a_whole():
    near = read_metadata({"population": {"min_age_years": 18}}, "near")
    far = read_metadata({"population": {"max_age_years": 65}, "title": "Cough"}, "far")
    both = merged([near, far])
    assert (both.population.min_age_years, both.population.max_age_years, both.title) == (18, None, "Cough")


def test_the_order_of_fields_and_empty_ones_do_not_change_the_hash():
    one = {"department": {"en": "Cardiology", "zh": "心内科"}, "usual": {"min_age_years": 18}}
    other = {"usual": {"max_age_years": None, "min_age_years": 18}, "department": {"zh": "心内科", "en": "Cardiology"}}
    hashes = {hash_of(merged([read_metadata(fields, "sidecar")])) for fields in (one, other)}
    assert len(hashes) == 1
    assert hashes != {hash_of(merged([read_metadata(one | {"usual": {"min_age_years": 19}}, "sidecar")]))}


def test_nothing_stated_has_no_hash():
    assert hash_of(merged([Metadata(), Metadata(licence=None)])) == ""
