"""A multiple-choice run: a model behind vLLM chooses, with or without passages of the library before it.

Passages are found by the question alone: with the options in the query, retrieval would see what the model is asked.
"""

import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from evals.external.choices import MultipleChoice
from evals.metrics import Metric, share_metric
from evals.results import Kept
from services.assistant.pipeline import Assistant
from services.core.errors import ModelSettingError, PromptTooLongError
from services.core.settings import ModelSettings, Settings
from services.core.text import detect_language
from services.core.types import DeidentifiedText, Language, Passage
from services.generation.prompt import Message, neutralize
from services.generation.vllm import VllmClient
from services.generation.wire import Piece, Sampling
from services.privacy.deidentify import deidentify
from services.wiring import open_service

PASSAGES: Final = 5
_SAMPLING: Final = Sampling(temperature=0.0, top_p=1.0, max_tokens=16)
_SALT: Final = "citewell-external"
_TASKS: Final[Mapping[Language, str]] = {
    "en": "You take a medical examination. Each question has one best option. Passages of guidelines may come first: "
    'use them where they bear on the question. Answer with the key of the best option in double quotes, as in "A".',
    "zh": "你正在参加医学考试。每题只有一个最佳选项。题前可能附有指南摘录，与题目有关时请加以利用。"
    '只回答最佳选项的字母，并加双引号，例如 "A"。',
}


class Choice(Kept):
    """What a model chose.

    Attributes:
        given: Key of an option; None where question and passages do not fit into the model's context, or the answer
            was cut off.
        seconds: Search included.
    """

    given: str | None
    is_right: bool
    passages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses options.

    Attributes:
        assistant: Finds passages; None chooses without.
    """

    client: VllmClient
    assistant: Assistant | None = None

    async def choose(self, asked: MultipleChoice) -> Choice:
        """The model's choice.

        Raises:
            ModelError: The model gives no answer.
            IndexUnavailableError: The guidelines cannot be searched.
        """
        began = time.perf_counter()
        text = deidentify(asked.question)
        language = detect_language(text)
        passages: Sequence[Passage] = ()
        if self.assistant:
            passages = await self.assistant.search(text, language, PASSAGES)
        try:
            given = await self._ask(messages(text, asked.options, passages, language), list(asked.options))
        except PromptTooLongError:
            given = None
        return Choice(
            id=asked.id,
            given=given,
            is_right=given == asked.answer,
            passages=len(passages),
            seconds=round(time.perf_counter() - began, 4),
        )

    async def _ask(self, prompt: Sequence[Message], keys: Sequence[str]) -> str | None:
        """One of the keys: the grammar allows nothing else. None where it did not end."""
        written = ""
        schema = {"type": "string", "enum": list(keys)}
        async with aclosing(self.client.stream(prompt, schema, _SAMPLING, _SALT)) as parts:
            async for part in parts:
                written += part.text if isinstance(part, Piece) else ""
        return next((key for key in keys if json.dumps(key, ensure_ascii=False) == written.strip()), None)


@asynccontextmanager
async def open_chooser(settings: Settings, *, with_passages: bool) -> AsyncIterator[Chooser]:
    """A chooser whose model was seen to answer.

    Raises:
        ModelSettingError: No model is set, or it does not answer.
        CitewellError: The library cannot be opened; only where passages are wanted.
    """
    if not settings.model.base_url:
        raise ModelSettingError("a multiple-choice run needs a model: set CITEWELL_MODEL__BASE_URL")
    async with AsyncExitStack() as stack:
        client = VllmClient(settings.model)
        stack.push_async_callback(client.close)
        await client.check()
        if not with_passages:
            yield Chooser(client)
            return
        alone = settings.model_copy(update={"model": ModelSettings()})  # the service is to search, not to draft
        service = await stack.enter_async_context(open_service(alone))
        yield Chooser(client, service.assistant)


def messages(
    question: DeidentifiedText, options: Mapping[str, str], passages: Sequence[Passage], language: Language
) -> tuple[Message, ...]:
    """The prompt. Options go as they are: they name diseases and drugs, which pass for names of people."""
    found = "\n\n".join(f"{passage.document.title}\n{passage.chunk.text}" for passage in passages)
    listed = "\n".join(f"{key}. {text}" for key, text in options.items())
    asked = f"<question>\n{neutralize(question)}\n{neutralize(listed)}\n</question>"
    evidence = f"<evidence>\n{neutralize(found)}\n</evidence>\n\n" if passages else ""
    return (Message("system", _TASKS[language]), Message("user", f"{evidence}{asked}"))


def measure_choices(asked: Sequence[MultipleChoice], chosen: Mapping[str, Choice]) -> Iterator[Metric]:
    """Accuracy of all and of each group. A question that was not answered counts as not right, and is told beside."""
    groups: dict[str, list[Choice]] = defaultdict(list)
    for one in asked:
        if one.id in chosen:
            for group in dict.fromkeys(("all", one.group or "all")):
                groups[group].append(chosen[one.id])
    for group, found in groups.items():
        yield from share_metric("accuracy", group, [choice.is_right for choice in found])
        yield from share_metric("not answered", group, [choice.given is None for choice in found])
