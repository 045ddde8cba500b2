import json
from contextlib import aclosing

import anyio
import httpx2
import pytest
from unit.services.generation.vllm_wire import (
    DONE,
    NAME,
    Wire,
    ended,
    listed,
    piece,
    settings_with,
    streamed,
    used,
)

from services.core.errors import (
    DraftRejectedError,
    ModelInterruptedError,
    ModelUnavailableError,
    PromptTooLongError,
)
from services.core.text import sentence_spans
from services.core.types import Chunk, Condition, Document, SectionRole, Sentence
from services.generation.model import DraftText, ModelEngine, Task, Wish, Written
from services.generation.prompt import Evidence, PromptQuestion
from services.generation.redaction import WITHHELD
from services.generation.wire import Usage

DOCUMENT = Document("asthma.en", "Asthma", "en", Condition("asthma", {"en": "Asthma"}), "asthma.md", "0" * 64)


def evidence(rank, text="Cough is usual. Wheeze is typical."):
    sentences = tuple(Sentence(start, end) for start, end in sentence_spans(text, "en"))
    chunk = Chunk(f"asthma:{rank}", "asthma.en", rank, "Presentation", SectionRole.PRESENTATION, text, sentences)
    return Evidence(DOCUMENT, chunk, rank, tuple(range(len(sentences))))


def reply(tip="Rest.", department="Lungs"):
    return json.dumps(
        {
            "diagnoses": [],
            "advice": [{"text": tip, "citations": ["G1.1"]}],
            "referral": {"urgency": "low", "department": department, "tests": [], "citations": ["G1.1"]},
        },
        ensure_ascii=False,
    )


def cut(text, sample=0, size=9):
    return [piece(text[at : at + size], sample) for at in range(0, len(text), size)]


def answer(*texts, reasons=None):
    """Samples side by side, then how each ended."""
    pieces = [
        event for events in zip(*(cut(text, n) for n, text in enumerate(texts)), strict=False) for event in events
    ]
    rest = [event for n, text in enumerate(texts) for event in cut(text, n)[min(len(cut(t)) for t in texts) :]]
    ends = [ended(reason, n) for n, reason in enumerate(reasons or ["stop"] * len(texts))]
    return streamed(*pieces, *rest, *ends, used(100, 20), DONE)


def task(wish=None, **changes):
    given = {
        "language": "en",
        "evidence": (evidence(0),),
        "asked": PromptQuestion("I have a cough"),
        "wish": wish or Wish(),
        "cache_salt": "salt",
        **changes,
    }
    return Task(**given)


def written(wire, asked=None, **changes):
    """All that the engine gives."""

    async def run():
        client = wire.client(**changes)
        await client.check()
        wire.requests.clear()
        engine = ModelEngine(client, settings_with(**changes))
        async with aclosing(engine.write(asked or task())) as parts:
            return [part async for part in parts]

    return anyio.run(run)


def context(tokens):
    return listed({"id": NAME, "max_model_len": tokens})


LARGE = context(32_768)


def wire(*texts, **options):
    return Wire([answer(*texts, **options)], models=LARGE)


def test_draft_text_comes_first_and_then_what_was_written():
    *drafts, last = written(wire(reply()))
    assert all(isinstance(draft, DraftText) for draft in drafts)
    assert len(drafts) >= 2
    assert "".join(draft.text for draft in drafts) == reply()
    assert isinstance(last, Written)
    assert [one.advice[0].text for one in last.replies] == ["Rest."]
    assert (last.usage, last.model) == (Usage(100, 20), NAME)
    assert last.prompt.sentences.keys() == {"G1.1", "G1.2"}


