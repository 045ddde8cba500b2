"""The tiny model knows nothing, so its drafts are rejected by verification; what is shown here is the way there."""

import itertools
import json
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx2
import jsonschema_rs
import pytest
from support import settings_for

from live.vllm_server import ADAPTER, KEY, VllmServer
from services.assistant.events import Answered, DraftWritten, EvidenceFound
from services.assistant.intake import Question
from services.assistant.pipeline import Assistant
from services.core.errors import ModelSettingError, PromptTooLongError
from services.core.settings import ModelSettings
from services.core.types import RawText
from services.generation.model import Wish
from services.generation.prompt import Message
from services.generation.vllm import VllmClient
from services.generation.wire import Sampling
from services.wiring import open_service

ENGLISH = ("cough worse at night", "fever and cough with yellow sputum", "burning when passing urine",
           "throbbing headache, light hurts", "watery diarrhea and vomiting", "pain in the right lower abdomen",
           "thirsty and passing a lot of urine", "heartburn and cough after meals", "runny nose and sneezing",
           "breathless with cough, smoker for 30 years")  # fmt: skip
CHINESE = ("咳嗽流涕咽痛", "发热咳嗽黄痰", "尿痛尿频", "搏动性头痛，畏光", "水样腹泻伴呕吐", "右下腹痛，恶心",
           "口渴多尿", "饭后反酸咳嗽", "流涕打喷嚏", "吸烟三十年，咳嗽气促")  # fmt: skip
SINCE = {"en": ("", " for one day", " for three days", " for two weeks", ", 40 years old"),
         "zh": ("", "一天", "三天", "两周", "，40岁")}  # fmt: skip
TIMES = {"en": ENGLISH, "zh": CHINESE}


class Recorder(httpx2.AsyncBaseTransport):
    """The network, with what was sent over it."""

    def __init__(self) -> None:
        self._network = httpx2.AsyncHTTPTransport()
        self.bodies: list[dict] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/chat/completions"):
            self.bodies.append(json.loads(request.content))
        return await self._network.handle_async_request(request)

    async def aclose(self) -> None:
        await self._network.aclose()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def assistant(
    vllm: VllmServer, starter_index: Path, tmp_path: Path, recorder: Recorder
) -> AsyncIterator[Assistant]:
    uri = Path(shutil.copytree(starter_index, tmp_path / "assistant.db"))
    # Deadlines are for other tests: the machine may be busy, and eight drafts at once are slow on it.
    patient = vllm.settings(first_token_s=300.0, between_tokens_s=120.0, total_s=600.0)
    settings = settings_for(uri, patient)
    async with open_service(settings, lambda model: VllmClient(model, recorder)) as service:
        yield service.assistant


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def drafted(assistant: Assistant, question: Question) -> tuple[str, Answered]:
    """The draft as it was streamed, and the last event."""
    text, last = "", None
    async for event in assistant.events(question, drafts_are_shown=True):
        if isinstance(event, DraftWritten):
            text += event.text
        if isinstance(event, EvidenceFound):
            assert event.passages
        last = event
    assert isinstance(last, Answered)
    return text, last


@pytest.mark.anyio
async def test_a_hundred_drafts_follow_the_schema_and_cite_only_what_was_sent(
    assistant: Assistant, recorder: Recorder
) -> None:
    texts = [
        complaint + since
        for language in ("en", "zh")
        for complaint, since in itertools.product(TIMES[language], SINCE[language])
    ]
    assert len(texts) == 100
    limiter = anyio.CapacityLimiter(8)
    drafts: dict[str, str] = {}

    async def ask(text: str) -> None:
        async with limiter:
            question = Question(RawText(text), audience="clinician", generation=Wish(temperature=1.0))
            drafts[text], last = await drafted(assistant, question)
        assert last.answer.status == "answered"
        for citation in last.answer.citations:
            _, chunk = assistant.library.passage(citation.passage_id)
            assert chunk.text[citation.start : citation.end] == citation.quote

    async with anyio.create_task_group() as group:
        for text in texts:
            group.start_soon(ask, text)

    schemas = {
        text: body["response_format"]["json_schema"]["schema"]
        for text, body in itertools.product(texts, recorder.bodies[1:])
        if f": {text}\n" in body["messages"][-1]["content"]
    }
    for text in texts:
        jsonschema_rs.validate(schemas[text], json.loads(drafts[text]))
        cited = set(_labels(json.loads(drafts[text])))
        assert cited
        assert cited <= set(schemas[text]["$defs"]["SentenceLabel"]["enum"])


