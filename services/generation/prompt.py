"""The prompt: instructions, numbered evidence, conversation and question as messages, within a token budget.

The order serves prefix caching: what never changes comes first, then evidence in canonical order, then what is new.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

import frontmatter

from services.core.answer import SentenceRef
from services.core.errors import PromptTooLongError
from services.core.types import Chunk, DeidentifiedText, Document, Language
from services.generation.grammar import TEMPLATE

MESSAGE_OVERHEAD_TOKENS: Final = 8
"""What a chat template puts around a message, at most; ChatML needs five."""

_PASSAGE_OVERHEAD_TOKENS: Final = 2
"""Between two passages; that the first has nothing before it makes up for the delimiters of all."""

_MARKUP: Final = re.compile(r"<(?=[a-z/|!])", re.IGNORECASE)
"""Control tokens (`<|im_start|>`), tool tags and our own delimiters all begin like this; "< 90" does not."""

_LABEL: Final = re.compile(r"\[(?=\s*[GC]\s*\d)", re.IGNORECASE)
"""What could pass for a label of ours."""

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the chat completions API takes it; the server's template makes ChatML of it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage that may go into the prompt.

    Attributes:
        rank: From 0, best first; the highest is dropped first.
        sentences: The places of those of its sentences that may be shown and cited.
    """

    document: Document
    chunk: Chunk
    rank: int
    sentences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said before in this conversation."""

    role: Literal["user", "assistant"]
    text: DeidentifiedText


@dataclass(frozen=True, slots=True)
class PromptQuestion:
    """The question without identifiers; `facts` are lines of label and text that code read from it."""

    symptoms: DeidentifiedText
    duration: DeidentifiedText | None = None
    history: DeidentifiedText | None = None
    record: DeidentifiedText | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Texts:
    """The fixed texts of one language; `version` is a hash of them and of the answer's schema."""

    instructions: str
    labels: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """The parts of a prompt as they would be sent, so that they can be counted one by one.

    Attributes:
        evidence: In canonical order, as are `blocks`, their texts.
    """

    language: Language
    instructions: str
    evidence: tuple[Evidence, ...]
    blocks: tuple[str, ...]
    turns: tuple[Turn, ...]
    question: str


