"""Run by a test: syncs that are killed at a seeded point of one stage, in children of a process that has all loaded.

Usage: killed_sync.py STAGE POINTS FOLDER. Prints one JSON object a point.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import jieba
import milvus_lite.adapter.grpc.server  # noqa: F401 - loaded once, not in each child
import numpy as np

import ingestion.embedding
import ingestion.reading
from ingestion.build import sync
from ingestion.parsing import READERS, Parsed
from ingestion.readers.reader import reader_for
from ingestion.workshop import Workshop
from services.core.settings import IndexSettings
from services.index.connection import connect
from services.index.editions import Editions
from services.index.guidelines import GuidelineIndex

DIM = 8


class HashEmbedder:
    fingerprint, dim, max_tokens = "hash@1", DIM, 256

    def knows(self, language):
        return language == "en"

    def count_tokens(self, text):
        return len(text.split()) + 2

    def encode_documents(self, texts):
        rows = [list(hashlib.sha256(text.encode()).digest()[:DIM]) for text in texts]
        vectors = np.asarray(rows, np.float32) + 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    encode_queries = encode_documents


def parse(files):
    for file in files:
        yield Parsed(reader_for(file.path, READERS).read(file.path.read_bytes()), None)


def run_sync(folder: Path, uri: Path) -> None:
    settings = IndexSettings(uri=str(uri))
    with connect(settings, create=True) as client:
        sync(folder, Workshop(Editions(client, settings), HashEmbedder.fingerprint, HashEmbedder, parse))


def kill_in(stage: str, rng: random.Random) -> None:
    """The process ends by SIGKILL at some call of the stage's function, a moment after its begin."""
    owner, name, calls = {
        "read": (ingestion.reading, "_one", 6),
        "chunk": (ingestion.embedding, "chunk_document", 6),
        "embed": (HashEmbedder, "encode_documents", 4),
        "insert": (Editions, "add", 4),
        "flush": (Editions, "complete", 1),
        "publish": (Editions, "publish", 1),
    }[stage]
    function, countdown, delay = getattr(owner, name), [rng.randint(1, calls)], rng.choice([0.0, rng.uniform(0, 0.04)])

    def killing(*arguments, **named):
        countdown[0] -= 1
        if countdown[0] == 0:
            if delay == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return function(*arguments, **named)

    setattr(owner, name, killing)


def in_child(work: Callable[[], object]) -> tuple[int, object]:
    """The wait status of a forked child, and what the work returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            value = work()
            with os.fdopen(writing, "w") as file:
                json.dump(value, file)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - nothing of the child may go on in the parent's code
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    return os.waitpid(child, 0)[1], json.loads(text) if text else None


def state(uri: Path) -> dict:
    """What a service would serve, checked as it checks it."""
    index = GuidelineIndex.open(IndexSettings(uri=str(uri)), HashEmbedder.fingerprint)
    try:
        settings = IndexSettings(uri=str(uri))
        with connect(settings) as client:
            chunks = sorted(chunk.id for chunk in Editions(client, settings).chunks())
            collections = len(client.list_collections())
        return {"ids": chunks, "hash": index.manifest.ids_hash, "collections": collections}
    finally:
        index.close()


def main(stage: str, points: int, folder: Path) -> None:
    jieba.setLogLevel("ERROR")
    jieba.initialize()
    ingestion.embedding.WINDOW, ingestion.embedding._SORTED = 4, 8
    before, after, first = folder / "before", folder / "after", folder / "first.db"
    for source, uri in ((before, first), (after, folder / "expected.db")):
        assert in_child(lambda source=source, uri=uri: run_sync(source, uri))[0] == 0
    old, new = (in_child(lambda uri=uri: state(uri))[1] for uri in (first, folder / "expected.db"))
    for point in range(points):
        uri = folder / f"{point}.db"
        shutil.copytree(first, uri)

        def killed(uri=uri, point=point):
            kill_in(stage, random.Random(f"{stage} {point}"))  # noqa: S311
            run_sync(after, uri)
            time.sleep(0.1)

        status, _ = in_child(killed)
        served = in_child(lambda uri=uri: state(uri))[1]
        again, _ = in_child(lambda uri=uri: run_sync(after, uri))
        healed = in_child(lambda uri=uri: state(uri))[1]
        print(json.dumps({  # noqa: T201
            "was_killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
            "serves_old": served["ids"] == old["ids"], "serves_new": served["ids"] == new["ids"],
            "again": again, "converged": (healed["ids"], healed["hash"]) == (new["ids"], new["hash"]),
            "collections": healed["collections"],
        }), flush=True)  # fmt: skip
        shutil.rmtree(uri)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
