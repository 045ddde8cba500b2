"""Settings become real objects; the only place that builds them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from services.assistant.intake import Question
from services.assistant.library import Library
from services.assistant.pipeline import Assistant, Parts
from services.core.settings import ModelSettings, Settings
from services.core.types import RawText
from services.embedding.transformer import TransformerEmbedder, locate
from services.findings.lexicon import load_lexicon
from services.generation.evidence import EvidenceEngine, Terminology
from services.generation.model import ModelEngine
from services.generation.vllm import VllmClient
from services.index.guidelines import GuidelineIndex
from services.retrieval.retriever import Retriever
from services.triage.rules import load_rules

_WARM_UP: Final = ("cough and fever for three days", "咳嗽发热三天")


@asynccontextmanager
async def open_assistant(
    settings: Settings, model_client: Callable[[ModelSettings], VllmClient] = VllmClient
) -> AsyncIterator[Assistant]:
    """Load everything, warm it up, hand out an assistant that is ready, and close it at the end.

    Args:
        settings: What to open.
        model_client: Makes the client of the model server, where there is one.

    Raises:
        CitewellError: Something is missing or does not fit; the message says what to do.
    """
    folder = settings.library.folder
    terminology = Terminology(
        findings=load_lexicon(folder / "terminology" / "findings.yaml"),
        tests=load_lexicon(folder / "terminology" / "tests.yaml"),
        departments=load_lexicon(folder / "terminology" / "departments.yaml"),
    )
    rules = load_rules(folder / "triage", terminology.findings)
    # The index before the model: what is wrong with it is told in a second, not after torch is loaded.
    index = GuidelineIndex.open(settings.index, locate(settings.embedding)[1])
    async with AsyncExitStack() as stack:
        stack.callback(index.close)
        embedder = TransformerEmbedder.open(settings.embedding)
        library = Library(index, rules)
        engine = EvidenceEngine(terminology)
        model = None
        if settings.model.base_url:
            model = await stack.enter_async_context(_checked(model_client(settings.model), settings.model))
        parts = Parts(
            library=library,
            retriever=Retriever(index, embedder, settings.retrieval),
            engine=engine,
            terminology=terminology,
            rules=rules,
            conditions=settings.retrieval.conditions,
            prompt_conditions=settings.model.conditions,
            model=model,
        )
        for language in ("en", "zh"):
            engine.preload(library.preload(language), language)
        # The model has made a token in its check; what is warmed up here is all that is ours.
        for text in _WARM_UP:
            await Assistant(replace(parts, model=None)).diagnose(Question(RawText(text)))
        yield Assistant(parts)


@asynccontextmanager
async def _checked(client: VllmClient, settings: ModelSettings) -> AsyncIterator[ModelEngine]:
    """A model engine whose server was seen to answer."""
    try:
        await client.check()
        yield ModelEngine(client, settings)
    finally:
        await client.close()
