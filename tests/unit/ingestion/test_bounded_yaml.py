import datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingestion.bounded_yaml import MAX_BYTES, read_mapping
from services.core.errors import DocumentError


def test_a_mapping_is_read_with_its_dates_and_chinese_texts():
    found = read_mapping("\ufefftitle: 高血压\npublished: 2024-07-01\r\nnames: {zh: [甲, 乙]}\n".encode())
    assert found == {"title": "高血压", "published": datetime.date(2024, 7, 1), "names": {"zh": ["甲", "乙"]}}


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "---\n"])
def test_an_empty_file_says_nothing(content):
    assert read_mapping(content.encode()) == {}


BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOMB, r"alias \(line 2\)"),
        ("a: &a {b: *a}", "alias"),
        ("base: &a {b: 1}\nc: {<<: *a}", "alias"),
        ("a: " + "[" * 100_000, "levels"),
        ("a: [" + "1," * 400_000 + "]", "values"),
        ("a: !!python/object/apply:os.getcwd []", "tag"),
        ("a: !!timestamp secretly", "tag"),
        ("withdrawn: 2024-01-01\nwithdrawn: 2030-01-01", r"twice \(line 2\)"),
        ("a:\n  b: {c: 1, d: 2, c: 3}", "twice"),
        ("a: 2026-02-30", "does not exist"),
        ("a: b\nc: secretly: d", r"not YAML \(line 2\)"),
        ("a: 1\n---\na: 2", "not YAML"),
        ("- secretly", "not a mapping"),
        ("secretly", "not a mapping"),
        ("{[a]: 1}", "not YAML"),
        ("a: \x01", "not YAML"),
        ("#" * (MAX_BYTES + 1), "larger than 2 MB"),
    ],
    ids=range(17),
)
def test_what_is_no_plain_mapping_is_refused_without_being_quoted(content, said):
    with pytest.raises(DocumentError, match=said) as caught:
        read_mapping(content.encode())
    assert "secretly" not in str(caught.value)
    assert caught.value.kind == "metadata_invalid"


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(DocumentError, match="UTF-8"):
        read_mapping(b"\xff\xfe")


@given(st.text(alphabet="ab:- \n[]{}'\"#&*!|>?,%@0129.\t", max_size=60))
def test_any_text_is_read_as_yaml_reads_it_or_refused(text):
    try:
        found = read_mapping(text.encode())
    except DocumentError:
        return
    assert found == (yaml.load(text, yaml.CSafeLoader) or {})
