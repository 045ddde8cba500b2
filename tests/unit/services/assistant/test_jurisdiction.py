import pytest

from services.assistant.jurisdiction import countries_of, country_of, in_order, set_aside
from services.core.types import Condition, Document


def document(name, jurisdiction=None, condition="gout", **changes):
    parts = {"language": "en", **changes}
    return Document(
        id=name, title=name, condition=Condition(condition, {"en": condition}), file=f"{name}.md",
        content_hash="0" * 64, jurisdiction=jurisdiction, **parts,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "country"),
    [
        ("US", "US"),
        ("us", "US"),
        (" US-CA ", "US"),
        ("gb-eng", "GB"),
        ("USA", "US"),
        ("UK", "GB"),
        ("XA", "XA"),
        (None, None),
        ("", None),
        ("international", None),
        ("INT", None),
        ("WHO", None),
        ("EU", None),
        ("世界", None),
    ],
)
def test_a_code_names_a_country_and_what_is_no_code_names_none(stated, country):
    assert country_of(stated) == country


def test_where_a_country_has_its_own_guideline_those_of_other_countries_do_not_hold():
    gb, us, ours = document("gb", "GB"), document("us", "us-CA"), document("ours", "international")
    assert set_aside([gb, us, ours]) == {"GB": {"us"}, "US": {"gb"}}


def test_a_guideline_of_another_country_holds_where_the_country_has_none_on_that_condition():
    of_another_condition = document("asthma-us", "US", condition="asthma")
    excluded = set_aside([document("gb", "GB"), of_another_condition, document("eczema-gb", "GB", "eczema")])
    assert not any(excluded.values())


def test_several_guidelines_of_one_country_all_hold():
    excluded = set_aside([document("a", "US"), document("b", "US-NY"), document("c", "GB")])
    assert excluded == {"US": {"c"}, "GB": {"a", "b"}}


def test_countries_are_named_once_and_international_guidelines_name_none():
    found = countries_of([document("a", "us-NY"), document("b", "US"), document("c", "GB"), document("d", "WHO")])
    assert found == ("GB", "US")


def test_language_goes_before_the_region_and_the_region_before_the_date():
    documents = [
        document("elsewhere", "GB", published="2026-01-01"),
        document("other-language", "US", language="zh", published="2026-05-01"),
        document("older", "US", published="2020"),
        document("newer", "US-CA", published="2020-02"),
        document("undated", "US"),
    ]
    assert [d.id for d in in_order(documents, "en", "US")] == [
        "newer", "older", "undated", "elsewhere", "other-language",
    ]  # fmt: skip


def test_where_the_region_is_unknown_the_newest_is_first():
    documents = [document("b", "GB", published="2020"), document("a"), document("c", "US", published="2024-03-01")]
    assert [d.id for d in in_order(documents, "en", "")] == ["c", "b", "a"]
