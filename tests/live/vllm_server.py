"""A real `vllm serve` of the tiny model, started by our launcher, that tests may stop, hang and kill."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2
from support import ROOT

from services.core.settings import ModelSettings

NAME = "Qwen/Qwen2.5-7B-Instruct"
ADAPTER = "clinic"
KEY = "a-key-for-tests"
READY_WITHIN_S = 240.0
_RUNNING = re.compile(r"^vllm:num_requests_running(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


class VllmServer:
    """The server on a port of the loopback, in a process group of its own."""

    def __init__(self, model: Path, *flags: str, environment: dict[str, str] | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._model = model
        self._flags = flags
        # Sockets of vLLM must have short paths.
        self._scratch = Path(tempfile.mkdtemp(prefix="vllm-", dir="/tmp"))
        self._environment = {
            **os.environ,
            "VLLM_API_KEY": KEY,
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_CACHE_ROOT": str(self._scratch / "cache"),
            "VLLM_RPC_BASE_PATH": str(self._scratch),
            "TMPDIR": str(self._scratch),
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.log = self._scratch / "log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **changes: object) -> ModelSettings:
        given = {"base_url": f"{self.url}/v1", "key": KEY, "breaker_cooldown_s": 0.5, **changes}
        return ModelSettings.model_validate(given)

    def start(self) -> float:
        """Start, unless it runs; returns the seconds that it took."""
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGCONT)
            return 0.0
        began = time.monotonic()
        command = [sys.executable, "-m", "services.generation.launch", "cpu", "--model", str(self._model)]
        command += ["--port", str(self.port), "--vllm", str(ROOT / ".venv-vllm/bin/vllm"), *self._flags]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        while time.monotonic() - began < READY_WITHIN_S:
            if self._process.poll() is not None:
                break
            try:
                if httpx2.get(f"{self.url}/health", timeout=2).status_code == 200:
                    return time.monotonic() - began
            except httpx2.TransportError:
                pass
            time.sleep(0.5)
        self.signal(signal.SIGKILL)
        raise AssertionError("vllm serve did not start:\n" + self.log.read_text(errors="replace")[-3000:])

    def signal(self, number: signal.Signals) -> None:
        """To the whole group: the API server, the engine and its workers."""
        assert self._process is not None
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return
        if number == signal.SIGKILL:
            self._process.wait(30)

    def terminate(self) -> None:
        """As an operator stops it: SIGTERM to the API server alone."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGTERM)

    def wait(self, timeout_s: float = 60) -> None:
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        self.signal(signal.SIGKILL)

    def close(self) -> None:
        if self._process is not None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            self.wait(20)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def running(self) -> float:
        """How many requests the engine works on."""
        metrics = httpx2.get(f"{self.url}/metrics", timeout=5).text
        return sum(float(value) for value in _RUNNING.findall(metrics))
