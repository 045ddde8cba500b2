from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.inference import condition_of, slug, title_in, title_of
from ingestion.readers.html import HtmlReader
from ingestion.readers.markdown import MarkdownReader
from ingestion.readers.text import TextReader


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("BRONCHIAL ASTHMA_2.txt", "Bronchial asthma"),
        ("Heart_failure.txt", "Heart failure"),
        ("SEVERE PNEUMONIA (SARI).txt", "Severe pneumonia (SARI)"),
        ("咳嗽.md", "咳嗽"),
        ("COPD诊治指南.pdf", "COPD诊治指南"),
        ("_.txt", "_"),
    ],
)
def test_a_title_is_readable(name, title):
    assert title_of(PurePosixPath(name)) == title


@pytest.mark.parametrize(
    ("reader", "content", "title"),
    [
        (MarkdownReader(), "# Heart failure\n\n## Tests\n\nTake an ECG.", "Heart failure"),
        (MarkdownReader(), "# 心力衰竭\n\n## 检查\n\n做心电图。", "心力衰竭"),
        (MarkdownReader(), "Before any heading.\n\n# Heart failure\n\nText.", None),
        (MarkdownReader(), "## 临床表现\n\n气短。", None),
        (MarkdownReader(), "# 2024\n\nText.", None),
        (MarkdownReader(), f"# {'long ' * 100}\n\nText.", None),
        (HtmlReader(), "<h1>Heart <b>failure</b></h1><p>Breathless at night.</p>", "Heart failure"),
        (TextReader(), "HEART FAILURE\n\nIntroduction\n\nThe heart is weak.\n", "Heart failure"),
        (TextReader(), "INTRODUCTION\n\nThe heart is weak.\n", None),
    ],
)
def test_the_first_heading_is_a_title_if_it_names_no_section(reader, content, title):
    assert title_in(reader.read(content.encode())) == title


@pytest.mark.parametrize(
    ("title", "name", "synonyms"),
    [
        ("Gout", "Gout", ()),
        ("Acute rhinitis (common cold, coryza)", "Acute rhinitis", ("common cold", "coryza")),
        ("感冒（伤风、上感）", "感冒", ("伤风", "上感")),
        ("(untitled)", "(untitled)", ()),
    ],
)
def test_names_in_brackets_are_synonyms(title, name, synonyms):
    condition = condition_of(title, "zh")
    assert (condition.id, condition.names, condition.synonyms) == (slug(name), {"zh": name}, {"zh": synonyms})


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
