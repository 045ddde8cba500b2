import pytest

from ingestion.sections import is_heading_wording, role_of
from services.core.types import SectionRole


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        ("Presentation", "presentation"),
        ("Clinical features", "presentation"),
        ("Symptoms and signs", "presentation"),
        ("Red flags", "red_flags"),
        ("Warning signs", "red_flags"),
        ("Differential diagnosis", "differential"),
        ("Tests", "tests"),
        ("Diagnosis", "tests"),
        ("Treatment principles", "treatment"),
        ("Drug treatment", "treatment"),
        ("Self-care", "self_care"),
        ("Non-drug treatment", "self_care"),
        ("Prevention", "self_care"),
        ("Referral", "referral"),
        ("When to see a doctor", "referral"),
        ("Follow-up", "follow_up"),
        ("Introduction", "other"),
        ("", "other"),
        ("临床表现", "presentation"),
        ("警示症状", "red_flags"),
        ("鉴别诊断", "differential"),
        ("检查", "tests"),
        ("治疗原则", "treatment"),
        ("自我管理", "self_care"),
        ("转诊", "referral"),
        ("随访", "follow_up"),
        ("概述", "other"),
    ],
)
def test_a_heading_tells_the_role(heading, role):
    assert role_of((heading,)) is SectionRole(role)


@pytest.mark.parametrize("heading", ["CLINICLA FEATURES", "INVESIGATIONS", "Treatmnet", "MANAGMENT", "Diagosis"])
def test_a_misspelt_heading_is_taken_for_what_it_means(heading):
    assert role_of((heading,)) is not SectionRole.OTHER


def test_the_innermost_heading_that_has_a_role_decides():
    assert role_of(("Treatment", "Follow-up")) is SectionRole.FOLLOW_UP
    assert role_of(("Treatment", "Children")) is SectionRole.TREATMENT
    assert role_of(("Asthma", "Children")) is SectionRole.OTHER


@pytest.mark.parametrize(
    "title", ["Guideline for the management of cough in adults", "成人社区获得性肺炎诊断和治疗指南"]
)
def test_a_title_above_other_headings_gives_no_role(title):
    assert role_of((title, "Background")) is SectionRole.OTHER
    assert role_of((title, "Follow-up")) is SectionRole.FOLLOW_UP


def test_a_short_outermost_heading_gives_its_role_to_the_parts_below():
    assert role_of(("Treatment of acute cough", "Children")) is SectionRole.TREATMENT


def test_a_document_without_headings_has_no_role():
    assert role_of(()) is SectionRole.OTHER


@pytest.mark.parametrize("line", ["Introduction", "CLINICAL FEATURES", "  Symptoms and signs ", "鉴别诊断"])
def test_a_line_of_heading_words_is_known(line):
    assert is_heading_wording(line)


@pytest.mark.parametrize("line", ["", "Treatment is long", "introductory", "临床表现为咳嗽"])
def test_a_line_of_text_is_not_taken_for_a_heading(line):
    assert not is_heading_wording(line)
