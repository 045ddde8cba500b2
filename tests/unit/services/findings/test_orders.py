import pytest

from services.findings.orders import is_order, names_medicine


@pytest.mark.parametrize(
    "sentence",
    [
        "Give 500 mg now.",
        "Take 1-2 tablets.",
        "10 ml of syrup helps.",
        "Use it twice daily.",
        "One dose every 6 hours for 5 days.",
        "Give it i.v. at once.",
        "500 mg tds",
        "服用500毫克。",
        "每日3次。",
        "每次2片。",
        "Two puffs when needed.",
        "take two tablets",
        "一次两粒。",
        "5mg bid",
    ],
)
def test_a_dose_or_an_order_is_seen(sentence):
    assert is_order(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Drinking enough water helps.",
        "Rest for 2 days is enough.",
        "多喝水。",
        "Stopping smoking helps.",
        "Sleep 8 hours.",
        "A fasting glucose of 7.0 mmol/L or more suggests diabetes.",
        "A glucose of 126 mg/dL is high.",
        "血糖高于7毫克/分升。",
        "Walk for 30 minutes five days a week.",
    ],
)
def test_plain_advice_is_no_order(sentence):
    assert not is_order(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Amoxicillin helps.",
        "阿莫西林有效。",
        "用胰岛素治疗",
        "Start metformin.",
        "头孢类",
        "an antibiotic",
        "ibuprofen",
    ],
)
def test_a_medicine_is_seen(sentence):
    assert names_medicine(sentence)


@pytest.mark.parametrize("sentence", ["Rest and drink.", "戒烟", "Inhaled dust", "多休息，多喝水。", "普利策奖"])
def test_what_is_no_medicine_is_not_taken_for_one(sentence):
    assert not names_medicine(sentence)
