"""A cross-encoder of random weights that reads English and Chinese: plumbing, not relevance."""

from pathlib import Path

from tiny_embedder import tiny_config, tiny_tokenizer


def write_tiny_reranker(folder: Path, *, labels: int = 1, activation: str | None = None) -> Path:
    """Write a model folder as a reranker of the hub has it; `activation` is what its configuration asks for."""
    import torch
    from transformers import BertForSequenceClassification

    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    asked = {"sentence_transformers": {"activation_fn": activation}} if activation else {}
    # Weights so large that scores differ by more than rounding.
    config = tiny_config(len(tokenizer), num_labels=labels, initializer_range=0.3, **asked)
    model = BertForSequenceClassification(config)
    model.save_pretrained(folder)
    return folder
