import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.datafile import load_yaml
from services.core.errors import LibraryError
from services.core.text import tokenize
from services.findings.lexicon import Concept, Kind, Lexicon, load_lexicon, wordings


def concept(name, *terms, implies=()):
    return Concept(name, {"en": name}, {"en": terms}, Kind.SYMPTOM, frozenset(implies))


def found(text, *concepts):
    return [(match.concept_id, text[match.start : match.end]) for match in Lexicon(concepts).match(text)]


COUGH = concept("cough", "cough", "咳嗽")
DRY_COUGH = concept("dry-cough", "dry cough", "干咳", implies=["cough"])
LEG = concept("swollen-leg", "swollen .. leg", "腿 .. 肿")


def test_inflected_words_are_found_in_any_case():
    assert found("He was COUGHING, and coughed.", COUGH) == [("cough", "COUGHING"), ("cough", "coughed")]


def test_chinese_terms_are_found_without_spaces():
    assert found("最近咳嗽得厉害", COUGH) == [("cough", "咳嗽")]


def test_apostrophes_do_not_matter():
    breathless = concept("breathless", "cant breathe")
    assert found("I can't breathe. I can’t breathe. I cant breathe.", breathless) == [
        ("breathless", "can't breathe"),
        ("breathless", "can’t breathe"),
        ("breathless", "cant breathe"),
    ]


def test_a_part_of_a_word_is_no_match():
    assert found("coughdrops", COUGH) == []


def test_a_longer_match_hides_a_shorter_one():
    assert found("a dry cough", COUGH, DRY_COUGH) == [("dry-cough", "dry cough")]


def test_a_shorter_match_elsewhere_is_not_hidden():
    assert found("a dry cough, then a wet cough", COUGH, DRY_COUGH) == [("dry-cough", "dry cough"), ("cough", "cough")]


def test_terms_that_overlap_without_enclosing_are_both_found():
    first, second = concept("first", "chest pain"), concept("second", "pain killer")
    assert found("chest pain killer", first, second) == [("first", "chest pain"), ("second", "pain killer")]


def test_one_wording_of_two_concepts_is_both():
    assert found("angina", concept("a", "angina"), concept("b", "angina")) == [("a", "angina"), ("b", "angina")]


def test_two_terms_of_one_concept_with_the_same_stems_are_found_once():
    assert found("vomiting", concept("vomiting", "vomit", "vomits", "vomiting")) == [("vomiting", "vomiting")]


def test_a_gap_bridges_other_words():
    assert found("a swollen and very painful left leg", LEG) == [("swollen-leg", "swollen and very painful left leg")]


def test_a_gap_may_be_empty():
    assert found("swollen leg", LEG) == [("swollen-leg", "swollen leg")]


@pytest.mark.parametrize("words", range(9))
def test_a_gap_bridges_six_words_at_most(words):
    text = f"swollen {'very ' * words}leg"
    assert bool(found(text, LEG)) == (words <= 6)


@pytest.mark.parametrize("words", range(6))
def test_a_short_gap_bridges_three_words_at_most(words):
    text = f"hit {'very ' * words}head"
    assert bool(found(text, concept("head-injury", "hit ~ head"))) == (words <= 3)


def test_a_term_may_have_gaps_of_both_lengths():
    took = concept("overdose", "took ~ handful .. tablets")
    assert found("took a whole handful of my old blue tablets", took) == [
        ("overdose", "took a whole handful of my old blue tablets")
    ]
    assert found("took my son and my wife a handful of tablets", took) == []


@pytest.mark.parametrize("end", [".", ";", "!", "?", "\n", "。", "；", "！", "？", "，"])
def test_a_gap_does_not_reach_over_a_clause(end):
    assert found(f"swollen{end} leg", LEG) == []


def test_a_gap_keeps_its_order():
    assert found("leg is swollen", LEG) == []


def test_a_gap_may_have_two_places():
    spilled = concept("burn", "hot .. spilled .. arm")
    assert found("hot tea was spilled over his arm", spilled) == [("burn", "hot tea was spilled over his arm")]


