"""One file, because all cases share the wire that answers them; most of it is tables of what a server may send."""

import traceback
from contextlib import aclosing

import anyio
import httpx2
import pytest
from unit.services.generation.vllm_wire import (
    DONE,
    GOOD,
    HEADERS,
    KEY,
    NAME,
    Wire,
    ended,
    event,
    listed,
    piece,
    streamed,
    used,
)

from services.core.errors import (
    CitewellError,
    ModelBusyError,
    ModelInterruptedError,
    ModelRefusalError,
    ModelSettingError,
    ModelUnavailableError,
    PromptTooLongError,
)
from services.generation.prompt import Message
from services.generation.wire import Ended, Piece, Sampling, Usage

PRIVATE = "my-private-question"
MESSAGES = (Message("system", "Answer."), Message("user", PRIVATE))
SCHEMA = {"type": "object", "additionalProperties": False}
SAMPLING = Sampling(temperature=0.3, top_p=0.9, max_tokens=512)
REFUSED = httpx2.ConnectError("All connection attempts failed")


def good():
    return streamed(*GOOD)


def says(status, **error):
    """An error as vLLM words it: its message may quote the prompt."""
    return httpx2.Response(status, json={"error": {"message": f"{PRIVATE} {KEY}", "param": None, **error}})


async def read(client, sampling=SAMPLING, schema=SCHEMA):
    stream = client.stream(MESSAGES, schema, sampling, "salt")
    async with aclosing(stream) as parts:
        return [part async for part in parts]


def parts_of(wire, sampling=SAMPLING, **changes):
    async def run():
        return await read(wire.client(**changes), sampling)

    return anyio.run(run)


def failure_of(wire, kind, **changes):
    """The error of one stream, with what came before it."""

    async def run():
        came = []
        client = wire.client(**changes)
        stream = client.stream(MESSAGES, SCHEMA, SAMPLING, "salt")

        async def collect():
            async for part in stream:
                came.append(part)

        async with aclosing(stream):
            with pytest.raises(kind) as caught:
                await collect()
        return caught.value, came

    error, came = anyio.run(run)
    assert type(error) is kind
    said = "".join(traceback.format_exception(error))
    assert PRIVATE not in said
    assert KEY not in said
    return error, came


def test_a_stream_is_pieces_how_it_ended_and_what_it_took():
    assert parts_of(Wire()) == [Piece(0, "Hel"), Piece(0, "lo"), Ended(0, True), Usage(7, 2)]


def test_the_request_is_what_vllm_takes():
    wire = Wire()
    parts_of(wire, Sampling(0.3, 0.9, 512, samples=3, seed=5))
    (body,) = wire.bodies()
    assert body == {
        "model": NAME,
        "messages": [{"role": "system", "content": "Answer."}, {"role": "user", "content": PRIVATE}],
        "temperature": 0.3,
        "top_p": 0.9,
        "max_tokens": 512,
        "n": 3,
        "seed": 5,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_salt": "salt",
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
    }


def test_without_a_seed_or_a_schema_none_is_sent():
    wire = Wire()

    async def run():
        await read(wire.client(), schema=None)

    anyio.run(run)
    assert wire.bodies()[0].keys().isdisjoint({"seed", "response_format"})


def test_the_key_is_sent_in_the_header_and_nowhere_else():
    wire = Wire()

    async def run():
        client = wire.client()
        await client.check()
        await client.count_tokens(["a"], frozenset())
        await read(client)
        await client.close()

    anyio.run(run)
    assert {request.url.path for request in wire.requests} == {"/v1/models", "/v1/chat/completions", "/tokenize"}
    for request in wire.requests:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert KEY not in str(request.url)
        assert KEY.encode() not in request.content
        assert [value for value in request.headers.values() if KEY in value] == [f"Bearer {KEY}"]


def test_without_a_key_no_header_is_sent():
    wire = Wire()
    parts_of(wire, key="")
    assert "authorization" not in wire.requests[0].headers


