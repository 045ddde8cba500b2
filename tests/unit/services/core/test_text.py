import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.core.text import (
    base_language,
    content_terms,
    detect_language,
    lexical_form,
    sentence_spans,
    stems,
    tokenize,
)

PROSE = st.text(alphabet=st.sampled_from("aZé'’ .,!?\n0-9咳嗽。，；5 \t—"), max_size=80)
ANY_TEXT = st.one_of(PROSE, st.text(max_size=80))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a dry cough for two weeks", "en"),
        ("咳嗽两周", "zh"),
        ("CT 显示肺部阴影", "zh"),
        ("a cough (咳嗽) for two weeks", "en"),
        ("SpO2 88%，呼吸困难", "zh"),
        ("", "en"),
        ("38.5", "en"),
    ],
)
def test_the_language_is_that_of_most_of_the_text(text, language):
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("tag", "language"),
    [("zh", "zh"), ("zh-Hans-CN", "zh"), ("ZH-TW", "zh"), ("yue", "zh"), ("en-GB", "en"), ("fr", "en"), ("zhx", "en")],
)
def test_fixed_wording_is_chinese_for_chinese_tags_only(tag, language):
    assert base_language(tag) == language


def test_sentences_are_cut_at_their_ends_in_english():
    text = "  The cough is dry. Fever of 38.5 is rare!  See a doctor?"
    assert [text[a:b] for a, b in sentence_spans(text, "en")] == [
        "The cough is dry.",
        "Fever of 38.5 is rare!",
        "See a doctor?",
    ]


def test_sentences_are_cut_at_their_ends_in_chinese():
    text = "咳嗽以干咳为主。夜间明显！需要就诊吗？"
    assert [text[a:b] for a, b in sentence_spans(text, "zh")] == ["咳嗽以干咳为主。", "夜间明显！", "需要就诊吗？"]


def test_a_line_break_ends_a_sentence():
    text = "fever\nno cough"
    assert [text[a:b] for a, b in sentence_spans(text, "en")] == ["fever", "no cough"]


def test_a_text_without_words_has_no_sentences():
    assert sentence_spans(" \n\t\n ", "en") == []


@given(ANY_TEXT, st.sampled_from(["en", "zh"]))
@example("a.\r\nb. c", "en")
def test_sentences_are_verbatim_in_order_and_without_outer_space(text, language):
    reach = 0
    for start, end in sentence_spans(text, language):
        assert reach <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert "\n" not in text[start:end]
        reach = end


@given(PROSE, st.sampled_from(["en", "zh"]))
def test_sentences_leave_out_nothing_but_white_space(text, language):
    kept = "".join(text[start:end] for start, end in sentence_spans(text, language))
    assert "".join(kept.split()) == "".join(text.split())


def test_english_words_are_stemmed_and_chinese_is_cut_into_characters():
    assert [token.value for token in tokenize("Vomiting 3 times, 发烧 38.5!")] == [
        "vomit",
        "3",
        "time",
        "发",
        "烧",
        "38.5",
    ]


@pytest.mark.parametrize("text", ["can't", "can’t", "CAN'T", "cant"])
def test_apostrophes_inside_a_word_are_dropped(text):
    assert stems(text) == ("cant",)


def test_offsets_keep_the_apostrophe():
    (token,) = tokenize("'can’t'")
    assert (token.start, token.end) == (1, 6)


def test_letters_with_accents_stay_in_their_word():
    assert stems("Ménière disease") == ("ménière", "diseas")


@given(ANY_TEXT)
def test_tokens_stand_in_order_where_they_say(text):
    reach = 0
    for token in tokenize(text):
        assert reach <= token.start < token.end <= len(text)
        assert token.value
        reach = token.end
        assert not text[token.start : token.end].isspace()


@given(PROSE)
def test_tokens_leave_out_no_letter_and_no_digit(text):
    inside = {at for token in tokenize(text) for at in range(token.start, token.end)}
    assert all(at in inside for at, character in enumerate(text) if character.isalnum())


@given(st.lists(st.sampled_from(["Fever", "coughing", "咳嗽", "38.5", "can't"]), max_size=6))
def test_tokens_of_a_joined_text_are_those_of_its_words(words):
    assert stems(" ".join(words)) == tuple(value for word in words for value in stems(word))


def test_the_lexical_form_drops_stop_words_report_words_and_numbers():
    assert lexical_form("The patient presents with vomiting for 3 days") == "vomit"


def test_the_lexical_form_keeps_chinese_and_lines():
    assert lexical_form("coughing\n咳嗽2周") == "cough\n咳嗽周"


def test_content_terms_are_stems_and_pairs_of_characters():
    assert content_terms("The coughs 干咳嗽") == {"cough", "干咳", "咳嗽"}


def test_a_single_letter_or_character_is_no_content_term():
    assert content_terms("x 痰 3") == set()


@given(ANY_TEXT)
def test_content_terms_hold_no_white_space(text):
    assert all(len(term) > 1 and not any(character.isspace() for character in term) for term in content_terms(text))
