"""A disk that is full: nothing is published in part, and the next sync goes on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, write_two_libraries

_NAMESPACE = ["unshare", "--map-root-user", "--mount"]


def can_mount(folder: Path) -> bool:
    if shutil.which(_NAMESPACE[0]) is None:
        return False
    tried = subprocess.run([*_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False)
    return tried.returncode == 0


def test_a_full_disk_leaves_the_old_edition_and_the_next_sync_converges(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if not can_mount(disk):
        pytest.skip("no small file system can be mounted here")
    write_two_libraries(tmp_path, 39)
    script = Path(__file__).with_name("full_disk.py")
    command = 'mount -t tmpfs -o size=4m tmpfs "$1/disk" && exec "$2" "$3" "$1"'
    ran = subprocess.run(
        [*_NAMESPACE, "sh", "-c", command, "sh", str(tmp_path), sys.executable, str(script)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    points = [json.loads(line) for line in ran.stdout.splitlines()]
    for point in points:
        # A sync that says nothing has published all of it; one that fails has published nothing.
        assert point["serves_old"] if point["told"] else point["serves_new"], point
        assert point["again"] == 0, ran.stderr
        assert point["converged"], point
    told = [bool(point["told"]) for point in points]
    assert any(told)
    assert not all(told)