def test_samples_are_told_apart():
    wire = Wire([streamed(piece("b", 1), piece("a", 0), ended(sample=1), ended("length", 0), DONE)])
    assert parts_of(wire) == [Piece(1, "b"), Piece(0, "a"), Ended(1, True), Ended(0, False)]


@pytest.mark.parametrize(("reason", "is_complete"), [("stop", True), ("length", False), ("content_filter", False)])
def test_only_what_stopped_by_itself_is_complete(reason, is_complete):
    assert parts_of(Wire([streamed(piece("a"), ended(reason), DONE)])) == [Piece(0, "a"), Ended(0, is_complete)]


def test_text_is_whole_however_the_network_cuts_it():
    sent = b"".join([piece("胸痛 "), piece("é\\n"), ended(), DONE])
    for size in (1, 2, 7, 64):
        cut = [sent[at : at + size] for at in range(0, len(sent), size)]
        assert parts_of(Wire([streamed(*cut)])) == [Piece(0, "胸痛 "), Piece(0, "é\\n"), Ended(0, True)]


def test_events_without_text_and_comments_are_passed_over():
    opening = event(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    bare = event(choices=[{"index": 0, "delta": {}}])
    assert parts_of(Wire([streamed(b": ping\n\n", opening, bare, *GOOD)]))[0] == Piece(0, "Hel")


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([piece("a")], id="ends without [DONE]"),
        pytest.param([piece("a"), ended("abort"), DONE], id="aborted"),
        pytest.param([piece("a"), event(error={"message": PRIVATE, "code": 500}), ended(), DONE], id="error event"),
        pytest.param([piece("a"), httpx2.ReadError("connection reset")], id="connection lost"),
        pytest.param([piece("a"), httpx2.RemoteProtocolError("peer closed")], id="peer closed"),
        pytest.param([piece("a"), f"data: {PRIVATE}\n\n".encode()], id="no JSON"),
        pytest.param([piece("a"), b"data: [1]\n\n"], id="no object"),
        pytest.param([piece("a"), event(choices=[{"delta": {"content": "b"}}])], id="no index"),
        pytest.param([piece("a"), event(choices=None)], id="no choices"),
        pytest.param([piece("a"), event(choices=[None])], id="no choice"),
        pytest.param([piece("a"), event(choices=[], usage={"prompt_tokens": 1})], id="half a usage"),
    ],
)
def test_an_answer_that_breaks_off_is_interrupted_and_not_asked_for_again(chunks):
    wire = Wire([streamed(*chunks), good()])
    _, came = failure_of(wire, ModelInterruptedError)
    assert came == [Piece(0, "a")]
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(says(503), id="503"),
        pytest.param(says(500), id="500"),
        pytest.param(REFUSED, id="connection refused"),
        pytest.param(httpx2.ConnectTimeout("timed out"), id="connect timeout"),
        pytest.param(streamed(), id="ends at once"),
        pytest.param(streamed(httpx2.ReadError("reset")), id="breaks at once"),
        pytest.param(httpx2.Response(200, json={"choices": []}), id="no event stream"),
        pytest.param(httpx2.Response(200, headers={**HEADERS, "content-encoding": "gzip"}, content=b""), id="empty"),
    ],
)
def test_what_fails_before_the_first_token_is_tried_once_more(first):
    wire = Wire([first, good()])
    assert parts_of(wire)[0] == Piece(0, "Hel")
    assert wire.bodies()[0] == wire.bodies()[1]
    assert len(wire.requests) == 2


def test_it_is_tried_no_more_than_twice():
    wire = Wire([says(503), REFUSED, good()])
    _, came = failure_of(wire, ModelUnavailableError)
    assert came == []
    assert len(wire.requests) == 2


def test_a_stream_that_cannot_be_decoded_is_no_token():
    garbled = {**HEADERS, "content-encoding": "gzip"}
    wire = Wire([lambda: httpx2.Response(200, headers=garbled, stream=streamed(b"no gzip").stream)])
    failure_of(wire, ModelUnavailableError)


