"""Real guidelines and odd PDFs that are not part of the project: nothing is lost, and citations name the right page."""

import datetime
import re
from collections import Counter
from dataclasses import dataclass

import pytest
from support import ROOT

from ingestion.catalog import load_catalog
from ingestion.embedding import KnownVectors, chunks_of
from ingestion.parsing import SUFFIXES, Parsers
from ingestion.plan import Report, draw_up
from ingestion.reading import read_documents, settle
from ingestion.scan import scan
from ingestion.spool import Spool
from services.core.answer import SentenceRef
from services.core.types import Chunk, Document
from services.verification.citations import Citations

DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="there is no shared/data beside the repository")

WHO_IPC, WHO_DIET, CDC, WHO_ROUTINE = (f"data_documents_raw_doc_00{number}.pdf" for number in (2, 3, 4, 5))
PLACES = [
    (WHO_IPC, 7, "pre-hospital emergency care, acute care surgery"),
    (WHO_IPC, 9, "performing two systematic reviews for the retrieval of the evidence"),  # goes on on page 10
    (WHO_IPC, 14, "Core component: 5. Multimodal strategies; Recommendation or"),
    (WHO_IPC, 27, "no country has successfully eliminated the risk of acquisition"),  # goes on on page 28
    (WHO_IPC, 37, "74% of national IPC documents address"),
    (WHO_IPC, 71, "dimensions 3600 mm (width) × 3700 mm (depth)"),
    (WHO_DIET, 7, "increased consumption of processed food, rapid urbanization"),
    (WHO_DIET, 9, "Keeping salt intake to less than 5 g per day helps"),
    (WHO_DIET, 15, "1.7 million deaths could be prevented each year"),
    (WHO_DIET, 18, "ICN2 adopted the Rome Declaration"),
    (CDC, 3, "public health clinics, imaging centers, oncology clinics"),  # goes on on page 4
    (CDC, 14, "into a single-patient room and a systematic approach to transfer"),  # goes on on page 15
    (CDC, 23, "Elements to be assessed: B. HCP for whom contact with blood"),
    (CDC, 33, "septum on a medication vial is disinfected with alcohol"),
    (CDC, 38, "Sterile packs are labeled with a load number"),
    (WHO_ROUTINE, 18, "completeness of facility reports submitted to district level"),  # notes, then page 19
    (WHO_ROUTINE, 22, "Data quality measure: Coherence between related data items"),
    (WHO_ROUTINE, 23, "this method can be used only when coverage is consistently very high"),  # goes on on page 24
    (WHO_ROUTINE, 36, "Who is affected by the diseases/using the services?"),
    (WHO_ROUTINE, 41, "suggested a Penta 1 coverage of 112% for this region"),
]
"""A document, a page as a viewer counts it, and words that stand, or begin, there; looked up in rendered pages."""

WITHOUT_TEXT = {
    "BACK PAIN": ["Treatment"],
    "FRAILTY": ["ClinicalFeatures"],
    "GINGIVAL ABSCESS": ["GINGIVALABSCESS"],
    "JAUNDICE IN PREGNANCY": ["Complications"],
    "NON-OBSTRUCTIVE (SIMPLE) CHRONIC BRONCHITIS (NCB)": ["ClinicalFeatures"],
    "PULMONARY TUBERCULOSIS": ["ClinicalFeatures"],
    "SCLERODERMA (SYSTEMIC SCLEROSIS)": ["Treatment"],
}
"""Headings that nothing stands under; the only words that no chunk has, apart from list marks."""

LIST_MARK = re.compile(r"\d{1,2}|[a-z]|")


@dataclass(frozen=True)
class Ingested:
    report: Report
    documents: dict[str, Document]
    chunks: list[Chunk]


