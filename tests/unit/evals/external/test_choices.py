import json

import pytest

from evals.external.choices import read_cmb, read_cmexam, read_craftmd, read_medqa, read_mirage
from evals.external.reading import FormatError

TOLD = "the moon is hot"


def jsonl(file, *lines):
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return file


def written(file, value):
    file.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return file


def seen(loaded):
    return [(one.id, one.question.value, dict(one.options), one.answer, one.group) for one in loaded.items]


def medqa(**changes):
    made = {"question": "Which is red?", "options": {"A": "snow", "B": "a rose"}, "answer": "a rose"}
    return made | changes


def test_medqa_takes_the_right_option_from_its_key_or_its_text(tmp_path):
    file = jsonl(
        tmp_path / "test.jsonl",
        medqa(answer_idx="B", meta_info="step1"),
        "",
        medqa(answer="A"),
        medqa(),
        medqa(options={"A": "B", "B": "A", "C": "O"}, answer="B", answer_idx="A"),
    )
    options = {"A": "snow", "B": "a rose"}
    loaded = read_medqa(file)
    assert seen(loaded)[:3] == [
        ("1", "Which is red?", options, "B", ""),
        ("3", "Which is red?", options, "A", ""),
        ("4", "Which is red?", options, "B", ""),
    ]
    assert loaded.items[3].answer == "A"
    assert loaded.left_out == {}


def test_a_question_does_not_show_itself(tmp_path):
    loaded = read_medqa(jsonl(tmp_path / "test.jsonl", medqa(question=TOLD)))
    assert TOLD not in repr(loaded)


def test_what_has_not_one_right_option_is_left_out_and_counted(tmp_path):
    file = jsonl(
        tmp_path / "test.jsonl", medqa(), medqa(answer="a violet"), medqa(answer=None), medqa(answer="AB"),
        medqa(options={"A": "a rose", "B": "a rose"}),
    )  # fmt: skip
    loaded = read_medqa(file)
    assert len(loaded.items) == 1
    assert loaded.left_out == {
        "the answer is none of the options": 2, "no answer is given": 1, "several answers are right": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"question": "the moon is hot', "is no JSON"),
        ('["the moon is hot"]', "should be a valid dictionary"),
        (medqa(question="", answer=TOLD), "question: "),
        (medqa(options={"A": TOLD}), "options: "),
        (medqa(options={TOLD: 1, "B": "x"}), "options: "),
        (medqa(answer=[TOLD]), "answer: "),
    ],
)
def test_a_broken_line_is_told_by_file_and_line_without_its_text(tmp_path, line, told):
    with pytest.raises(FormatError) as raised:
        read_medqa(jsonl(tmp_path / "test.jsonl", medqa(), "", line))
    assert str(raised.value).startswith("test.jsonl, line 3: ")
    assert told in str(raised.value)
    assert TOLD not in str(raised.value)


def test_a_file_that_is_no_text_or_has_nothing_to_ask_is_refused(tmp_path):
    (tmp_path / "raw.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        read_medqa(tmp_path / "raw.jsonl")
    with pytest.raises(FormatError, match="1 left out"):
        read_medqa(jsonl(tmp_path / "none.jsonl", medqa(answer="a violet")))


def test_mirage_has_a_group_for_each_dataset(tmp_path):
    question = {"question": "Is snow white?", "options": {"A": "yes", "B": "no"}, "answer": "A", "PMID": [1]}
    file = written(
        tmp_path / "benchmark.json", {"winter": {"w1": question, "w2": question}, "summer": {"w1": question}}
    )
    assert [(one.id, one.answer, one.group) for one in read_mirage(file).items] == [
        ("winter:w1", "A", "winter"), ("winter:w2", "A", "winter"), ("summer:w1", "A", "summer")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('{"a": \n{,}}', "benchmark.json: is no JSON"),
        ([TOLD], "benchmark.json: is no mapping"),
        ({TOLD: [TOLD]}, "benchmark.json, set 1: is no mapping"),
        ({TOLD: {TOLD: {"question": TOLD, "answer": "A"}}}, "benchmark.json, set 1, item 1: options: "),
    ],
)
def test_a_broken_item_of_mirage_is_told_by_its_place(tmp_path, value, told):
    with pytest.raises(FormatError) as raised:
        read_mirage(written(tmp_path / "benchmark.json", value))
    assert str(raised.value).startswith(told)
    assert TOLD not in str(raised.value)


