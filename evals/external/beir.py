"""Retrieval: a folder in BEIR's layout, that is `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from evals.external.reading import FormatError, Row, json_lines, table

FILES: Final = ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv")


@dataclass(frozen=True, slots=True)
class Text:
    """A document of the corpus; one of the two may be empty."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Sought:
    """A query with its judgments.

    Attributes:
        relevance: By document id; 0 is not relevant, and at least one is more.
    """

    id: str
    text: str
    relevance: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A retrieval benchmark.

    Attributes:
        documents: By id.
        queries: Those that have a relevant document; in the order of their file.
        left_out: How many documents and queries a run cannot use, by reason.
    """

    documents: Mapping[str, Text]
    queries: tuple[Sought, ...]
    left_out: Mapping[str, int]


_Id = Annotated[str, Field(min_length=1)]


class _Document(Row):
    id: _Id = Field(alias="_id")
    title: str = ""
    text: str


class _Query(Row):
    id: _Id = Field(alias="_id")
    text: str


class _Judgment(Row):
    query: _Id = Field(alias="query-id")
    document: _Id = Field(alias="corpus-id")
    score: int


def read_beir(folder: Path) -> Corpus:
    """Lines `{_id, title, text}` and `{_id, text}`, and a table of `query-id`, `corpus-id`, `score` with tabs.

    Raises:
        FormatError: A file is missing, a line is of another layout, or there is no query with a relevant document.
    """
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise FormatError(f"the folder lacks {', '.join(missing)}")
    left_out: Counter[str] = Counter()
    documents = _documents(folder / FILES[0], left_out)
    judged: dict[str, dict[str, int]] = defaultdict(dict)
    for _, judgment in table(folder / FILES[2], _Judgment, delimiter="\t"):
        judged[judgment.query][judgment.document] = judgment.score
    queries = []
    for _, query in json_lines(folder / FILES[1], _Query):
        relevance = judged.get(query.id, {})
        if query.text.strip() and any(score > 0 for score in relevance.values()):
            queries.append(Sought(query.id, query.text, relevance))
        else:
            left_out["queries without text or relevant documents"] += 1
    if not queries:
        raise FormatError(f"{FILES[1]}: no query has a relevant document in {FILES[2]}")
    return Corpus(documents, tuple(queries), {reason: n for reason, n in left_out.items() if n})


def _documents(file: Path, left_out: Counter[str]) -> dict[str, Text]:
    documents: dict[str, Text] = {}
    for _, row in json_lines(file, _Document):
        if row.title.strip() or row.text.strip():
            documents[row.id] = Text(row.title.strip(), row.text.strip())
        else:
            left_out["documents without text"] += 1
    if not documents:
        raise FormatError(f"{file.name}: has no document")
    return documents
