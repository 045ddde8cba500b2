"""One evaluation run: vignettes are asked, results are kept as they come, and a broken run goes on where it stopped."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
import httpx2
from rich.progress import Progress

from evals.asking import Asked, at, here
from evals.results import CARD, RESULTS, Result, RunCard, commit, digest_of, machine, now, read_results, settings_digest
from evals.variants import VARIED, build_variant
from evals.vignettes import Vignette
from services.core.settings import Settings

IN_PARALLEL: Final = 4


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

    async def begin(service: Asked) -> dict[str, Result]:
        card = _card(await service.library(), vignettes, None if url else settings, samples)
        done = await anyio.to_thread.run_sync(_begin, folder, card)
        return await _ask(service, others, folder, done, samples)

    done = await _with(at(url) if url else here(settings), begin)
    if any(vignette.id not in done for vignette in varied):
        variant = await anyio.to_thread.run_sync(build_variant, settings, folder)
        done = await _with(here(variant), lambda service: _ask(service, varied, folder, done, samples))
    return done


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


async def _ask(
    service: Asked, vignettes: Sequence[Vignette], folder: Path, done: dict[str, Result], samples: int
) -> dict[str, Result]:
    waiting = [vignette for vignette in vignettes if vignette.id not in done]
    generation = {"samples": samples} if samples > 1 else {}
    limiter = anyio.CapacityLimiter(IN_PARALLEL)
    with (folder / RESULTS).open("a", encoding="utf-8") as kept, Progress() as bar:
        task = bar.add_task("asking", total=len(vignettes), completed=len(vignettes) - len(waiting))

        async def one(vignette: Vignette) -> None:
            async with limiter:
                result = await service.ask(vignette, generation)
            if result:
                kept.write(result.model_dump_json() + "\n")
                kept.flush()
                done[vignette.id] = result
            bar.advance(task)

        async with anyio.create_task_group() as group:
            for vignette in waiting:
                group.start_soon(one, vignette)
    return done


def _card(
    library: Mapping[str, Any], vignettes: Sequence[Vignette], settings: Settings | None, samples: int
) -> RunCard:
    return RunCard(
        suite="starter",
        suite_digest=digest_of("\n".join(v.model_dump_json() for v in sorted(vignettes, key=lambda v: v.id)).encode()),
        cases=len(vignettes),
        engine=library["engine"],
        model=library["model"],
        library_edition=library["edition"],
        embedder=library["embedder"],
        settings_digest=None if settings is None else settings_digest(settings),
        samples=samples,
        commit=commit(),
        service_version=library["service_version"],
        machine=machine(),
        began=now(),
    )


def _begin(folder: Path, card: RunCard) -> dict[str, Result]:
    """What is done already; a line that a broken run cut off is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CARD
    if file.exists() and not RunCard.model_validate_json(file.read_bytes()).is_same_run(card):
        raise OtherRunError(f"{folder} has a run of another library, model, setting or commit: choose another folder")
    if not file.exists():
        file.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    done = read_results(folder)
    (folder / RESULTS).write_text("".join(f"{one.model_dump_json()}\n" for one in done.values()), encoding="utf-8")
    return done
