"""From a folder of PDFs without any metadata to an answer that cites them, with the page."""

import httpx2
import pytest
from paper import Paper
from support import Server, ingest_command, settings_for

ILLNESSES = {
    "ALLERGIC CONJUNCTIVITIS": (
        ["Both eyes itch and water.", "The patient often sneezes and has a runny nose in spring."],
        "Cold compresses over closed eyes ease the itching.",
    ),
    "SCABIES": (
        ["The whole body itches, worst at night.", "Burrows are seen between the fingers."],
        "Clothes and bedding should be washed hot.",
    ),
    "TENSION HEADACHE": (
        ["A dull headache presses on both sides.", "There is no nausea or vomiting."],
        "Regular sleep and breaks from the screen help.",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Each guideline has a page of history before what matters."""
    made = tmp_path_factory.mktemp("pdfs")
    for number, (title, (features, care)) in enumerate(ILLNESSES.items()):
        paper = Paper("Ministry of Invented Health", numbered=True)
        paper.heading(title, size=20)
        paper.heading("Introduction")
        paper.text_block("It has been known for a long time and is found in all countries, at all ages.")
        paper.add_page()
        paper.heading("Clinical features")
        for feature in features:
            paper.text_block(feature)
        paper.heading("Self-care")
        paper.text_block(care)
        (made / f"guideline-{number}.pdf").write_bytes(paper.output())
    return made


@pytest.fixture(scope="module")
def client(folder, tmp_path_factory):
    index = tmp_path_factory.mktemp("index") / "own.db"
    ran = ingest_command("sync", folder, index=index)
    assert ran.returncode == 0, ran.stderr
    running = Server(settings_for(index))
    running.start()
    with httpx2.Client(base_url=running.url, timeout=60) as asking:
        yield asking
    running.stop()


@pytest.mark.parametrize(
    ("symptoms", "name", "quote"),
    [
        ("My eyes are itching and watering and I sneeze a lot", "ALLERGIC CONJUNCTIVITIS", "Both eyes itch and water."),
        ("itching all over the body, worse at night", "SCABIES", "The whole body itches, worst at night."),
    ],
)
def test_a_question_is_answered_from_the_pdfs_with_the_page(client, symptoms, name, quote):
    answer = client.post("/v1/diagnose", json={"symptoms": symptoms}).json()
    assert answer["status"] == "answered"
    assert answer["possible_diagnoses"][0]["name"].upper() == name
    cited = {citation["quote"]: citation for citation in answer["citations"]}
    assert quote in cited
    assert cited[quote]["page"] == 2
    assert {citation["guideline"]["title"].upper() for citation in cited.values()} <= set(ILLNESSES)


def test_what_the_pdfs_do_not_cover_is_not_answered(client):
    answer = client.post("/v1/diagnose", json={"symptoms": "my knee hurts when I climb stairs"}).json()
    assert answer["status"] != "answered"
    assert answer["possible_diagnoses"] == []
