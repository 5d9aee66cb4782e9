"""Counts of a worker, their merging, and what becomes of those of a dead worker."""

import json

from hypothesis import given
from hypothesis import strategies as st

from smeaton.service.telemetry.metrics import OTHER, REASONS, ROWS, SECONDS, SERIES, Metrics
from smeaton.service.telemetry.snapshot import carry, merge, name_of, parts_of

requests = st.tuples(
    st.sampled_from(["rest", "oip"]), st.sampled_from(["churn", ""]), st.sampled_from([200, 422]), st.floats(0, 20)
)


def counted(*asked: tuple[str, str, int, float], worker: str = "0") -> Metrics:
    metrics = Metrics(worker)
    for wire, model, code, seconds in asked:
        metrics.request(wire, model, "v1" if model else "", code, seconds)
    return metrics


def test_a_value_falls_into_the_bucket_that_it_does_not_exceed() -> None:
    for place, bound in enumerate(SECONDS):
        numbers = counted(("rest", "m", 200, bound)).snapshot()["series"]["request\tm\tv1\trest\t200"]
        assert numbers[place] == 1
        assert numbers[-1] == bound
    beyond = counted(("rest", "m", 200, SECONDS[-1] * 2)).snapshot()["series"]["request\tm\tv1\trest\t200"]
    assert beyond[len(SECONDS)] == 1


def test_a_batch_is_counted_by_run_time_waiting_and_size() -> None:
    metrics = Metrics()
    metrics.batch("m", rows=3, requests=2, queued=0.002, ran=0.0001)
    metrics.batch("m", rows=5000, requests=1, queued=0.0, ran=60.0)
    series = metrics.snapshot()["series"]
    assert series["batch_requests\tm"] == [3]
    assert series["batch_size\tm"][ROWS.index(4.0)] == 1
    assert series["batch_size\tm"][-2:] == [1, 5003]
    assert series["queue\tm"][SECONDS.index(0.0025)] == 1
    assert series["inference\tm"][-2:] == [1, 60.0001]


def test_a_snapshot_is_plain_json_and_does_not_change_afterwards() -> None:
    metrics = counted(("rest", "m", 200, 0.1))
    metrics.request("rest", "m", "v1", 200, 0.3, "ab" * 16)
    metrics.rejected("queue_full")
    metrics.watch_journal(lambda: (7, 2))
    snapshot = metrics.snapshot()
    before = json.dumps(snapshot)
    metrics.request("rest", "m", "v1", 200, 0.1, "cd" * 16)
    metrics.batch("m", 1, 1, 0, 0)
    assert json.dumps(snapshot) == before
    assert json.loads(before) == snapshot
    assert snapshot["series"]["journal_written"] == [7]
    assert snapshot["series"]["journal_dropped"] == [2]
    assert snapshot["exemplars"] == {"request\tm\tv1\trest\t200": {str(SECONDS.index(0.5)): ["ab" * 16, 0.3]}}


def test_series_are_bounded_and_nothing_is_lost() -> None:
    metrics = Metrics()
    for number in range(SERIES + 50):
        metrics.request("rest", f"m{number}", "v", 200, 0.1)
        metrics.batch(f"m{number}", 1, 1, 0, 0)
        metrics.rejected(f"reason{number}")
    series = metrics.snapshot()["series"]
    assert sum(series[name_of("request", OTHER, OTHER, "rest", "200")][:-1]) == 50
    assert series[name_of("batch_requests", OTHER)] == [50]
    assert series[name_of("rejected", OTHER)] == [SERIES + 50 - REASONS]
    assert sum(numbers[0] for name, numbers in series.items() if parts_of(name)[0] == "rejected") == SERIES + 50


@given(st.lists(requests, max_size=20), st.lists(requests, max_size=20))
def test_two_workers_count_what_one_would_have(first: list, second: list) -> None:
    together = merge([counted(*first).snapshot(), counted(*second).snapshot()])["series"]
    alone = counted(*first, *second).snapshot()["series"]
    assert together.keys() == alone.keys()
    for name, numbers in alone.items():
        assert together[name][:-1] == numbers[:-1]
        assert abs(together[name][-1] - numbers[-1]) < 1e-9


def test_a_replaced_worker_does_not_make_counts_fall() -> None:
    asked = ("rest", "m", 200, 0.1)
    dead, living = counted(asked, asked, worker="0"), counted(asked, worker="1")
    dead.in_flight, living.in_flight = 5, 1
    before = merge([dead.snapshot(), living.snapshot()])
    carried = carry(None, dead.snapshot())
    after = merge([carried, Metrics("0").snapshot(), living.snapshot()])
    assert after["series"] == before["series"]
    assert after["in_flight"] == 1  # what the dead worker had not answered is answered by nobody
    assert [worker for worker, _ in after["workers"]] == ["0", "1"]
    again = carry(carried, living.snapshot())
    assert merge([again])["series"] == before["series"]
    assert json.loads(json.dumps(again)) == again
    assert merge([again])["workers"] == []