def ingested(folder, embedder):
    """All of a sync before the first vector: its report, and the documents and chunks that it would publish."""
    found = scan(folder, SUFFIXES)
    catalog = load_catalog(folder)
    plan = draw_up(found, [], catalog.metadata_hash)
    report = Report(duplicates=found.duplicates, problems=found.problems)
    with Parsers() as parsers, Spool() as spool:
        read_documents(plan, catalog, parsers.read, spool, report, reviewed=False)
        documents = settle(plan, spool.documents, datetime.datetime.now(datetime.UTC).date(), report)
        by_id = {document.id: document for document in documents}
        pending = chunks_of(spool.take(by_id.keys()), embedder, KnownVectors({}, lambda _: []))
        return Ingested(report, by_id, [one.chunk for one in pending])


@pytest.fixture(scope="module")
def guidelines(embedder):
    return ingested(DATA / "pdf-guidelines", embedder)


@pytest.fixture(scope="module")
def national(embedder):
    return ingested(DATA / "guidelines-nstg2022", embedder)


@pytest.mark.parametrize(("file", "page", "words"), PLACES)
def test_a_citation_names_the_page_where_its_sentence_begins(guidelines, file, page, words):
    citations = Citations({c.id: c for c in guidelines.chunks}, guidelines.documents, for_clinician=True)
    citations.cite(
        SentenceRef(chunk.id, number)
        for chunk in guidelines.chunks
        for number, at in enumerate(chunk.sentences)
        if guidelines.documents[chunk.document_id].file == file and words in chunk.text[at.start : at.end]
    )
    assert [(found.guideline.file, found.page) for found in citations.used()] == [(file, page)]


def letters(text):
    return "".join(character for character in text if character.isalnum())


def left_out(source, chunks):
    """What stands in a text file and not in its chunks, in the order of the file; letters and digits only."""
    rows = [line for line in source.split("\n") if line.lstrip().startswith("|")]
    rest = letters("\n".join(line for line in source.split("\n") if line not in rows))
    told = letters(" ".join(chunk.text for chunk in chunks))
    found = [cell for row in rows for cell in map(letters, row.split("|")) if cell not in told]
    headings: dict[str, None] = {}
    at = 0
    for section, line in [*((chunk.section, line) for chunk in chunks for line in chunk.text.split("\n")), (None, "")]:
        headings |= dict.fromkeys(map(letters, (section or "").split(" > ")))
        place = rest.find(letters(line), at) if section is not None else len(rest)
        if place < 0 and rows:
            continue  # a row of a table, whose cells were looked for above
        gap = rest[at:place] if place >= 0 else f"not in the file: {line}"
        for heading in headings:
            gap = gap.replace(heading, "", 1)
        found += [gap] if not LIST_MARK.fullmatch(gap) else []
        headings, at = {}, max(at, place + len(letters(line)))
    return found


def test_the_national_texts_are_read_and_copies_are_named(national):
    report = national.report
    assert report.problems == []
    assert len(report.added) + len(report.duplicates) == 270
    assert len(report.duplicates) == 16
    identical = scan(DATA / "guidelines-nstg2022", SUFFIXES).duplicates
    assert len(identical) == 14
    assert identical.items() <= report.duplicates.items()


def test_nothing_of_the_national_texts_is_lost(national):
    lost = {}
    for document in national.documents.values():
        source = (DATA / "guidelines-nstg2022" / document.file).read_text(encoding="utf-8")
        found = left_out(source, [chunk for chunk in national.chunks if chunk.document_id == document.id])
        if found:
            lost[document.file.removesuffix(".txt")] = found
    assert lost == WITHOUT_TEXT


def test_odd_pdfs_are_read_or_left_out_with_a_reason(embedder):
    made = ingested(DATA / "pdf-hard", embedder)
    problems = Counter(problem.kind for problem in made.report.problems)
    assert problems == {"no_text": 14, "encrypted": 8, "broken": 1, "suspicious": 1}
    assert all(problem.reason for problem in made.report.problems)
    assert len(made.report.added) + len(made.report.duplicates) + problems.total() == 78
    assert {chunk.document_id for chunk in made.chunks} == made.documents.keys()
