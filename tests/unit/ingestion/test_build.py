"""One file, because all cases tell of one sync on one library in memory."""

import hashlib
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pytest

from ingestion.build import plan_sync, sync
from ingestion.chunk import PIPELINE
from ingestion.parsing import Parsers
from ingestion.workshop import Workshop
from services.core.errors import LibraryError
from services.core.types import SectionRole
from services.index.guidelines import Hit
from services.index.schema import FORMAT, hash_ids

DIM = 16


class HashEmbedder:
    """Words are hashed into a vector; texts that share words are close."""

    fingerprint = "hash@1"
    dim = DIM
    max_tokens = 256

    def __init__(self):
        self.encoded = []

    def knows(self, language):
        return language == "en"

    def count_tokens(self, text):
        return len(text.split()) + 2

    def encode_documents(self, texts):
        self.encoded += texts
        vectors = np.full((len(texts), DIM), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, hashlib.sha256(word.encode()).digest()[0] % DIM] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    encode_queries = encode_documents


@dataclass
class MemoryEditions:
    """Keeps editions in memory, as `Editions` keeps them in Milvus; what is not published is not read."""

    stored: dict = field(default_factory=dict)
    documents_of: dict = field(default_factory=dict)
    published: object = None
    finds_nothing: bool = False

    def current(self):
        return self.published

    def documents(self):
        return dict(self.documents_of[self.published.edition]) if self.published else {}

    def create(self, edition, dim):
        assert dim == DIM
        self.stored[edition], self.documents_of[edition] = {}, {}

    def add(self, edition, entries, documents, dim):
        for entry in entries:
            assert entry.vector is None or len(entry.vector) == dim
            self.stored[edition][entry.chunk.id] = entry
            if entry.chunk.ordinal == 0:
                self.documents_of[edition][entry.chunk.document_id] = documents[entry.chunk.document_id]
        return len(entries)

    def entries_of(self, document_ids):
        if self.published is not None:
            for entry in self.stored[self.published.edition].values():
                if entry.chunk.document_id in document_ids:
                    yield entry

    def complete(self, manifest):
        rows = self.stored[manifest.edition]
        assert (len(rows), hash_ids(rows)) == (manifest.chunks, manifest.ids_hash)
        assert len(self.documents_of[manifest.edition]) == manifest.documents
        return MemoryIndex([] if self.finds_nothing else list(rows.values()))

    def publish(self, manifest):
        self.published = manifest

    def live(self):
        return MappingProxyType(self.stored[self.published.edition])


class MemoryIndex:
    """Finds the entries whose text or vector is nearest, as an index does."""

    def __init__(self, entries):
        self.entries = entries

    def lexical(self, texts, limit):
        return [
            self._best(lambda e, text=text: len({*text.split()} & {*e.search_text.split()}), limit) for text in texts
        ]

    def dense(self, vectors, limit):
        near = [entry for entry in self.entries if entry.vector is not None]
        return [self._best(lambda e, v=v: float(np.dot(v, e.vector)), limit, near) for v in vectors]

    def _best(self, strength, limit, entries=None):
        ranked = sorted(self.entries if entries is None else entries, key=strength, reverse=True)[:limit]
        return [Hit(e.chunk.id, e.chunk.document_id, strength(e)) for e in ranked]


class Library:
    """A folder of guidelines beside the editions made of it."""

    def __init__(self, folder):
        self.folder = folder
        self.editions = MemoryEditions()
        self.embedder = HashEmbedder()
        self.fingerprint = self.embedder.fingerprint
        self.opened = 0
        self.seen = []

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def open(self):
        self.opened += 1
        return self.embedder

    def sync(self, *, rebuild=False, reviewed=False):
        self.embedder.encoded.clear()
        with Parsers() as parsers:
            return sync(self.folder, self.work(parsers), rebuild=rebuild, reviewed=reviewed)

    def plan(self):
        with Parsers() as parsers:
            return plan_sync(self.folder, self.work(parsers))

    def work(self, parsers):
        progress = lambda *said: self.seen.append(said)  # noqa: E731
        return Workshop(self.editions, self.fingerprint, self.open, parsers.read, progress)

    def texts(self):
        return sorted(entry.chunk.text for entry in self.editions.live().values())


COUGH = "---\nid: cough\ntitle: Cough\n---\n## Presentation\nThe cough is dry.\n\n## Tests\nA chest x-ray.\n"
FLU = "INFLUENZA\nFever is usual.\nTREATMENT\nRest.\n"


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path)
    made.write("cough.md", COUGH)
    made.write("more/flu.txt", FLU)
    return made


def test_a_first_sync_publishes_everything(library):
    report = library.sync()
    assert (report.added, report.changed, report.removed, report.unchanged) == (
        ["cough.md", "more/flu.txt"],
        [],
        [],
        [],
    )
    assert (report.published, report.problems, report.duplicates) == (True, [], {})
    assert library.texts() == ["A chest x-ray.", "Fever is usual.", "Rest.", "The cough is dry."]
    manifest = library.editions.published
    assert report.manifest == manifest
    assert (manifest.documents, manifest.chunks, manifest.embedder, manifest.pipeline, manifest.format) == (
        2,
        4,
        "hash@1",
        PIPELINE,
        FORMAT,
    )


