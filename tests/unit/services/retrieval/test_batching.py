import asyncio
from contextlib import suppress

import pytest

from services.core.errors import OverloadedError
from services.retrieval.batching import Batcher


class Work:
    """Doubles numbers, once its gate is open, and remembers its batches."""

    def __init__(self, fail_on=None):
        self.batches = []
        self.running = 0
        self.most_running = 0
        self.gate = asyncio.Event()
        self.fail_on = fail_on

    async def __call__(self, items):
        self.batches.append(list(items))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self.gate.wait()
        self.running -= 1
        if self.fail_on in items:
            raise ValueError(self.fail_on)
        return [2 * item for item in items]


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def test_each_caller_gets_its_own_result():
    async def run():
        work = Work()
        work.gate.set()
        batcher = Batcher(work, max_batch=3, max_waiting=100)
        return await asyncio.gather(*(batcher.submit(number) for number in range(10)))

    assert asyncio.run(run()) == [2 * number for number in range(10)]


def test_an_idle_batcher_starts_at_once_and_later_arrivals_share_the_next_batch():
    async def run():
        work = Work()
        batcher = Batcher(work, max_batch=8, max_waiting=100)
        tasks = [asyncio.create_task(batcher.submit(0))]
        await settle()
        tasks += [asyncio.create_task(batcher.submit(number)) for number in (1, 2, 3)]
        await settle()
        work.gate.set()
        await asyncio.gather(*tasks)
        return work

    work = asyncio.run(run())
    assert work.batches == [[0], [1, 2, 3]]
    assert work.most_running == 1


def test_a_batch_is_no_larger_than_allowed():
    async def run():
        work = Work()
        work.gate.set()
        batcher = Batcher(work, max_batch=2, max_waiting=100)
        await asyncio.gather(*(batcher.submit(number) for number in range(5)))
        return work

    assert asyncio.run(run()).batches == [[0, 1], [2, 3], [4]]


def test_more_than_may_wait_are_refused_and_the_others_are_served():
    async def run():
        work = Work()
        batcher = Batcher(work, max_batch=1, max_waiting=2)
        first = asyncio.create_task(batcher.submit(0))
        await settle()
        waiting = [asyncio.create_task(batcher.submit(number)) for number in (1, 2)]
        await settle()
        with pytest.raises(OverloadedError):
            await batcher.submit(3)
        work.gate.set()
        return await asyncio.gather(first, *waiting)

    assert asyncio.run(run()) == [0, 2, 4]


def test_a_failure_reaches_the_callers_of_its_batch_only():
    async def run():
        work = Work(fail_on=1)
        work.gate.set()
        batcher = Batcher(work, max_batch=2, max_waiting=100)
        return await asyncio.gather(*(batcher.submit(number) for number in range(4)), return_exceptions=True)

    first, second, third, fourth = asyncio.run(run())
    assert isinstance(first, ValueError)
    assert isinstance(second, ValueError)
    assert (third, fourth) == (4, 6)


def test_a_caller_that_left_is_not_worked_for():
    async def run():
        work = Work()
        batcher = Batcher(work, max_batch=8, max_waiting=100)
        tasks = [asyncio.create_task(batcher.submit(number)) for number in range(1)]
        await settle()
        tasks += [asyncio.create_task(batcher.submit(number)) for number in (1, 2)]
        await settle()
        tasks[1].cancel()
        with suppress(asyncio.CancelledError):
            await tasks[1]
        work.gate.set()
        return work, await asyncio.gather(tasks[0], tasks[2])

    work, results = asyncio.run(run())
    assert work.batches == [[0], [2]]
    assert results == [0, 4]


def test_a_caller_that_leaves_during_the_work_takes_nothing_from_the_others():
    async def run():
        work = Work()
        batcher = Batcher(work, max_batch=8, max_waiting=100)
        tasks = [asyncio.create_task(batcher.submit(number)) for number in (1, 2)]
        await settle()
        tasks[0].cancel()
        with suppress(asyncio.CancelledError):
            await tasks[0]
        work.gate.set()
        return await tasks[1]

    assert asyncio.run(run()) == 4


def test_a_batcher_works_again_after_it_was_idle():
    async def run():
        work = Work()
        work.gate.set()
        batcher = Batcher(work, max_batch=8, max_waiting=100)
        first = await batcher.submit(1)
        await settle()
        return first, await batcher.submit(2)

    assert asyncio.run(run()) == (2, 4)
