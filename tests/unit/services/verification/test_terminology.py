from services.core.types import Condition
from services.verification.terminology import Nomenclature
from services.verification.vocabulary import Vocabulary, key_of

STATED = Condition("migraine", {"en": "Migraine", "zh": "偏头痛"}, {"en": ("sick headache",)}, "G43.9")


def nothing(names):
    return Vocabulary()


def test_what_a_guideline_says_is_not_changed():
    def other(names):
        raise AssertionError("nothing is lacking")

    assert Nomenclature([STATED], other).align(STATED) == STATED


def test_another_guideline_of_the_library_completes_it():
    plain = Condition("migraine-txt", {"en": "MIGRAINES"})
    aligned = Nomenclature([STATED, plain], nothing).align(plain)
    assert (aligned.id, aligned.icd10) == ("migraine-txt", "G43.9")
    assert aligned.names == {"en": "MIGRAINES", "zh": "偏头痛"}


def test_a_synonym_of_another_guideline_does_not_lend_its_code():
    plain = Condition("sick-headache", {"en": "Sick headache"})
    assert Nomenclature([STATED, plain], nothing).align(plain).icd10 is None


def test_a_vocabulary_completes_what_the_library_does_not_know():
    plain = Condition("gout", {"en": "GOUT"}, {"en": ("Podagra",)})
    asked = []

    def vocabulary(names):
        asked.extend(names)
        return Vocabulary({key_of("podagra"): "M10.9"}, {key_of("podagra"): {"en": "Gout", "zh": "痛风"}})

    aligned = Nomenclature([STATED, plain], vocabulary).align(plain)
    assert (aligned.icd10, aligned.names) == ("M10.9", {"en": "GOUT", "zh": "痛风"})
    assert set(asked) == {"GOUT", "Podagra"}


def test_names_with_two_codes_leave_it_open():
    plain = Condition("gout", {"en": "GOUT"}, {"en": ("Podagra",)})
    two = Vocabulary({key_of("gout"): "M10.9", key_of("podagra"): "M10.0"})
    assert Nomenclature([plain], lambda names: two).align(plain).icd10 is None


def test_what_aligns_to_nothing_is_left_as_it_is():
    plain = Condition("the-swollen-patient", {"en": "THE SWOLLEN PATIENT"})
    assert Nomenclature([plain], nothing).align(plain) == plain