def test_chunks_carry_vectors_of_title_heading_and_text(library):
    report = library.sync()
    assert report.chunks_embedded == 4
    assert "Cough. Presentation\nThe cough is dry." in library.embedder.encoded
    entry = next(e for e in library.editions.live().values() if e.chunk.text == "The cough is dry.")
    assert entry.chunk.role is SectionRole.PRESENTATION
    assert np.linalg.norm(entry.vector) == pytest.approx(1)


def test_a_folder_that_did_not_change_is_not_published_again(library):
    first = library.sync()
    second = library.sync()
    assert second.unchanged == ["cough.md", "more/flu.txt"]
    assert (second.published, second.manifest, second.added, second.chunks_embedded) == (False, first.manifest, [], 0)
    assert library.opened == 1


def test_only_what_changed_is_embedded_again(library):
    library.sync()
    kept = {e.chunk.id: e.vector for e in library.editions.live().values() if e.chunk.document_id == "more-flu"}
    library.write("cough.md", COUGH.replace("dry", "wet"))
    report = library.sync()
    assert (report.changed, report.unchanged, report.added, report.removed) == (["cough.md"], ["more/flu.txt"], [], [])
    assert report.chunks_embedded == 1
    assert "The cough is wet." in library.texts()
    assert "The cough is dry." not in library.texts()
    assert {chunk_id: library.editions.live()[chunk_id].vector for chunk_id in kept} == kept


def test_a_new_file_is_added_beside_the_others(library):
    library.sync()
    library.write("rash.md", "# Rash\nThe rash is red.\n")
    report = library.sync()
    assert (report.added, report.chunks_embedded) == (["rash.md"], 1)
    assert len(library.texts()) == 5


def test_what_was_removed_is_gone(library):
    library.sync()
    (library.folder / "cough.md").unlink()
    report = library.sync()
    assert (report.removed, report.unchanged, report.published) == (["cough.md"], ["more/flu.txt"], True)
    assert library.texts() == ["Fever is usual.", "Rest."]
    assert report.chunks_embedded == 0


def test_a_renamed_file_is_added_and_removed(library):
    library.sync()
    (library.folder / "more/flu.txt").rename(library.folder / "influenza.txt")
    report = library.sync()
    assert (report.added, report.removed) == (["influenza.txt"], ["more/flu.txt"])
    assert report.manifest.documents == 2


def test_the_same_bytes_twice_are_stored_once_under_the_first_name(library):
    library.write("zz/copy.md", COUGH)
    report = library.sync()
    assert report.duplicates == {"zz/copy.md": "cough.md"}
    assert report.problems == []
    assert report.manifest.documents == 2


def test_a_second_document_with_an_id_that_is_taken_is_skipped(library):
    library.write("other.md", COUGH.replace("dry", "wet"))
    report = library.sync()
    assert [problem.file for problem in report.problems] == ["other.md"]
    assert "The cough is wet." not in library.texts()


def test_two_names_that_make_one_id_get_two(library):
    library.write("a b.txt", "One text.")
    library.write("a_b.txt", "Another text.")
    report = library.sync()
    assert report.problems == []
    assert report.manifest.documents == 4


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe broken",
        b"a\x00b",
        b"",
        b"---\ntitle: [\n---\nText.",
        b"---\nonset: quick\n---\nText.",
        b"---\ntitle: x\n---\nA statement. [^nowhere]",
    ],
)
def test_a_broken_file_is_told_and_the_others_go_on(library, content):
    library.write("broken.md", content)
    report = library.sync()
    assert [problem.file for problem in report.problems] == ["broken.md"]
    assert report.problems[0].reason
    assert report.manifest.documents == 2


def test_a_file_that_broke_keeps_what_is_published_of_it(library):
    library.sync()
    library.write("cough.md", b"\xff\x00")
    report = library.sync()
    assert [problem.file for problem in report.problems] == ["cough.md"]
    assert (report.retained, report.removed, report.published) == (["cough.md"], [], False)
    library.write("more/flu.txt", FLU + "Sleep.\n")
    report = library.sync()
    assert (report.retained, report.changed, report.manifest.documents) == (["cough.md"], ["more/flu.txt"], 2)
    assert "The cough is dry." in library.texts()


def test_a_text_that_is_there_in_another_format_is_stored_once(library):
    library.write("z/cough.txt", "PRESENTATION\nThe cough is dry.\n\nTESTS\nA chest x-ray.\n")
    report = library.sync()
    assert report.duplicates == {"z/cough.txt": "cough.md"}
    assert report.manifest.documents == 2
    assert library.sync().published is False