@dataclass(frozen=True, slots=True)
class Fit:
    """Which evidence and turns stay, by their places, and how many went."""

    evidence: tuple[int, ...]
    turns: tuple[int, ...]

    def dropped(self, pieces: Pieces) -> tuple[int, int]:
        """Numbers of passages and turns that were left out."""
        return len(pieces.evidence) - len(self.evidence), len(pieces.turns) - len(self.turns)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent, and what the labels in it stand for.

    Attributes:
        sentences: Labels such as "G2.4" with the sentences that they stand for, in the order of the prompt.
        conditions: Labels such as "C1" with condition ids.
    """

    messages: tuple[Message, ...]
    sentences: Mapping[str, SentenceRef]
    conditions: Mapping[str, str]
    version: str
    dropped_passages: int = 0
    dropped_turns: int = 0


@lru_cache(maxsize=8)
def load_texts(language: Language) -> Texts:
    """The fixed texts of a language, from `prompts/`."""
    content = (Path(__file__).parent / "prompts" / f"{language}.md").read_text(encoding="utf-8")
    labels, instructions = frontmatter.parse(content)
    version = hashlib.sha256(f"{content}\n{TEMPLATE}".encode()).hexdigest()[:12]
    return Texts(instructions.strip(), {key: str(value) for key, value in labels.items()}, version)


def neutralize(text: str) -> str:
    """Text of callers or guidelines that can pass neither for a control token or delimiter nor for a label of ours.

    Normalized to NFC, as the tokenizer does, so that its length in bytes bounds its length in tokens.
    """
    return _LABEL.sub("(", _MARKUP.sub("‹", unicodedata.normalize("NFC", text)))


def lay_out(language: Language, evidence: Sequence[Evidence], turns: Sequence[Turn], asked: PromptQuestion) -> Pieces:
    """The parts of the prompt; evidence by document and place in it, whatever its rank."""
    texts = load_texts(language)
    ordered = tuple(sorted(evidence, key=lambda item: (item.document.id, item.chunk.ordinal)))
    conditions = _condition_labels(ordered)
    blocks = tuple(
        _block(f"G{number}", conditions[item.document.condition.id], item, texts)
        for number, item in enumerate(ordered, 1)
    )
    return Pieces(
        language=language,
        instructions=texts.instructions,
        evidence=ordered,
        blocks=blocks,
        turns=tuple(Turn(turn.role, DeidentifiedText(neutralize(turn.text))) for turn in turns),
        question=_question(asked, texts),
    )


def fit(pieces: Pieces, counts: Mapping[str, int], budget_tokens: int) -> Fit:
    """What stays within the budget: the lowest-ranked evidence goes first, then the oldest turns.

    Args:
        pieces: The parts.
        counts: Tokens of each text in `pieces`.
        budget_tokens: For the whole prompt.

    Raises:
        PromptTooLongError: Question, instructions and the best passage alone are too long.
    """
    kept = sorted(range(len(pieces.evidence)), key=lambda place: pieces.evidence[place].rank)
    turns = list(range(len(pieces.turns)))
    used = (
        counts[pieces.instructions]
        + counts[pieces.question]
        + sum(counts[block] for block in pieces.blocks)
        + sum(counts[turn.text] for turn in pieces.turns)
        + overhead_tokens(pieces)
    )
    while used > budget_tokens and len(kept) > 1:
        used -= counts[pieces.blocks[kept.pop()]] + _PASSAGE_OVERHEAD_TOKENS
    while used > budget_tokens and turns:
        used -= counts[pieces.turns[turns.pop(0)].text] + MESSAGE_OVERHEAD_TOKENS
    if used > budget_tokens:
        raise PromptTooLongError(
            f"the question needs about {used} tokens, the model takes {budget_tokens}: shorten `record`"
        )
    return Fit(tuple(sorted(kept)), tuple(turns))


def compose(pieces: Pieces, fitting: Fit) -> Prompt:
    """The prompt of what stays; labels are those of the whole, so that counts hold."""
    texts = load_texts(pieces.language)
    blocks = "\n\n".join(pieces.blocks[place] for place in fitting.evidence)
    said = [pieces.turns[place] for place in fitting.turns]
    passages, turns = fitting.dropped(pieces)
    labels = _condition_labels(pieces.evidence)
    kept = [(place + 1, pieces.evidence[place]) for place in fitting.evidence]
    present = dict.fromkeys(item.document.condition.id for _, item in kept)
    return Prompt(
        messages=(
            Message("system", pieces.instructions),
            Message("user", f"<evidence>\n{blocks}\n</evidence>"),
            *(Message(turn.role, turn.text) for turn in said),
            Message("user", pieces.question),
        ),
        sentences={
            f"G{number}.{place + 1}": SentenceRef(item.chunk.id, place)
            for number, item in kept
            for place in item.sentences
        },
        conditions={labels[condition]: condition for condition in present},
        version=texts.version,
        dropped_passages=passages,
        dropped_turns=turns,
    )


def texts_of(pieces: Pieces) -> tuple[str, ...]:
    """All texts that `fit` wants counted."""
    return (pieces.instructions, *pieces.blocks, *(turn.text for turn in pieces.turns), pieces.question)


def overhead_tokens(pieces: Pieces) -> int:
    """What stands around and between the pieces, at most."""
    return MESSAGE_OVERHEAD_TOKENS * (3 + len(pieces.turns)) + _PASSAGE_OVERHEAD_TOKENS * len(pieces.blocks)


def most_tokens(text: str) -> int:
    """No byte-level tokenizer makes more tokens of a text than it has bytes in UTF-8."""
    return len(text.encode("utf-8"))


def _condition_labels(evidence: Sequence[Evidence]) -> dict[str, str]:
    ids = dict.fromkeys(item.document.condition.id for item in evidence)
    return {condition: f"C{number}" for number, condition in enumerate(ids, 1)}


def _block(label: str, condition: str, item: Evidence, texts: Texts) -> str:
    """A passage with its header; each sentence is a line."""
    document, chunk = item.document, item.chunk
    dated = document.edition or document.published
    name = document.condition.name(document.language)
    header = [document.title, document.publisher, dated, chunk.section]
    lines = [f"{label} | {texts.labels['condition']} {condition}: {name} | " + " | ".join(filter(None, header))]
    for place in item.sentences:
        sentence = chunk.sentences[place]
        text = " ".join(chunk.text[sentence.start : sentence.end].split())
        lines.append(f"[{label}.{place + 1}] {neutralize(text)}")
    return "\n".join([neutralize(" ".join(lines[0].split())), *lines[1:]])


def _question(asked: PromptQuestion, texts: Texts) -> str:
    labels = texts.labels
    given = {
        "symptoms": asked.symptoms, "duration": asked.duration, "history": asked.history, "record": asked.record,
        **asked.facts,
    }  # fmt: skip
    lines = [f"{labels[key]}: {neutralize(text)}" for key, text in given.items() if text]
    return "\n".join(["<question>", *lines, "</question>", labels["task"]])
