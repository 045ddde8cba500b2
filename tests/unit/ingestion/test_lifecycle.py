import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.lifecycle import live, needs_review
from services.core.types import Condition, Document

TODAY = datetime.date(2026, 11, 25)


def document(name, **changes):
    return Document(name, name, "en", Condition(name, {"en": name}), f"{name}.md", "0" * 64, **changes)


def parted(*documents):
    published, reasons = live(documents, TODAY)
    return [d.id for d in published], reasons


@pytest.mark.parametrize(
    ("changes", "is_live"),
    [
        ({}, True),
        ({"withdrawn": "2026-11-26"}, True),
        ({"withdrawn": "2026-11-25"}, False),
        ({"withdrawn": "2019-01-01"}, False),
        ({"effective": "2026-11-25"}, True),
        ({"effective": "2026-11-26"}, False),
        ({"effective": "2026-01-01", "withdrawn": "2027-01-01"}, True),
    ],
    ids=str,
)
def test_a_document_is_live_from_its_first_day_to_the_day_before_its_withdrawal(changes, is_live):
    ids, reasons = parted(document("a", **changes))
    assert (ids, list(reasons)) == ((["a"], []) if is_live else ([], ["a.md"]))


def test_a_document_replaces_the_one_that_it_names():
    ids, reasons = parted(document("2018"), document("other"), document("2024", supersedes=("2018", "unknown")))
    assert ids == ["other", "2024"]
    assert reasons == {"2018.md": "superseded by 2024"}


def test_a_document_replaces_nothing_before_it_is_in_force():
    ids, reasons = parted(document("2018"), document("2027", supersedes=("2018",), effective="2027-01-01"))
    assert ids == ["2018"]
    assert reasons == {"2027.md": "not in force before 2027-01-01"}


def test_a_document_replaces_nothing_once_it_is_withdrawn():
    assert parted(document("2018"), document("2024", supersedes=("2018",), withdrawn="2026-01-01"))[0] == ["2018"]


@pytest.mark.parametrize("second", [{}, {"withdrawn": "2020-01-01"}], ids=["replaced", "withdrawn"])
def test_the_first_edition_does_not_come_back_with_the_third(second):
    ids, _ = parted(
        document("first"),
        document("second", supersedes=("first",), **second),
        document("third", supersedes=("second",)),
    )
    assert ids == ["third"]


def test_documents_that_replace_each_other_are_held_back():
    ids, reasons = parted(document("a", supersedes=("b",)), document("b", supersedes=("a",)), document("c"))
    assert ids == ["c"]
    assert reasons == {"a.md": "superseded by b", "b.md": "superseded by a"}


def test_a_document_does_not_replace_itself():
    assert parted(document("a", supersedes=("a",)))[0] == ["a"]
    assert parted(document("a", supersedes=("b",)), document("b", supersedes=("a",), withdrawn="2020-01-01"))[0] == [
        "a"
    ]


NAMES = "abcde"
DATES = st.none() | st.dates(datetime.date(2026, 11, 20), datetime.date(2026, 11, 30)).map(str)
LIBRARIES = st.lists(
    st.builds(
        document,
        st.sampled_from(NAMES),
        supersedes=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
        effective=DATES,
        withdrawn=DATES,
    ),
    max_size=5,
    unique_by=lambda d: d.id,
)


@given(LIBRARIES)
def test_every_document_is_published_or_has_a_reason_and_no_live_one_is_named_by_another(documents):
    published, reasons = live(documents, TODAY)
    assert published == [d for d in documents if d.file not in reasons]
    assert set(reasons) <= {d.file for d in documents}
    named = {name for d in published for name in d.supersedes if name != d.id}
    assert named.isdisjoint(d.id for d in published)


@pytest.mark.parametrize(
    ("publisher", "publishers", "expected"),
    [
        (None, None, False),
        ("anybody", None, False),
        ("anybody", frozenset(), True),
        (None, frozenset({"WHO"}), True),
        ("WHO", frozenset({"WHO"}), False),
        ("NICE", frozenset({"WHO"}), True),
        ("world  health organization", frozenset({"World Health Organization"}), False),
        ("ＷＨＯ", frozenset({"WHO"}), False),
        ("中华医学会", frozenset({"中华医学会"}), False),
        ("中华医学会心血管病学分会", frozenset({"中华医学会"}), True),
    ],
)
def test_only_listed_publishers_go_live_without_review(publisher, publishers, expected):
    assert needs_review(document("a", publisher=publisher), publishers) is expected
