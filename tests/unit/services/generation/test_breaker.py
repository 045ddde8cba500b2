from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.errors import ModelInterruptedError, ModelRefusalError, ModelUnavailableError
from services.generation.breaker import Breaker

COOLDOWN_S = 10.0


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def breaker(failures=3):
    clock = Clock()
    return Breaker(failures, COOLDOWN_S, clock), clock


def attempt(one, error=None, *, proves=True):
    """One request; whether it was let through."""
    with ExitStack() as stack:
        stack.enter_context(suppress(ModelUnavailableError if error is None else type(error)))
        try:
            entered = stack.enter_context(one.attempt(proves=proves))
        except ModelUnavailableError:
            return False
        assert entered is None
        if error is not None:
            raise error
    return True


def fail(one, times=1, **options):
    return [attempt(one, ModelUnavailableError("x"), **options) for _ in range(times)]


def opened(failures=3):
    one, clock = breaker(failures)
    fail(one, failures)
    return one, clock


def test_it_opens_after_failures_in_a_row():
    one, _ = breaker(3)
    assert fail(one, 2) == [True, True]
    assert not one.is_open
    fail(one)
    assert one.is_open
    with pytest.raises(ModelUnavailableError), one.attempt():
        pass


def test_an_interrupted_answer_is_a_failure():
    one, _ = breaker(1)
    attempt(one, ModelInterruptedError("x"))
    assert one.is_open


def test_a_success_in_between_starts_the_count_anew():
    one, _ = breaker(3)
    fail(one, 2)
    attempt(one)
    fail(one, 2)
    assert not one.is_open
    fail(one)
    assert one.is_open


def test_the_error_of_the_request_passes_through():
    one, _ = breaker()
    error = ModelUnavailableError("x")
    with pytest.raises(ModelUnavailableError) as caught, one.attempt():
        raise error
    assert caught.value is error


def test_nothing_is_tried_during_the_cooldown():
    one, clock = opened()
    assert not attempt(one)
    clock.now += COOLDOWN_S - 0.001
    assert not attempt(one)
    assert one.is_open


def test_after_the_cooldown_exactly_one_request_probes():
    one, clock = opened()
    clock.now += COOLDOWN_S
    with one.attempt():
        assert not attempt(one)
        assert not attempt(one)
    assert attempt(one)
    assert not one.is_open


def test_a_probe_that_succeeds_closes_it_and_forgets_the_failures():
    one, clock = opened(2)
    clock.now += COOLDOWN_S
    attempt(one)
    assert not one.is_open
    fail(one)
    assert not one.is_open


def test_a_probe_that_fails_opens_it_for_another_cooldown():
    one, clock = opened()
    clock.now += COOLDOWN_S
    assert fail(one) == [True]
    assert not attempt(one)
    clock.now += COOLDOWN_S - 0.001
    assert not attempt(one)
    clock.now += 0.001
    assert attempt(one)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), ModelRefusalError("x"), ValueError("x")])
def test_what_says_nothing_of_the_server_counts_neither_way(error):
    one, _ = breaker(2)
    fail(one)
    attempt(one, error)
    assert not one.is_open
    fail(one)
    assert one.is_open


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), ModelRefusalError("x")])
def test_a_probe_without_a_verdict_lets_the_next_one_probe(error):
    one, clock = opened()
    clock.now += COOLDOWN_S
    assert attempt(one, error)
    assert one.is_open
    assert attempt(one)
    assert not one.is_open


def test_a_request_that_was_under_way_when_it_opened_does_not_free_the_probe_of_another():
    one, clock = breaker(1)
    with ExitStack() as probing:
        with suppress(ValueError), one.attempt():
            fail(one)
            clock.now += COOLDOWN_S
            probing.enter_context(one.attempt())
            raise ValueError
        assert not attempt(one)
    assert not one.is_open


def test_it_is_in_trouble_from_the_first_failure_to_the_next_success():
    one, _ = breaker(3)
    assert not one.is_troubled
    fail(one)
    assert one.is_troubled
    assert not one.is_open
    attempt(one, ValueError("x"))
    assert one.is_troubled
    attempt(one)
    assert not one.is_troubled


def test_work_beside_the_point_proves_nothing_but_its_failures_count():
    one, clock = breaker(2)
    fail(one)
    attempt(one, proves=False)
    fail(one, proves=False)
    assert one.is_open
    assert not attempt(one, proves=False)
    clock.now += COOLDOWN_S
    assert attempt(one, proves=False)
    assert one.is_open
    assert attempt(one)
    assert not one.is_open


@given(st.integers(1, 5), st.lists(st.sampled_from(["good", "bad", "other", "wait"]), max_size=40))
def test_it_is_open_only_from_enough_failures_in_a_row_until_a_success(limit, events):
    one, clock = breaker(limit)
    in_a_row = 0
    for happens in events:
        if happens == "wait":
            clock.now += COOLDOWN_S
            continue
        error = {"good": None, "bad": ModelUnavailableError("x"), "other": ValueError("x")}[happens]
        if attempt(one, error):
            in_a_row = 0 if happens == "good" else in_a_row + (happens == "bad")
        else:
            assert one.is_open
        assert one.is_open == (in_a_row >= limit)
