"""Servers that a benchmark starts for itself, each a process group of its own on a free port of the loopback."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def run_until_ready(
    command: Sequence[str], ready: str, environment: Mapping[str, str], log: Path, within_s: float = 120.0
) -> Iterator[None]:
    """Start a server, wait until a URL answers with 200, and end it and all its children afterwards.

    Raises:
        RuntimeError: It did not become ready; the message has the end of its log.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    try:
        until = time.monotonic() + within_s
        while not _answers(ready):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not become ready:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.2)
        yield
    finally:
        _end(process)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            continue