def test_a_gapped_match_hides_nothing():
    assert found("swollen, red and dry cough leg", LEG, COUGH, DRY_COUGH) == [
        ("swollen-leg", "swollen, red and dry cough leg"),
        ("dry-cough", "dry cough"),
    ]


def test_the_places_of_a_gapped_match_leave_out_the_gap():
    (match,) = Lexicon([LEG]).match("my swollen left leg")
    assert match.tokens == (1, 3)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("hot water", ["hot water"]),
        ("(hot|boiling) water", ["hot water", "boil water"]),
        ("cough without (any|) phlegm", ["cough without ani phlegm", "cough without phlegm"]),
        ("(a|b) (c|d)", ["a c", "a d", "b c", "b d"]),
        ("breath(ing|less)", ["breath", "breathless"]),
        ("(腿|脚)肿", ["腿 肿", "脚 肿"]),
    ],
)
def test_alternatives_are_spelled_out_in_stems(term, expected):
    assert wordings(term) == {tuple(wording.split()) for wording in expected}


@pytest.mark.parametrize(
    "text", ["swollen left leg", "leg is swollen", "hot calf", "calf feels very hot", "脚有点肿", "肿了的腿"]
)
def test_alternatives_may_have_gaps(text):
    swelling = concept(
        "leg",
        "(swollen .. leg|leg .. swollen)",
        "(hot|warm) .. calf",
        "calf .. (hot|warm)",
        "(腿|脚) .. 肿",
        "肿 .. (腿|脚)",
    )
    assert found(text, swelling) == [("leg", text)]


@pytest.mark.parametrize("term", ["(any|)", "cough .. (a|)", "(|cough) .. fever"])
def test_a_term_that_can_be_empty_is_refused(term):
    with pytest.raises(LibraryError):
        Lexicon([concept("a", term)])


def test_the_concepts_of_a_sentence_stand_once_in_its_order():
    lexicon = Lexicon([COUGH, DRY_COUGH, LEG])
    assert lexicon.concepts_in("A swollen leg, a dry cough, a cough, a dry cough.") == (
        "swollen-leg",
        "dry-cough",
        "cough",
    )
    assert lexicon.concepts_in("") == ()


def test_terms_with_alternatives_are_found():
    burn = concept("burn", "(hot|boiling) water .. (spilled|poured)")
    assert found("boiling water was poured", burn) == [("burn", "boiling water was poured")]


def test_implication_goes_all_the_way_up():
    lexicon = Lexicon([concept("a", "x", implies=["b"]), concept("b", "y", implies=["c"]), concept("c", "z")])
    assert lexicon.concepts["a"].implies == {"b", "c"}
    assert lexicon.concepts["c"].implies == frozenset()


def test_concepts_that_imply_each_other_do_not_imply_themselves():
    lexicon = Lexicon([concept("a", "x", implies=["b"]), concept("b", "y", implies=["a"])])
    assert lexicon.concepts["a"].implies == {"b"}
    assert lexicon.concepts["b"].implies == {"a"}


@pytest.mark.parametrize(
    "concepts",
    [
        [COUGH, concept("cough", "tussis")],
        [concept("a", "x", implies=["nowhere"])],
        [concept("a", "...")],
        [concept("a", "x .. !")],
    ],
    ids=["id twice", "implies unknown", "empty term", "empty part"],
)
def test_a_lexicon_that_makes_no_sense_is_refused(concepts):
    with pytest.raises(LibraryError):
        Lexicon(concepts)


def test_what_stays_with_a_person_is_lasting_and_an_event_is_not():
    lexicon = Lexicon(
        [
            Concept("diabetes", {"en": "d"}, {"en": ("diabetes",)}, Kind.RISK_FACTOR),
            Concept("overdose", {"en": "o"}, {"en": ("overdose",)}, Kind.HISTORY, is_event=True),
            Concept("seizure", {"en": "s"}, {"en": ("seizure",)}, Kind.SIGN),
        ]
    )
    assert lexicon.times.lasting == {"diabetes"}


def test_a_name_falls_back_to_english():
    named = Concept("cough", {"en": "cough", "zh": "咳嗽"}, {"en": ("cough",)})
    assert (named.name("zh"), named.name("fr")) == ("咳嗽", "cough")


