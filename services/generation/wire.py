"""What is said on vLLM's OpenAI-compatible API, and how it is read: pure, without a connection."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeAlias

from services.core.errors import (
    CitewellError,
    ModelInterruptedError,
    ModelRefusalError,
    ModelSettingError,
    ModelUnavailableError,
    PromptTooLongError,
)
from services.generation.prompt import Message

DONE: Final = "[DONE]"
_COMPLETE: Final = "stop"
_ABORTED: Final = "abort"
Event: TypeAlias = dict[str, Any]


class Response(Protocol):
    """An HTTP response that has been read."""

    @property
    def status_code(self) -> int:
        """The status."""

    def json(self) -> Any:
        """The body's value; ValueError where it is no JSON."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw; `samples` answers are drawn at once."""

    temperature: float
    top_p: float
    max_tokens: int
    samples: int = 1
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some more text of one sample."""

    sample: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A sample has ended; `is_complete` unless it was cut off."""

    sample: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """What a request took, in tokens."""

    prompt_tokens: int
    completion_tokens: int


def chat_body(
    model: str,
    messages: Sequence[Message],
    schema: Mapping[str, Any] | None,
    sampling: Sampling,
    cache_salt: str,
) -> dict[str, Any]:
    """A streamed request; a schema of None leaves the text free."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "n": sampling.samples,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_salt": cache_salt,
    }
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return body


def read_event(data: str) -> Event:
    """An event's object.

    Raises:
        ModelInterruptedError: It is none, or it says that something failed.
    """
    try:
        read = json.loads(data)
    except ValueError as exc:
        raise ModelInterruptedError("the model server sent something that is no event") from exc
    if not isinstance(read, dict) or "error" in read:
        raise ModelInterruptedError("the model server reports an error in the middle of an answer")
    return read


def parts_of(event: Event) -> Iterator[Piece | Ended | Usage]:
    """What an event says.

    Raises:
        ModelInterruptedError: The server gave the request up, or the event is not of vLLM's form.
    """
    try:
        for choice in event.get("choices", ()):
            if text := choice.get("delta", {}).get("content"):
                yield Piece(choice["index"], text)
            if reason := choice.get("finish_reason"):
                if reason == _ABORTED:
                    raise ModelInterruptedError("the model server gave the answer up")
                yield Ended(choice["index"], reason == _COMPLETE)
        if usage := event.get("usage"):
            yield Usage(usage["prompt_tokens"], usage["completion_tokens"])
    except (KeyError, TypeError, AttributeError) as exc:
        raise ModelInterruptedError("the model server sent an event of another form") from exc


def refusal(response: Response) -> CitewellError:
    """What a status other than 200 means while requests are served; the text of the error may quote the prompt."""
    if response.status_code == HTTPStatus.BAD_REQUEST and _is_too_long(response):
        return PromptTooLongError("the question does not fit into the model's context: shorten `record`")
    if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelRefusalError(f"the model server refuses the request with status {response.status_code}")
    return ModelUnavailableError(f"the model server answers with status {response.status_code}")


def _is_too_long(response: Response) -> bool:
    try:
        return bool(response.json()["error"]["param"] == "input_tokens")
    except (ValueError, KeyError, TypeError):
        return False


def context_of(listed: Response, name: str) -> int:
    """The context in tokens of the model with this name.

    Raises:
        ModelSettingError: It is not served.
    """
    try:
        served = {model["id"]: model for model in listed.json()["data"]}
        if name in served:
            return int(served[name].get("max_model_len") or _context_of_base(served, name))
    except (ValueError, KeyError, TypeError) as exc:
        raise ModelSettingError("what answers is no vLLM server: check CITEWELL_MODEL__BASE_URL") from exc
    raise ModelSettingError("the server does not serve the model of this name: check CITEWELL_MODEL__NAME")


def _context_of_base(served: Mapping[str, Mapping[str, Any]], name: str) -> int:
    """An adapter is listed with its base model, which has the context."""
    return int(served[served[name]["parent"]]["max_model_len"])