def _labels(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [str(label) for label in value.get("citations", [])]
        return own + [label for part in value.values() for label in _labels(part)]
    return [label for part in value for label in _labels(part)] if isinstance(value, list) else []


def test_the_streamed_final_equals_the_plain_answer(vllm: VllmServer, serve) -> None:
    client = serve(vllm.settings())
    body = {"symptoms": "cough worse at night", "generation": {"temperature": 0.0}}
    plain = client.post("/v1/diagnose", json=body).json()
    with client.sse("/v1/diagnose", method="POST", json={**body, "stream": True}) as source:
        events = [(event.event, json.loads(event.data)) for event in source]
    assert [name for name, _ in events][:2] == ["triage", "evidence"]
    assert "delta" in [name for name, _ in events]
    assert events[-1][0] == "final"
    assert {**events[-1][1], "id": ""} == {**plain, "id": ""}


@pytest.mark.anyio
async def test_several_samples_are_drawn_in_one_request(assistant: Assistant, recorder: Recorder, caplog) -> None:
    caplog.set_level(logging.INFO, "services.assistant.pipeline")
    await drafted(assistant, Question(RawText("cough worse at night"), generation=Wish(samples=3)))
    assert recorder.bodies[-1]["n"] == 3
    assert [record.samples for record in caplog.records if record.getMessage() == "model_answered"] == [3]


@pytest.mark.anyio
async def test_an_adapter_answers_under_its_own_name(vllm: VllmServer) -> None:
    texts = []
    for name in (vllm.settings().name, ADAPTER):
        client = VllmClient(vllm.settings(name=name))
        await client.check()
        assert client.context_tokens == 8192
        parts = client.stream([Message("user", "cough")], None, Sampling(0.0, 1.0, 20), "salt")
        texts.append("".join([part.text async for part in parts if hasattr(part, "text")]))
        await client.close()
    assert texts[0] != texts[1]


def test_a_long_record_is_answered_and_one_that_does_not_fit_is_refused(vllm: VllmServer, serve) -> None:
    client = serve(vllm.settings(max_tokens=1024))
    tokens = httpx2.post(
        f"{vllm.url}/tokenize", json={"prompt": "Seen again, no change. " * 100, "model": vllm.settings().name}
    ).json()["count"]
    record = "Seen again, no change. " * (100 * 3_000 // tokens)
    answer = client.post("/v1/diagnose", json={"symptoms": "cough worse at night", "record": record})
    assert answer.status_code == 200
    assert answer.json()["provenance"]["embedder"]
    refused = client.post("/v1/diagnose", json={"symptoms": "cough worse at night", "record": record * 4})
    assert refused.status_code == 413
    assert refused.json()["code"] == "prompt_too_long"
    assert "Seen again" not in refused.text


@pytest.mark.anyio
async def test_the_servers_own_refusal_of_a_long_prompt_is_understood(vllm: VllmServer) -> None:
    client = VllmClient(vllm.settings())
    with pytest.raises(PromptTooLongError):
        async for _ in client.stream([Message("user", "cough " * 9_000)], None, Sampling(0.0, 1.0, 10), "salt"):
            pass
    assert not client.breaker.is_open
    await client.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": "Qwen/Qwen2.5-70B"}, "CITEWELL_MODEL__NAME"),
        ({"key": "wrong"}, "CITEWELL_MODEL__KEY"),
        ({"key": ""}, "CITEWELL_MODEL__KEY"),
        ({"base_url": "http://127.0.0.1:9/v1"}, "CITEWELL_MODEL__BASE_URL"),
    ],
)
async def test_a_wrong_setting_is_named_at_start(vllm: VllmServer, index_copy: Path, changes, named) -> None:
    settings = settings_for(index_copy, vllm.settings(**changes))
    with pytest.raises(ModelSettingError, match=named) as raised:
        async with open_service(settings):
            pass
    assert KEY not in str(raised.value)


@pytest.mark.anyio
async def test_two_workers_share_the_model(tiny_model: Path, index_copy: Path) -> None:
    server = VllmServer(tiny_model, "--tensor-parallel-size", "2", environment={"VLLM_CPU_OMP_THREADS_BIND": "0|1"})
    try:
        server.start()
        async with open_service(settings_for(index_copy, server.settings())) as service:
            text, last = await drafted(
                service.assistant, Question(RawText("cough worse at night"), audience="clinician")
            )
        json.loads(text)
        assert last.answer.status == "answered"
    finally:
        server.close()


def test_models_settings_never_show_the_key() -> None:
    assert KEY not in repr(ModelSettings(base_url="http://model.test/v1", key=KEY))
