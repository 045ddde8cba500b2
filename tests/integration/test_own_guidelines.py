"""From a folder of PDFs without any metadata to an answer that cites them, with the page."""

import httpx2
import pytest
from paper import Paper
from support import Server, ingest_command, settings_for

from services.core.errors import VocabularyError
from services.core.settings import VocabularySettings

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
def vocabulary(tmp_path_factory):
    """A code file that knows one of the three."""
    file = tmp_path_factory.mktemp("vocabulary") / "icd10cm_codes_2026.txt"
    file.write_text("B86     Scabies\nB8609   Something else\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def client(folder, vocabulary, tmp_path_factory):
    index = tmp_path_factory.mktemp("index") / "own.db"
    ran = ingest_command("sync", folder, index=index)
    assert ran.returncode == 0, ran.stderr
    licensed = VocabularySettings(path=vocabulary, license_acknowledged=True)
    running = Server(settings_for(index).model_copy(update={"vocabulary": licensed}))
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
    assert answer["provenance"]["calibrated"] is False
    assert "high" not in {diagnosis["confidence"] for diagnosis in answer["possible_diagnoses"]}
    assert {citation["guideline"]["title"].upper() for citation in cited.values()} <= set(ILLNESSES)


@pytest.mark.parametrize(
    ("symptoms", "code"),
    [
        ("itching all over the body, worse at night", "B86"),
        ("My eyes are itching and watering and I sneeze a lot", None),
    ],
)
def test_a_vocabulary_gives_the_code_and_what_it_does_not_know_is_shown_without(client, symptoms, code):
    answer = client.post("/v1/diagnose", json={"symptoms": symptoms}).json()
    assert answer["possible_diagnoses"][0]["icd10"] == code


def test_a_vocabulary_without_its_licence_is_refused_at_start(client, vocabulary, tmp_path):
    unlicensed = VocabularySettings(path=vocabulary)
    server = Server(settings_for(tmp_path / "none.db").model_copy(update={"vocabulary": unlicensed}))
    with pytest.raises(VocabularyError, match="LICENSE_ACKNOWLEDGED"):
        server.start()


def test_what_the_pdfs_do_not_cover_is_not_answered(client):
    answer = client.post("/v1/diagnose", json={"symptoms": "my knee hurts when I climb stairs"}).json()
    assert answer["status"] != "answered"
    assert answer["possible_diagnoses"] == []
