"""The model engine: from chosen evidence and a question to finished replies, with draft text on the way."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import anyio

from services.core.errors import DraftRejectedError
from services.core.settings import ModelSettings
from services.core.types import Language
from services.generation.grammar import Reply, answer_schema, read_reply
from services.generation.prompt import (
    Evidence,
    Pieces,
    Prompt,
    PromptQuestion,
    Turn,
    compose,
    fit,
    lay_out,
    most_tokens,
    overhead_tokens,
    texts_of,
)
from services.generation.redaction import Redactor
from services.generation.vllm import VllmClient
from services.generation.wire import Ended, Piece, Sampling, Usage

DRAFT_EVERY_S: Final = 0.03
"""Draft text goes out in pieces of about so long: nobody reads faster, and each piece costs time on the way."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a request wants to be answered; None leaves it to the settings.

    Attributes:
        seed: For servers on GPUs only: with a temperature and a long prompt it ends the engine of vLLM 0.32 on
            processors.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    samples: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is to write.

    Attributes:
        cache_salt: The server's prefix cache is shared only among tasks with the same salt.
    """

    language: Language
    evidence: tuple[Evidence, ...]
    asked: PromptQuestion
    wish: Wish
    cache_salt: str
    for_clinician: bool = False
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftText:
    """More of the first sample's text: JSON, not verified, to be shown as a draft at most."""

    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """The finished replies, at least one, and the prompt that their labels refer to."""

    prompt: Prompt
    replies: tuple[Reply, ...]
    usage: Usage
    model: str


class ModelEngine:
    """Writes with a model behind vLLM."""

    def __init__(self, client: VllmClient, settings: ModelSettings) -> None:
        """Use a client that was checked."""
        self._client: Final = client
        self._settings: Final = settings

    @property
    def name(self) -> str:
        """The served model's name."""
        return self._settings.name

    async def probe(self) -> None:
        """Make one token, or see that one came lately.

        Raises:
            ModelError: None came.
        """
        await self._client.probe()

    async def write(self, task: Task) -> AsyncGenerator[DraftText | Written]:
        """Draft text as it comes, then the finished replies.

        Raises:
            ModelError: No reply was finished; subclasses say why.
            PromptTooLongError: The question does not fit into the model's context.
        """
        sampling = self._sampling(task.wish)
        prompt = await self._prompt(task, sampling)
        schema = answer_schema(list(prompt.sentences), list(prompt.conditions))
        texts = ["" for _ in range(sampling.samples)]
        complete: set[int] = set()
        usage = Usage(0, 0)
        shown = _Draft(Redactor(is_on=not task.for_clinician))
        stream = self._client.stream(prompt.messages, schema, sampling, task.cache_salt)
        async with aclosing(stream) as parts:
            async for part in parts:
                if isinstance(part, Piece):
                    texts[part.sample] += part.text
                    if part.sample == 0 and (due := shown.add(part.text)):
                        yield DraftText(due)
                elif isinstance(part, Ended):
                    if part.is_complete:
                        complete.add(part.sample)
                else:
                    usage = part
        if rest := shown.take():
            yield DraftText(rest)
        yield Written(prompt, _finished([texts[sample] for sample in sorted(complete)]), usage, self._settings.name)

    def _sampling(self, wish: Wish) -> Sampling:
        """What the request asks for, else the settings."""
        settings = self._settings
        return Sampling(
            temperature=settings.temperature if wish.temperature is None else wish.temperature,
            top_p=settings.top_p if wish.top_p is None else wish.top_p,
            max_tokens=wish.max_tokens or settings.max_tokens,
            samples=wish.samples or settings.samples,
            seed=wish.seed,
        )

    async def _prompt(self, task: Task, sampling: Sampling) -> Prompt:
        pieces = lay_out(task.language, task.evidence, task.turns, task.asked)
        budget = self._client.context_tokens - sampling.max_tokens
        return compose(pieces, fit(pieces, await self._counts(pieces, budget), budget))

    async def _counts(self, pieces: Pieces, budget: int) -> dict[str, int]:
        """Tokens of each piece; where even the most that there can be fits, the server need not be asked."""
        most = {text: most_tokens(text) for text in texts_of(pieces)}
        if sum(most[text] for text in texts_of(pieces)) + overhead_tokens(pieces) <= budget:
            return most
        return await self._client.count_tokens(list(most), frozenset({pieces.instructions, *pieces.blocks}))


class _Draft:
    """Draft text on its way out: the first at once, then what has gathered in a while."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._gathered = ""
        self._due_at = 0.0

    def add(self, text: str) -> str:
        """What is to be sent now; empty where nothing is."""
        self._gathered += self._redactor.feed(text)
        return self.take() if anyio.current_time() >= self._due_at else ""

    def take(self) -> str:
        """All that has gathered."""
        taken, self._gathered = self._gathered, ""
        if taken:
            self._due_at = anyio.current_time() + DRAFT_EVERY_S
        return taken


def _finished(texts: Sequence[str]) -> tuple[Reply, ...]:
    """The replies among the texts.

    Raises:
        DraftRejectedError: There is none.
    """
    replies = []
    failure = DraftRejectedError("the model's answer was cut off")
    for text in texts:
        try:
            replies.append(read_reply(text))
        except DraftRejectedError as exc:
            failure = exc
    if not replies:
        raise failure
    return tuple(replies)
