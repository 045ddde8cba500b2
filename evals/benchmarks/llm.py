"""What Citewell adds to vLLM, what the grammar costs, and how far a plain transformers server is behind.

All ratios are from one run, interleaved. The model is a folder: with weights, or with a configuration and tokenizer
only, and then vLLM makes dummy ones, so that the real shape can be measured where the real weights are not.
"""

import asyncio
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import httpx2
import typer
from rich.console import Console
from rich.table import Table

from evals.benchmarks.processes import free_port, run_until_ready
from ingestion.build import sync
from ingestion.workshop import open_workshop
from services.assistant.intake import Question
from services.core.settings import ModelSettings, Settings
from services.core.types import RawText
from services.generation.model import Wish
from services.generation.vllm import VllmClient
from services.wiring import open_service

QUESTIONS: Final = (
    "Persistent cough for two weeks, worse at night, no fever, but chest tightness",
    "Burning when passing urine and needing to go all the time since yesterday",
    "Throbbing headache on one side with nausea, light hurts my eyes",
    "Watery diarrhea and vomiting after a meal in a restaurant, no blood",
    "Thirsty all the time, passing a lot of urine, losing weight, 55 years old",
    "持续咳嗽两周，伴有夜间加重，无发热，但有胸闷感",
    "右下腹痛一天，伴恶心和低烧",
    "尿痛尿频一天，无发热",
)
_Row: TypeAlias = tuple[str, str, str, str, str]
Item = TypeVar("Item")
Result = TypeVar("Result")
_ROUNDS: Final = 3
_ANSWERS: Final = 16
"""At least so many a round: drawn texts differ, and so do their speeds."""

_FREE_TOKENS: Final = 128
_START_WITHIN_S: Final = 900.0
_TEMPERATURE: Final = 1.0
"""So hot that random weights do not repeat themselves. A seed would end the engine of vLLM 0.32 on processors."""

_CONTEXT_TOKENS: Final = 32_768


@dataclass(frozen=True, slots=True)
class Timing:
    """One streamed answer: seconds to its first text (after retrieval, if any), then characters in seconds."""

    first_s: float
    characters: int
    text_s: float
    retrieval_s: float