WORDS = st.sampled_from(["dry", "cough", "swollen", "leg", "very", "干", "咳", "嗽", "腿", "肿"])
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", ", ", ". ", "，", ""])), max_size=20).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)


@given(TEXTS)
def test_matches_lie_in_the_text_in_order_and_start_and_end_at_their_tokens(text):
    tokens = tokenize(text)
    matches = Lexicon([COUGH, DRY_COUGH, LEG]).match(text, tokens)
    assert [match.start for match in matches] == sorted(match.start for match in matches)
    for match in matches:
        assert match.tokens == tuple(sorted(set(match.tokens)))
        assert (match.start, match.end) == (tokens[match.tokens[0]].start, tokens[match.tokens[-1]].end)


@given(TEXTS)
def test_every_contiguous_match_outside_a_longer_one_is_found(text):
    lexicon = Lexicon([COUGH, DRY_COUGH])
    spans = [(match.start, match.end) for match in lexicon.match(text)]
    for place in re.finditer(r"\bcough\b(?![\w])", text):
        assert any(start <= place.start() and place.end() <= end for start, end in spans)
    assert all(not (a <= c and d <= b and (a, b) != (c, d)) for a, b in spans for c, d in spans), (
        "one match lies inside another"
    )


@given(TEXTS)
def test_given_tokens_change_nothing(text):
    lexicon = Lexicon([COUGH, DRY_COUGH, LEG])
    assert lexicon.match(text) == lexicon.match(text, tokenize(text))


VALID = """
- id: dry-cough
  name: {en: dry cough, zh: 干咳}
  kind: symptom
  implies: [cough]
  terms: {en: [dry cough], zh: [干咳]}
- id: cough
  name: {en: cough, zh: 咳嗽}
  terms: {en: [cough]}
"""


def test_a_terminology_file_is_read(tmp_path):
    file = tmp_path / "findings.yaml"
    file.write_text(VALID, encoding="utf-8")
    dry = load_lexicon(file).concepts["dry-cough"]
    assert (dry.name("zh"), dry.kind, dry.implies) == ("干咳", Kind.SYMPTOM, {"cough"})
    assert load_lexicon(file).concepts["cough"].kind is Kind.OTHER


def test_a_missing_terminology_file_names_the_setting(tmp_path):
    with pytest.raises(LibraryError, match="CITEWELL_LIBRARY__FOLDER"):
        load_lexicon(tmp_path / "findings.yaml")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "- [",
        "cough: x",
        VALID.replace("kind: symptom", "kind: sympton"),
        VALID.replace("id: cough", "id: Cough"),
        VALID.replace("  terms: {en: [cough]}", "  terms: {}"),
        VALID.replace("  terms: {en: [cough]}", "  terms: {en: ['']}"),
        VALID.replace("implies: [cough]", "implies: [no-such]"),
        VALID.replace("implies:", "imply:"),
        VALID + VALID,
    ],
)
def test_a_terminology_file_that_is_not_valid_is_refused(tmp_path, content):
    file = tmp_path / "findings.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(LibraryError):
        load_lexicon(file)


def test_yaml_that_would_run_code_is_refused(tmp_path):
    file = tmp_path / "findings.yaml"
    file.write_text("!!python/object/apply:os.getcwd []", encoding="utf-8")
    with pytest.raises(LibraryError):
        load_lexicon(file)
    assert load_yaml(b"a: 1") == {"a": 1}


def test_no_chinese_word_reaches_over_the_end_of_a_clause():
    headache = concept("headache", "头疼", "头 .. 疼得厉害")
    assert found("硬得像石头，疼", headache) == []
    assert found("头一直疼得，厉害", headache) == []
    assert found("我头疼，难受", headache) == [("headache", "头疼")]


def test_what_excludes_is_excluded_too_and_an_unknown_one_is_refused():
    dry = Concept("dry", {"en": "dry"}, {"en": ("dry",)}, excludes=frozenset({"wet"}))
    wet = Concept("wet", {"en": "wet"}, {"en": ("wet",)})
    lexicon = Lexicon([dry, wet])
    assert lexicon.concepts["wet"].excludes == {"dry"}
    with pytest.raises(LibraryError, match="excludes unknown"):
        Lexicon([dry])
