"""The ingestion command and what it leaves in a real Milvus Lite file."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import copy_guidelines, ingest_command

from services.core.settings import IndexSettings
from services.index.connection import connect
from services.index.editions import Editions
from services.index.guidelines import GuidelineIndex

BROKEN = "---\nid: [unclosed\n---\n## Presentation\nText."


def open_index(uri: Path, embedder) -> GuidelineIndex:
    return GuidelineIndex.open(IndexSettings(uri=str(uri)), embedder.fingerprint)


@pytest.fixture
def folder(tmp_path):
    made = copy_guidelines(tmp_path / "library", "migraine.en.md", "migraine.zh.md", "common-cold.en.md")
    (made / "SORE EYES (CONJUNCTIVITIS).txt").write_text(
        "SORE EYES (CONJUNCTIVITIS)\nIntroduction\nInflammation of the conjunc-\ntiva.\n\nCLINICAL FEATURES\n"
        "• Red eyes\n• Watery discharge with itching\n\nINVESTIGATIONS\n• Conjunctival swab\n",
        encoding="utf-8",
    )
    return made


def test_the_command_ingests_says_what_it_did_and_skips_a_broken_file_with_exit_code_1(folder, tmp_path):
    (folder / "broken.md").write_text(BROKEN, encoding="utf-8")
    (folder / "latin1.txt").write_bytes("fièvre".encode("latin-1"))
    shutil.copy(folder / "common-cold.en.md", folder / "copy of the cold.md")
    index = tmp_path / "new" / "library.db"
    done = ingest_command("sync", folder, "--json", index=index)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert {problem["file"] for problem in report["problems"]} == {"broken.md", "latin1.txt"}
    assert "unclosed" not in done.stdout + done.stderr
    assert report["duplicates"] == {"copy of the cold.md": "common-cold.en.md"}
    assert len(report["added"]) == 4
    assert report["published"]
    status = ingest_command("status", "--json", index=index)
    assert status.returncode == 0
    assert {d["title"] for d in json.loads(status.stdout)["documents"]} >= {"Sore eyes (conjunctivitis)", "偏头痛"}
    found = ingest_command("search", "red itchy eyes", "--json", index=index)
    assert json.loads(found.stdout)[0]["text"].startswith("Red eyes")


def test_unchanged_files_are_not_embedded_again_and_ids_are_stable(folder, tmp_path, ingest, embedder):
    uri = tmp_path / "library.db"
    first = ingest(folder, uri)
    assert first.published
    again = ingest(folder, uri)
    assert not again.published
    assert again.chunks_embedded == 0
    assert again.manifest == first.manifest
    changed = folder / "common-cold.en.md"
    changed.write_text(changed.read_text(encoding="utf-8").replace("runny nose", "dripping nose"), encoding="utf-8")
    third = ingest(folder, uri)
    assert third.changed == ["common-cold.en.md"]
    assert 0 < third.chunks_embedded < first.chunks_embedded
    rebuilt = ingest(folder, uri, rebuild=True)
    assert rebuilt.manifest.ids_hash == third.manifest.ids_hash
    assert rebuilt.chunks_embedded == first.chunks_embedded


def test_editions_can_be_loaded_while_others_are_listed(folder, tmp_path, ingest):
    uri = tmp_path / "library.db"
    for _ in range(2):
        ingest(folder, uri, rebuild=True)
    settings = IndexSettings(uri=str(uri))
    for _ in range(10):
        with connect(settings) as client, ThreadPoolExecutor(4) as pool:
            listing = [pool.submit(Editions(client, settings).kept) for _ in range(3)]
            client.load_collection(settings.collection, timeout=10)
            assert {len(listed.result()) for listed in listing} == {2}


def test_kept_vectors_find_the_same_as_fresh_ones(folder, tmp_path, ingest, embedder):
    kept, fresh = tmp_path / "kept.db", tmp_path / "fresh.db"
    ingest(folder, kept)
    (folder / "common-cold.en.md").unlink()
    assert ingest(folder, kept).chunks_embedded == 0
    ingest(folder, fresh)
    vectors = embedder.encode_queries(["throbbing headache and nausea"])
    found = []
    for uri in (kept, fresh):
        index = open_index(uri, embedder)
        found.append([hit.chunk_id for hit in index.dense(vectors, 8)[0]])
        index.close()
    assert found[0] == found[1]


def test_a_removed_document_is_gone_from_the_new_edition(folder, tmp_path, ingest, embedder):
    uri = tmp_path / "library.db"
    ingest(folder, uri)
    (folder / "migraine.en.md").unlink()
    assert ingest(folder, uri).removed == ["migraine.en.md"]
    index = open_index(uri, embedder)
    try:
        assert "migraine.en" not in index.documents
        hits = index.lexical(["migraine"], 50)[0]
        assert all(hit.document_id != "migraine.en" for hit in hits)
    finally:
        index.close()


def test_a_chinese_document_is_found_by_words_and_left_out_of_the_dense_side(folder, tmp_path, ingest, embedder):
    uri = tmp_path / "library.db"
    ingest(folder, uri)
    index = open_index(uri, embedder)
    try:
        assert index.lexical(["单侧头痛 畏光"], 5)[0][0].document_id == "migraine.zh"
        dense = index.dense(embedder.encode_queries(["单侧头痛"]), 100)[0]
        assert dense
        assert all(hit.document_id != "migraine.zh" for hit in dense)
    finally:
        index.close()


def test_only_the_last_two_editions_are_kept(folder, tmp_path, ingest):
    uri = tmp_path / "library.db"
    for number in range(4):
        (folder / f"extra {number}.txt").write_text(
            f"EXTRA {number}\nClinical features\nSign {number}.", encoding="utf-8"
        )
        ingest(folder, uri)
    settings = IndexSettings(uri=str(uri))
    with connect(settings) as client:
        assert len(client.list_collections()) == 2
        assert Editions(client, settings).current().documents == 8


def test_an_empty_folder_publishes_nothing(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = ingest_command("sync", empty, index=tmp_path / "library.db")
    assert done.returncode == 1
    assert "library_invalid" in done.stderr
    assert ingest_command("status", index=tmp_path / "library.db").returncode == 1


def test_a_missing_folder_is_misuse(tmp_path):
    assert ingest_command("sync", tmp_path / "nowhere", index=tmp_path / "library.db").returncode == 2


def test_a_setting_that_is_not_valid_is_named_without_its_value(folder, tmp_path):
    refused = ingest_command("sync", folder, index=tmp_path / "library.db", CITEWELL_EMBEDDING__KEY="ключ")
    assert refused.returncode == 1
    assert "CITEWELL_EMBEDDING__KEY" in refused.stderr
    assert "ключ" not in refused.stderr
    assert "Traceback" not in refused.stderr