def main(
    model: Annotated[Path, typer.Option(help="Folder of the model; without weights dummy ones are made.")],
    profile: Annotated[str, typer.Option(help="Profile of vLLM.")] = "cpu",
    parallel: Annotated[list[int] | None, typer.Option(help="Requests in parallel.")] = None,
    vllm: Annotated[str | None, typer.Option(help="The vllm to start.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each measurement.")] = _ROUNDS,
    flags: Annotated[list[str] | None, typer.Argument(help="More flags of vLLM.")] = None,
) -> None:
    """Print the tables."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llm-", dir="/tmp")))
        index = _ingest(scratch)
        url = stack.enter_context(_vllm(model, profile, vllm, flags or [], scratch))
        settings = ModelSettings(base_url=f"{url}/v1", first_token_s=120, total_s=600, between_tokens_s=120)
        bodies = asyncio.run(_bodies(Settings(), settings, index))
        service = stack.enter_context(_service(index, settings, scratch))
        rows = [
            row
            for clients in parallel or [1, 8, 32]
            for row in asyncio.run(_added(service, url, bodies, clients, rounds))
        ]
        rows += asyncio.run(_grammar(url, bodies, rounds))
        baseline = stack.enter_context(_transformers(model, scratch))
        rows += [row for clients in (1, 32) for row in asyncio.run(_against(baseline, url, bodies, clients))]
    table = Table("", "baseline", "measured", "ratio", "goal", title=f"{_machine()}; {model.name}, {profile}")
    for row in rows:
        table.add_row(*row)
    Console(width=150).print(table)


def _ingest(scratch: Path) -> Path:
    """The starter guidelines in an index of their own."""
    settings = Settings()
    index = settings.index.model_copy(update={"uri": str(scratch / "bench.db")})
    with open_workshop(index, settings.embedding) as work:
        sync(settings.library.folder, work)
    return scratch / "bench.db"


async def _bodies(settings: Settings, model: ModelSettings, index: Path) -> list[dict[str, Any]]:
    """The requests that the service sends to the model for the questions, as they are sent."""
    recorder = _Recorder()
    copied = shutil.copytree(index, index.with_name("bodies.db"))
    inside = settings.model_copy(
        update={"index": settings.index.model_copy(update={"uri": str(copied)}), "model": model}
    )
    async with open_service(inside, lambda given: VllmClient(given, recorder)) as service:
        for text in QUESTIONS:
            wish = Wish(temperature=_TEMPERATURE)
            await service.assistant.diagnose(Question(RawText(text), audience="clinician", generation=wish))
    return [body for body in recorder.bodies if body.get("stream")]


class _Recorder(httpx2.AsyncBaseTransport):
    """The network, with what was sent over it."""

    def __init__(self) -> None:
        self._network = httpx2.AsyncHTTPTransport()
        self.bodies: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/chat/completions"):
            self.bodies.append(json.loads(request.content))
        return await self._network.handle_async_request(request)

    async def aclose(self) -> None:
        await self._network.aclose()


async def _added(service: str, url: str, bodies: Sequence[dict[str, Any]], clients: int, rounds: int) -> list[_Row]:
    """Through the service and directly, in turn, each with so many at once."""
    through: list[Timing] = []
    direct: list[Timing] = []
    async with httpx2.AsyncClient(timeout=600, limits=httpx2.Limits(max_connections=None)) as client:
        for round_ in range(rounds + 1):
            chosen = [(round_ * clients + number) % len(bodies) for number in range(max(clients, _ANSWERS))]
            for group in _in(chosen, clients):
                made = await _together(_directly(client, url, bodies[n]) for n in group)
                also = await _together(_through(client, service, QUESTIONS[n]) for n in group)
                if round_:
                    direct += made
                    through += also
    first = [statistics.median(timing.first_s for timing in timings) for timings in (direct, through)]
    rate = [_rate(timings) for timings in (direct, through)]
    retrieval = statistics.median(timing.retrieval_s for timing in through)
    return [
        (
            f"{clients} in parallel: first token, after {1000 * retrieval:.0f} ms of retrieval",
            f"{1000 * first[0]:.0f} ms", f"{1000 * first[1]:.0f} ms", f"{first[1] / first[0]:.2f}", "<= 1.05",
        ),
        (
            f"{clients} in parallel: text of one answer",
            f"{rate[0]:.0f} characters/s", f"{rate[1]:.0f} characters/s", f"{rate[1] / rate[0]:.2f}", ">= 0.95",
        ),
    ]  # fmt: skip


async def _grammar(url: str, bodies: Sequence[dict[str, Any]], rounds: int) -> list[_Row]:
    """The same prompts with and without the schema, with a cold and a warm prefix; one at a time."""
    found: dict[tuple[bool, bool], list[Timing]] = {(g, w): [] for g in (False, True) for w in (False, True)}
    async with httpx2.AsyncClient(timeout=600) as client:
        for round_ in range(rounds + 1):
            for body in bodies:
                for grammar in (False, True):
                    salt = uuid.uuid4().hex
                    for warm in (False, True):
                        timing = await _directly(client, url, _changed(body, salt, grammar=grammar))
                        if round_:
                            found[grammar, warm].append(timing)
    rows: list[_Row] = []
    for warm in (False, True):
        name = f"grammar on against off, {'warm' if warm else 'cold'} prefix"
        free, bound = found[False, warm], found[True, warm]
        first = [statistics.median(timing.first_s for timing in timings) for timings in (free, bound)]
        rate = [_rate(timings) for timings in (free, bound)]
        rows += [
            (f"{name}: first token", f"{1000 * first[0]:.0f} ms", f"{1000 * first[1]:.0f} ms",
             f"{first[1] / first[0]:.2f}", ""),
            (f"{name}: text", f"{rate[0]:.0f} characters/s", f"{rate[1]:.0f} characters/s",
             f"{rate[1] / rate[0]:.2f}", ""),
        ]  # fmt: skip
    return rows


def _changed(body: dict[str, Any], salt: str, *, grammar: bool) -> dict[str, Any]:
    changed = {**body, "cache_salt": salt}
    if not grammar:
        del changed["response_format"]
        changed |= {"ignore_eos": True, "max_tokens": _FREE_TOKENS}
    return changed


async def _against(baseline: str, url: str, bodies: Sequence[dict[str, Any]], clients: int) -> list[_Row]:
    """Tokens a second of the transformers server and of vLLM for the same prompts, free text of one length."""
    chosen = [bodies[number % len(bodies)] for number in range(max(clients, 4))]
    async with httpx2.AsyncClient(timeout=1800, limits=httpx2.Limits(max_connections=None)) as client:

        async def plain(body: dict[str, Any]) -> None:
            asked = {"messages": body["messages"], "tokens": _FREE_TOKENS}
            (await client.post(f"{baseline}/generate", json=asked)).raise_for_status()

        async def served(body: dict[str, Any]) -> None:
            asked = {**_changed(body, uuid.uuid4().hex, grammar=False), "stream": False}
            del asked["stream_options"]
            (await client.post(f"{url}/v1/chat/completions", json=asked)).raise_for_status()

        rates = []
        for one in (plain, served):
            await one(chosen[0])
            began = time.perf_counter()
            for group in _in(chosen, clients):
                await _together(one(body) for body in group)
            rates.append(len(chosen) * _FREE_TOKENS / (time.perf_counter() - began))
    return [
        (f"vLLM against a transformers pipeline behind FastAPI, {clients} in parallel", f"{rates[0]:.0f} tokens/s",
         f"{rates[1]:.0f} tokens/s", f"{rates[1] / rates[0]:.1f}", "")
    ]  # fmt: skip


async def _directly(client: httpx2.AsyncClient, url: str, body: dict[str, Any]) -> Timing:
    marks: list[tuple[float, int]] = []
    began = time.perf_counter()
    async with client.sse(f"{url}/v1/chat/completions", method="POST", json=body) as source:
        async for event in source:
            if event.data == "[DONE]":
                break
            for choice in json.loads(event.data)["choices"]:
                if text := choice["delta"].get("content"):
                    marks.append((time.perf_counter() - began, len(text)))
    return _timing(marks, 0.0)


async def _through(client: httpx2.AsyncClient, service: str, text: str) -> Timing:
    marks: list[tuple[float, int]] = []
    retrieved = 0.0
    body = {
        "symptoms": text, "audience": "clinician", "stream": True,
        "generation": {"temperature": _TEMPERATURE},
    }  # fmt: skip
    began = time.perf_counter()
    async with client.sse(f"{service}/v1/diagnose", method="POST", json=body) as source:
        async for event in source:
            if event.event == "evidence":
                retrieved = time.perf_counter() - began
            elif event.event == "delta":
                marks.append((time.perf_counter() - began, len(json.loads(event.data)["text"])))
            elif event.event == "error":
                raise RuntimeError(f"the service failed: {event.data}")
    return _timing(marks, retrieved)


def _timing(marks: Sequence[tuple[float, int]], retrieval_s: float) -> Timing:
    """From the times at which pieces of text came, and their lengths."""
    first, last = marks[0][0], marks[-1][0]
    written = sum(length for _, length in marks[1:])
    return Timing(first - retrieval_s, written, last - first, retrieval_s)


def _rate(timings: Sequence[Timing]) -> float:
    """Characters a second of the median answer: now and then the server sends a text all at once."""
    return statistics.median(timing.characters / max(timing.text_s, 1e-6) for timing in timings)


async def _together(work: Iterator[Coroutine[Any, Any, Result]]) -> list[Result]:
    return list(await asyncio.gather(*work))


def _in(numbers: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]


@contextmanager
def _vllm(model: Path, profile: str, vllm: str | None, flags: Sequence[str], scratch: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "services.generation.launch", profile, "--model", str(model)]
    command += ["--port", str(port), *(["--vllm", vllm] if vllm else [])]
    command += ["--", "--max-model-len", str(_CONTEXT_TOKENS), *flags]
    if not any(model.glob("*.safetensors")):
        command += ["--load-format", "dummy"]
    environment = {
        "VLLM_CACHE_ROOT": str(scratch / "cache"), "VLLM_RPC_BASE_PATH": str(scratch), "TMPDIR": str(scratch),
    }  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with run_until_ready(command, f"{url}/health", environment, scratch / "vllm.log", _START_WITHIN_S):
        yield url


@contextmanager
def _service(index: Path, model: ModelSettings, scratch: Path) -> Iterator[str]:
    port = free_port()
    environment = {
        "CITEWELL_INDEX__URI": str(index),
        "CITEWELL_SERVER__PORT": str(port),
        "CITEWELL_SERVER__DEADLINE_S": "600",
        "CITEWELL_LOG_LEVEL": "WARNING",
        "CITEWELL_MODEL__BASE_URL": model.base_url,
        "CITEWELL_MODEL__FIRST_TOKEN_S": "120",
        "CITEWELL_MODEL__BETWEEN_TOKENS_S": "120",
        "CITEWELL_MODEL__TOTAL_S": "600",
    }
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "services.api"]
    with run_until_ready(command, f"{url}/readyz", environment, scratch / "service.log"):
        yield url


@contextmanager
def _transformers(model: Path, scratch: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "evals.benchmarks.transformers_server", str(model), "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    offline = {"HF_HUB_OFFLINE": "1"}
    with run_until_ready(command, f"{url}/health", offline, scratch / "transformers.log", _START_WITHIN_S):
        yield url


def _machine() -> str:
    """What this ran on: processor, cores and GPU."""
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{os.cpu_count()} cores, {name}"


if __name__ == "__main__":
    typer.run(main)
