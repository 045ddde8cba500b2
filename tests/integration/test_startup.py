"""What the service says at start when something does not fit: one line with a remedy, exit code 1."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from support import ROOT

from services.core.settings import IndexSettings
from services.index.collections import current_collection
from services.index.connection import connect
from services.index.editions import Editions
from services.index.schema import MANIFEST_PROPERTY


def start(index: Path, **variables: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "CITEWELL_INDEX__URI": str(index), "CITEWELL_SERVER__PORT": "1", **variables}
    return subprocess.run(
        [sys.executable, "-m", "services.api"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def check_refused(done: subprocess.CompletedProcess, code: str, remedy: str) -> None:
    assert done.returncode == 1
    assert f"citewell: {code}" in done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_index(tmp_path):
    check_refused(start(tmp_path / "none.db"), "index_missing", "citewell-ingest sync")


def test_an_index_of_milvus_lite_2(tmp_path):
    old = tmp_path / "old.db"
    old.write_bytes(b"SQLite format 3\x00" + bytes(100))
    check_refused(start(old), "index_format", "move it away")


def test_a_file_name_that_milvus_lite_does_not_take(tmp_path):
    check_refused(start(tmp_path / "index.sqlite"), "index_format", ".db")


def test_an_index_that_another_process_holds_and_does_not_serve(index_copy):
    with (index_copy / "LOCK").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        check_refused(start(index_copy), "index_locked", "stop that process")


def test_an_index_whose_last_user_was_killed(index_copy):
    index_copy.with_name(f"{index_copy.name}.address").write_text("http://127.0.0.1:9", encoding="ascii")
    with connect(IndexSettings(uri=str(index_copy))) as client:
        assert Editions(client, IndexSettings(uri=str(index_copy))).current().documents > 0
    assert not index_copy.with_name(f"{index_copy.name}.address").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"embedder": "other@000000000000"}, "index_embedder"),
        ({"format": 0}, "index_format"),
        ({"chunks": 1}, "index_damaged"),
    ],
)
def test_an_index_that_does_not_fit(index_copy, changes, code):
    settings = IndexSettings(uri=str(index_copy))
    with connect(settings) as client:
        name = current_collection(client, settings.collection)
        manifest = replace(Editions(client, settings).current(), **changes)
        client.alter_collection_properties(name, properties={MANIFEST_PROPERTY: manifest.to_json()})
    check_refused(start(index_copy), code, "--rebuild")


def test_lost_rows_are_noticed(index_copy):
    settings = IndexSettings(uri=str(index_copy))
    with connect(settings) as client:
        name = current_collection(client, settings.collection)
        client.load_collection(name)
        client.delete(name, filter='document_id == "migraine.en"')
        client.flush(name)
    check_refused(start(index_copy), "index_damaged", "--rebuild")


def test_settings_that_are_not_valid_are_named(tmp_path):
    done = start(tmp_path / "none.db", CITEWELL_RETRIEVAL__CONDITIONS="many")
    assert done.returncode == 1
    assert "CITEWELL_RETRIEVAL__CONDITIONS" in done.stderr
    assert "many" not in done.stderr


def test_missing_triage_rules_stop_the_start(tmp_path):
    library = tmp_path / "library"
    shutil.copytree(ROOT / "guidelines" / "terminology", library / "terminology")
    (library / "triage").mkdir()
    check_refused(
        start(tmp_path / "none.db", CITEWELL_LIBRARY__FOLDER=str(library)),
        "library_invalid",
        "CITEWELL_LIBRARY__FOLDER",
    )


def test_it_says_where_it_is_answers_and_ends_on_sigterm(index_copy, unused_port):
    environment = {**os.environ, "CITEWELL_INDEX__URI": str(index_copy), "CITEWELL_SERVER__PORT": str(unused_port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "services.api"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        shown = ""
        until = time.monotonic() + 90
        while "curl" not in shown and time.monotonic() < until:
            shown += process.stdout.readline()
        url = re.search(r"Citewell is ready: (\S+)", shown)[1]
        assert f"{url}/docs" in shown
        symptoms = "throbbing headache, light hurts my eyes"
        answer = httpx2.post(f"{url}/v1/diagnose", json={"symptoms": symptoms}, timeout=30)
        assert answer.json()["possible_diagnoses"][0]["condition_id"] == "migraine"
    finally:
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=30)
    assert process.returncode in {0, -signal.SIGTERM}
    assert '"route": "/v1/diagnose"' in logged
    assert "throbbing" not in logged
    assert "migraine" not in logged
