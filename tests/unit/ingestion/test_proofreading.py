import pytest
from support import GUIDELINES, write_guideline

from ingestion.parsing import READERS, Parsed
from ingestion.proofreading import check_library
from ingestion.readers.reader import reader_for

FRONT = """---
id: cough.{language}
language: {language}
title: {title}
condition: {{id: cough, name: {{en: Cough, zh: 咳嗽}}, synonyms: {{en: [tussis]}}, icd10: R05}}
onset: gradual
sources:
  a: {{publisher: A, title: About cough, year: 2024, url: "https://example.org/a"}}
  b: {{publisher: B, title: More about cough, year: 2023, url: "https://example.org/b"}}
---
"""
ENGLISH = FRONT.format(language="en", title="Cough") + (
    "## Presentation\n- The cough is dry. [^a]\n- Fever is usually absent. [^b]\n\n"
    "## Tests\nA chest X-ray is normal. [^a]\n"
)
CHINESE = FRONT.format(language="zh", title="咳嗽") + (
    "## 临床表现\n- 患者干咳。 [^a]\n- 通常无发热。 [^b]\n\n## 检查\n胸片正常。 [^a]\n"
)
FINDINGS = """
- id: dry-cough
  name: {en: dry cough, zh: 干咳}
  kind: symptom
  terms: {en: [cough is dry], zh: [干咳]}
- id: fever
  name: {en: fever, zh: 发热}
  kind: symptom
  terms: {en: [fever], zh: [发热]}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cough.en.md").write_text(ENGLISH, encoding="utf-8")
    (tmp_path / "cough.zh.md").write_text(CHINESE, encoding="utf-8")
    (tmp_path / "terminology").mkdir()
    (tmp_path / "terminology" / "findings.yaml").write_text(FINDINGS, encoding="utf-8")
    return tmp_path


def parse(files):
    for file in files:
        yield Parsed(reader_for(file.path, READERS).read(file.path.read_bytes()), None)


def faults(folder):
    return [(problem.file, problem.kind) for problem in check_library(folder, parse)]


def change(folder, name, old, new):
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def test_a_library_without_faults_has_none(folder):
    assert faults(folder) == []


def test_the_starter_library_has_no_faults():
    assert check_library(GUIDELINES, parse) == []


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("患者干咳。 [^a]", "患者干咳。", "statement_without_source"),
        ("通常无发热。 [^b]", "通常无发热。 [^a]", "source_unused"),
        ("通常无发热。 [^b]", "通常无发热。 [^c]", "metadata_invalid"),
        ("icd10: R05", "icd10: cough", "metadata_invalid"),
        ("icd10: R05", "icd10: R05.1", "languages_differ"),
        ("onset: gradual", "onset: sudden", "languages_differ"),
        ("year: 2024", "year: 2025", "languages_differ"),
        ("- 患者干咳。 [^a]\n- 通常无发热。 [^b]", "- 通常无发热。 [^b]\n- 患者干咳。 [^a]", "languages_differ"),
        ("- 患者干咳。 [^a]\n", "- 患者干咳。 [^a]\n- 咳嗽持续。 [^a]\n", "languages_differ"),
        ("## 检查", "## 治疗", "languages_differ"),
        ("患者干咳", "患者流涕", "languages_differ"),
    ],
)
def test_faults_of_a_digest(folder, old, new, kind):
    change(folder, "cough.zh.md", old, new)
    assert ("cough.zh.md", kind) in faults(folder)


def test_a_name_of_two_conditions(folder):
    text = ENGLISH.replace("cough.en", "cold.en").replace("id: cough,", "id: cold,").replace("en: Cough", "en: Cold")
    (folder / "cold.en.md").write_text(text.replace("title: Cough", "title: Cold"), encoding="utf-8")
    assert ("cold, cough", "synonym_shared") in faults(folder)


def test_the_same_file_twice(folder):
    (folder / "twin.en.md").write_text(ENGLISH, encoding="utf-8")
    assert ("twin.en.md", "duplicate") in faults(folder)


def test_a_lexicon_and_rules_that_do_not_load(folder):
    (folder / "triage").mkdir()
    (folder / "triage" / "rules.yaml").write_text("- id: a\n  level: at_once\n", encoding="utf-8")
    assert ("triage", "rules_invalid") in faults(folder)
    change(folder, "terminology/findings.yaml", "kind: symptom", "kind: feeling")
    assert ("terminology/findings.yaml", "terminology_invalid") in faults(folder)


def test_whole_guidelines_need_no_source_keys(tmp_path):
    write_guideline(tmp_path / "library", "a", "a thing")
    assert faults(tmp_path / "library") == []


def test_urgent_rules_need_examples_of_both_kinds_in_every_language_that_has_any(folder):
    rule = (
        "- id: choking\n  level: call_ambulance\n  finding: {en: Choking, zh: 窒息}\n  when: {all: [fever]}\n"
        "  source: {publisher: P, title: T, year: 2020, url: 'https://example.org'}\n"
        "  sentence: {en: Call., zh: 呼救。}\n"
    )
    (folder / "triage" / "examples").mkdir(parents=True)
    (folder / "triage" / "rules.yaml").write_text(rule, encoding="utf-8")
    assert faults(folder) == []
    urgent = '{"text": "he chokes", "emergency": true, "rule": "choking"}\n'
    (folder / "triage" / "examples" / "en.jsonl").write_text(
        urgent + '{"text": "a cold", "emergency": false}\n', "utf-8"
    )
    assert faults(folder) == [("triage/examples/en.jsonl", "examples_missing")]
    near = '{"text": "he choked last year", "emergency": false, "rule": "choking"}\n'
    (folder / "triage" / "examples" / "en.jsonl").write_text(urgent + near, encoding="utf-8")
    assert faults(folder) == []
