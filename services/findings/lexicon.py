"""Terms of findings, tests and departments in English and Chinese, and where a text has them."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from services.core.datafile import read_yaml
from services.core.errors import LibraryError
from services.core.text import Token, stems, tokenize

_GAP_WORDS: Final = {"..": 6, "~": 3}
"""How many other words each gap of a term allows; a short one lets fillers in where a long one would be too wide."""

_FARTHEST: Final = max(_GAP_WORDS.values()) + 1
_GAP: Final = re.compile(rf" ({'|'.join(map(re.escape, _GAP_WORDS))}) ")
_GLUED: Final = re.compile(r"[a-z'’]\(|\)[a-z'’]", re.IGNORECASE)
"""A bracket inside a word, as in "breath(ing|less)"."""

_GAP_IN_BRACKETS: Final = re.compile(r"\([^)]*\.\.[^)]*\)")
_REMEMBERED_SENTENCES: Final = 50_000
_CLAUSE_ENDS: Final = frozenset("，。；！？,;!?\n")
_LAST_OF_LATIN: Final = "\u2fff"
_NO_HEADS: Final = frozenset("老锄石木砖斧枕馒罐骨指趾镜码插龙")
"""What makes another word of a 头 behind it: 锄头碰到 is no blow to the head."""

_GAP_BREAKS: Final = frozenset(".;!?\n。；！？，、")


class Kind(StrEnum):
    """What sort of thing a concept is."""

    SYMPTOM = "symptom"
    SIGN = "sign"
    RISK_FACTOR = "risk_factor"
    HISTORY = "history"
    OTHER = "other"


_LASTING: Final = frozenset({Kind.RISK_FACTOR, Kind.HISTORY, Kind.OTHER})


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that has a name and ways to say it.

    Attributes:
        implies: Ids of more general concepts that hold whenever this one does; closed under itself.
        excludes: Ids of concepts that cannot hold beside this one.
        is_event: Told as history, but over and done with once years have passed.
    """

    id: str
    names: Mapping[str, str]
    terms: Mapping[str, tuple[str, ...]]
    kind: Kind = Kind.OTHER
    implies: frozenset[str] = frozenset()
    excludes: frozenset[str] = frozenset()
    is_event: bool = False

    def name(self, language: str) -> str:
        """The name in this language, else the English one."""
        return self.names.get(language, self.names["en"])


@dataclass(frozen=True, slots=True)
class Match:
    """A term found in a text: `text[start:end]`; `tokens` are the places of its words in the token list."""

    concept_id: str
    start: int
    end: int
    tokens: tuple[int, ...]


@dataclass(slots=True)
class _Part:
    """The wordings of one part of a term, as a trie of tokens; at its root, the longest gap before it."""

    children: dict[str, "_Part"] = field(default_factory=dict)
    is_end: bool = False
    gap: int = 0

    @classmethod
    def of(cls, term_part: str, gap: int) -> "_Part":
        root = cls(gap=gap)
        for tokens in wordings(term_part):
            node = root
            for value in tokens:
                if value not in node.children:
                    node.children[value] = cls()
                node = node.children[value]
            node.is_end = True
        return root


