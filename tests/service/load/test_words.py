"""What a load test found, in words."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.service.load.test_search import LIMIT, seen

from smeaton.service.load.loaded import Loaded
from smeaton.service.load.sample import Sample
from smeaton.service.load.search import Search, Step
from smeaton.service.load.words import HEAD, limiter, line, percentiles


def busy(service: float | None, generator: float = 0.2) -> Sample:
    return replace(seen(p99=1.0, cpu=generator), service_cpu=None if service is None else service * 10)


@pytest.mark.parametrize(
    ("step", "cores", "workers", "words"),
    [
        (Step(9, busy(0.95), "late"), 2, 1, "the CPU of its worker: at 9/s the service used 0.95 of 2 cores"),
        (Step(9, busy(0.95), "late"), 8, 1, "more --workers may hold more"),
        (Step(9, busy(1.8), "behind"), 2, 2, "the CPU of its 2 workers"),
        (Step(9, busy(1.2, 0.7), "late"), 2, 4, "the CPU of this machine"),
        (Step(9, busy(0.2), "late"), 2, 1, "not CPU"),
        (Step(9, busy(None), "late"), 2, None, "unknown at 9/s"),
        (Step(9, seen(errors={"429": 7, "500": 1}), "errors"), 2, 1, "errors at 9/s: 7 x 429, 1 x 500"),
        (Step(9, seen(late=0.04, cpu=0.97), "generator"), 2, 1, "the load generator itself at 9/s (late by 40 ms"),
        (None, 2, 1, "no limit was reached"),
    ],
)
def test_what_limits_it(step: Step | None, cores: int, workers: int | None, words: str) -> None:
    assert words in limiter(step, cores, workers)


def test_more_workers_are_not_advised_where_no_core_is_left() -> None:
    assert "--workers" not in limiter(Step(9, busy(0.95), "late"), 2, 1)


def test_lines_stand_under_their_heads() -> None:
    step = Step(4870, seen(4870, 0.0123, reached=4866.4), "", confirming=True)
    text = line(step, LIMIT)
    assert text.split() == ["4,870", "4,866", "12.3", "ms", "12.3", "ms", "0", "confirmed"]
    assert text.index("4,870") + 5 == HEAD.index("asked/s") + 7
    assert "p99 over 50 ms" in line(Step(9, seen(p99=1.0), "late"), LIMIT)
    assert line(Step(9, replace(seen(), latencies=np.empty(0)), "behind"), LIMIT).split()[2:4] == ["-", "-"]


def test_high_percentiles_only_with_enough_behind_them() -> None:
    assert "p99.9" not in percentiles(seen())
    assert "p99.9 10 ms" in percentiles(replace(seen(), latencies=np.full(1000, 0.01)))


def loaded(*steps: Step, **more: Any) -> Loaded:
    search = Search(lambda rate, seconds: seen(), LIMIT, 60.0, steps=list(steps), ended="found")
    return Loaded("m", "http://127.0.0.1:1", LIMIT, 1, 2, 1, seen(), search, **more)


HELD = Step(100, replace(seen(), service_cpu=2.0), "", confirming=True)
BROKEN = Step(200, busy(0.95), "late")


def test_the_claim() -> None:
    text = "\n".join(loaded(HELD, BROKEN, peak=120_000_000, processes=2).last_lines())
    assert "holds 100 requests/s with p99 <= 50 ms and no errors\n" in text
    assert "kept its schedule" in text
    assert "service 2 ms, load generator 1 ms" in text
    assert "120 MB (its 2 processes added up)" in text
    assert "what limits it: the CPU of its worker" in text


def test_what_was_not_confirmed_is_said() -> None:
    assert "seen once, not confirmed" in "\n".join(loaded(replace(HELD, confirming=False)).last_lines())


def test_a_late_generator_is_said() -> None:
    late = replace(HELD, sample=seen(late=LIMIT))
    text = "\n".join(loaded(late).last_lines())
    assert "the latencies are upper bounds" in text
    assert loaded(late).as_dict()["kept_schedule"] is False


def test_nothing_held() -> None:
    found = loaded(BROKEN)
    assert "holds no rate that was tried" in "\n".join(found.last_lines())
    assert found.as_dict()["rate"] is None


def test_interrupted_before_anything() -> None:
    found = replace(loaded(interrupted=True), search=None, alone=None)
    assert list(found.first_lines()) == ["m at http://127.0.0.1:1, 1 row a request"]
    assert list(found.last_lines()) == ["interrupted; this is known so far"]
    assert json.loads(json.dumps(found.as_dict()))["steps"] == []


def test_where_a_running_service_cannot_be_read() -> None:
    text = "\n".join(loaded(replace(HELD, sample=seen()), cpu_per_request=0.002, peak=10**8).last_lines())
    assert "service at most 2 ms (its start and warm-ups included)" in text
    assert "100 MB (its largest process)" in text


def test_plain_data() -> None:
    said = json.loads(json.dumps(loaded(HELD, BROKEN).as_dict()))
    assert (said["rate"], said["confirmed"], said["limiter_cause"]) == (100, True, "late")
    assert said["held"]["p99"] == 0.01
    assert [(step["rate"], step["reached"], step["cause"]) for step in said["steps"]] == [
        (100, 100, ""),
        (200, 100, "late"),
    ]
