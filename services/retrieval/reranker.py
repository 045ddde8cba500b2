"""The door to a cross-encoder, which reads the question and a passage together."""

import math
import os
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol, Self

from services.core.errors import RerankerError
from services.core.settings import EmbeddingSettings
from services.embedding.loading import load
from services.embedding.weights import folder_of

_MOST_TOKENS: Final = 512
"""Of question and passage together; the longer one is cut. Time grows with it, and a chunk has 200 or so."""

_PROBE: Final = ("cough", "A cough.")


class Reranker(Protocol):
    """Says how well passages answer a query."""

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """One score for each passage in their order, from 0 (not at all) to 1. Blocks.

        Raises:
            RerankerError: There is no usable score.
        """


class CrossEncoderReranker:
    """A sentence-transformers cross-encoder, on an accelerator where torch sees one. Thread-safe."""

    def __init__(self, folder: Path, settings: EmbeddingSettings) -> None:
        """Load the model. Use `open` instead."""
        # Imported here: torch takes seconds to load, and only whoever reranks should pay for it.
        from sentence_transformers import CrossEncoder
        from torch.nn import Sigmoid

        # Some models ask for logits in their configuration; here a score is a share for all of them.
        self._model = load(partial(CrossEncoder, activation_fn=Sigmoid()), folder, settings, _unusable)
        self._model.max_seq_length = min(self._model.max_seq_length or _MOST_TOKENS, _MOST_TOKENS)
        self._batch_size = settings.batch_size
        self._lock = threading.Lock()

    @classmethod
    def open(cls, model: str, settings: EmbeddingSettings) -> Self:
        """Find, load and try the model.

        Args:
            model: Its folder, or its name on the hub, from where it is downloaded unless it is cached.
            settings: Threads, dtype and batch size, which are the embedder's.

        Raises:
            RerankerError: It cannot be had or loaded, or it is no reranker.
        """
        folder = folder_of(model, _unusable)
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        opened = cls(folder, settings)
        opened._check()
        return opened

    def _check(self) -> None:
        """Whether it is trained to give one score.

        Raises:
            RerankerError: It is not.
        """
        # A model that was trained for something else is loaded as well, with a last layer of random numbers.
        architectures = self._model.config.architectures or []
        if not any(name.endswith(("ForSequenceClassification", "ForCausalLM")) for name in architectures):
            raise _unusable("is no cross-encoder")
        if self._model.num_labels != 1:
            raise _unusable("has more than one score for a passage")
        self.scores(_PROBE[0], _PROBE[1:])

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """As `Reranker`."""
        pairs = [(query, passage) for passage in passages]
        try:
            with self._lock:
                found = self._model.predict(pairs, batch_size=self._batch_size, show_progress_bar=False)
        except RuntimeError as exc:  # memory of an accelerator, for one
            raise _unusable("cannot score") from exc
        scores = [float(score) for score in found]
        if not all(math.isfinite(score) for score in scores):
            raise _unusable("gives scores that are no numbers")
        return scores


def _unusable(wrong: str) -> RerankerError:
    return RerankerError(f"the reranker {wrong}: check CITEWELL_RETRIEVAL__RERANKER")
