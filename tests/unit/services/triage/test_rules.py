import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.core.answer import SentenceRef
from services.core.errors import LibraryError
from services.core.types import Patient, SectionRole, Source, TriageLevel
from services.findings.extract import Findings
from services.findings.lexicon import Concept, Lexicon
from services.triage.levels import MOST_URGENT_FIRST
from services.triage.rules import Rule, load_rules, rule_passage, rule_ref, triage

SOURCE = Source("Publisher", "Title", 2021, "https://example.org/guideline", checked=True)
SENTENCE = {"en": "Chest pain needs an ambulance.", "zh": "胸痛须呼叫救护车。"}
NOBODY = Patient()
AMBULANCE, EMERGENCY, DAY, ROUTINE, SELF_CARE = MOST_URGENT_FIRST


def rule(name="rule", level=AMBULANCE, all_of=("chest-pain",), any_of=(), **bounds):
    only = bounds.pop("only", None)
    return Rule(
        id=name,
        level=level,
        finding={"en": "Chest pain", "zh": "胸痛"},
        source=SOURCE,
        sentence=SENTENCE,
        all_of=frozenset(all_of),
        any_of=frozenset(any_of),
        only=None if only is None else frozenset(only),
        **bounds,
    )


def findings(*present):
    return Findings(frozenset(present), frozenset(), frozenset(), present)


def applies(made, present=("chest-pain",), patient=NOBODY, days=None):
    return bool(triage([made], findings(*present), patient, days).rules)


def test_without_a_rule_that_applies_the_level_is_the_default():
    made = triage([rule()], findings("cough"), NOBODY, None)
    assert (made.level, made.rules) == (ROUTINE, ())


def test_the_most_urgent_rule_wins():
    rules = [rule("a", DAY), rule("b", AMBULANCE), rule("c", SELF_CARE)]
    made = triage(rules, findings("chest-pain"), NOBODY, None)
    assert (made.level, [r.id for r in made.rules]) == (AMBULANCE, ["b"])


def test_all_rules_of_the_winning_level_are_told_in_their_order():
    rules = [rule("a", EMERGENCY), rule("b", DAY), rule("c", EMERGENCY)]
    assert [r.id for r in triage(rules, findings("chest-pain"), NOBODY, None).rules] == ["a", "c"]


def test_all_findings_of_a_rule_must_be_present():
    both = rule(all_of=("chest-pain", "sweating"))
    assert not applies(both, ("chest-pain",))
    assert applies(both, ("chest-pain", "sweating", "cough"))


def test_one_of_the_alternatives_must_be_present_too():
    either = rule(any_of=("sweating", "fainting"))
    assert not applies(either, ("chest-pain",))
    assert not applies(either, ("sweating", "fainting"))
    assert applies(either, ("chest-pain", "fainting"))


def test_a_rule_of_alternatives_alone_needs_one_of_them():
    either = rule(all_of=(), any_of=("sweating", "fainting"))
    assert not applies(either, ("chest-pain",))
    assert applies(either, ("fainting",))


def test_absent_and_unknown_findings_start_no_rule():
    found = Findings(frozenset(), frozenset({"chest-pain"}), frozenset({"sweating"}), ())
    rules = [rule("a"), rule("b", all_of=("sweating",))]
    assert triage(rules, found, NOBODY, None).rules == ()


def test_a_self_care_rule_applies_only_where_nothing_else_is_present():
    mild = rule(level=SELF_CARE, all_of=("cough",), any_of=(), only=("runny-nose",))
    assert applies(mild, ("cough",))
    assert applies(mild, ("cough", "runny-nose"))
    assert not applies(mild, ("cough", "smoking"))


@pytest.mark.parametrize(
    ("age", "fits"), [(1.9, False), (2, True), (17.9, True), (18, False), (0, False), (120, False)]
)
def test_the_lower_age_is_inclusive_and_the_upper_exclusive(age, fits):
    assert applies(rule(min_age_years=2, max_age_years=18), patient=Patient(age_years=age)) == fits


def test_an_unknown_age_counts_as_that_of_an_adult():
    assert applies(rule(min_age_years=18))
    assert not applies(rule(max_age_years=18))
    assert not applies(rule(min_age_years=65))


@pytest.mark.parametrize("level", MOST_URGENT_FIRST)
def test_an_unknown_sex_fits_in_emergencies_only(level):
    assert applies(rule(level=level, sex="female")) == (level in {AMBULANCE, EMERGENCY})


@pytest.mark.parametrize("level", MOST_URGENT_FIRST)
def test_a_known_sex_must_be_the_rules(level):
    assert applies(rule(level=level, sex="female"), patient=Patient(sex="female"))
    assert not applies(rule(level=level, sex="female"), patient=Patient(sex="male"))


@pytest.mark.parametrize(("pregnant", "fits"), [(True, True), (False, False), (None, False)])
def test_a_rule_for_pregnancy_needs_one_that_is_known(pregnant, fits):
    assert applies(rule(pregnant=True), patient=Patient(pregnant=pregnant)) == fits


@pytest.mark.parametrize(("pregnant", "fits"), [(True, False), (False, True), (None, True)])
def test_a_rule_for_others_excludes_a_known_pregnancy(pregnant, fits):
    assert applies(rule(pregnant=False), patient=Patient(pregnant=pregnant)) == fits


@pytest.mark.parametrize(("days", "fits"), [(6.9, False), (7, True), (14, True), (14.1, False), (None, False)])
def test_both_bounds_of_a_duration_are_inclusive_and_an_unknown_one_does_not_fit(days, fits):
    assert applies(rule(min_duration_days=7, max_duration_days=14), days=days) == fits


