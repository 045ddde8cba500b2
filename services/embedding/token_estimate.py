"""How many tokens a text has, where the model's tokenizer is out of reach: rather too many than too few."""

import re
from typing import Final

_SPECIAL_TOKENS: Final = 2
_CHARACTERS_A_TOKEN: Final = 3
"""Of Latin words. Vocabularies of 30 thousand entries and more cut English into longer pieces, drug names included."""

_UNIT: Final = re.compile(r"[A-Za-zÀ-ɏ]+|\S")
"""A Latin word, or one character of anything else: digits, punctuation, Chinese."""


def estimate_tokens(text: str) -> int:
    """Tokens of a text, special tokens included."""
    return _SPECIAL_TOKENS + sum(_cost(unit.group()) for unit in _UNIT.finditer(text))


def cut_to(text: str, max_tokens: int) -> str:
    """The start of the text that is estimated at `max_tokens` at most; all of it where it fits."""
    left = max_tokens - _SPECIAL_TOKENS
    for unit in _UNIT.finditer(text):
        left -= _cost(unit.group())
        if left < 0:
            return text[: unit.start()].rstrip()
    return text


def _cost(unit: str) -> int:
    return -(-len(unit) // _CHARACTERS_A_TOKEN)
