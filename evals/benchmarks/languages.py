"""Questions in another language than the guidelines': is the right guideline found as it is in the same language?"""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
import yaml
from rich.console import Console
from rich.table import Table

from evals.statistics import Share
from ingestion.build import sync
from ingestion.workshop import open_workshop
from services.core.settings import Settings
from services.core.text import detect_language
from services.core.types import Language, RawText
from services.privacy.deidentify import deidentify
from services.wiring import open_service

QUESTIONS: Final = Path(__file__).parents[1] / "datasets" / "lay_questions.yaml"
GOAL: Final = 0.85
"""Least share of the same-language hit@5."""

_LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
_K: Final = 5


def main(
    guidelines: Annotated[Path, typer.Option(help="Folder of the starter library.")] = Path("guidelines"),
) -> None:
    """Print the table."""
    asked = [(entry["text"], entry["expect"]) for entry in yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))]
    found = {language: asyncio.run(_found(guidelines, language, asked)) for language in _LANGUAGES}
    languages = [detect_language(text) for text, _ in asked]
    table = Table("questions", "guidelines", f"hit@{_K}", title="a library in one language")
    same = [found[language][number] for number, language in enumerate(languages)]
    other = [found[_LANGUAGES[1 - _LANGUAGES.index(language)]][number] for number, language in enumerate(languages)]
    for asking in _LANGUAGES:
        for answering in _LANGUAGES:
            hits = [hit for hit, language in zip(found[answering], languages, strict=True) if language == asking]
            table.add_row(asking, answering, str(Share.of(hits)))
    table.add_row("both", "the same", str(Share.of(same)), end_section=True)
    table.add_row("both", "the other", f"{Share.of(other)}, {sum(other) / sum(same):.2f} of the same (goal {GOAL})")
    Console(width=120).print(table)


async def _found(guidelines: Path, language: Language, asked: Sequence[tuple[str, str]]) -> list[bool]:
    """Whether the search in the documents of one language finds the condition of each question."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = _ingested(guidelines, language, Path(scratch))
        async with open_service(settings) as service:
            found = []
            for text, expected in asked:
                passages = await service.assistant.search(deidentify(RawText(text)), detect_language(text), _K)
                found.append(expected in [passage.document.condition.id for passage in passages])
            return found


def _ingested(guidelines: Path, language: Language, scratch: Path) -> Settings:
    folder = scratch / "guidelines"
    folder.mkdir()
    for file in guidelines.glob(f"*.{language}.md"):
        shutil.copy(file, folder)
    base = Settings()
    settings = base.model_copy(update={"index": base.index.model_copy(update={"uri": str(scratch / "one.db")})})
    with open_workshop(settings.index, settings.embedding) as work:
        sync(folder, work)
    return settings


if __name__ == "__main__":
    typer.run(main)
