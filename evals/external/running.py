"""The three runs: read a file, ask what is not asked yet, measure, and keep it all in a folder without any question."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio.to_thread
from pydantic import TypeAdapter

from evals.asking import here
from evals.external.beir import FILES, read_beir
from evals.external.choices import CHOICES
from evals.external.choosing import Choice, measure_choices, open_chooser
from evals.external.diagnoses import DIAGNOSES
from evals.external.diagnosing import compare, measure_diagnoses, names_of, read_decisions, write_undecided
from evals.external.retrieving import Found, edition_of, measure_found, open_searcher
from evals.metrics import Metric
from evals.results import Result, RunCard, commit, machine, now, settings_digest
from evals.running import ask_all, begin
from services.assistant.pipeline import SERVICE_VERSION
from services.core.settings import Settings
from services.embedding.opening import fingerprint_of

MEASURES: Final = "measures.json"
_SEARCHES_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class Job:
    """What to run.

    Attributes:
        layout: Of the file: one of CHOICES, of DIAGNOSES, or "beir".
        path: The file; a folder for "beir".
        folder: Where results go; a run that broke off goes on.
        limit: How many items from the first on; None is all.
        with_passages: Whether a model sees passages of the library before it chooses.
    """

    layout: str
    path: Path
    folder: Path
    limit: int | None = None
    with_passages: bool = True


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run measured.

    Attributes:
        left_out: Items of the file that a run cannot use, by reason.
        undecided: Cases that a person has to decide.
    """

    metrics: tuple[Metric, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    undecided: int = 0


@dataclass(frozen=True, slots=True)
class _Maker:
    """What answers. Edition and embedder are "" where no library is used."""

    engine: str
    model: str | None = None
    edition: str = ""
    embedder: str = ""


_MEASURED: Final = TypeAdapter(Measured)


async def run_external(job: Job, settings: Settings) -> Measured:
    """Run, and write what was measured beside the results.

    Raises:
        FormatError: The file is of another layout.
        OtherRunError: The folder has a run of something else.
        CitewellError: Model, library or embedder cannot be used.
        httpx2.HTTPError: The service in this process failed.
    """
    try:
        if job.layout in CHOICES:
            measured = await _choose(job, settings)
        elif job.layout in DIAGNOSES:
            measured = await _diagnose(job, settings)
        else:
            measured = await _retrieve(job, settings)
    except ExceptionGroup as failed:
        raise _first(failed) from failed
    content = _MEASURED.dump_json(measured, indent=2) + b"\n"
    await anyio.to_thread.run_sync((job.folder / MEASURES).write_bytes, content)
    return measured


async def _choose(job: Job, settings: Settings) -> Measured:
    loaded = CHOICES[job.layout](job.path)
    asked = loaded.items[: job.limit]
    async with open_chooser(settings, with_passages=job.with_passages) as chooser:
        maker = _Maker("vllm", settings.model.name)
        if chooser.assistant:
            manifest = chooser.assistant.library.manifest
            maker = _Maker("vllm", settings.model.name, manifest.edition, manifest.embedder)
        done = begin(job.folder, _card(job, [job.path], len(loaded.items), settings, maker), Choice)
        await ask_all(asked, chooser.choose, job.folder, done, _in_parallel(settings.model.in_flight, settings))
    return Measured(tuple(measure_choices(asked, done)), loaded.left_out)


async def _diagnose(job: Job, settings: Settings) -> Measured:
    loaded = DIAGNOSES[job.layout](job.path)
    asked = loaded.items[: job.limit]
    async with here(settings) as service:
        library = await service.library()
        names = names_of(await service.guidelines())
        decided = read_decisions(job.folder, names)
        maker = _Maker(library["engine"], library["model"], library["edition"], library["embedder"])
        done = begin(job.folder, _card(job, [job.path], len(loaded.items), settings, maker), Result)
        await ask_all(asked, lambda case: service.answer(case, {}), job.folder, done)
    compared = compare(asked, done, names, decided)
    return Measured(tuple(measure_diagnoses(compared)), loaded.left_out, write_undecided(job.folder, compared))


async def _retrieve(job: Job, settings: Settings) -> Measured:
    corpus = read_beir(job.path)
    asked = corpus.queries[: job.limit]
    files = [job.path / name for name in FILES]
    embedder = fingerprint_of(settings.embedding)
    edition = edition_of(_digest(files[:1]), embedder)
    maker = _Maker("retrieval", None, edition, embedder)
    done = begin(job.folder, _card(job, files, len(corpus.queries), settings, maker), Found)
    async with open_searcher(job.folder, corpus.documents, edition, settings) as searcher:
        await ask_all(asked, searcher.search, job.folder, done, _in_parallel(_SEARCHES_AT_ONCE, settings))
    return Measured(tuple(measure_found(asked, done)), corpus.left_out)


def _in_parallel(wanted: int, settings: Settings) -> int:
    """Not more than may wait at the index."""
    return min(wanted, settings.retrieval.max_waiting)


def _card(job: Job, files: Sequence[Path], cases: int, settings: Settings, maker: _Maker) -> RunCard:
    return RunCard(
        suite=job.layout,
        suite_digest=_digest(files),
        cases=cases,
        engine=maker.engine,
        model=maker.model,
        library_edition=maker.edition,
        embedder=maker.embedder,
        settings_digest=settings_digest(settings),
        samples=1,
        commit=commit(),
        service_version=SERVICE_VERSION,
        machine=machine(),
        began=now(),
    )


def _digest(files: Sequence[Path]) -> str:
    """The first 16 hex digits of the SHA-256 over the files, which may be large."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:16]


def _first(failed: BaseException) -> BaseException:
    """The first of the errors that task groups gathered."""
    while isinstance(failed, BaseExceptionGroup):
        failed = failed.exceptions[0]
    return failed
