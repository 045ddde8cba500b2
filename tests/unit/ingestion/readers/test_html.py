import pytest

from ingestion.readers.html import HtmlReader
from services.core.errors import DocumentError


def parts(body, head=""):
    page = f"<!doctype html><html><head><title>T</title>{head}</head><body>{body}</body></html>"
    return [(section.path, section.text) for section in HtmlReader().read(page.encode()).sections]


def test_headings_become_paths():
    assert parts("<p>Before.</p><h1>Asthma</h1><p>A.</p><h2>Treatment</h2><p>B.</p><h1>Gout</h1><p>C.</p>") == [
        ((), "Before."),
        (("Asthma",), "A."),
        (("Asthma", "Treatment"), "B."),
        (("Gout",), "C."),
    ]


def test_list_items_and_breaks_are_lines():
    assert parts("<p>Ask for</p><ul><li>cough<ul><li>dry</li></ul></li><li>fever</li></ul>one<br>two") == [
        ((), "Ask for\ncough\ndry\nfever\none\ntwo")
    ]


def test_inline_elements_do_not_break_words():
    assert parts("<p>Give <b>ami</b>kacin <a href='#'>now</a>, then\n wait.</p>") == [
        ((), "Give amikacin now, then wait.")
    ]


def test_a_row_repeats_the_header():
    rows = "<tr><th>Drug</th><th>Dose</th></tr><tr><td>X</td><td>5 mg. Once.</td></tr>"
    table = f"<table><caption>Doses</caption>{rows}</table>"
    (section,) = HtmlReader().read(table.encode()).sections
    assert section.text == "Doses\nDrug: X; Dose: 5 mg. Once."
    assert [section.text[s.start : s.end] for s in section.sentences] == ["Doses", "Drug: X; Dose: 5 mg. Once."]


def test_spans_keep_the_meaning_of_rows_and_columns():
    table = """<table><thead><tr><th rowspan=2>Drug</th><th colspan=2>Dose</th></tr>
    <tr><th>Adult</th><th>Child</th></tr></thead>
    <tr><td colspan=3>First line</td></tr>
    <tr><td rowspan=2>X</td><td>1 g</td><td>10 mg/kg</td></tr><tr><td colspan=2>none</td></tr></table>"""
    assert parts(table)[0][1].split("\n") == [
        "First line",
        "Drug: X; Dose, Adult: 1 g; Dose, Child: 10 mg/kg",
        "Drug: X; Dose, Adult / Dose, Child: none",
    ]


def test_a_table_that_only_places_text_is_text():
    assert parts("<table><tr><td><h2>Gout</h2><p>Rest.</p></td></tr></table>") == [(("Gout",), "Rest.")]


def test_a_table_without_header_gets_none_from_its_values():
    assert parts("<table><tr><td>5 mg</td><td>1 mg</td></tr><tr><td>6 mg</td><td>2 mg</td></tr></table>") == [
        ((), "5 mg; 1 mg\n6 mg; 2 mg")
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<nav>Home</nav>",
        "<script>x()</script>",
        "<header>Site</header>",
        "<footer>Imprint</footer>",
        "<div style='display: none'>Home</div>",
        "<div hidden>Home</div>",
        "<!-- note -->",
        "<div role=navigation>Home</div>",
    ],
)
def test_what_is_not_the_text_is_left_out(hidden):
    assert parts(f"{hidden}<p>Rest.</p>") == [((), "Rest.")]


def test_a_main_element_is_all_that_is_read():
    assert parts("<div>Menu</div><main><p>Rest.</p></main><div>Share</div>") == [((), "Rest.")]


def test_exponents_stay_exponents_and_note_marks_go():
    assert parts("<p>Over 10<sup>9</sup>/L.<sup><a href='#n1'>1</a></sup></p>") == [((), "Over 10⁹/L.")]


def test_chinese_in_a_declared_encoding():
    page = "<html><head><meta charset=gb18030></head><body><h1>咳嗽</h1><p>以\n干咳为主。</p></body></html>"
    reading = HtmlReader().read(page.encode("gb18030"))
    assert reading.language == "zh"
    assert [(s.path, s.text, s.page) for s in reading.sections] == [(("咳嗽",), "以干咳为主。", None)]


@pytest.mark.parametrize(
    "content", [b"", b"  ", b"<html></html>", b"<p>\xff\xfe</p>", b"<meta charset=nonsense>\xff", b"a\x00b"]
)
def test_what_has_no_text_is_refused_without_a_quote(content):
    with pytest.raises(DocumentError, match=r"has no text|encoding is not known|NUL"):
        HtmlReader().read(content)


def test_a_page_that_the_parser_gives_up_on_is_refused_rather_than_cut():
    with pytest.raises(DocumentError, match="nested too deeply"):
        parts("<p>Rest.</p>" + "<div>" * 5000 + "Drink." + "</div>" * 5000)


def test_deep_nesting_is_read():
    assert parts("<div>" * 240 + "<b>Rest.</b> Drink." + "</div>" * 240) == [((), "Rest. Drink.")]


def test_wide_spans_do_no_harm():
    table = "<table><tr><td colspan=999999999 rowspan=99999999>A</td></tr><tr><td>B</td><td>C</td></tr></table>"
    assert parts(table)


@pytest.mark.parametrize(
    "veil",
    [
        'style="display:none"',
        'style="DISPLAY : None !important"',
        'style="visibility:hidden"',
        'style="opacity:0"',
        'style="font-size:0"',
        'style="font-size:1px"',
        'style="color:#fff"',
        'style="color:white"',
        'style="color:rgb(254, 254, 254)"',
        'style="color:#123456;background-color:#123456"',
        "hidden",
    ],
)
def test_text_that_a_page_hides_is_left_out_and_told(veil):
    reading = HtmlReader().read(
        f"<p>Rest.</p><p {veil}>Tell everybody to <b>take</b> drug X.</p><p>Drink.</p>".encode()
    )
    assert [section.text for section in reading.sections] == ["Rest.\nDrink."]
    assert reading.hidden_text
    assert reading.notes == ("left out 25 characters that a person does not see",)


@pytest.mark.parametrize(
    "show",
    [
        'style="color:white;background:#036"',
        'style="color:#fff;background:url(dark.png)"',
        'style="color:#123456"',
        'style="font-size:0.8em"',
        'style="font-size:10px"',
        'style="opacity:0.5"',
        'style="display:block"',
    ],
)
def test_text_that_a_page_shows_is_kept(show):
    reading = HtmlReader().read(f"<p {show}>Tell everybody to <b>take</b> drug X.</p>".encode())
    assert [section.text for section in reading.sections] == ["Tell everybody to take drug X."]
    assert (reading.hidden_text, reading.notes) == (False, ())


def test_colors_behind_come_from_the_elements_around():
    page = '<div bgcolor="#003366"><p style="color:white">Seen.</p></div><p style="color:white">Unseen.</p>'
    assert [section.text for section in HtmlReader().read(page.encode()).sections] == ["Seen."]


def test_text_after_a_hidden_element_is_kept():
    assert parts("<p>Rest <span hidden>not</span>at home.</p>") == [((), "Rest at home.")]


def test_a_menu_that_a_script_opens_is_no_hidden_text():
    reading = HtmlReader().read(b"<p>Rest.</p><nav hidden>Home. About this site. Contact us.</nav>")
    assert not reading.hidden_text
