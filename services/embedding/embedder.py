"""What an embedder must do; the model behind it is a setting."""

from collections.abc import Sequence
from typing import Protocol

from services.core.types import Vectors


class Embedder(Protocol):
    """Turns text into vectors of one space."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors would: model and weights. An index keeps it and refuses another one."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Longer text is cut by the model; chunks stay under it."""

    def close(self) -> None:
        """Let go of connections; the embedder is not used again."""

    def knows(self, language: str) -> bool:
        """Whether the model was trained on this language; for others only the lexical side is searched."""

    def count_tokens(self, text: str) -> int:
        """Length of a text in the model's own tokens, special tokens included."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, L2-normalised, in the order given."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32, L2-normalised, in the order given."""