@pytest.mark.parametrize("days", [None, 0, 1000])
def test_a_rule_without_bounds_asks_for_no_duration(days):
    assert applies(rule(), days=days)


FINDINGS = ["chest-pain", "sweating", "fainting", "cough"]
RULES = st.lists(
    st.builds(
        rule,
        st.uuids().map(str),
        st.sampled_from([AMBULANCE, EMERGENCY, DAY, ROUTINE]),
        st.frozensets(st.sampled_from(FINDINGS), min_size=1),
        st.frozensets(st.sampled_from(FINDINGS), max_size=2),
    ),
    max_size=6,
)
PRESENT = st.frozensets(st.sampled_from(FINDINGS))


@given(RULES, PRESENT, PRESENT)
def test_more_findings_never_lower_the_level_but_by_self_care_rules(rules, present, more):
    rules = [r for r in rules if r.only is None and r.level is not ROUTINE]
    before = triage(rules, findings(*present), NOBODY, None).level
    after = triage(rules, findings(*present | more), NOBODY, None).level
    assert MOST_URGENT_FIRST.index(after) <= MOST_URGENT_FIRST.index(before)


@given(RULES, PRESENT, st.randoms())
def test_the_order_of_rules_does_not_change_the_level(rules, present, random):
    shuffled = list(rules)
    random.shuffle(shuffled)
    first, second = (triage(some, findings(*present), NOBODY, None) for some in (rules, shuffled))
    assert first.level is second.level
    assert {r.id for r in first.rules} == {r.id for r in second.rules}


LEXICON = Lexicon(Concept(name, {"en": name}, {"en": (name,)}) for name in ("chest-pain", "sweating"))


def entry(**changes):
    made = {
        "id": "crushing",
        "level": "call_ambulance",
        "finding": {"en": "Crushing chest pain", "zh": "压榨性胸痛"},
        "when": {"all": ["chest-pain"], "any": ["sweating"]},
        "source": {"publisher": "P", "title": "T", "year": 2021, "url": "https://example.org", "checked": True},
        "sentence": dict(SENTENCE),
    }
    return made | changes


def write(folder, *entries, name="rules.yaml"):
    (folder / name).write_text(yaml.safe_dump(list(entries), allow_unicode=True), encoding="utf-8")


def test_rules_of_all_files_are_read(tmp_path):
    write(tmp_path, entry(), name="a.yaml")
    write(tmp_path, entry(id="young", age_years={"max": 0.25}, sex="female", pregnant=True), name="b.yaml")
    first, second = load_rules(tmp_path, LEXICON)
    assert (first.id, first.level, first.all_of, first.any_of, first.only) == (
        "crushing",
        TriageLevel.CALL_AMBULANCE,
        {"chest-pain"},
        {"sweating"},
        None,
    )
    assert first.source == Source("P", "T", 2021, "https://example.org", checked=True)
    assert (second.min_age_years, second.max_age_years, second.sex, second.pregnant) == (None, 0.25, "female", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"level": "ambulance"},
        {"when": {}},
        {"when": {"only": ["chest-pain"]}},
        {"when": {"all": ["no-such"]}},
        {"when": {"all": ["chest-pain"], "any": ["no-such"]}},
        {"when": {"all": ["chest-pain"], "only": ["no-such"]}},
        {"when": {"all": ["chest-pain"], "none": ["sweating"]}},
        {"finding": {"en": "Chest pain"}},
        {"sentence": {"en": "Chest pain needs an ambulance."}},
        {"sentence": {"en": "Chest pain.", "zh": " "}},
        {"source": {"publisher": "P", "title": "T", "year": 2021, "url": "example.org"}},
        {"source": {"publisher": "P", "title": "T", "year": 1021, "url": "https://example.org"}},
        {"sex": "any"},
        {"age_years": {"from": 2}},
        {"id": "Crushing Chest"},
        {"priority": 1},
    ],
    ids=str,
)
def test_a_rule_that_is_not_valid_is_refused(tmp_path, changes):
    write(tmp_path, entry(**changes))
    with pytest.raises(LibraryError):
        load_rules(tmp_path, LEXICON)


def test_an_id_may_stand_once_over_all_files(tmp_path):
    write(tmp_path, entry(), name="a.yaml")
    write(tmp_path, entry(), name="b.yaml")
    with pytest.raises(LibraryError, match="twice"):
        load_rules(tmp_path, LEXICON)


@pytest.mark.parametrize("content", ["", "- [", "crushing: x"])
def test_a_file_that_is_no_list_of_rules_is_refused_by_its_name(tmp_path, content):
    (tmp_path / "heart.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(LibraryError, match=r"heart\.yaml"):
        load_rules(tmp_path, LEXICON)


def test_a_folder_without_rules_is_refused(tmp_path):
    with pytest.raises(LibraryError, match="CITEWELL_LIBRARY__FOLDER"):
        load_rules(tmp_path, LEXICON)
    with pytest.raises(LibraryError):
        load_rules(tmp_path / "nowhere", LEXICON)


def test_a_rule_is_cited_by_its_own_sentence_in_either_language():
    document, chunk = rule_passage(rule("crushing"))
    for language in ("en", "zh"):
        ref = rule_ref(rule("crushing"), language)
        sentence = chunk.sentences[ref.sentence]
        assert ref == SentenceRef(chunk.id, ref.sentence)
        assert chunk.text[sentence.start : sentence.end] == SENTENCE[language]
        assert set(sentence.sources) <= set(document.sources)
    assert chunk.document_id == document.id
    assert chunk.role is SectionRole.RED_FLAGS
    assert document.sources["source"] == SOURCE
