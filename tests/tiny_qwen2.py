"""A Qwen2 model of random weights, small enough for every machine: it shows that the plumbing holds, nothing more."""

import json
import sys
from pathlib import Path
from typing import Final

_GUIDELINES: Final = Path(__file__).parents[1] / "guidelines"
"""The starter library is what its vocabulary is made of."""

_SPECIAL: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_VOCABULARY: Final = 1024
_PRE_TOKENIZE: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen2 cuts text before byte pairs are merged (its tokenizer.json)."""

_CHATML: Final = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_LAYERS, _HIDDEN, _HEADS, _KV_HEADS = 2, 128, 4, 2
"""vLLM's attention on processors wants heads of at least 32 dimensions."""

LORA_RANK: Final = 8


def write_tiny_qwen2(folder: Path, *, seed: int = 0, with_weights: bool = True) -> None:
    """Write a model folder that vLLM and transformers load; without weights for `--load-format dummy`."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(folder)
    import torch
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        architectures=["Qwen2ForCausalLM"],
        vocab_size=_VOCABULARY,
        hidden_size=_HIDDEN,
        intermediate_size=2 * _HIDDEN,
        num_hidden_layers=_LAYERS,
        num_attention_heads=_HEADS,
        num_key_value_heads=_KV_HEADS,
        max_position_embeddings=32_768,
        tie_word_embeddings=True,
        use_sliding_window=False,
        rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
        bos_token_id=_id("<|endoftext|>"),
        eos_token_id=_id("<|im_end|>"),
        pad_token_id=_id("<|endoftext|>"),
        dtype="bfloat16",
    )
    config.save_pretrained(folder)
    # The sampling that Qwen2.5-7B-Instruct ships with.
    GenerationConfig(
        bos_token_id=_id("<|endoftext|>"),
        pad_token_id=_id("<|endoftext|>"),
        eos_token_id=[_id("<|im_end|>"), _id("<|endoftext|>")],
        do_sample=True,
        temperature=0.7,
        top_p=0.8,
        top_k=20,
        repetition_penalty=1.05,
    ).save_pretrained(folder)
    if with_weights:
        torch.manual_seed(seed)
        Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def write_tiny_lora(folder: Path, *, seed: int = 1) -> None:
    """Write an adapter for the tiny model in PEFT's format."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    head = _HIDDEN // _HEADS
    outputs = {"q_proj": _HEADS * head, "v_proj": _KV_HEADS * head}
    weights = {}
    for layer in range(_LAYERS):
        for module, out in outputs.items():
            name = f"base_model.model.model.layers.{layer}.self_attn.{module}"
            weights[f"{name}.lora_A.weight"] = torch.randn(LORA_RANK, _HIDDEN) * 0.1
            weights[f"{name}.lora_B.weight"] = torch.randn(out, LORA_RANK) * 0.1
    save_file(weights, folder / "adapter_model.safetensors")
    about = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "tiny",
        "r": LORA_RANK,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": sorted(outputs),
        "inference_mode": True,
    }
    (folder / "adapter_config.json").write_text(json.dumps(about), encoding="utf-8")


def _id(token: str) -> int:
    """Special tokens come last, as in Qwen."""
    return _VOCABULARY - len(_SPECIAL) + _SPECIAL.index(token)


def _write_tokenizer(folder: Path) -> None:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PRE_TOKENIZE), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY - len(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train([str(file) for file in sorted(_GUIDELINES.glob("*.md"))], trainer)
    tokenizer.add_special_tokens(list(_SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))
    about = {
        "tokenizer_class": "Qwen2Tokenizer",
        "add_prefix_space": False,
        "add_bos_token": False,
        "bos_token": None,
        "unk_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "errors": "replace",
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": False,
        "model_max_length": 131_072,
        "chat_template": _CHATML,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    write_tiny_qwen2(Path(sys.argv[1]), with_weights="--config-only" not in sys.argv)
