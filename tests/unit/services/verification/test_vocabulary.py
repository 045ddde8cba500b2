"""Release files as their publishers lay them out, with invented content."""

import pytest

from services.core.errors import VocabularyError
from services.core.settings import VocabularySettings
from services.verification.vocabulary import check_vocabulary, key_of, read_vocabulary

FULL, SYNONYM = "900000000000003001", "900000000000013009"


def licensed(path):
    return VocabularySettings(path=path, license_acknowledged=True)


def umls(cui, language, name, coded=("MTH", "NOCODE"), *, preferred=False, suppress="N"):
    kind, form, is_preferred = ("P", "PF", "Y") if preferred else ("S", "VO", "N")
    return f"{cui}|{language}|{kind}|L1|{form}|S1|{is_preferred}|A1||||{coded[0]}|PT|{coded[1]}|{name}|0|{suppress}||\n"


@pytest.fixture
def mrconso(tmp_path):
    file = tmp_path / "MRCONSO.RRF"
    file.write_text(
        umls("C1", "ENG", "Green elbow disease", preferred=True)
        + umls("C1", "ENG", "Elbow disease, green", ("ICD10", "M77.8"))
        + umls("C1", "ENG", "Green elbow diseases", ("ICD10CM", "M77.81"))
        + umls("C1", "CHI", "绿肘病", preferred=True)
        + umls("C1", "GER", "Grüner Ellbogen", preferred=True)
        + umls("C2", "ENG", "Blue knee", preferred=True)
        + umls("C2", "ENG", "Blue knee, left", ("ICD10", "M70.1"))
        + umls("C2", "ENG", "Blue knee, by a fall", ("ICD10", "S80.0"))
        + umls("C3", "ENG", "Grey toe", ("ICD10", "L60.8"), suppress="O"),
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Elbow disease, green", "Green elbow diseases"),
        ("Iron deficiency anaemia", "iron-deficiency anemia"),
        ("Oedema, unspecified", "EDEMA"),
        ("Tumour of the skin", "skin, tumors of"),
        ("２型糖尿病", "2型糖尿病"),
    ],
)
def test_names_that_differ_in_writing_only_have_one_key(one, other):
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Gastritis", "Gastric"), ("Type 1 diabetes", "Type 2 diabetes"), ("发热", "发热待查")]
)
def test_names_of_two_things_have_two_keys(one, other):
    assert key_of(one) != key_of(other)


def test_umls_gives_the_code_that_covers_all_and_preferred_names_in_both_languages(mrconso):
    found = read_vocabulary(licensed(mrconso), ["GREEN ELBOW DISEASE"])
    key = key_of("green elbow disease")
    assert dict(found.codes) == {key: "M77.8"}
    assert found.names[key] == {"en": "Green elbow disease", "zh": "绿肘病"}


def test_a_name_of_several_categories_has_no_code(mrconso):
    found = read_vocabulary(licensed(mrconso), ["Blue knee"])
    assert not found.codes
    assert found.names[key_of("Blue knee")] == {"en": "Blue knee"}


def test_what_umls_suppresses_is_not_read(mrconso):
    assert not read_vocabulary(licensed(mrconso), ["Grey toe"]).codes


def test_snomed_gives_codes_through_its_map(tmp_path):
    head = "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
    rows = [
        ("1", "77001", "en", FULL, "Green elbow (disorder)"),
        ("1", "77001", "en", SYNONYM, "Gardener's elbow"),
        ("0", "77002", "en", SYNONYM, "Gardener's elbow"),
    ]
    described = (
        f"d\t20260101\t{active}\tm\t{c}\t{lang}\t{kind}\t{term}\tx\r\n" for active, c, lang, kind, term in rows
    )
    (tmp_path / "sct2_Description_Snapshot-en_INT_20260101.txt").write_text(head + "".join(described), "utf-8")
    mapped = [
        ("77001", "1", "TRUE", "M77.8"),
        ("77001", "1", "IFA 445518008 | Age at onset |", "M99.9"),
        ("77001", "2", "TRUE", "W50.0"),
        ("77001", "1", "TRUE", "M77.?"),
    ]
    lines = "".join(
        f"u\t20260101\t1\tm\t447562003\t{c}\t{g}\t1\t{rule}\tADVICE\t{t}\tx\ty\r\n" for c, g, rule, t in mapped
    )
    (tmp_path / "der2_iisssccRefset_ExtendedMapSnapshot_INT_20260101.txt").write_text(
        "id\t\t\t\t\t\t\t\t\t\t\n" + lines, "utf-8"
    )
    found = read_vocabulary(licensed(tmp_path), ["gardener's elbow"])
    key = key_of("gardener's elbow")
    assert (found.codes[key], found.names[key]) == ("M77.8", {"en": "Green elbow"})


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("icd10cm_codes_2026.txt", "M7781   Green elbow\n"),
        ("icd10cm_order_2026.txt", f"00017 M7781   1 {'Green elbow':<60} Green elbow\n"),
        (
            "icd102019syst_codes.txt",
            "4;T;X;13;M70;M77.81;M77.81;M7781;Green elbow;Other;Green elbow;;001;4-002;3-003;2-004;1-005\n",
        ),
    ],
)
def test_icd_files_give_codes_by_titles(tmp_path, file, line):
    (tmp_path / file).write_text(line, "utf-8")
    assert read_vocabulary(licensed(tmp_path / file), ["Elbow, green"]).codes == {key_of("green elbow"): "M77.81"}


def test_without_a_path_nothing_is_known():
    check_vocabulary(VocabularySettings())
    assert not read_vocabulary(VocabularySettings(), ["Migraine"]).codes


def test_a_licence_must_be_acknowledged(mrconso):
    with pytest.raises(VocabularyError, match="LICENSE_ACKNOWLEDGED"):
        check_vocabulary(VocabularySettings(path=mrconso))


def test_a_path_without_a_release_is_told(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing", "utf-8")
    with pytest.raises(VocabularyError, match=r"MRCONSO\.RRF"):
        check_vocabulary(licensed(tmp_path))
    with pytest.raises(VocabularyError, match="nothing at the path"):
        check_vocabulary(licensed(tmp_path / "gone"))


@pytest.mark.parametrize("content", [b"too|short\n", "C1|ENG|é".encode("latin-1")])
def test_a_broken_file_is_named_and_not_quoted(tmp_path, content):
    (tmp_path / "MRCONSO.RRF").write_bytes(content)
    with pytest.raises(VocabularyError, match=r"MRCONSO\.RRF cannot be read") as told:
        read_vocabulary(licensed(tmp_path), ["Migraine"])
    assert "short" not in str(told.value)
