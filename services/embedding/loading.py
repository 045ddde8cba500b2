"""Loading a model with torch: quietly, from this machine alone, in numbers that its processor is fast at."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.core.settings import EmbeddingSettings
from services.embedding.weights import Unusable


def load(model_class: Callable[..., Any], folder: Path, settings: EmbeddingSettings, unusable: Unusable) -> Any:
    """A model of sentence-transformers; raises what `unusable` makes where it cannot be loaded.

    Args:
        model_class: One of the library's model classes, with its own arguments bound.
        folder: Where the model lies.
        settings: Threads and dtype.
        unusable: Makes the error.
    """
    import torch
    from safetensors import SafetensorError
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.set_num_threads(settings.threads)
    dtype = torch.bfloat16 if _use_bfloat16(settings) else torch.float32
    failures = (OSError, ValueError, KeyError, RuntimeError, ImportError, pickle.UnpicklingError, SafetensorError)
    try:
        return model_class(str(folder), model_kwargs={"dtype": dtype}, local_files_only=True)
    except failures as exc:
        raise unusable("cannot be loaded") from exc


def _use_bfloat16(settings: EmbeddingSettings) -> bool:
    """Bfloat16 only gains where the CPU multiplies it natively."""
    if settings.dtype != "auto":
        return settings.dtype == "bfloat16"
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
