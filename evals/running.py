"""One evaluation run: vignettes are asked, results are kept as they come, and a broken run goes on where it stopped."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol, TypeVar

import anyio
import anyio.to_thread
import httpx2
from rich.progress import Progress

from evals.asking import Asked, at, here
from evals.results import (
    CARD,
    RESULTS,
    KeptT,
    Result,
    RunCard,
    commit,
    digest_of,
    machine,
    now,
    read_kept,
    settings_digest,
)
from evals.variants import VARIED, build_variant
from evals.vignettes import Vignette
from services.core.settings import Settings
from services.generation.prompt import load_texts
from services.verification.terminology import LANGUAGES

IN_PARALLEL: Final = 4


class _HasId(Protocol):
    @property
    def id(self) -> str:
        """Of the case."""


_Case = TypeVar("_Case", bound=_HasId)


class OtherRunError(Exception):
    """The folder has a run that was made of something else."""


async def run(
    vignettes: Sequence[Vignette], folder: Path, settings: Settings, url: str | None, samples: int = 1
) -> dict[str, Result]:
    """Ask all vignettes that have no result yet.

    Args:
        vignettes: To ask.
        folder: Where results are kept; may have some.
        settings: Of the service in this process, where there is no URL. Twins that need other guidelines are put to
            a second one, whose index is made in the folder.
        url: A running service.
        samples: Answers that a language model draws.

    Raises:
        OtherRunError: The folder's results were made by another library, model, setting or commit.
        LibraryError: The guidelines for twins cannot be published.
    """
    varied = [] if url else [vignette for vignette in vignettes if vignette.twin in VARIED]
    others = [vignette for vignette in vignettes if vignette not in varied]

    async def ask_others(service: Asked) -> dict[str, Result]:
        card = await card_of(service, vignettes, None if url else settings, samples)
        return await run_on(service, others, folder, card)

    async def ask_varied(service: Asked) -> dict[str, Result]:
        return await ask_all(varied, lambda vignette: service.ask(vignette, _generation(samples)), folder, done)

    done = await _with(at(url) if url else here(settings), ask_others)
    if any(vignette.id not in done for vignette in varied):
        variant = await anyio.to_thread.run_sync(build_variant, settings, folder)
        done = await _with(here(variant), ask_varied)
    return done


async def run_on(service: Asked, vignettes: Sequence[Vignette], folder: Path, card: RunCard) -> dict[str, Result]:
    """Ask a service that is open the vignettes that have no result yet.

    Raises:
        OtherRunError: The folder has a run of another card.
    """
    done = await anyio.to_thread.run_sync(begin, folder, card, Result)
    return await ask_all(vignettes, lambda one: service.ask(one, _generation(card.samples)), folder, done)


def _generation(samples: int) -> dict[str, int]:
    return {"samples": samples} if samples > 1 else {}


async def _with(
    opened: AbstractAsyncContextManager[Asked], work: Callable[[Asked], Awaitable[dict[str, Result]]]
) -> dict[str, Result]:
    """The results of a service, which is closed at the end; its error comes alone, not in a group."""
    failed: list[Exception] = []
    async with opened as service:
        try:
            return await work(service)
        except* (OtherRunError, httpx2.HTTPError) as group:
            failed += group.exceptions
    raise failed[0]


async def ask_all(
    cases: Sequence[_Case],
    ask: Callable[[_Case], Awaitable[KeptT | None]],
    folder: Path,
    done: dict[str, KeptT],
    in_parallel: int = IN_PARALLEL,
) -> dict[str, KeptT]:
    """Ask those cases that are not done yet, and keep each answer as it comes.

    Args:
        cases: All of the run.
        ask: Answers one; None where it cannot be asked.
        folder: Of the run that `begin` began.
        done: What `begin` found; what comes is added.
        in_parallel: Cases at once.

    Raises:
        ExceptionGroup: Of what `ask` raises; what came before is kept.
    """
    waiting = [case for case in cases if case.id not in done]
    limiter = anyio.CapacityLimiter(in_parallel)
    with (folder / RESULTS).open("a", encoding="utf-8") as kept, Progress() as bar:
        task = bar.add_task("asking", total=len(cases), completed=len(cases) - len(waiting))

        async def one(case: _Case) -> None:
            async with limiter:
                result = await ask(case)
            if result:
                kept.write(result.model_dump_json() + "\n")
                kept.flush()
                done[case.id] = result
            bar.advance(task)

        async with anyio.create_task_group() as group:
            for case in waiting:
                group.start_soon(one, case)
    return done


async def card_of(
    service: Asked, vignettes: Sequence[Vignette], settings: Settings | None, samples: int = 1
) -> RunCard:
    """What makes a run on this service; settings are None where they are not known."""
    library = await service.library()
    return RunCard(
        suite="starter",
        suite_digest=digest_of("\n".join(v.model_dump_json() for v in sorted(vignettes, key=lambda v: v.id)).encode()),
        cases=len(vignettes),
        engine=library["engine"],
        model=library["model"],
        library_edition=library["edition"],
        embedder=library["embedder"],
        reranker=library["reranker"],
        prompt_version=_prompt_version() if settings and library["model"] else None,
        conditions=tuple(sorted({guideline["condition"]["id"] for guideline in await service.guidelines()})),
        settings_digest=None if settings is None else settings_digest(settings),
        samples=samples,
        commit=commit(),
        service_version=library["service_version"],
        machine=machine(),
        began=now(),
    )


def _prompt_version() -> str:
    return ", ".join(f"{language} {load_texts(language).version}" for language in LANGUAGES)


def begin(folder: Path, card: RunCard, kind: type[KeptT]) -> dict[str, KeptT]:
    """What is done already, by case; a line that a broken run cut off is removed.

    Raises:
        OtherRunError: The folder has a run of another card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CARD
    if file.exists() and not RunCard.model_validate_json(file.read_bytes()).is_same_run(card):
        raise OtherRunError(f"{folder} has a run of another library, model, setting or commit: choose another folder")
    if not file.exists():
        file.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    done = read_kept(folder, kind)
    (folder / RESULTS).write_text("".join(f"{one.model_dump_json()}\n" for one in done.values()), encoding="utf-8")
    return done