def test_the_schema_lets_the_model_cite_what_was_sent_and_nothing_else():
    asked = wire(reply())
    written(asked, task(evidence=(evidence(0), evidence(1))))
    (body,) = asked.bodies()
    definitions = body["response_format"]["json_schema"]["schema"]["$defs"]
    assert definitions["SentenceLabel"]["enum"] == ["G1.1", "G1.2", "G2.1", "G2.2"]
    assert definitions["ConditionLabel"]["enum"] == ["C1"]
    assert body["cache_salt"] == "salt"


def test_only_the_first_sample_is_shown_and_all_finished_ones_are_read():
    *drafts, last = written(wire(reply("Rest."), reply("Sleep well."), reply("Eat.")), task(Wish(samples=3)))
    assert "".join(draft.text for draft in drafts) == reply("Rest.")
    assert [one.advice[0].text for one in last.replies] == ["Rest.", "Sleep well.", "Eat."]


@pytest.mark.parametrize(
    ("texts", "reasons", "left"),
    [
        ((reply("one"), reply("two")), ["length", "stop"], ["two"]),
        ((reply("one"), reply("two")[:-5]), ["stop", "length"], ["one"]),
        ((reply("one"), "{}"), ["stop", "stop"], ["one"]),
        (("nonsense", reply("two")), ["stop", "stop"], ["two"]),
    ],
)
def test_samples_that_were_cut_off_or_do_not_follow_the_schema_are_dropped(texts, reasons, left):
    last = written(wire(*texts, reasons=reasons), task(Wish(samples=2)))[-1]
    assert [one.advice[0].text for one in last.replies] == left


@pytest.mark.parametrize(
    ("texts", "reasons"),
    [
        ((reply(),), ["length"]),
        ((reply()[:-5],), ["stop"]),
        (("my-private-words",), ["stop"]),
        ((reply(), reply()), ["length", "length"]),
        ((reply(), "{}"), ["length", "stop"]),
    ],
)
def test_without_a_finished_sample_the_draft_is_rejected(texts, reasons):
    with pytest.raises(DraftRejectedError) as caught:
        written(wire(*texts, reasons=reasons), task(Wish(samples=len(texts))))
    assert "my-private-words" not in str(caught.value)


def test_a_stream_without_an_end_for_the_sample_is_rejected():
    with pytest.raises(DraftRejectedError):
        written(Wire([streamed(*cut(reply()), DONE)], models=LARGE))


def test_an_answer_that_breaks_off_is_interrupted():
    with pytest.raises(ModelInterruptedError):
        written(Wire([streamed(*cut(reply()))], models=LARGE))


@pytest.mark.parametrize("for_clinician", [False, True])
def test_doses_are_withheld_from_what_is_shown_to_patients_while_it_is_written(for_clinician):
    told = "Take 500 mg twice a day."
    *drafts, last = written(wire(reply(told)), task(for_clinician=for_clinician))
    shown = json.loads("".join(draft.text for draft in drafts))
    assert shown["advice"][0]["text"] == (told if for_clinician else WITHHELD)
    assert last.replies[0].advice[0].text == told


def sent(asked, **changes):
    using = wire(*[reply()] * (asked.samples or changes.get("samples", 1)))
    written(using, task(asked), **changes)
    (body,) = using.bodies()
    return {key: body.get(key) for key in ("temperature", "top_p", "max_tokens", "n", "seed")}


def test_what_a_request_wishes_comes_before_the_settings():
    settings = {"temperature": 0.5, "top_p": 0.8, "max_tokens": 700, "samples": 2}
    assert sent(Wish(), **settings) == {"temperature": 0.5, "top_p": 0.8, "max_tokens": 700, "n": 2, "seed": None}
    wish = Wish(temperature=0.0, top_p=1.0, max_tokens=300, samples=1, seed=0)
    assert sent(wish, **settings) == {"temperature": 0.0, "top_p": 1.0, "max_tokens": 300, "n": 1, "seed": 0}


def counted(using):
    return [request for request in using.requests if request.url.path == "/tokenize"]


def test_nothing_is_counted_where_even_bytes_fit():
    using = wire(reply())
    written(using)
    assert counted(using) == []


