"""The service as tests run it: real, on the loopback."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn

from services.api.app import create_app
from services.core.settings import IndexSettings, LibrarySettings, ModelSettings, ServerSettings, Settings
from services.generation.vllm import VllmClient
from services.wiring import open_service

ROOT = Path(__file__).parents[1]
GUIDELINES = ROOT / "guidelines"


def settings_for(uri: Path, model: ModelSettings | None = None, **server: object) -> Settings:
    return Settings(
        index=IndexSettings(uri=str(uri)),
        library=LibrarySettings(folder=GUIDELINES),
        model=model or ModelSettings(),
        server=ServerSettings(port=1, **server),
    )


def ingest_command(*arguments: object, index: Path, **variables: str) -> subprocess.CompletedProcess:
    """Run `citewell-ingest` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "ingestion", *map(str, arguments)],
        cwd=ROOT, env={**os.environ, "CITEWELL_INDEX__URI": str(index), **variables}, capture_output=True, text=True,
        timeout=180, check=False,
    )  # fmt: skip


def write_guideline(folder: Path, name: str, about: str) -> None:
    """A small guideline, two chunks long."""
    folder.mkdir(exist_ok=True)
    text = f"---\ntitle: {about}\n---\n## Presentation\n{about} itches.\n\n## Tests\nLook at {about}.\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")


def copy_guidelines(folder: Path, *names: str) -> Path:
    """A new folder with some of the starter guidelines."""
    folder.mkdir()
    for name in names:
        shutil.copy(GUIDELINES / name, folder)
    return folder


def write_two_libraries(folder: Path, last: int) -> None:
    """`before`, and `after` with some documents removed, changed and added, the last one of this number."""
    for number in range(8):
        write_guideline(folder / "before", f"n{number}", f"condition {number}")
    for number in range(1, last + 1):
        about = f"condition {number}" if number < 5 else f"other condition {number}"
        write_guideline(folder / "after", f"n{number}", about)


class Server:
    """The service on a free port of the loopback, in a thread with a loop of its own."""

    def __init__(self, settings: Settings, model_client: Callable[[ModelSettings], VllmClient] = VllmClient) -> None:
        self.url = ""
        self._model_client = model_client
        self._settings = settings
        self._ready = threading.Event()
        self._server: uvicorn.Server | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(120)
        if self._error:
            raise self._error

    def stop(self) -> None:
        if self._server:
            self._server.should_exit = True
        self._thread.join(20)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as exc:  # noqa: BLE001 - handed to the test
            self._error = exc
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        async with open_service(self._settings, self._model_client) as service:
            app = create_app(lambda: service.assistant, self._settings.server)
            self._server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.02)
            port = self._server.servers[0].sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{port}"
            self._ready.set()
            await serving