@dataclass(slots=True)
class _Node:
    """A token of terms' first parts; `ends` are (concept, remaining parts) of terms whose first part ends here."""

    children: dict[str, "_Node"] = field(default_factory=dict)
    ends: list[tuple[str, tuple[_Part, ...]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Times:
    """Ids of concepts that stay with a person however long ago they were, and of those that happen once."""

    lasting: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()


class Lexicon:
    """Concepts by id, and a search for their terms that reads a text once."""

    def __init__(self, concepts: Iterable[Concept]) -> None:
        """Index the terms.

        Raises:
            LibraryError: Two concepts have one id, or one implies or excludes an unknown one.
        """
        given = list(concepts)
        self.concepts: Final[Mapping[str, Concept]] = _closed({concept.id: concept for concept in given})
        if len(self.concepts) != len(given):
            raise LibraryError("a terminology file has two entries with one id")
        self.times: Final = Times(
            lasting=frozenset(c.id for c in given if c.kind in _LASTING and not c.is_event),
            events=frozenset(c.id for c in given if c.is_event),
        )
        self._root = _Node()
        self._remembered: dict[str, tuple[str, ...]] = {}
        for concept in self.concepts.values():
            for term in dict.fromkeys(itertools.chain.from_iterable(concept.terms.values())):
                for simple in _without_gaps_in_brackets(term):
                    self._add(concept.id, simple)

    def concepts_in(self, sentence: str) -> tuple[str, ...]:
        """Ids of what a guideline's sentence names, in its order; remembered, so not for private text."""
        found = self._remembered.get(sentence)
        if found is None:
            found = tuple(dict.fromkeys(match.concept_id for match in self.match(sentence)))
            if len(self._remembered) >= _REMEMBERED_SENTENCES:
                self._remembered.clear()
            self._remembered[sentence] = found
        return found

    def match(self, text: str, tokens: Sequence[Token] | None = None) -> list[Match]:
        """All terms in a text in order of their start; a longer match hides those inside it."""
        tokens = tokenize(text) if tokens is None else tokens
        words = _Words.of(text, tokens)
        whole: list[Match] = []
        gapped: list[Match] = []
        for first in range(len(tokens)):
            for concept_id, places in self._at(words, first):
                contiguous = places[-1] - places[0] == len(places) - 1
                match = Match(concept_id, tokens[places[0]].start, tokens[places[-1]].end, places)
                (whole if contiguous else gapped).append(match)
        found = {(match.concept_id, match.tokens): match for match in [*_outermost(whole), *gapped]}
        return sorted(found.values(), key=lambda match: (match.start, match.end, match.concept_id))

    def _add(self, concept_id: str, term: str) -> None:
        first, *others = _GAP.split(term)
        parts = zip(others[::2], others[1::2], strict=True)
        starts, rest = wordings(first), tuple(_Part.of(part, _GAP_WORDS[gap]) for gap, part in parts)
        if () in starts or any(part.is_end for part in rest):
            raise LibraryError(f"the terminology entry {concept_id} has a term that can be empty")
        for tokens in starts:
            node = self._root
            for value in tokens:
                if value not in node.children:
                    node.children[value] = _Node()
                node = node.children[value]
            node.ends.append((concept_id, rest))

    def _at(self, words: "_Words", first: int) -> Iterable[tuple[str, tuple[int, ...]]]:
        """Terms that start at this token, with the places of their tokens."""
        if first in words.no_starts:
            return
        values = words.values
        node, at = self._root, first
        while at < len(values) and (child := node.children.get(values[at])):
            if at > first and words.ends_clause[at]:
                return
            node, at = child, at + 1
            ahead = set(values[at : at + _FARTHEST])
            for concept_id, rest in node.ends:
                # Most parts begin with nothing that is near; this is quicker than looking from place to place.
                if rest and rest[0].children.keys().isdisjoint(ahead):
                    continue
                places: tuple[int, ...] | None = tuple(range(first, at))
                for part in rest:
                    places = _extend(words, places, part) if places else None
                if places:
                    yield concept_id, places


@dataclass(frozen=True, slots=True)
class _Words:
    """A text's tokens as terms are matched with them.

    Attributes:
        values: Of the tokens.
        breaks: Whether a gap may not reach over what stands before a token.
        ends_clause: Whether a clause ends before a token.
        no_starts: Places of tokens that are no word of their own, with which no term begins.
    """

    values: list[str]
    breaks: list[bool]
    ends_clause: list[bool]
    no_starts: frozenset[int]

    @classmethod
    def of(cls, text: str, tokens: Sequence[Token]) -> "_Words":
        values = [token.value for token in tokens]
        before = ["", *(text[one.end : other.start] for one, other in itertools.pairwise(tokens))]
        breaks = [not _GAP_BREAKS.isdisjoint(between) for between in before]
        # Between two Chinese characters, whose words no punctuation may join: 像石头，疼得厉害.
        ends = [
            bool(between) and values[place - 1] > _LAST_OF_LATIN and not _CLAUSE_ENDS.isdisjoint(between)
            for place, between in enumerate(before)
        ]
        places = range(1, len(tokens))
        no_starts = {n for n in places if values[n] == "头" and text[tokens[n].start - 1] in _NO_HEADS}
        return cls(values, breaks, ends, frozenset(no_starts))


def _without_gaps_in_brackets(term: str) -> list[str]:
    """A term whose alternatives have gaps as several terms."""
    if not _GAP_IN_BRACKETS.search(term):
        return [term]
    pieces = [piece.split("|") for piece in re.split(r"[()]", term)]
    return [" ".join("".join(choice).split()) for choice in itertools.product(*pieces)]


def wordings(term: str) -> set[tuple[str, ...]]:
    """The token sequences of a term without gaps: "(hot|boiling) water" is (hot, water) and (boil, water)."""
    pieces = [piece.split("|") for piece in re.split(r"[()]", term)]
    if _GLUED.search(term):
        return {stems("".join(choice)) for choice in itertools.product(*pieces)}
    tokenized = [[stems(alternative) for alternative in piece] for piece in pieces]
    return {tuple(itertools.chain.from_iterable(choice)) for choice in itertools.product(*tokenized)}


def _extend(words: _Words, places: tuple[int, ...], part: _Part) -> tuple[int, ...] | None:
    """The places with those of the next part, at most some tokens further on in the same clause."""
    values, last = words.values, places[-1]
    for start in range(last + 1, min(last + part.gap + 2, len(values))):
        if words.breaks[start]:
            return None
        node, at = part, start
        while at < len(values) and (child := node.children.get(values[at])):
            if at > start and words.ends_clause[at]:
                break
            node, at = child, at + 1
            if node.is_end:
                return (*places, *range(start, at))
    return None


def _outermost(matches: list[Match]) -> list[Match]:
    """Matches that do not lie inside a longer one."""
    kept: list[Match] = []
    reach = -1
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        same = bool(kept) and (match.start, match.end) == (kept[-1].start, kept[-1].end)
        if match.end > reach or same:
            kept.append(match)
            reach = max(reach, match.end)
    return kept


def _closed(concepts: dict[str, Concept]) -> dict[str, Concept]:
    """The same concepts, each with all that it implies directly or through others."""

    def reached(concept_id: str, seen: frozenset[str]) -> frozenset[str]:
        for implied in concepts[concept_id].implies - seen:
            if implied not in concepts:
                raise LibraryError(f"the terminology entry {concept_id} implies an unknown one")
            seen = reached(implied, seen | {implied})
        return seen

    return {
        c.id: replace(c, implies=reached(c.id, frozenset()) - {c.id}, excludes=_mutual(c, concepts))
        for c in concepts.values()
    }


def _mutual(concept: Concept, concepts: Mapping[str, Concept]) -> frozenset[str]:
    """What a concept excludes, and what excludes it."""
    if unknown := concept.excludes - concepts.keys():
        raise LibraryError(f"the terminology entry {concept.id} excludes unknown ones: {', '.join(sorted(unknown))}")
    return concept.excludes | {other.id for other in concepts.values() if concept.id in other.excludes}


_Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: dict[str, _Word]
    kind: Kind = Kind.OTHER
    implies: list[str] = []
    excludes: list[str] = []
    event: bool = False
    terms: dict[str, list[_Word]] = Field(min_length=1)


_ENTRIES: Final = TypeAdapter(list[_Entry])


def load_lexicon(file: Path) -> Lexicon:
    """Read a terminology file.

    Raises:
        LibraryError: It is missing or not valid.
    """
    return Lexicon(
        Concept(
            entry.id,
            entry.name,
            {language: _with_name(entry, language) for language in {**entry.terms, **entry.name}},
            entry.kind,
            frozenset(entry.implies),
            frozenset(entry.excludes),
            entry.event,
        )
        for entry in read_yaml(file, _ENTRIES)
    )


def _with_name(entry: _Entry, language: str) -> tuple[str, ...]:
    """The terms, and the name itself where it has no sign that means something in a term."""
    name = entry.name.get(language, "")
    terms = entry.terms.get(language, [])
    return (*terms, name) if name and not set("()|").intersection(name) else tuple(terms)
