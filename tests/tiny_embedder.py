"""A sentence-transformers model of random weights that reads English and Chinese: plumbing, not meaning.

Its one layer changes little, so that a vector is close to the mean of its tokens' vectors, and texts with words in
common are near each other.
"""

from pathlib import Path
from typing import Any, Final

_GUIDELINES: Final = Path(__file__).parents[1] / "guidelines"
"""The starter library is what its vocabulary is made of."""

_SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
HIDDEN: Final = 48
MAX_TOKENS: Final = 192


def write_tiny_embedder(folder: Path, *, seed: int = 0, prompts: dict[str, str] | None = None) -> Path:
    """Write a model folder; another seed gives other weights with the same tokenizer."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import BertModel

    bare = folder / "bare"
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(bare)
    torch.manual_seed(seed)
    model = BertModel(tiny_config(len(tokenizer)))
    embeddings = model.embeddings
    torch.nn.init.normal_(embeddings.word_embeddings.weight)
    with torch.no_grad():
        embeddings.word_embeddings.weight[: len(_SPECIAL)] = 0
        embeddings.position_embeddings.weight.zero_()
    model.save_pretrained(bare)
    transformer = Transformer(str(bare), max_seq_length=MAX_TOKENS)
    made = folder / "tiny"
    SentenceTransformer(modules=[transformer, Pooling(HIDDEN)], prompts=prompts, device="cpu").save(str(made))
    return made


def tiny_tokenizer() -> Any:
    """A tokenizer of the starter library's words."""
    from transformers import BertTokenizer

    words = _vocabulary()
    return BertTokenizer(
        vocab={token: number for number, token in enumerate(words)}, do_lower_case=True, model_max_length=MAX_TOKENS
    )


def tiny_config(words: int, **changes: object) -> Any:
    """The shape of a model with one layer."""
    from transformers import BertConfig

    return BertConfig(
        vocab_size=words, hidden_size=HIDDEN, num_hidden_layers=1, num_attention_heads=2, intermediate_size=HIDDEN,
        max_position_embeddings=MAX_TOKENS, pad_token_id=0, **changes,
    )  # fmt: skip


def _vocabulary() -> list[str]:
    """Words and Chinese characters of the starter library, and Latin pieces for what it has not."""
    from tokenizers import normalizers, pre_tokenizers

    normalizer = normalizers.BertNormalizer(lowercase=True)
    cutter = pre_tokenizers.BertPreTokenizer()
    words: set[str] = set()
    for path in sorted(_GUIDELINES.glob("*.md")):
        text = normalizer.normalize_str(path.read_text(encoding="utf-8"))
        words |= {word for word, _ in cutter.pre_tokenize_str(text)}
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return [*_SPECIAL, *sorted(words | set(letters)), *(f"##{letter}" for letter in letters)]
