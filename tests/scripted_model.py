"""A model server that answers by script, at the network's place under the real client."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx2

from services.core.settings import ModelSettings
from services.generation.vllm import VllmClient

NAME = "Qwen/Qwen2.5-7B-Instruct"
SETTINGS = ModelSettings(base_url="http://model.test/v1")


@dataclass
class Asked:
    """One request as the server sees it."""

    body: dict

    @property
    def prompt(self) -> str:
        return "\n".join(message["content"] for message in self.body["messages"])

    @property
    def sentences(self) -> dict[str, str]:
        """Sentences that were sent, by label."""
        found = re.findall(r"^\[(G\d+\.\d+)\] (.+)$", self.body["messages"][1]["content"], re.MULTILINE)
        return dict(found)

    @property
    def allowed(self) -> list[str]:
        """Labels that the schema lets the model cite."""
        return self.body["response_format"]["json_schema"]["schema"]["$defs"]["SentenceLabel"]["enum"]

    def condition(self, name: str) -> str:
        """The label of a condition by its name in the header of a passage."""
        return re.search(rf"(C\d+): {re.escape(name)} \|", self.body["messages"][1]["content"])[1]

    def saying(self, *words: str) -> str:
        """The label of the first sentence with all these words."""
        return next(label for label, text in self.sentences.items() if all(word in text for word in words))


Script = Callable[[Asked], dict | str]


@dataclass
class ScriptedModel:
    """Answers each request with what `script` makes of it; remembers what it was asked."""

    script: Script
    asked: list[Asked] = field(default_factory=list)
    breaks_after: int | None = None

    def client(self, settings: ModelSettings) -> VllmClient:
        return VllmClient(settings, httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/v1/models":
            return httpx2.Response(200, json={"data": [{"id": NAME, "max_model_len": 32_768}]})
        body = json.loads(request.content)
        if request.url.path == "/tokenize":
            return httpx2.Response(200, json={"count": len(body["prompt"]) // 3})
        if not body.get("stream"):
            return httpx2.Response(200, json={"choices": [{"index": 0, "message": {"content": "."}}]})
        self.asked.append(Asked(body))
        reply = self.script(self.asked[-1])
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, content=b"".join(self._events(text, body["n"])))

    def _events(self, text: str, samples: int) -> Iterator[bytes]:
        pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
        for number, piece in enumerate(pieces):
            if number == self.breaks_after:
                return
            yield from (_event(choices=[_choice(sample, piece)]) for sample in range(samples))
        yield from (_event(choices=[_choice(sample, "", "stop")]) for sample in range(samples))
        yield _event(choices=[], usage={"prompt_tokens": 1000, "completion_tokens": len(pieces)})
        yield b"data: [DONE]\n\n"


def _choice(sample: int, text: str, reason: str | None = None) -> dict:
    return {"index": sample, "delta": {"content": text}, "finish_reason": reason}


def _event(**fields: object) -> bytes:
    return b"data: " + json.dumps(fields, ensure_ascii=False).encode() + b"\n\n"