def test_cmexam_lists_an_option_a_line(tmp_path):
    file = tmp_path / "test.csv"
    file.write_text(
        "\ufeffQuestion,Options,Answer,Explanation\n"
        '雪是什么颜色,"A 白色\nB. 红色\nC、蓝色\n或绿色",A,"因为\n冷"\n'
        '哪些是花,"A 玫瑰\nB 石头\nC 菊花",AC,\n'
        '天是什么颜色,"A 蓝色\nB 红色",,\n'
        "海是什么颜色,,A,\n"
        '火是什么颜色,"A 红色\nB\nC 白色",A,\n',
        encoding="utf-8",
    )
    loaded = read_cmexam(file)
    assert seen(loaded) == [
        ("2", "雪是什么颜色", {"A": "白色", "B": "红色", "C": "蓝色 或绿色"}, "A", ""),
        ("13", "火是什么颜色", {"A": "红色", "C": "白色"}, "A", ""),
    ]
    assert loaded.left_out == {"several answers are right": 1, "no answer is given": 1, "no options are given": 1}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (f'{TOLD},"A x\nB y"\n', "line 5: Answer: "),
        (f"x,{TOLD},A\n", "line 5: Options: begins without a key"),
        (f"x,A {TOLD},A\n", "line 5: Options: has fewer than two"),
        (f'x,"A x\nB y",A,{TOLD},too,many\n', "line 5: has more columns"),
        (f'x,"A {TOLD}"y,A\n', "line 5: is no row of a table"),
        (f'x,"A {TOLD}\n', "line 5: is no row of a table"),
    ],
)
def test_a_broken_row_is_told_by_the_line_that_it_begins_on(tmp_path, row, told):
    file = tmp_path / "test.csv"
    file.write_text(f'Question,Options,Answer\n"a\nb","A x\nB y",A\n{row}', encoding="utf-8")
    with pytest.raises(FormatError) as raised:
        read_cmexam(file)
    assert str(raised.value).startswith(f"test.csv, {told}")
    assert TOLD not in str(raised.value)


def test_cmb_leaves_out_questions_with_several_answers(tmp_path):
    options = {"A": "白色", "B": "红色", "C": "蓝色", "D": ""}
    items = [
        {"exam_type": "冬季考试", "question": "雪是什么颜色", "option": options, "answer": "A"},
        {"exam_type": "冬季考试", "question": "哪些是颜色", "option": options, "answer": "ABC"},
        {"exam_type": "夏季考试", "question": "天是什么颜色", "option": options, "answer": "C"},
    ]
    loaded = read_cmb(written(tmp_path / "val.json", items))
    assert [(one.id, one.answer, one.group) for one in loaded.items] == [("1", "A", "冬季考试"), ("3", "C", "夏季考试")]
    assert list(loaded.items[0].options) == ["A", "B", "C"]
    assert loaded.left_out == {"several answers are right": 1}
    with pytest.raises(FormatError, match=r"val\.json, item 2: option: "):
        read_cmb(written(tmp_path / "val.json", [items[0], {"question": TOLD}]))


HEADER = ",case_vignette,choice_1,choice_2,choice_3,choice_4,answer,category,dataset,case_id\n"


def test_craftmd_matches_the_answer_by_its_text(tmp_path):
    file = tmp_path / "craft.csv"
    file.write_text(
        HEADER
        + '0,"A man, cold.",Frost ,Heat,Rain,Wind,Frost,Weather,winter,case_0\n'
        + "1,A woman.,Frost,Heat,Rain,Wind,Fog,Weather,winter,case_1\n",
        encoding="utf-8",
    )
    loaded = read_craftmd(file)
    options = {"A": "Frost ", "B": "Heat", "C": "Rain", "D": "Wind"}
    assert seen(loaded) == [("case_0", "A man, cold.", options, "A", "winter")]
    assert loaded.left_out == {"the answer is none of the options": 1}


def test_two_questions_with_one_id_are_refused(tmp_path):
    row = "0,A man.,Frost,Heat,Rain,Wind,Frost,Weather,winter,case_0\n"
    (tmp_path / "craft.csv").write_text(HEADER + row + row, encoding="utf-8")
    with pytest.raises(FormatError, match="item 2 has the id of another one"):
        read_craftmd(tmp_path / "craft.csv")
