"""Whenever a sync is killed, the old edition goes on answering, and the next sync makes the same edition as ever."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, write_two_libraries

POINTS = 20


@pytest.mark.parametrize("stage", ["read", "chunk", "embed", "insert", "flush", "publish"])
def test_a_killed_sync_leaves_the_old_edition_and_the_next_one_converges(stage, tmp_path):
    write_two_libraries(tmp_path, 11)
    script = Path(__file__).with_name("killed_sync.py")
    ran = subprocess.run(
        [sys.executable, str(script), stage, str(POINTS), str(tmp_path)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    points = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(points) == POINTS
    for point in points:
        # Only the switch of the alias itself, which is one step, changes what is served.
        assert point["serves_old"] or (stage == "publish" and point["serves_new"]), point
        assert point["again"] == 0, ran.stderr
        assert point["converged"], point
        assert point["collections"] <= 2, point
    assert sum(point["was_killed"] for point in points) >= POINTS // 2