def test_a_prompt_that_is_too_long_for_the_model_is_the_callers_error():
    wire = Wire([says(400, param="input_tokens")])
    error, _ = failure_of(wire, PromptTooLongError)
    assert "record" in str(error)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        says(400),
        says(400, param="temperature"),
        says(401),
        says(404),
        says(422),
        says(422, param="input_tokens"),
        httpx2.Response(400, text=f"<html>{PRIVATE}</html>"),
        httpx2.Response(400, json=[PRIVATE]),
        httpx2.Response(400, json={"error": PRIVATE}),
        httpx2.Response(302, headers={"location": "http://elsewhere.test/"}),
    ],
)
def test_a_refusal_is_not_tried_again(answer):
    wire = Wire([answer, good()])
    error, _ = failure_of(wire, ModelRefusalError)
    assert str(answer.status_code) in str(error)
    assert len(wire.requests) == 1


def test_the_first_token_must_come_in_time_all_tries_included():
    wire = Wire([lambda: streamed(5.0, *GOOD)])
    started = anyio.run(seconds, lambda: failure_in(wire.client(first_token_s=0.05)))
    assert started < 1
    assert len(wire.requests) == 1


async def failure_in(client):
    with pytest.raises(ModelUnavailableError):
        await read(client)


async def seconds(work):
    began = anyio.current_time()
    await work()
    return anyio.current_time() - began


def test_the_next_token_must_come_in_time():
    wire = Wire([streamed(piece("a"), 1.0, *GOOD)])
    _, came = failure_of(wire, ModelInterruptedError, between_tokens_s=0.05)
    assert came == [Piece(0, "a")]


def test_the_whole_answer_must_come_in_time():
    drip = [chunk for _ in range(200) for chunk in (piece("a"), 0.02)]
    _, came = failure_of(Wire([streamed(*drip, DONE)]), ModelInterruptedError, total_s=0.2)
    assert 0 < len(came) < 100


def test_a_slow_answer_within_its_bounds_is_read():
    slow = [chunk for part in GOOD for chunk in (part, 0.02)]
    assert len(parts_of(Wire([streamed(*slow)]), first_token_s=0.5, between_tokens_s=0.5)) == 4


async def closed_early(client):
    stream = client.stream(MESSAGES, SCHEMA, SAMPLING, "salt")
    await anext(stream)
    await stream.aclose()


async def cancelled(client):
    with anyio.move_on_after(0.05):
        await read(client)


async def failed(client):
    with pytest.raises(CitewellError):
        await read(client)


@pytest.mark.parametrize(
    ("answer", "leave"),
    [
        pytest.param(good(), read, id="finished"),
        pytest.param(streamed(piece("a"), 5.0), closed_early, id="closed early"),
        pytest.param(streamed(piece("a"), 5.0), cancelled, id="cancelled in the middle"),
        pytest.param(streamed(5.0), cancelled, id="cancelled before the first token"),
        pytest.param(streamed(piece("a")), failed, id="interrupted"),
        pytest.param(says(401), failed, id="refused"),
        pytest.param(says(400, param="input_tokens"), failed, id="too long"),
    ],
)
def test_a_slot_is_free_again_whatever_happened(answer, leave):
    wire = Wire([answer, good()])

    async def run():
        client = wire.client(in_flight=1, first_token_s=0.3)
        await leave(client)
        return await read(client)

    assert anyio.run(run)[0] == Piece(0, "Hel")


def test_the_connection_is_dropped_when_the_iterator_is_closed_early():
    answer = streamed(piece("a"), 5.0)
    sent = answer.stream

    async def run():
        await closed_early(Wire([answer]).client())
        return sent.is_closed

    assert anyio.run(run)


def test_no_more_requests_are_at_the_model_than_there_are_slots():
    wire = Wire([lambda: streamed(piece("a"), 0.05, *GOOD)])
    most = 0

    async def one(client):
        nonlocal most
        stream = client.stream(MESSAGES, SCHEMA, SAMPLING, "salt")
        async with aclosing(stream) as parts:
            async for _ in parts:
                most = max(most, len(wire.requests) - finished)
        done()

    finished = 0

    def done():
        nonlocal finished
        finished += 1

    async def run():
        client = wire.client(in_flight=2)
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(one, client)

    anyio.run(run)
    assert (most, finished) == (2, 6)


