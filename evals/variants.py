"""The starter library with invented guidelines beside its own: older editions, and another country's.

`datasets/editions/catalog.yaml` says which of the starter library's guidelines supersede the older ones, and that those
on the other conditions are of one country while the invented ones are of another.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from evals.vignettes import EDITIONS
from ingestion.build import sync
from ingestion.workshop import open_workshop
from services.core.errors import LibraryError
from services.core.settings import IndexSettings, Settings

VARIED: Final = frozenset({"superseded", "contradictory"})
"""Twins that are asked of this library."""

INDEX: Final = "variant.db"


def build_variant(settings: Settings, folder: Path) -> Settings:
    """Publish the library into a Milvus Lite file of its own, unless it is there and unchanged.

    Args:
        settings: Of the service that is evaluated; its library folder has the starter library.
        folder: Where the file is made.

    Returns:
        Settings of the same service on this library.

    Raises:
        LibraryError: Some of the guidelines cannot be published.
        IndexUnavailableError: The file cannot be opened.
    """
    index = IndexSettings(uri=str(folder / INDEX), analyzer=settings.index.analyzer, timeout_s=settings.index.timeout_s)
    with tempfile.TemporaryDirectory() as library, open_workshop(index, settings.embedding) as work:
        for guideline in sorted(settings.library.folder.glob("*.*.md")):
            shutil.copy(guideline, library)
        shutil.copytree(EDITIONS, library, dirs_exist_ok=True)
        if problems := sync(Path(library), work).problems:
            raise LibraryError(f"{len(problems)} of the guidelines for twins cannot be published")
    return settings.model_copy(update={"index": index})
