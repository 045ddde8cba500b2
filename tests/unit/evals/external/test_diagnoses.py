import json

import pytest

from evals.external.diagnoses import read_agentclinic, read_craftmd_open
from evals.external.reading import FormatError


def examination(said, diagnosis="Frost bite"):
    actor = {
        "Demographics": "40-year-old snowman",
        "History": said,
        "Symptoms": {"Primary_Symptom": "Melting", "Secondary_Symptoms": ["Dripping", "A loose carrot"]},
        "Past_Medical_History": "Born last week.",
    }
    return {
        "OSCE_Examination": {
            "Patient_Actor": actor,
            "Test_Results": {"Puddle": "large"},
            "Correct_Diagnosis": diagnosis,
        }
    }


def write(file, *lines):
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return file


def test_agentclinic_asks_what_the_patient_says_and_no_test_result(tmp_path):
    loaded = read_agentclinic(write(tmp_path / "cases.jsonl", examination("I melt."), examination("I drip.", "Thaw")))
    first, second = loaded.items
    assert first.body() == {
        "symptoms": "40-year-old snowman. I melt. Melting. Dripping. A loose carrot.", "history": "Born last week."
    }  # fmt: skip
    assert (first.id, first.gold, second.id, second.gold) == ("1", "Frost bite", "2", "Thaw")
    assert "melt" not in repr(first)


def test_a_question_that_comes_again_is_left_out_and_counted(tmp_path):
    loaded = read_agentclinic(write(tmp_path / "cases.jsonl", examination("a"), examination("b"), examination("a")))
    assert [case.id for case in loaded.items] == ["1", "2"]
    assert loaded.left_out == {"the same question as another case": 1}


@pytest.mark.parametrize("line", ['{"OSCE_Examination": ', {"OSCE_Examination": {"Patient_Actor": {"x": "I melt."}}}])
def test_a_broken_line_is_told_by_file_and_line_without_its_text(tmp_path, line):
    with pytest.raises(FormatError, match=r"^cases\.jsonl, line 2: (?!.*melt)"):
        read_agentclinic(write(tmp_path / "cases.jsonl", examination("a"), line))


def test_craftmd_is_asked_without_its_options(tmp_path):
    file = tmp_path / "craft.csv"
    file.write_text(
        "case_vignette,choice_1,choice_2,choice_3,choice_4,answer,dataset,case_id\n"
        "A snowman melts.,Frost,Heat,Rain,Wind,Heat ,winter,case_0\n",
        encoding="utf-8",
    )
    (case,) = read_craftmd_open(file).items
    assert case.body() == {"symptoms": "A snowman melts.", "history": None}
    assert (case.id, case.gold, case.group) == ("case_0", "Heat", "winter")
