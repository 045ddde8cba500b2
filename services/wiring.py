"""Settings become real objects; the only place that builds them."""

import gc
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.to_thread

from services.assistant.intake import Question
from services.assistant.library import Library
from services.assistant.pipeline import Assistant, Parts
from services.core.answer import EmergencyNumbers
from services.core.errors import (
    CitewellError,
    IndexDamagedError,
    IndexEmbedderError,
    IndexFormatError,
    IndexUnavailableError,
)
from services.core.settings import LibrarySettings, ModelSettings, Settings
from services.core.types import RawText
from services.embedding.embedder import Embedder
from services.embedding.opening import fingerprint_of, open_embedder
from services.findings.lexicon import load_lexicon
from services.generation.evidence import EvidenceEngine, Terminology
from services.generation.model import ModelEngine
from services.generation.vllm import VllmClient
from services.index.guidelines import GuidelineIndex
from services.retrieval.reranker import CrossEncoderReranker, Reranker
from services.retrieval.retriever import Retriever
from services.triage.emergency import load_emergency_numbers
from services.triage.engine import TriageEngine, load_triage
from services.verification.calibration import Calibration, load_calibration
from services.verification.vocabulary import check_vocabulary

logger = logging.getLogger(__name__)

_WARM_UP: Final = ("cough and fever for three days", "咳嗽发热三天")


@dataclass(frozen=True, slots=True)
class _Data:
    """What is read from the library's folder at start."""

    terminology: Terminology
    triage: TriageEngine
    emergency_numbers: Mapping[str, EmergencyNumbers]
    calibrations: tuple[Calibration, ...]

    @classmethod
    def read(cls, settings: LibrarySettings) -> "_Data":
        """Read all of it.

        Raises:
            LibraryError: Something is missing or not valid.
        """
        folder = settings.folder
        terms = folder / "terminology"
        terminology = Terminology(
            findings=load_lexicon(terms / "findings.yaml"),
            tests=load_lexicon(terms / "tests.yaml"),
            departments=load_lexicon(terms / "departments.yaml"),
        )
        engine = load_triage(folder / "triage", terminology.findings, settings.resembles_from)
        calibrations = [load_calibration(settings.calibration, name) for name in ("evidence", "vllm")]
        return cls(terminology, engine, load_emergency_numbers(folder), tuple(one for one in calibrations if one))


