"""What an editor wants to know of a library before it is published: `citewell-ingest check`.

Every document is read as a sync reads it. Digests, whose statements name their sources, are held to more: a source
behind each statement, no source without a statement, and the same in all languages. Lexica and triage rules are loaded
as the service loads them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

from ingestion.catalog import load_catalog
from ingestion.parsing import SUFFIXES
from ingestion.plan import Report, draw_up
from ingestion.reading import read_documents
from ingestion.scan import Problem, scan
from ingestion.sections import role_of
from ingestion.spool import Read, Spool
from ingestion.workshop import Parse
from services.core.errors import LibraryError
from services.core.types import Condition, SectionRole
from services.findings.lexicon import Lexicon, load_lexicon
from services.triage.levels import EMERGENCIES
from services.triage.resemblance import read_examples
from services.triage.rules import Rule, load_rules

_LEXICA: Final = ("findings", "tests", "departments")
_KINDS: Final = frozenset({True, False})
_SHARED: Final = 0.6
"""Share of the findings that two languages of a digest must both name; wordings never match in all."""


def check_library(folder: Path, parse: Parse) -> list[Problem]:
    """What is wrong with a library; nothing is written.

    Args:
        folder: Documents, and in `terminology/` and `triage/` what the service loads, where that is there.
        parse: Reads files.
    """
    catalog = load_catalog(folder)
    found = scan(folder, SUFFIXES)
    report = Report(problems=found.problems)
    report.problems += [Problem(file, "catalog_invalid", message) for file, message in catalog.problems]
    report.problems += [Problem(file, "duplicate", f"is {first}") for file, first in found.duplicates.items()]
    with Spool() as spool:
        plan = draw_up(found, [], catalog.metadata_hash)
        read_documents(plan, catalog, parse, spool, report, reviewed=True)
        documents = spool.documents
        digests = list(spool.take({document.id for document in documents if document.sources}))
    lexica, problems = _terminology(folder)
    return [
        *report.problems,
        *problems,
        *(problem for read in digests for problem in _sources(read)),
        *_languages(digests, lexica.get("findings")),
        *_synonyms([document.condition for document in documents]),
    ]


def _terminology(folder: Path) -> tuple[dict[str, Lexicon], list[Problem]]:
    """The lexica that can be loaded, and what is wrong with the others and with the rules."""
    lexica: dict[str, Lexicon] = {}
    problems: list[Problem] = []
    for name in _LEXICA:
        file = Path("terminology") / f"{name}.yaml"
        if (folder / file).is_file():
            try:
                lexica[name] = load_lexicon(folder / file)
            except LibraryError as exc:
                problems.append(Problem(file.as_posix(), "terminology_invalid", str(exc)))
    if (folder / "triage").is_dir() and "findings" in lexica:
        try:
            rules = load_rules(folder / "triage", lexica["findings"])
            problems += _examples(folder / "triage" / "examples", rules)
        except LibraryError as exc:
            problems.append(Problem("triage", "rules_invalid", str(exc)))
    return lexica, problems


def _examples(folder: Path, rules: Sequence[Rule]) -> Iterator[Problem]:
    """Urgent rules that one of the languages has no examples of both kinds for, where it has any examples at all."""
    for file in sorted(folder.glob("*.jsonl")):
        kinds: dict[str, set[bool]] = defaultdict(set)
        for example in read_examples(file, rules):
            if example.rule:
                kinds[example.rule.id].add(example.is_emergency)
        lacking = [rule.id for rule in rules if rule.level in EMERGENCIES and kinds[rule.id] != _KINDS]
        if lacking:
            reason = f"without an example of an emergency and of none: {', '.join(lacking)}"
            yield Problem(f"triage/examples/{file.name}", "examples_missing", reason)


def _sources(read: Read) -> Iterator[Problem]:
    """Statements without a source, and sources without a statement."""
    used: set[str] = set()
    bare = 0
    for section in read.sections:
        for sentence in section.sentences:
            used.update(sentence.sources)
            bare += not sentence.sources
    if bare:
        yield Problem(read.document.file, "statement_without_source", f"{bare} statement(s) name no source")
    if unused := sorted(read.document.sources.keys() - used):
        yield Problem(read.document.file, "source_unused", f"no statement names {', '.join(unused)}")


def _languages(digests: Sequence[Read], findings: Lexicon | None) -> Iterator[Problem]:
    """Differences between the languages of a condition's digests."""
    by_condition: dict[str, list[Read]] = defaultdict(list)
    for read in digests:
        by_condition[read.document.condition.id].append(read)
    for group in by_condition.values():
        for first, other in combinations(group, 2):
            if first.document.language != other.document.language:
                for reason in _differences(first, other, findings):
                    yield Problem(other.document.file, "languages_differ", f"not as {first.document.file}: {reason}")


def _differences(first: Read, other: Read, findings: Lexicon | None) -> Iterator[str]:
    one, two = first.document, other.document
    for name in ("condition", "other_conditions", "profile", "sources"):
        if getattr(one, name) != getattr(two, name):
            yield f"another {name.replace('_', ' ')}"
    roles = [[role_of(section.path) for section in read.sections] for read in (first, other)]
    if roles[0] != roles[1]:
        yield "other sections"
        return
    for role, left, right in zip(roles[0], first.sections, other.sections, strict=True):
        if [s.sources for s in left.sentences] != [s.sources for s in right.sentences]:
            yield f"the statements under {role.value} differ in number, order or sources"
    if findings is not None:
        left_named, right_named = _named(first, findings), _named(other, findings)
        if len(left_named & right_named) < _SHARED * len(left_named | right_named):
            alone = sorted(left_named ^ right_named)
            yield f"fewer than {_SHARED:.0%} of the findings are named in both: only in one {', '.join(alone)}"


def _named(read: Read, findings: Lexicon) -> set[str]:
    """Findings that the presentation names."""
    parts = [section.text for section in read.sections if role_of(section.path) is SectionRole.PRESENTATION]
    return {concept for part in parts for line in part.split("\n") for concept in findings.concepts_in(line)}


def _synonyms(conditions: Sequence[Condition]) -> Iterator[Problem]:
    """Names that stand for two conditions: a question with one of them would find both."""
    owners: dict[str, dict[str, None]] = defaultdict(dict)
    for condition in conditions:
        for name in _names_of(condition):
            owners[name][condition.id] = None
    for name, ids in owners.items():
        if len(ids) > 1:
            yield Problem(", ".join(ids), "synonym_shared", f"{name} is a name of each; name it in one only")


def _names_of(condition: Condition) -> set[str]:
    return {name.casefold() for names in (condition.names.values(), *condition.synonyms.values()) for name in names}
