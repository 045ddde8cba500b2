"""One real vLLM server for all live tests, with an adapter and a key."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from support import ROOT, Server, settings_for
from tiny_qwen2 import LORA_RANK, write_tiny_lora, write_tiny_qwen2

from live.vllm_server import ADAPTER, VllmServer
from services.core.settings import ModelSettings


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder; live tests need vLLM, and say so where it cannot be installed."""
    if not (ROOT / ".venv-vllm/bin/vllm").is_file():
        message = "vLLM is not installed in .venv-vllm: `make test` installs it on x86-64 Linux"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("tiny") / "model"
    write_tiny_qwen2(folder)
    return folder


@pytest.fixture(scope="session")
def _vllm(tiny_model: Path) -> Iterator[VllmServer]:
    adapter = tiny_model.parent / "adapter"
    write_tiny_lora(adapter)
    server = VllmServer(tiny_model, "--lora", f"{ADAPTER}={adapter}", "--", "--max-lora-rank", str(LORA_RANK))
    yield server
    server.close()


@pytest.fixture
def vllm(_vllm: VllmServer) -> VllmServer:
    """The server, started again if a test has killed it."""
    _vllm.start()
    return _vllm


@pytest.fixture
def serve(starter_index: Path, tmp_path: Path) -> Iterator[Callable[[ModelSettings], httpx2.Client]]:
    """Starts the service with these settings of the model, and hands out a client of it."""
    with ExitStack() as stack:

        def start(model: ModelSettings) -> httpx2.Client:
            uri = Path(shutil.copytree(starter_index, tmp_path / "served.db"))
            running = Server(settings_for(uri, model))
            running.start()
            stack.callback(running.stop)
            return stack.enter_context(httpx2.Client(base_url=running.url, timeout=60))

        yield start