def test_tokens_are_counted_where_bytes_do_not_fit():
    using = Wire([answer(reply())], models=context(1024), count=lambda _: httpx2.Response(200, json={"count": 10}))
    last = written(using, task(evidence=(evidence(0), evidence(1))), max_tokens=256)[-1]
    assert len(counted(using)) == 4
    assert (last.prompt.dropped_passages, last.prompt.dropped_turns) == (0, 0)


def test_evidence_that_does_not_fit_is_left_out_and_cannot_be_cited():
    tokens = 300
    using = Wire([answer(reply())], models=context(1024), count=lambda _: httpx2.Response(200, json={"count": tokens}))
    items = tuple(evidence(rank) for rank in range(3))
    with pytest.raises(PromptTooLongError):
        written(using, task(evidence=items), max_tokens=256)
    using = Wire([answer(reply())], models=context(1400), count=lambda _: httpx2.Response(200, json={"count": tokens}))
    last = written(using, task(evidence=items), max_tokens=256)[-1]
    assert last.prompt.dropped_passages == 2
    assert last.prompt.sentences.keys() == {"G1.1", "G1.2"}
    schema = using.bodies()[0]["response_format"]["json_schema"]["schema"]
    assert schema["$defs"]["SentenceLabel"]["enum"] == ["G1.1", "G1.2"]


@pytest.mark.parametrize("spare", range(-3, 60, 7))
def test_bytes_are_taken_for_tokens_only_where_they_drop_nothing(spare):
    items = (evidence(0), evidence(1))
    length = len(prompt_text(items)) + spare
    using = Wire(
        [answer(reply())], models=context(256 + length), count=lambda _: httpx2.Response(200, json={"count": 10})
    )
    last = written(using, task(evidence=items), max_tokens=256)[-1]
    assert last.prompt.dropped_passages == 0


def prompt_text(items):
    using = wire(reply())
    last = written(using, task(evidence=items))[-1]
    return "".join(message.content for message in last.prompt.messages).encode()


def test_only_counts_of_fixed_and_guideline_text_are_remembered():
    using = Wire(
        [lambda: answer(reply())], models=context(1024), count=lambda _: httpx2.Response(200, json={"count": 10})
    )

    async def run():
        client = using.client()
        await client.check()
        engine = ModelEngine(client, settings_with(max_tokens=256))
        for _ in range(2):
            async with aclosing(engine.write(task())) as parts:
                async for _ in parts:
                    pass

    anyio.run(run)
    prompts = [body["prompt"] for body in using.bodies("/tokenize")]
    assert len(prompts) == 4
    assert [prompts.count(prompt) for prompt in prompts if "I have a cough" in prompt] == [2, 2]


def test_a_server_that_does_not_count_fails_before_anything_is_asked():
    using = Wire([answer(reply())], models=context(1024), count=lambda _: httpx2.Response(500))
    with pytest.raises(ModelUnavailableError):
        written(using, max_tokens=256)
    assert using.bodies() == []


def test_a_wish_for_more_than_the_context_holds_is_too_long():
    with pytest.raises(PromptTooLongError):
        written(Wire(models=context(1024)), task(Wish(max_tokens=2048)))


def test_closing_early_closes_the_stream():
    answered = streamed(*cut(reply()), 5.0)
    stream = answered.stream

    async def run():
        client = Wire([answered], models=LARGE).client(in_flight=1)
        await client.check()
        parts = ModelEngine(client, settings_with()).write(task())
        assert isinstance(await anext(parts), DraftText)
        await parts.aclose()
        return stream.is_closed

    assert anyio.run(run)


def test_a_probe_goes_to_the_server():
    using = Wire()

    async def run():
        engine = ModelEngine(using.client(), settings_with())
        await engine.probe()
        return engine.name

    assert anyio.run(run) == NAME
    assert len(using.requests) == 1
