"""What waits is answered together, nothing waits for company, and what fails fails alone."""

import asyncio
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as slower
from hypothesis import strategies as st

from smeaton.errors import DeadlineExceeded
from smeaton.runtime.call import Call
from smeaton.service.batching import Batcher
from smeaton.service.problem import Problem


class Doubles:
    """A model that doubles numbers; a negative one is too much for it. `quick`: it runs on the event loop."""

    def __init__(self, most: int = 8, waiting: int = 100, quick: bool = True, seconds: float = 0.0) -> None:
        self.runs: list[list[int]] = []
        self.threads: set[int] = set()
        self.told: list[tuple[int, int]] = []
        self.seconds = seconds
        self.batcher = Batcher(self.run, (), most, waiting, lambda rows, asked, *_: self.told.append((rows, asked)))
        if quick:
            for rows in (1, 2, 4, 8, 16):
                self.batcher.pace.note(rows, 1e-6)

    def run(self, items: Any, call: Call) -> dict[str, Any]:
        self.runs.append(list(items))
        self.threads.add(threading.get_ident())
        time.sleep(self.seconds)
        if min(items) < 0:
            raise ArithmeticError("negative")
        return {"prediction": np.array(items) * 2}

    async def ask(self, *items: int, call: Call | None = None) -> list[int]:
        answered = await self.batcher.answer(list(items), call or Call())
        assert len(answered) == len(items)
        assert [row["prediction"] for row in answered.rows()] == answered.columns["prediction"].tolist()
        return [row["prediction"] for row in answered.rows()]

    async def all(self, *requests: tuple[int, ...]) -> list[Any]:
        return await asyncio.gather(*(self.ask(*items) for items in requests), return_exceptions=True)


def test_what_arrives_together_is_one_run_and_each_gets_its_own() -> None:
    model = Doubles()
    assert asyncio.run(model.all((1,), (2, 3), (4,))) == [[2], [4, 6], [8]]
    assert model.runs == [[1, 2, 3, 4]]
    assert model.told == [(4, 3)]


def test_one_that_is_alone_does_not_wait_for_a_turn_of_the_loop() -> None:
    model = Doubles()
    answered = model.batcher.at_once([3], Call())
    assert answered is not None
    assert answered.rows() == [{"prediction": 6}]
    assert model.told == [(1, 1)]


def test_what_is_slow_or_large_or_has_others_before_it_waits_its_turn() -> None:
    assert Doubles(quick=False).batcher.at_once([3], Call()) is None
    assert Doubles(most=2).batcher.at_once([1, 2, 3], Call()) is None
    model = Doubles()

    async def main() -> None:
        first = asyncio.create_task(model.ask(1))
        await asyncio.sleep(0)
        assert model.batcher.at_once([2], Call()) is None
        assert await first == [2]
        assert model.batcher.at_once([2], Call()) is not None

    asyncio.run(main())


def test_no_run_is_above_the_maximum() -> None:
    model = Doubles(most=3)
    assert asyncio.run(model.all((1, 2), (3, 4), (5,))) == [[2, 4], [6, 8], [10]]
    assert [len(run) for run in model.runs] == [3, 2]


def test_a_large_request_lets_the_others_have_their_turn() -> None:
    model = Doubles(most=4)
    assert asyncio.run(model.all(tuple(range(10)), (100,), (200,))) == [[2 * i for i in range(10)], [200], [400]]
    assert model.runs[0] == [0, 1, 2, 3]
    assert 100 in model.runs[1]
    assert 200 in model.runs[1]


@given(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=9), max_size=9), st.integers(1, 12), st.booleans())
@slower(max_examples=60, deadline=None)
def test_answers_never_mix(requests: list[list[int]], most: int, quick: bool) -> None:
    model = Doubles(most=most, quick=quick)
    found = asyncio.run(model.all(*map(tuple, requests)))
    assert found == [[2 * item for item in items] for items in requests]
    assert all(len(run) <= most for run in model.runs)
    assert sum(map(len, model.runs)) == sum(map(len, requests))
    model.batcher.close()


def test_a_failing_request_fails_alone() -> None:
    model = Doubles()
    one, bad, other = asyncio.run(model.all((1,), (-1,), (2,)))
    assert (one, other) == ([2], [4])
    assert isinstance(bad, ArithmeticError)
    assert model.runs == [[1, -1, 2], [1], [-1], [2]]


def test_a_slow_run_has_a_thread_and_the_loop_goes_on() -> None:
    model = Doubles(quick=False, seconds=0.2)

    async def main() -> int:
        asking = asyncio.gather(model.ask(1), model.ask(2))
        turns = 0
        while not asking.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert asking.result() == [[2], [4]]
        return turns

    assert asyncio.run(main()) > 5
    assert threading.get_ident() not in model.threads
    model.batcher.close()


def test_what_comes_while_the_model_works_is_its_next_run() -> None:
    model = Doubles(quick=False, seconds=0.1)

    async def main() -> list[Any]:
        first = asyncio.create_task(model.ask(1))
        await asyncio.sleep(0.03)
        return [await model.all((2,), (3,)), await first]

    assert asyncio.run(main()) == [[[4], [6]], [2]]
    assert model.runs == [[1], [2, 3]]
    model.batcher.close()


def test_a_full_queue_refuses_at_once() -> None:
    model = Doubles(waiting=2)
    *taken, refused = asyncio.run(model.all((1,), (2,), (3,)))
    assert taken == [[2], [4]]
    assert isinstance(refused, Problem)
    assert (refused.status, refused.code, refused.retry) == (429, "queue_full", 1)


def test_a_request_whose_time_is_over_is_not_run() -> None:
    model = Doubles()
    with pytest.raises(DeadlineExceeded):
        asyncio.run(model.ask(1, call=Call(deadline=time.monotonic() - 1)))
    assert model.runs == []


def test_a_request_does_not_wait_beyond_its_deadline_for_the_thread() -> None:
    model = Doubles(quick=False, seconds=0.5)

    async def main() -> float:
        first = asyncio.create_task(model.ask(1))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            await model.ask(2, call=Call(deadline=time.monotonic() + 0.05))
        waited = time.monotonic() - began
        assert await first == [2]
        return waited

    assert asyncio.run(main()) < 0.4
    assert model.runs == [[1]]
    model.batcher.close()
