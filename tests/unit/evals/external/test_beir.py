import json

import pytest

from evals.external.beir import Text, read_beir
from evals.external.reading import FormatError


def write(folder, corpus, queries, judged):
    (folder / "qrels").mkdir()
    for name, lines in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    rows = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in judged)]
    (folder / "qrels/test.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


DOCUMENTS = [
    {"_id": "d/1", "title": "Snow", "text": "It is white."},
    {"_id": "d 2", "text": "It is hot."},
]
QUERIES = [{"_id": "q1", "text": "white"}, {"_id": "q2", "text": "hot"}]


def test_a_folder_is_read_with_its_judgments(tmp_path):
    corpus = read_beir(write(tmp_path, DOCUMENTS, QUERIES, [("q1", "d/1", 2), ("q1", "d 2", 0), ("q2", "d 2", 1)]))
    assert corpus.documents == {"d/1": Text("Snow", "It is white."), "d 2": Text("", "It is hot.")}
    judged = {query.id: query.relevance for query in corpus.queries}
    assert judged == {"q1": {"d/1": 2, "d 2": 0}, "q2": {"d 2": 1}}
    assert corpus.left_out == {}


def test_documents_without_text_and_queries_without_relevant_ones_are_left_out_and_counted(tmp_path):
    documents = [*DOCUMENTS, {"_id": "d3", "title": " ", "text": ""}]
    corpus = read_beir(write(tmp_path, documents, QUERIES, [("q1", "d/1", 1), ("q2", "d 2", 0)]))
    assert [query.id for query in corpus.queries] == ["q1"]
    assert corpus.left_out == {"documents without text": 1, "queries without text or relevant documents": 1}


def test_a_folder_without_a_file_or_a_relevant_document_is_refused(tmp_path):
    write(tmp_path, DOCUMENTS, QUERIES, [("q9", "d/1", 1)])
    with pytest.raises(FormatError, match="no query has a relevant document"):
        read_beir(tmp_path)
    (tmp_path / "queries.jsonl").unlink()
    with pytest.raises(FormatError, match=r"lacks queries\.jsonl$"):
        read_beir(tmp_path)


@pytest.mark.parametrize(
    ("documents", "queries", "judged", "told"),
    [
        ([DOCUMENTS[0], {"_id": "d9", "title": "secret"}], QUERIES, [("q1", "d/1", 1)], "corpus.jsonl, line 2: text: "),
        (DOCUMENTS, [{"text": "secret"}], [("q1", "d/1", 1)], "queries.jsonl, line 1: _id: "),
        (DOCUMENTS, QUERIES, [("q1", "d/1", 1), ("q1", "secret", "many")], "test.tsv, line 3: score: "),
    ],
)
def test_a_broken_line_is_told_by_file_and_line_without_its_text(tmp_path, documents, queries, judged, told):
    with pytest.raises(FormatError) as raised:
        read_beir(write(tmp_path, documents, queries, judged))
    assert str(raised.value).startswith(told)
    assert "secret" not in str(raised.value)
