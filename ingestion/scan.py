"""What lies in a library's folder, before anything is read."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

_MAX_FILE_BYTES: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was left out, and why.

    Attributes:
        kind: For machines, as in `encrypted` or `too_large`.
        reason: For editors; never text of the file.
    """

    file: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that a reader knows.

    Attributes:
        name: Path inside the folder, with forward slashes.
        content_hash: SHA-256 of its bytes, hex.
    """

    path: Path
    name: PurePosixPath
    content_hash: str


@dataclass(slots=True)
class Scan:
    """The files in the order of their names; byte-identical ones once, under the first name."""

    files: list[File] = field(default_factory=list)
    duplicates: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def scan(folder: Path, suffixes: frozenset[str]) -> Scan:
    """Files with one of these suffixes, on all levels; hidden files, links and READMEs are passed over."""
    found = Scan()
    first: dict[str, File] = {}
    for path in _candidates(folder, suffixes):
        name = PurePosixPath(path.relative_to(folder).as_posix())
        try:
            if path.stat().st_size > _MAX_FILE_BYTES:
                reason = f"larger than {_MAX_FILE_BYTES // 1_000_000} MB: split it"
                found.problems.append(Problem(str(name), "too_large", reason))
                continue
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as exc:
            found.problems.append(Problem(str(name), "unreadable", f"cannot be read ({exc.strerror})"))
            continue
        file = File(path, name, digest)
        if digest in first:
            found.duplicates[str(name)] = str(first[digest].name)
        else:
            first[digest] = file
            found.files.append(file)
    return found


def _candidates(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or path.is_symlink() or not path.is_file() or path.stem.upper() == "README":
            continue
        if path.suffix.lower() in suffixes:
            yield path