@contextmanager
def _without_collection() -> Iterator[None]:
    """No garbage collection meanwhile: where millions of lasting objects are made, it doubles the time for nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True, slots=True)
class _Lasting:
    """What stays the same whatever edition is published."""

    settings: Settings
    data: _Data
    embedder: Embedder
    reranker: Reranker | None
    model: ModelEngine | None

    def assistant(self, index: GuidelineIndex) -> Assistant:
        """An assistant for this edition, which has read its guidelines ahead of the first question. Blocks."""
        library = Library(index, self.data.triage.all_rules, self.settings.vocabulary)
        engine = EvidenceEngine(self.data.terminology)
        for language in ("en", "zh"):
            engine.preload(library.preload(language, self.settings.library.region), language)
        settings = self.settings
        known = library.conditions, library.manifest.embedder, settings.retrieval.reranker_name
        calibrated = {one.engine: one for one in self.data.calibrations if one.is_for(*known)}
        return Assistant(
            Parts(
                library=library,
                retriever=Retriever(index, self.embedder, settings.retrieval, self.reranker),
                engine=engine,
                terminology=self.data.terminology,
                triage=self.data.triage,
                emergency_numbers=self.data.emergency_numbers,
                region=settings.library.region,
                conditions=settings.retrieval.conditions,
                prompt_conditions=settings.model.conditions,
                model=self.model,
                reranker=settings.retrieval.reranker_name,
                calibration=calibrated.get("evidence"),
                model_calibration=calibrated.get("vllm"),
            )
        )


class Service:
    """The assistant for the published edition, and for the next one once that is published.

    A request keeps the assistant that it began with, and so one edition: that edition stays in Milvus until two more
    have been published.
    """

    def __init__(self, lasting: _Lasting, index: GuidelineIndex) -> None:
        """Use `open_service`."""
        self._lasting = lasting
        self._index = self._answering = index
        self._assistant = lasting.assistant(index)
        self._refused = ""
        self._told = ""

    @property
    def assistant(self) -> Assistant:
        """Of the edition that was published when last looked."""
        return self._assistant

    async def follow(self) -> None:
        """Refresh for ever."""
        while True:
            await anyio.sleep(self._lasting.settings.index.refresh_s)
            await self.refresh()

    async def refresh(self) -> None:
        """Take the edition that is published now. Until it can be used, the old one goes on answering."""
        try:
            index = await anyio.to_thread.run_sync(self._published)
            if index is not self._answering:
                assistant = await anyio.to_thread.run_sync(self._lasting.assistant, index)
                await warm_up(assistant)
                self._answering, self._assistant = index, assistant
                logger.info("edition_opened", extra={"edition": index.manifest.edition})
            self._told = ""
        # Whatever is wrong with an edition, it must not end a service that answers from another one.
        except Exception as exc:  # noqa: BLE001
            code = exc.code if isinstance(exc, CitewellError) else type(exc).__name__
            if code != self._told:
                logger.warning("edition_not_opened", extra={"code": code})
            self._told = code

    def close(self) -> None:
        """Let go of Milvus."""
        self._index.close()

    def _published(self) -> GuidelineIndex:
        """The published edition; the one before if that was found to be unusable, so that it is checked once only."""
        embedder = self._lasting.embedder.fingerprint
        try:
            name = self._index.published()
        except IndexUnavailableError:
            if not self._index.is_borrowed:
                raise
            # The process that had the Milvus Lite file open is gone: now it can be opened here.
            gone, self._index = self._index, GuidelineIndex.open(self._lasting.settings.index, embedder)
            gone.close()
            return self._index
        if name not in {self._index.collection, self._refused}:
            try:
                self._index = self._index.at(name, embedder)
            except (IndexFormatError, IndexEmbedderError, IndexDamagedError):
                self._refused = name
                raise
        return self._index


async def warm_up(assistant: Assistant) -> None:
    """Ask in both languages, without the model, so that the first question is not slower than the next."""
    silent = assistant.without_model()
    for text in _WARM_UP:
        await silent.diagnose(Question(RawText(text)))


@asynccontextmanager
async def open_service(
    settings: Settings, model_client: Callable[[ModelSettings], VllmClient] = VllmClient
) -> AsyncIterator[Service]:
    """Load everything, warm it up, hand out a service that is ready and follows the library, and close it at the end.

    Args:
        settings: What to open.
        model_client: Makes the client of the model server, where there is one.

    Raises:
        CitewellError: Something is missing or does not fit; the message says what to do.
    """
    async with AsyncExitStack() as stack:
        with _without_collection():
            service = await _opened(settings, model_client, stack)
            await warm_up(service.assistant)
        # What lasts as long as the service is left out of every later collection, each of which would take seconds.
        gc.freeze()
        stack.callback(_thaw)
        async with anyio.create_task_group() as following:
            following.start_soon(service.follow)
            yield service
            following.cancel_scope.cancel()


def _thaw() -> None:
    """Let what was frozen go: thawed objects do not count towards the next collection, so it is asked for."""
    gc.unfreeze()
    gc.collect()


async def _opened(
    settings: Settings, model_client: Callable[[ModelSettings], VllmClient], stack: AsyncExitStack
) -> Service:
    """The service; what has to be closed is given to the stack."""
    data = _Data.read(settings.library)
    check_vocabulary(settings.vocabulary)
    # The index before the model: what is wrong with it is told in a second, not after torch is loaded.
    index = GuidelineIndex.open(settings.index, fingerprint_of(settings.embedding))
    closing = stack.enter_context(ExitStack())
    closing.callback(index.close)
    # Before the embedder, which lets nothing be downloaded any more; its own model was found above.
    reranker = open_reranker(settings)
    embedder = open_embedder(settings.embedding)
    stack.callback(embedder.close)
    model = None
    if settings.model.base_url:
        model = await stack.enter_async_context(_checked(model_client(settings.model), settings.model))
    service = Service(_Lasting(settings, data, embedder, reranker, model), index)
    closing.pop_all()
    stack.callback(service.close)
    return service


def open_reranker(settings: Settings) -> Reranker | None:
    """The reranker that the settings name, if they name one.

    Raises:
        RerankerError: It cannot be had or loaded, or it is no reranker.
    """
    model = settings.retrieval.reranker
    return CrossEncoderReranker.open(model, settings.embedding) if model else None


@asynccontextmanager
async def _checked(client: VllmClient, settings: ModelSettings) -> AsyncIterator[ModelEngine]:
    """A model engine whose server was seen to answer."""
    try:
        await client.check()
        yield ModelEngine(client, settings)
    finally:
        await client.close()
