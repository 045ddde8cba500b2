"""The library changes while the service runs: real processes, one Milvus Lite file, real HTTP."""

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from support import ROOT, Server, copy_guidelines, ingest_command, settings_for

from services.core.settings import IndexSettings
from services.index.collections import current_collection
from services.index.connection import connect
from services.index.editions import Editions, one_writer
from services.index.schema import MANIFEST_PROPERTY, collection_schema

NAMES = ("migraine.en.md", "migraine.zh.md", "common-cold.en.md")
QUESTION = {"symptoms": "throbbing headache on one side, light hurts, nausea"}


def done(*arguments: object, index: Path):
    """What a command that succeeds prints as JSON."""
    ran = ingest_command(*arguments, "--json", index=index)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture
def folder(tmp_path):
    return copy_guidelines(tmp_path / "library", *NAMES)


@pytest.fixture
def index(folder, tmp_path, ingest):
    uri = tmp_path / "library.db"
    ingest(folder, uri)
    return uri


def edition_of(client: httpx2.Client) -> str:
    return client.get("/v1/library").json()["edition"]


def wait_for(client: httpx2.Client, edition: str) -> None:
    deadline = time.monotonic() + 60
    while edition_of(client) != edition:
        assert time.monotonic() < deadline, "the service did not open the edition"
        time.sleep(0.1)