def test_a_withdrawn_document_does_not_take_the_place_of_one_with_the_same_text(library):
    library.write("again.md", COUGH.replace("id: cough", "id: again"))
    library.write("cough.md", COUGH.replace("title: Cough", "title: Cough\nwithdrawn: 2020-01-01"))
    report = library.sync()
    assert (report.added, report.duplicates) == (["again.md", "more/flu.txt"], {})
    assert report.withdrawn == {"cough.md": "withdrawn since 2020-01-01"}
    assert library.sync().published is False


def test_only_the_chunks_of_a_changed_document_that_differ_are_embedded(library):
    library.sync()
    library.write("cough.md", COUGH.replace("dry", "wet"))
    assert library.sync().chunks_embedded == 1
    assert any("The cough is wet." in text for text in library.embedder.encoded)


def test_a_plan_says_what_a_sync_does_and_writes_nothing(library):
    library.sync()
    edition = library.editions.published
    library.write("cough.md", COUGH.replace("dry", "wet"))
    library.write("rash.md", "# Rash\nThe rash is red.\n")
    library.write("broken.md", b"a\x00b")
    (library.folder / "more/flu.txt").unlink()
    planned = library.plan()
    assert (library.editions.published, len(library.editions.stored)) == (edition, 1)
    done = library.sync()
    for what in ("added", "changed", "removed", "unchanged", "duplicates", "problems"):
        assert getattr(planned, what) == getattr(done, what), what
    assert (planned.published, done.published) == (False, True)


def test_an_edition_that_does_not_find_its_own_documents_is_not_published(library):
    first = library.sync()
    library.editions.finds_nothing = True
    library.write("rash.md", "# Rash\nThe rash is red.\n")
    with pytest.raises(LibraryError, match="does not find"):
        library.sync()
    assert library.editions.published == first.manifest


def test_a_folder_without_guidelines_is_refused_and_nothing_is_published(tmp_path):
    library = Library(tmp_path)
    with pytest.raises(LibraryError):
        library.sync()
    assert library.editions.published is None
    assert library.opened == 0


def test_a_folder_that_became_empty_does_not_empty_the_edition(library):
    first = library.sync()
    (library.folder / "cough.md").unlink()
    (library.folder / "more/flu.txt").unlink()
    with pytest.raises(LibraryError):
        library.sync()
    assert library.editions.published == first.manifest


def test_a_folder_of_broken_files_is_refused_with_their_number(tmp_path):
    library = Library(tmp_path)
    library.write("a.md", b"\xff")
    library.write("b.md", b"")
    with pytest.raises(LibraryError, match="2 with problems"):
        library.sync()


def test_hidden_files_links_readmes_and_other_formats_are_passed_over(library):
    for name in (".hidden.md", ".git/a.md", "README.md", "more/readme.txt", "picture.png", "table.csv"):
        library.write(name, f"Text of {name}.")
    (library.folder / "link.md").symlink_to(library.folder / "cough.md")
    report = library.sync()
    assert report.added == ["cough.md", "more/flu.txt"]
    assert (report.problems, report.duplicates) == ([], {})


def test_a_rebuild_embeds_everything_again(library):
    first = library.sync()
    report = library.sync(rebuild=True)
    assert (report.published, report.chunks_embedded) == (True, 4)
    assert report.manifest.edition != first.manifest.edition
    assert report.manifest.ids_hash == first.manifest.ids_hash


def test_another_embedder_embeds_everything_again(library):
    library.sync()
    library.fingerprint = library.embedder.fingerprint = "hash@2"
    report = library.sync()
    assert (report.published, report.chunks_embedded, report.manifest.embedder) == (True, 4, "hash@2")


def test_a_language_that_the_embedder_does_not_know_gets_no_vector(library):
    library.write("ke-sou.md", "---\ntitle: 咳嗽\nlanguage: zh\n---\n## 临床表现\n干咳。\n")
    report = library.sync()
    (entry,) = (e for e in library.editions.live().values() if e.chunk.text == "干咳。")
    assert entry.vector is None
    assert report.chunks_embedded == 4


def test_a_chunk_without_a_vector_is_kept_without_one(library):
    library.write("ke-sou.md", "---\ntitle: 咳嗽\nlanguage: zh\n---\n## 临床表现\n干咳。\n")
    library.sync()
    library.write("more/flu.txt", FLU + "Sleep.\n")
    library.sync()
    (entry,) = (e for e in library.editions.live().values() if e.chunk.text == "干咳。")
    assert entry.vector is None


def test_progress_tells_documents_read_and_chunks_embedded(library):
    library.sync()
    assert library.seen == [("reading", 1, 2), ("reading", 2, 2), ("embedding", 4, 0)]


def test_a_large_folder_is_written_in_windows(library):
    for number in range(600):
        library.write(f"many/n{number}.txt", f"Statement number {number} on coughing.")
    report = library.sync()
    assert report.manifest.documents == 602
    assert report.chunks_embedded == 604
    assert [done for stage, done, _ in library.seen if stage == "embedding"] == [512, 604]
    library.write("many/n0.txt", "Another statement.")
    assert library.sync().chunks_embedded == 1
    assert len(library.texts()) == 604