def test_who_gets_no_slot_in_time_is_told_that_the_model_is_busy_and_the_breaker_does_not_count_it():
    wire = Wire([lambda: streamed(piece("a"), 5.0)])

    async def run():
        client = wire.client(in_flight=1, first_token_s=0.05, breaker_failures=1)
        stream = client.stream(MESSAGES, SCHEMA, SAMPLING, "salt")
        async with aclosing(stream):
            await anext(stream)
            with pytest.raises(ModelBusyError):
                await read(client)
        return client.breaker.is_open

    assert anyio.run(run) is False
    assert len(wire.requests) == 1


def test_the_breaker_opens_after_failures_in_a_row_and_one_success_closes_it():
    wire = Wire([REFUSED, REFUSED, REFUSED, REFUSED, good()])

    async def run():
        client = wire.client(breaker_failures=2, breaker_cooldown_s=0.1)
        await failed(client)
        assert not client.breaker.is_open
        await failed(client)
        assert client.breaker.is_open
        asked = len(wire.requests)
        await failed(client)
        assert len(wire.requests) == asked
        await anyio.sleep(0.12)
        assert len(await read(client)) == 4
        return client.breaker.is_open

    assert anyio.run(run) is False


def test_a_probe_that_fails_opens_the_breaker_again():
    wire = Wire([REFUSED])

    async def run():
        client = wire.client(breaker_failures=1, breaker_cooldown_s=0.1)
        await failed(client)
        await anyio.sleep(0.12)
        await failed(client)
        asked = len(wire.requests)
        await failed(client)
        return asked, len(wire.requests)

    assert anyio.run(run) == (4, 4)


@pytest.mark.parametrize("answer", [says(401), says(400, param="input_tokens")])
def test_a_refusal_says_nothing_of_the_servers_health(answer):
    wire = Wire([answer])

    async def run():
        client = wire.client(breaker_failures=1)
        await failed(client)
        return client.breaker.is_open

    assert anyio.run(run) is False


def checked(wire, **changes):
    async def run():
        client = wire.client(**changes)
        await client.check()
        return client.context_tokens

    return anyio.run(run)


def test_the_context_is_that_of_the_served_model():
    assert (
        checked(Wire(models=listed({"id": "other", "max_model_len": 1}, {"id": NAME, "max_model_len": 4096}))) == 4096
    )


def test_an_adapters_context_is_that_of_its_base():
    base = {"id": "base", "max_model_len": 8192, "parent": None}
    assert checked(Wire(models=listed(base, {"id": NAME, "max_model_len": None, "parent": "base"}))) == 8192


@pytest.mark.parametrize(
    ("wire", "setting"),
    [
        pytest.param({"models": REFUSED}, "CITEWELL_MODEL__BASE_URL", id="unreachable"),
        pytest.param({"models": httpx2.UnsupportedProtocol("x")}, "CITEWELL_MODEL__BASE_URL", id="no such protocol"),
        pytest.param({"models": says(404)}, "CITEWELL_MODEL__BASE_URL", id="not found"),
        pytest.param({"models": says(401)}, "CITEWELL_MODEL__KEY", id="wrong key"),
        pytest.param({"models": says(403)}, "CITEWELL_MODEL__KEY", id="forbidden"),
        pytest.param({"models": listed({"id": "other", "max_model_len": 1})}, "CITEWELL_MODEL__NAME", id="other model"),
        pytest.param({"models": listed({"id": NAME})}, "CITEWELL_MODEL__BASE_URL", id="no context"),
        pytest.param({"models": listed({"id": NAME, "parent": "x"})}, "CITEWELL_MODEL__BASE_URL", id="no base"),
        pytest.param({"models": httpx2.Response(200, text="<html>")}, "CITEWELL_MODEL__BASE_URL", id="a web page"),
        pytest.param({"models": httpx2.Response(200, json=["x"])}, "CITEWELL_MODEL__BASE_URL", id="other JSON"),
        pytest.param({"token": says(500)}, "restart", id="no token"),
        pytest.param({"token": REFUSED}, "restart", id="no connection for a token"),
    ],
)
def test_what_is_wrong_at_start_is_named_by_its_setting(wire, setting):
    with pytest.raises(ModelSettingError) as caught:
        checked(Wire(**wire))
    assert setting in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_url_that_is_none_is_named_at_start():
    with pytest.raises(ModelSettingError, match="CITEWELL_MODEL__BASE_URL"):
        checked(Wire(), base_url="http://[::1")