class Asking(threading.Thread):
    """Asks without a pause, and keeps what it got."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.answers: list[httpx2.Response] = []
        self.is_over = False

    def run(self) -> None:
        with httpx2.Client(base_url=self.url, timeout=60) as client:
            while not self.is_over:
                self.answers.append(client.post("/v1/diagnose", json=QUESTION))


def test_a_running_service_takes_new_editions_and_old_ones_back_and_fails_no_request(folder, index):
    running = Server(settings_for(index))
    running.start()
    asking = Asking(running.url)
    try:
        with httpx2.Client(base_url=running.url, timeout=60) as client:
            first = edition_of(client)
            asking.start()
            text = (folder / "migraine.en.md").read_text(encoding="utf-8")
            (folder / "migraine.en.md").write_text(text.replace("Migraine", "Sick headache"), encoding="utf-8")
            (folder / "migraine.zh.md").unlink()
            report = done("sync", folder, index=index)
            second = report["manifest"]["edition"]
            assert (report["changed"], report["removed"]) == (["migraine.en.md"], ["migraine.zh.md"])
            wait_for(client, second)
            assert client.get("/v1/guidelines/migraine.zh").status_code == 404
            assert done("rollback", index=index)["edition"] == first
            wait_for(client, first)
            assert client.get("/v1/guidelines/migraine.zh").status_code == 200
            assert done("rollback", second, index=index)["edition"] == second
            wait_for(client, second)
    finally:
        asking.is_over = True
        asking.join(60)
        running.stop()
    assert {answer.status_code for answer in asking.answers} == {200}
    editions = [answer.json()["provenance"]["library_edition"] for answer in asking.answers]
    assert [edition for edition, after in zip(editions, [*editions[1:], ""], strict=True) if edition != after] == [
        first, second, first, second,
    ]  # fmt: skip
    for answer in asking.answers:
        names = {citation["guideline"]["title"] for citation in answer.json()["citations"]}
        is_second = answer.json()["provenance"]["library_edition"] == second
        assert names & {"Migraine", "Sick headache"} == ({"Sick headache"} if is_second else {"Migraine"})


@contextmanager
def borrowing(index):
    """A process that holds the index, and a service that uses the index through it; a caller of the service."""
    script = (
        "import sys, time; from services.core.settings import IndexSettings; "
        "from services.index.connection import open_client; "
        "open_client(IndexSettings(uri=sys.argv[1])); print('open', flush=True); time.sleep(600)"
    )
    settings = settings_for(index)
    settings = settings.model_copy(update={"index": settings.index.model_copy(update={"timeout_s": 1.0})})
    arguments = [sys.executable, "-c", script, str(index)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        running = Server(settings)
        try:
            assert holder.stdout.readline() == "open\n"
            running.start()
            with httpx2.Client(base_url=running.url, timeout=60) as client:
                assert client.post("/v1/diagnose", json=QUESTION).status_code == 200
                yield holder, client
        finally:
            holder.kill()
            running.stop()


def test_a_service_that_used_the_file_of_another_process_opens_it_when_that_is_gone(index):
    with borrowing(index) as (holder, client):
        holder.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 60
        while (answer := client.post("/v1/diagnose", json=QUESTION)).status_code != 200:
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert time.monotonic() < deadline, "the service did not open the file"
            time.sleep(0.1)
        assert client.get("/readyz").status_code == 200


def test_a_milvus_that_hangs_is_told_in_time_and_used_again_when_it_goes_on(index):
    with borrowing(index) as (holder, client):
        holder.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        assert client.post("/v1/diagnose", json=QUESTION).status_code == 503
        assert client.get("/readyz").status_code == 503
        # One second for each call to Milvus, of which one is for the alias; without a bound it is minutes.
        assert time.monotonic() - began < 20
        holder.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + 30
        while client.post("/v1/diagnose", json=QUESTION).status_code != 200:
            assert time.monotonic() < deadline, "the service did not go on"
            time.sleep(0.1)


def test_an_edition_that_cannot_be_used_leaves_the_old_one_answering(folder, index, caplog):
    running = Server(settings_for(index))
    running.start()
    try:
        with httpx2.Client(base_url=running.url, timeout=60) as client:
            first = edition_of(client)
            settings = IndexSettings(uri=str(index))
            with connect(settings) as milvus:
                manifest = Editions(milvus, settings).current()
                name = current_collection(milvus, settings.collection)
                milvus.create_collection("guidelines_2", schema=collection_schema(384, "jieba"))
                damaged = replace(manifest, edition="2")
                milvus.alter_collection_properties("guidelines_2", properties={MANIFEST_PROPERTY: damaged.to_json()})
                milvus.alter_alias("guidelines_2", settings.collection)
                time.sleep(4)
                assert edition_of(client) == first
                assert client.post("/v1/diagnose", json=QUESTION).status_code == 200
                assert [r.code for r in caplog.records if r.getMessage() == "edition_not_opened"] == ["index_damaged"]
                milvus.alter_alias(name, settings.collection)
            second = done("sync", folder, "--rebuild", index=index)["manifest"]["edition"]
            wait_for(client, second)
    finally:
        running.stop()


def test_a_second_sync_says_that_one_is_running_and_stops(folder, index):
    with one_writer(IndexSettings(uri=str(index))):
        for refused in (ingest_command("sync", folder, index=index), ingest_command("rollback", index=index)):
            assert refused.returncode == 1
            assert "index_busy" in refused.stderr
        assert ingest_command("plan", folder, index=index).returncode == 0
    assert ingest_command("sync", folder, index=index).returncode == 0


def test_what_differs_between_two_editions_is_told_sentence_by_sentence(folder, index):
    text = (folder / "common-cold.en.md").read_text(encoding="utf-8")
    (folder / "common-cold.en.md").write_text(f"{text}\n## Follow-up\nOur own new sentence.\n", encoding="utf-8")
    planned = done("plan", folder, index=index)
    assert (planned["changed"], planned["published"]) == (["common-cold.en.md"], False)
    done("sync", folder, index=index)
    newer, older = (kept["edition"] for kept in done("editions", index=index))
    assert done("diff", older, newer, index=index) == {
        "common-cold.en": {"added": ["Our own new sentence."], "removed": []}
    }
    shown = ingest_command("diff", older, newer, index=index)
    assert "+ Our own new sentence." in shown.stdout
    assert ingest_command("diff", older, "nothing", index=index).returncode == 1


def test_a_document_and_a_passage_can_be_looked_at(index):
    shown = done("show", "migraine.en", index=index)
    assert shown["document"]["title"] == "Migraine"
    passage = shown["passages"][0]["id"]
    assert [one["id"] for one in done("show", passage, index=index)["passages"]] == [passage]
    for unknown in ("nothing", "migraine.en:nothing"):
        missing = ingest_command("show", unknown, index=index)
        assert missing.returncode == 1
        assert "not_found" in missing.stderr


def test_nothing_to_go_back_to(index):
    refused = ingest_command("rollback", index=index)
    assert refused.returncode == 1
    assert "not_found" in refused.stderr
    assert ingest_command("rollback", "20200101T000000000000Z", index=index).returncode == 1
