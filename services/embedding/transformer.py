"""The door to torch: a sentence-transformers model, by default the one that comes in a package."""

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from services.core.settings import EmbeddingSettings
from services.core.types import Vectors
from services.embedding.loading import load
from services.embedding.weights import locate, unusable_embedder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_MOST_TOKENS: Final = 8192
"""Stands for a limit that a model does not state."""


class TransformerEmbedder:
    """A sentence-transformers model on the CPU. Thread-safe: one forward pass at a time.

    The library sorts texts by length before it cuts them into batches, so that little is padded.
    """

    def __init__(self, folder: Path, fingerprint: str, settings: EmbeddingSettings) -> None:
        """Load the model. Use `open` instead, which checks the weights."""
        # Imported here: torch takes seconds to load, and only whoever embeds should pay for it.
        from sentence_transformers import SentenceTransformer

        self._model = load(partial(SentenceTransformer, device="cpu"), folder, settings, unusable_embedder)
        self._settings = settings
        self._fingerprint = fingerprint
        self._lock = threading.Lock()
        self._counter = _counter(self._model.tokenizer)
        # Chosen here: a prompt that a model saves as `passage` is passed over by the library's `encode_document`,
        # which finds its own empty default for `document` first.
        prompts = (self._model.prompts.get(name) for name in ("document", "passage", "corpus"))
        self._document_prompt: str = next((prompt for prompt in prompts if prompt), "")
        self._prompt_tokens = self.count_tokens(self._document_prompt) - self.count_tokens("")

    @classmethod
    def open(cls, settings: EmbeddingSettings) -> Self:
        """Check the weights, then load.

        Raises:
            EmbedderError: The model cannot be had or loaded, or the packaged weights are not the pinned ones.
        """
        folder, fingerprint = locate(settings)
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        return cls(folder, fingerprint, settings)

    def close(self) -> None:
        """Nothing to let go of."""

    @property
    def fingerprint(self) -> str:
        """Model name and the start of a SHA-256. The dtype is left out: cosines agree to 0.9999."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    @property
    def max_tokens(self) -> int:
        """The model's limit, less the prompt that it puts before a document."""
        return int(min(self._model.max_seq_length or _MOST_TOKENS, _MOST_TOKENS)) - self._prompt_tokens

    def knows(self, language: str) -> bool:
        """Whether the settings name this language."""
        return language.split("-", maxsplit=1)[0] in self._settings.languages

    def count_tokens(self, text: str) -> int:
        """Length in the model's tokens, special tokens included."""
        if self._counter is None:
            return len(self._model.tokenizer(text, truncation=False, verbose=False)["input_ids"])
        return len(self._counter.encode(text).ids)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, L2-normalised; with the model's prompt for queries, where it has one."""
        return self._encode(self._model.encode_query, texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, L2-normalised; with the model's prompt for documents, where it has one."""
        return self._encode(partial(self._model.encode_document, prompt=self._document_prompt), texts)

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dim), np.float32)
        with self._lock:
            vectors = encode(
                list(texts),
                batch_size=self._settings.batch_size,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.asarray(vectors, np.float32)


def _counter(tokenizer: Any) -> "Tokenizer | None":
    """A copy of a fast tokenizer that cuts nothing, in half the time; encoding makes the original cut."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return None
    counter: Tokenizer = type(backend).from_str(backend.to_str())
    counter.no_truncation()
    counter.no_padding()
    return counter
