"""Settings become real objects; the only place that builds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.assistant.intake import Question
from services.assistant.library import Library
from services.assistant.pipeline import Assistant, Parts
from services.core.settings import Settings
from services.core.types import RawText
from services.embedding.transformer import TransformerEmbedder, locate
from services.findings.lexicon import load_lexicon
from services.generation.evidence import EvidenceEngine, Terminology
from services.index.guidelines import GuidelineIndex
from services.retrieval.retriever import Retriever
from services.triage.rules import load_rules

_WARM_UP: Final = ("cough and fever for three days", "咳嗽发热三天")


@asynccontextmanager
async def open_assistant(settings: Settings) -> AsyncIterator[Assistant]:
    """Load everything, warm it up, hand out an assistant that is ready, and close it at the end.

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
    try:
        embedder = TransformerEmbedder.open(settings.embedding)
        library = Library(index, rules)
        engine = EvidenceEngine(terminology)
        assistant = Assistant(
            Parts(
                library=library,
                retriever=Retriever(index, embedder, settings.retrieval),
                engine=engine,
                terminology=terminology,
                rules=rules,
                conditions=settings.retrieval.conditions,
            )
        )
        for language in ("en", "zh"):
            engine.preload(library.preload(language), language)
        for text in _WARM_UP:
            await assistant.diagnose(Question(RawText(text)))
        yield assistant
    finally:
        index.close()
