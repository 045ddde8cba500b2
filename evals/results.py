"""What a run keeps of each answer, and of itself."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from services.core.settings import Settings
from services.core.types import TriageLevel

RESULTS, CARD = "results.jsonl", "run.json"


class Kept(BaseModel):
    """What a run keeps of one case."""

    model_config = ConfigDict(frozen=True)

    id: str


KeptT = TypeVar("KeptT", bound=Kept)


class Named(BaseModel):
    """A diagnosis that was answered; `supporting` are ids of the findings that it rests on."""

    model_config = ConfigDict(frozen=True)

    condition_id: str
    icd10: str | None
    name: str
    probability: float
    confidence: Literal["high", "medium", "low"]
    votes: float | None = None
    supporting: tuple[str, ...] = ()


class Compared(BaseModel):
    """A condition that was compared, whether or not it was named, by the signals that confidence is made of."""

    model_config = ConfigDict(frozen=True)

    condition_id: str
    signals: dict[str, float]


class Result(Kept):
    """An answer, as far as metrics need it; no text of the question.

    Attributes:
        retrieved: Condition ids of the search, best first.
        statements: Statements of the answer that name citations, and how many of these ids exist in it.
        quotes: Citations, and how many are the text of their passage between their offsets.
        leaked: Identifiers of the vignette that came back.
        stale: Citations of a guideline that another one of the library supersedes.
        foreign: Citations of a guideline of another jurisdiction than the vignette's region; 0 where it has none.
        seconds: From request to answer.
        prompt_tokens, completion_tokens: Of a language model, all samples together; None without one.
        compared: Most probable first; empty where another process answered.
        question: The signals of the question that confidence is made of.
    """

    status: Literal["answered", "insufficient_evidence"]
    engine: str
    language: str
    level: TriageLevel
    red_flags: int
    diagnoses: tuple[Named, ...]
    retrieved: tuple[str, ...]
    statements: int
    statements_cited: int
    invalid_ids: int
    quotes: int
    quotes_verbatim: int
    leaked: int
    stale: int = 0
    foreign: int = 0
    calibrated: bool
    seconds: float
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    compared: tuple[Compared, ...] = ()
    question: dict[str, float] = {}


class RunCard(BaseModel):
    """What made a run, so that it can be made again.

    Attributes:
        prompt_version: Hash of a model's instructions and of its answer's grammar.
        conditions: Ids of the library's conditions; empty where they do not matter.
        settings_digest: None where another process answers, whose settings are not known.
    """

    suite: str
    suite_digest: str
    cases: int
    engine: str
    model: str | None
    library_edition: str
    embedder: str
    settings_digest: str | None
    samples: int
    commit: str | None
    service_version: str
    machine: str
    began: str
    conditions: tuple[str, ...] = ()
    reranker: str | None = None
    prompt_version: str | None = None

    def is_same_run(self, other: Self) -> bool:
        """Whether answers of both may stand in one file."""
        own = self.model_dump(exclude={"began", "machine"})
        return own == other.model_dump(exclude={"began", "machine"})


def read_results(folder: Path) -> dict[str, Result]:
    """Results by vignette, as `read_kept`."""
    return read_kept(folder, Result)


def read_kept(folder: Path, kind: type[KeptT]) -> dict[str, KeptT]:
    """What was kept, by case; the last of each, and what a broken run cut off is left out."""
    file = folder / RESULTS
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {kept.id: kept for line in lines if line.endswith("}") for kept in [kind.model_validate_json(line)]}


def digest_of(content: Mapping[str, Any] | bytes) -> str:
    """The first 16 hex digits of the SHA-256 of some content."""
    raw = content if isinstance(content, bytes) else json.dumps(content, sort_keys=True, default=str).encode()
    return hashlib.sha256(raw).hexdigest()[:16]


def settings_digest(settings: Settings) -> str:
    """Of all settings but secrets and the port."""
    known = settings.model_dump(exclude={"server": {"host", "port"}, "index": {"token", "bulk"}}, mode="json")
    return digest_of(known)


def machine() -> str:
    """Processor, cores and system."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def commit() -> str | None:
    """Of the working tree this runs in, with "+" where it has changes; None outside of one."""
    root = Path(__file__).parents[1]
    try:
        command = ["git", "describe", "--always", "--dirty=+"]
        found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


def now() -> str:
    """The time in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
