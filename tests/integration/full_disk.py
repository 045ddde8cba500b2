"""Run by a test in a namespace of its own: syncs into a file system that has less and less room.

Usage: full_disk.py FOLDER, where FOLDER/disk is a small file system. Prints one JSON object a point.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import jieba
from killed_sync import in_child, run_sync, state

from services.core.errors import CitewellError

BLOCK = 4096
SPARE = (0, 1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192)
"""Blocks left free; some syncs fail at their first write, some at their last, and some fit."""


def try_sync(folder: Path, uri: Path) -> str:
    """What the command would tell."""
    try:
        run_sync(folder, uri)
    except (CitewellError, OSError) as exc:
        return type(exc).__name__
    return ""


def fill(disk: Path, spare: int) -> Path:
    filler = disk / "filler"
    with filler.open("wb") as file:
        left = os.statvfs(disk).f_bavail - spare
        file.write(bytes(left * BLOCK))
    return filler


def main(folder: Path) -> None:
    jieba.setLogLevel("ERROR")
    jieba.initialize()
    disk, first = folder / "disk", folder / "first.db"
    tempfile.tempdir = str(disk)
    for source, uri in ((folder / "before", first), (folder / "after", folder / "expected.db")):
        assert in_child(lambda source=source, uri=uri: run_sync(source, uri))[0] == 0
    old, new = (in_child(lambda uri=uri: state(uri))[1] for uri in (first, folder / "expected.db"))
    for spare in SPARE:
        uri = disk / "library.db"
        shutil.copytree(first, uri)
        filler = fill(disk, spare)
        _, told = in_child(lambda uri=uri: try_sync(folder / "after", uri))
        # Whatever a failed write left in memory is gone: a new process sees the disk alone, as full as it is.
        served = in_child(lambda uri=uri: state(uri))[1]
        filler.unlink()
        served = served or in_child(lambda uri=uri: state(uri))[1]
        again, _ = in_child(lambda uri=uri: run_sync(folder / "after", uri))
        healed = in_child(lambda uri=uri: state(uri))[1]
        print(json.dumps({  # noqa: T201
            "spare": spare, "told": told,
            "serves_old": served["ids"] == old["ids"], "serves_new": served["ids"] == new["ids"], "again": again,
            "converged": (healed["ids"], healed["hash"]) == (new["ids"], new["hash"]),
        }), flush=True)  # fmt: skip
        shutil.rmtree(uri)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
