"""A question finds guidelines in the other language through the names of its findings."""

import httpx2
import pytest
from support import Server, copy_guidelines, settings_for

CONDITIONS = ("gout", "migraine", "asthma", "urticaria", "peptic-ulcer", "shingles")
QUESTIONS = {
    "en": [
        ("My big toe joint became red, hot and terribly painful overnight", "gout"),
        ("Throbbing headache on one side with nausea, light hurts", "migraine"),
        ("Itchy raised welts come and go all over", "urticaria"),
    ],
    "zh": [
        ("大脚趾关节又红又肿又热，半夜疼醒，昨天喝了啤酒", "gout"),
        ("一侧头一跳一跳地痛，恶心，怕光", "migraine"),
        ("身上起风团，很痒，一会儿起一会儿消", "urticaria"),
    ],
}


@pytest.fixture(scope="module", params=["en", "zh"])
def library(request, ingest, tmp_path_factory):
    """The language of a library, and a service that has nothing else."""
    made = tmp_path_factory.mktemp(f"only-{request.param}")
    folder = copy_guidelines(made / "guidelines", *(f"{name}.{request.param}.md" for name in CONDITIONS))
    ingest(folder, made / "index.db")
    running = Server(settings_for(made / "index.db"))
    running.start()
    yield request.param, running.url
    running.stop()


def test_the_guideline_is_found_and_quoted_in_its_own_language(library):
    language, url = library
    asking = "zh" if language == "en" else "en"
    for text, condition in QUESTIONS[asking]:
        answer = httpx2.post(f"{url}/v1/diagnose", json={"symptoms": text}, timeout=30).json()
        assert answer["language"] == asking
        assert answer["possible_diagnoses"][0]["condition_id"] == condition
        guidelines = {c["guideline"]["id"] for c in answer["citations"] if not c["passage_id"].startswith("triage:")}
        assert guidelines
        assert all(key.endswith(f".{language}") or key.endswith(f"-{language}") for key in guidelines)
