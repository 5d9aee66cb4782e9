"""What a worker counts, in plain Python: a list of numbers a series, found by a small tuple. No lock and no object of a
metrics library stands in the way of a request; the text for Prometheus is made from a snapshot (`exposition.py`).

Everything here is called from the event loop of one worker.
"""

import os
from bisect import bisect_left
from collections.abc import Callable

from smeaton.service.telemetry.snapshot import Snapshot, name_of

#: Upper bounds of the buckets in seconds, from 250 us to 10 s; a last bucket takes the rest.
SECONDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: Upper bounds of the buckets in rows of a batch.
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
SERIES = 1000  #: series of one family that are told apart; what comes later is counted under OTHER
REASONS = 64  #: reasons of rejections that are told apart
OTHER = "other"

_SUM = len(SECONDS) + 1
_ROWS_SUM = len(ROWS) + 1
_REQUESTS = len(ROWS) + 2
_Numbers = list[float]


class Metrics:
    """The counts of one worker. `worker` is its number among the workers, empty without a supervisor.

    `in_flight` is changed by whoever takes and ends a request.
    """

    __slots__ = ("_asked", "_batches", "_exemplars", "_journal", "_rejected", "_requests", "in_flight", "worker")

    def __init__(self, worker: str = "") -> None:
        self.worker = worker
        self.in_flight = 0
        self._requests: dict[tuple[str, str, str, int], _Numbers] = {}
        self._batches: dict[str, tuple[_Numbers, _Numbers, _Numbers]] = {}
        self._rejected: dict[str, int] = {}
        self._asked: dict[str, list[float]] = {}  # by model: tokens in and out, dollars, requests whose cost is unknown
        self._exemplars: dict[tuple[str, str, str, int], dict[int, tuple[str, float]]] = {}
        self._journal: Callable[[], tuple[int, int]] | None = None

    def request(self, wire: str, model: str, version: str, code: int, seconds: float, trace: str = "") -> None:
        """Count one answered request. `model` and `version` are those of a hosted model (empty where none was found),
        never words of the caller; `trace` is the trace id if the trace is sampled, so that it can be looked up."""
        key = (model, version, wire, code)
        try:
            numbers = self._requests[key]
        except KeyError:
            key, numbers = self._new_request(key)
        bucket = bisect_left(SECONDS, seconds)
        numbers[bucket] += 1
        numbers[_SUM] += seconds
        if trace:
            self._exemplars.setdefault(key, {})[bucket] = (trace, seconds)

    def batch(self, model: str, rows: int, requests: int, queued: float, ran: float) -> None:
        """Count one run of a model: `rows` of so many `requests`, of which the first waited `queued` seconds; the run
        took `ran` seconds."""
        try:
            inference, queue, sizes = self._batches[model]
        except KeyError:
            inference, queue, sizes = self._new_batch(model)
        inference[bisect_left(SECONDS, ran)] += 1
        inference[_SUM] += ran
        queue[bisect_left(SECONDS, queued)] += 1
        queue[_SUM] += queued
        sizes[bisect_left(ROWS, rows)] += 1
        sizes[_ROWS_SUM] += rows
        sizes[_REQUESTS] += requests

    def asked(self, model: str, tokens_in: int, tokens_out: int, cost: float | None) -> None:
        """Count what language models took for one request of `model`: tokens as they counted them, and dollars (None:
        not all of it is known)."""
        if model not in self._asked and len(self._asked) >= SERIES:
            model = OTHER
        numbers = self._asked.setdefault(model, [0.0] * 4)
        for place, number in enumerate((tokens_in, tokens_out, cost or 0.0, cost is None)):
            numbers[place] += number

    def rejected(self, reason: str) -> None:
        """Count a request that was refused; `reason` is the code of its problem, such as `queue_full`."""
        known = self._rejected
        if reason not in known and len(known) >= REASONS:
            reason = OTHER
        known[reason] = known.get(reason, 0) + 1

    def watch_journal(self, read: Callable[[], tuple[int, int]]) -> None:
        """Show a journal's counts; `read` returns how many entries were written and how many dropped so far."""
        self._journal = read

    def snapshot(self) -> Snapshot:
        """Everything counted so far, as plain JSON (see `snapshot.py`)."""
        series: dict[str, list[float]] = {}
        for (model, version, wire, code), numbers in self._requests.items():
            series[name_of("request", model, version, wire, str(code))] = numbers.copy()
        for model, (inference, queue, sizes) in self._batches.items():
            series[name_of("inference", model)] = inference.copy()
            series[name_of("queue", model)] = queue.copy()
            series[name_of("batch_size", model)] = sizes[:_REQUESTS]
            series[name_of("batch_requests", model)] = [sizes[_REQUESTS]]
        for model, (tokens_in, tokens_out, cost, unknown) in self._asked.items():
            series[name_of("llm_tokens", model, "input")] = [tokens_in]
            series[name_of("llm_tokens", model, "output")] = [tokens_out]
            series[name_of("llm_cost", model)] = [cost]
            series[name_of("llm_unpriced", model)] = [unknown]
        for reason, count in self._rejected.items():
            series[name_of("rejected", reason)] = [count]
        if self._journal is not None:
            written, dropped = self._journal()
            series["journal_written"], series["journal_dropped"] = [written], [dropped]
        exemplars = {
            name_of("request", model, version, wire, str(code)): {
                str(bucket): list(found) for bucket, found in last.items()
            }
            for (model, version, wire, code), last in self._exemplars.items()
        }
        return {
            "worker": self.worker,
            "pid": os.getpid(),
            "in_flight": self.in_flight,
            "series": series,
            "exemplars": exemplars,
        }

    def _new_request(self, key: tuple[str, str, str, int]) -> tuple[tuple[str, str, str, int], _Numbers]:
        if len(self._requests) >= SERIES:
            key = (OTHER, OTHER, key[2], key[3])
        return key, self._requests.setdefault(key, _zeros(_SUM))

    def _new_batch(self, model: str) -> tuple[_Numbers, _Numbers, _Numbers]:
        if len(self._batches) >= SERIES:
            model = OTHER
        fresh = (_zeros(_SUM), _zeros(_SUM), _zeros(_REQUESTS))
        return self._batches.setdefault(model, fresh)


def _zeros(last: int) -> _Numbers:
    """Counts up to a last number; whole ones stay whole."""
    return [0] * (last + 1)
