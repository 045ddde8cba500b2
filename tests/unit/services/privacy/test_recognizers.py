import re

import pytest

from services.privacy.recognizers import (
    RECOGNIZERS,
    IdentifierType,
    NationalIdRecognizer,
    PatternRecognizer,
    PhoneRecognizer,
)


def found(text):
    return {(span.type, text[span.start : span.end]) for recognizer in RECOGNIZERS for span in recognizer.find(text)}


@pytest.mark.parametrize(
    ("kind", "text", "identifier"),
    [
        ("EMAIL", "write to a.b+c@mail.example.org.", "a.b+c@mail.example.org"),
        ("EMAIL", "邮箱zhang_san@example.com，谢谢", "zhang_san@example.com"),
        ("URL", "see https://example.org/a?b=c, please", "https://example.org/a?b=c,"),
        ("PHONE", "手机13812345678，咳嗽", "13812345678"),
        ("PHONE", "电话：010-62345678", "010-62345678"),
        ("PHONE", "call (212) 555-2368 today", "(212) 555-2368"),
        ("PHONE", "ring +44 20 7946 0958", "+44 20 7946 0958"),
        ("NATIONAL_ID", "编号11010519491231002X，", "11010519491231002X"),
        ("NATIONAL_ID", "number 536-90-4399", "536-90-4399"),
        ("NATIONAL_ID", "943 476 5870 is on my card", "943 476 5870"),
        ("URL", "见 www.example.cn/张三。", "www.example.cn/张三"),
        ("NATIONAL_ID", "passport number 123456789", "123456789"),
        ("BIRTH_DATE", "DOB: 12/05/1980", "12/05/1980"),
        ("BIRTH_DATE", "born on 5 May 1980", "5 May 1980"),
        ("BIRTH_DATE", "date of birth May 5th, 1980", "May 5th, 1980"),
        ("BIRTH_DATE", "出生日期：1980年5月12日", "1980年5月12日"),
        ("BIRTH_DATE", "1980年5月12日出生", "1980年5月12日"),
        ("BIRTH_DATE", "一九八零年五月十二日出生", "一九八零年五月十二日"),
        ("BIRTH_DATE", "date of birth is: 12 May 1980", "12 May 1980"),
        ("BIRTH_DATE", "born on the 12th of May 1980", "12th of May 1980"),
        ("BIRTH_DATE", "born in May 1980", "May 1980"),
        ("BIRTH_DATE", "患者DOB: 12/05/1980", "12/05/1980"),
        ("BIRTH_DATE", "生日5月12日", "5月12日"),
        ("EMAIL", "张三@example.com", "张三@example.com"),
        ("EMAIL", "写给user＠example.com吧", "user＠example.com"),
        ("EMAIL", "a_b@例子.中国。", "a_b@例子.中国"),
        ("URL", "见https://a.example/x", "https://a.example/x"),
        ("PHONE", "ring +44 7700 900123", "+44 7700 900123"),
        ("PHONE", "a13812345678b", "13812345678"),
        ("PHONE", "No13812345678", "13812345678"),
        ("NATIONAL_ID", "110105 19491231 002X", "110105 19491231 002X"),
        ("NATIONAL_ID", "床3 11010519491231002X 5", "11010519491231002X"),
        ("NATIONAL_ID", "１１０１０５１９４９１２３１００２Ｘ", "１１０１０５１９４９１２３１００２Ｘ"),
        ("NATIONAL_ID", "护照E12345678", "E12345678"),
        ("NATIONAL_ID", "护照：G 12345678，", "G 12345678"),
        ("NATIONAL_ID", "passport AB1234567", "AB1234567"),
    ],
)
def test_an_identifier_is_found_where_it_stands(kind, text, identifier):
    assert (IdentifierType(kind), identifier) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "cough for 3 weeks, temperature 38.5, BP 120/80, SpO2 98%, heart rate 110",
        "咳嗽3周，体温38.5，血压120/80，血氧98%，心率110",
        "took 500 mg twice a day from 2024-03-05 on",
        "2024年3月5日开始咳嗽",
        "glucose 7.8 mmol/L, WBC 12.5 x 10^9/L, CRP 120",
        "at 10:30 pm @ home",
        "born with a heart defect",
        "2024年3月5日生病",
        "2024年3月5日生化检查",
        "sats 98 97 96 95 94",
        "HR 98, 97, 96, 95, 94, BP 120 80 130 85 140 90",
        "体温38.5 @ 10.30",
        "born 3 days ago, born in 2024",
        "咳嗽5月12日开始",
    ],
)
def test_findings_and_measurements_are_no_identifiers(text):
    assert found(text) == set()


@pytest.mark.parametrize("number", ["110105194912310021", "000-12-3456", "943 476 5871"])
def test_a_number_with_a_wrong_check_digit_or_form_is_no_national_id(number):
    assert list(NationalIdRecognizer().find(f"number {number}")) == []


def test_a_chinese_id_of_a_county_that_no_register_lists_is_one():
    (span,) = NationalIdRecognizer().find("999999194912310025")
    assert (span.start, span.end) == (0, 18)


@pytest.mark.parametrize("number", ["110105189912310023", "110105194913310021", "010105194912310026"])
def test_eighteen_digits_of_another_form_are_no_chinese_id(number):
    assert list(NationalIdRecognizer().find(number)) == []


def test_a_number_that_is_called_an_id_is_one_whatever_its_check_digit():
    (span,) = NationalIdRecognizer().find("身份证号110105194912310021。")
    assert (span.start, span.end) == (4, 22)


def test_a_pattern_without_a_group_is_the_identifier():
    recognizer = PatternRecognizer(IdentifierType.URL, re.compile("b+"))
    assert [(span.start, span.end) for span in recognizer.find("abba b")] == [(1, 3), (5, 6)]


def test_a_pattern_with_a_group_names_the_identifier():
    recognizer = PatternRecognizer(IdentifierType.URL, re.compile("a(?P<id>b+)"))
    assert [(span.start, span.end) for span in recognizer.find("abba b")] == [(1, 3)]


def test_phone_numbers_are_found_once_or_more_at_the_same_place():
    spans = {(span.start, span.end) for span in PhoneRecognizer().find("call +86 138 1234 5678 now")}
    assert spans == {(5, 22)}
