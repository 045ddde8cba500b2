"""Text: language, sentences with offsets, and tokens that lexicon and matching share."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import sentencex
import snowballstemmer

from services.core.types import Language

_HAN_CLASS: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN: Final = re.compile(f"[{_HAN_CLASS}]")
_LETTER: Final = re.compile(r"[^\W\d_]")
_WORD: Final = rf"[^\W\d_{_HAN_CLASS}]+"
_TOKEN: Final = re.compile(rf"[{_HAN_CLASS}]|\d+(?:\.\d+)?|{_WORD}(?:['’]{_WORD})*")
_HAN_WEIGHT: Final = 3
"""A Chinese character carries about as much as three Latin letters."""


def detect_language(text: str) -> Language:
    """Chinese if Chinese characters carry most of the text, else English.

    Fixed wording exists in these two only; "CT 显示" is Chinese, "a cough (咳嗽)" is English.
    """
    han = len(_HAN.findall(text))
    return "zh" if _HAN_WEIGHT * han > len(_LETTER.findall(text)) - han else "en"


def base_language(tag: str) -> Language:
    """The language of fixed wording for a BCP 47 tag: Chinese for any `zh`, English for all others."""
    return "zh" if tag.lower().split("-")[0] in {"zh", "cmn", "yue"} else "en"


def sentence_spans(text: str, language: str) -> list[tuple[int, int]]:
    """Character spans of the sentences, without surrounding white space, in order. A line break ends a sentence."""
    spans = []
    for line in re.finditer(r"[^\n]+", text):
        for found in sentencex.get_sentence_boundaries(language, line.group()):
            start, end = line.start() + found["start_index"], line.start() + found["end_index"]
            piece = text[start:end]
            start, end = start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))
            if start < end:
                spans.append((start, end))
    return spans


@dataclass(frozen=True, slots=True)
class Token:
    """A word's stem, a number or one Chinese character, and where it stood: `text[start:end]`."""

    value: str
    start: int
    end: int


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The Porter2 stem of a lower-case English word. A stemmer holds state, so each call has its own."""
    return str(snowballstemmer.stemmer("english").stemWord(word))


def tokenize(text: str) -> list[Token]:
    """Stemmed English words, numbers and single Chinese characters, in order; punctuation is left out.

    Apostrophes inside a word are dropped ("can't" is "cant") without moving offsets.
    """
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        word = match.group().lower().replace("'", "").replace("’", "")
        tokens.append(Token(stem(word) if word.isalpha() and word.isascii() else word, match.start(), match.end()))
    return tokens


@lru_cache(maxsize=20_000)
def stems(text: str) -> tuple[str, ...]:
    """The token values of a short text."""
    return tuple(token.value for token in tokenize(text))


_LATIN_WORD: Final = re.compile(rf"{_WORD}(?:['’]{_WORD})*|\d+(?:\.\d+)?")
_FUNCTION_WORDS: Final = """
a about after all also always am an and any are as at be because been before being both but by can could did
do does down due during each few for from had has have having he her here hers him his how i if in into is it
its just me more most my no nor not of off on once only or other our out over own same she should so some such
than that the their them then there these they this those through to too under until up very was we were what
when where which while who will with would you your
"""
_REPORT_WORDS: Final = """
patient report reports present presents presented denies note noted state states complain complains complaint history
year old month week day ago man woman male female past recent recently last time well significant associated symptom new
onset experience experienced began started since
"""
"""What reports of patients say whatever the complaint is."""


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    return frozenset(stem(word) for word in (_FUNCTION_WORDS + _REPORT_WORDS).split())


def lexical_form(text: str) -> str:
    """Text as the lexical side indexes and searches it: English words stemmed, stop words and numbers left out.

    Milvus Lite's analyzers have no stemmer, and a stemmed index works the same on every Milvus. Chinese is left to
    the analyzer.
    """

    def form(match: re.Match[str]) -> str:
        word = match.group().lower().replace("'", "").replace("’", "")
        made = stem(word) if word.isascii() else word
        return "" if word[0].isdigit() or made in _stop_words() else made

    return re.sub(r"[^\S\n]{2,}", " ", _LATIN_WORD.sub(form, text)).strip()


def content_terms(text: str) -> set[str]:
    """Stems of English words that are no stop words, and pairs of neighbouring Chinese characters."""
    words = {token.value for token in tokenize(text) if token.value.isalpha() and not _HAN.match(token.value)}
    terms = {word for word in words if len(word) > 1 and word not in _stop_words()}
    for run in re.findall(f"[{_HAN_CLASS}]+", text):
        terms.update(run[at : at + 2] for at in range(len(run) - 1))
    return terms