def test_a_probe_makes_one_token():
    wire = Wire()

    async def run():
        await wire.client().probe()

    anyio.run(run)
    (body,) = wire.bodies()
    assert (body["model"], body["max_tokens"]) == (NAME, 1)


def test_no_probe_is_needed_after_recent_tokens():
    wire = Wire()

    async def run():
        client = wire.client(probe_s=0.1)
        await read(client)
        await client.probe()
        asked = len(wire.requests)
        await anyio.sleep(0.12)
        await client.probe()
        await client.probe()
        return asked, len(wire.requests)

    assert anyio.run(run) == (1, 2)


def test_tokens_of_a_stream_that_broke_are_no_proof():
    wire = Wire([streamed(piece("a"))])

    async def run():
        client = wire.client()
        await failed(client)
        await client.probe()

    anyio.run(run)
    assert len(wire.requests) == 2


@pytest.mark.parametrize("token", [says(500), REFUSED, says(401)])
def test_a_probe_fails_where_no_token_is_made(token):
    async def run():
        client = Wire(token=token).client()
        for _ in range(2):
            with pytest.raises(CitewellError) as caught:
                await client.probe()
        return str(caught.value)

    assert PRIVATE not in anyio.run(run)


def counted(wire):
    return [body["prompt"] for body in wire.bodies("/tokenize")]


def test_only_counts_that_may_be_kept_are_kept():
    wire = Wire()

    async def run():
        client = wire.client()
        first = await client.count_tokens(["guideline", PRIVATE, PRIVATE], frozenset({"guideline", "unasked"}))
        second = await client.count_tokens(["guideline", PRIVATE], frozenset())
        return first, second

    first, second = anyio.run(run)
    assert first == second == {"guideline": 9, PRIVATE: len(PRIVATE)}
    assert sorted(counted(wire)) == sorted(["guideline", PRIVATE, PRIVATE])


def test_a_text_is_counted_as_it_is_without_special_tokens():
    wire = Wire()

    async def run():
        await wire.client().count_tokens(["胸痛"], frozenset())

    anyio.run(run)
    assert wire.bodies("/tokenize") == [{"model": NAME, "prompt": "胸痛", "add_special_tokens": False}]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (REFUSED, ModelUnavailableError),
        (says(500), ModelUnavailableError),
        (says(404), ModelRefusalError),
        (httpx2.Response(200, text=PRIVATE), ModelUnavailableError),
        (httpx2.Response(200, json={"other": 1}), ModelUnavailableError),
        (httpx2.Response(200, json=[PRIVATE]), ModelUnavailableError),
    ],
)
def test_a_server_that_does_not_count_fails_as_one_error(answer, kind):
    wire = Wire(count=lambda _: answer)

    async def run():
        with pytest.raises(kind) as caught:
            await wire.client().count_tokens(["a", "b", PRIVATE], frozenset({"a"}))
        return caught.value

    error = anyio.run(run)
    assert type(error) is kind
    assert PRIVATE not in "".join(traceback.format_exception(error))


def test_a_server_that_hangs_while_it_counts_is_not_asked_twice():
    wire = Wire(count=lambda _: streamed(60.0))

    async def run():
        with pytest.raises(ModelUnavailableError):
            await wire.client(first_token_s=0.1).count_tokens(["a"], frozenset())

    anyio.run(run)
    assert counted(wire) == ["a"]


def test_usage_comes_last():
    assert parts_of(Wire([streamed(piece("a"), ended(), used(1, 2), DONE)]))[-1] == Usage(1, 2)
