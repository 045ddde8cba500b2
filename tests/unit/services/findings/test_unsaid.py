"""What a text names without saying it of the patient now, and the emergencies that look alike."""

import re

import pytest

from services.findings.unsaid import Unsaid

NOT_SAID = {
    "turn of speech": "I got [choked] up at the wedding!",
    "animal": "The dog did a [black] poo on the carpet.",
    "film": "In that cowboy film the guy [coughs] up a load of [blood], was it TB?",
    "news": "Saw on the news a kid [swallowed] fridge [magnets].",
    "exam": "Medical student here, what does a [rigid] abdomen mean? Exam on Friday.",
    "first aid": "For my first aid badge, how do you stop heavy [bleeding] from a leg?",
    "general question": "What do you do for someone who is [unconscious]? Revising for my lifeguard exam",
    "years ago": "I took an [overdose] when I was 19. I'm happy, no such thoughts now.",
    "another person, years ago": "My uncle had black [stools] and [collapsed] back in 2009. Is it hereditary?",
    "settled": "Had a [seizure] in my twenties, nothing since. Can I drive a bus?",
    "prevented": "How small should I cut grapes so my little one won't [choke]?",
    "vaccine": "The jab that protects against [meningitis]",
}
SAID = {
    "own story in front of a film": "I was watching a film and then I [choked] on a nut and my lips went [blue]",
    "on the sofa": "Dad [collapsed] on the sofa and won't wake up",
    "not enough": "He is [not] [breathing] fast enough",
    "pet beside": "The dog was there when I had a [seizure]",
    "bitten": "The dog has [bitten] my hand",
    "dentist and airway": "The dentist numbed my jaw and now my [throat] is closing",
    "again": "I had a [stroke] in 2015, now my arm is [weak] again",
    "today": "Had a heart attack 5 years ago. Today the chest [pain] is back.",
    "next clause": "I had a stent 3 years ago, chest [pain] and sweating",
    "present": "My [balance] is bad since I was a kid in the 80s and it's getting [worse]",
    "lasting": "For 2 hours my chest is [tight], in 2015 all was fine",
    "worse": "Nothing new but always [dizzy], today much [worse]",
    "asker has it": "Just curious, my chest [hurts] when I breathe",
    "child's": "How do I stop my baby [choking]?",
    "real confusion": "Mum's [confused] about what day it is",
}


@pytest.mark.parametrize("marked", NOT_SAID.values(), ids=NOT_SAID)
def test_it_is_not_said_of_the_patient_now(marked):
    assert all(_covered(marked))


@pytest.mark.parametrize("marked", SAID.values(), ids=SAID)
def test_an_emergency_that_looks_alike_is_said(marked):
    assert not any(_covered(marked))


def test_what_lasts_is_not_over():
    text = "I had diabetes in 2009, all fine since."
    unsaid = Unsaid(text)
    assert unsaid.covers(text.index("diabetes"), is_lasting=False)
    assert not unsaid.covers(text.index("diabetes"), is_lasting=True)


def _covered(marked):
    unsaid = Unsaid(re.sub(r"[\[\]]", "", marked))
    starts = [found.start() - 2 * number for number, found in enumerate(re.finditer(r"\[", marked))]
    return [unsaid.covers(start, is_lasting=False) for start in starts]
