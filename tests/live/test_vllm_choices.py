"""Multiple choice by a real server: the tiny model knows nothing, but it can choose nothing but an option."""

import json
from pathlib import Path

import pytest
from support import settings_for

from evals.external.choosing import Choice
from evals.external.running import Job, run_external
from evals.results import read_kept
from live.vllm_server import VllmServer

QUESTIONS = (
    ("Which of these is worse at night in asthma?", {"A": "Cough", "B": "Hunger", "C": "Thirst", "D": "Itching"}, "A"),
    ("A joint of the big toe is red and swollen. What is it?", {"A": "Migraine", "B": "Gout"}, "B"),
    ("哪种疾病常有搏动性头痛和畏光？", {"A": "痛风", "B": "偏头痛", "C": "荨麻疹", "D": "便秘", "E": "湿疹"}, "B"),
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("with_passages", [True, False])
async def test_each_answer_of_a_multiple_choice_run_is_one_of_the_options(
    vllm: VllmServer, index_copy: Path, tmp_path: Path, with_passages: bool
) -> None:
    file, folder = tmp_path / "questions.jsonl", tmp_path / "run"
    lines = [{"question": text, "options": options, "answer": answer} for text, options, answer in QUESTIONS]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    patient = vllm.settings(first_token_s=300.0, between_tokens_s=120.0, total_s=600.0)  # the machine may be busy
    job = Job("medqa", file, folder, with_passages=with_passages)
    measured = await run_external(job, settings_for(index_copy, patient))
    chosen = read_kept(folder, Choice)
    assert [chosen[str(number)].given in options for number, (_, options, _) in enumerate(QUESTIONS, 1)] == [True] * 3
    assert all((choice.passages > 0) == with_passages for choice in chosen.values())
    assert {metric.name: metric.n for metric in measured.metrics} == {"accuracy": 3, "not answered": 3}
