"""What one worker has counted, as plain JSON, and how the counts of several workers become one.

A snapshot is `{"worker", "pid", "in_flight", "series", "exemplars"}`. `series` maps a name (its family and the values
of its labels, joined by tabs) to a list of numbers that only ever grow, so merging is adding, whatever the family: the
numbers of a histogram are the count of each bucket, not cumulated, and the sum. `exemplars` maps the name of a series
to the last sampled request in a bucket: `{bucket: [trace id, seconds]}`.

Nothing is imported here: the supervisor adds up snapshots, and its process stays small.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Snapshot = dict[str, Any]
SEPARATOR = "\t"  # names of models, wires and reasons are plain words


def name_of(*parts: str) -> str:
    """The name of a series: its family, then the values of its labels."""
    return SEPARATOR.join(parts)


def parts_of(name: str) -> list[str]:
    """The family of a series and the values of its labels."""
    return name.split(SEPARATOR)


def merge(snapshots: Iterable[Mapping[str, Any]]) -> Snapshot:
    """One snapshot for several: counts and requests in flight added up, of exemplars the last given; `workers` lists
    `[worker, pid]` of those that live."""
    series: dict[str, list[float]] = {}
    exemplars: dict[str, dict[str, Any]] = {}
    workers: list[list[Any]] = []
    in_flight = 0
    for snapshot in snapshots:
        in_flight += snapshot["in_flight"]
        if snapshot["pid"]:
            workers.append([snapshot["worker"], snapshot["pid"]])
        for name, numbers in snapshot["series"].items():
            series[name] = _sum(series.get(name), numbers)
        for name, buckets in snapshot["exemplars"].items():
            exemplars.setdefault(name, {}).update(buckets)
    return {"workers": workers, "in_flight": in_flight, "series": series, "exemplars": exemplars}


def carry(carried: Mapping[str, Any] | None, last: Mapping[str, Any]) -> Snapshot:
    """What dead workers had counted, with one more of them: `last` is the last snapshot it sent.

    The supervisor keeps the result (None at first) and hands it out with the snapshots of those that live. So a
    counter does not fall when a worker is replaced: a fall is read as a restart from zero, and everything would be
    counted twice. For the same reason a worker that is asked for its metrics must have sent a snapshot to the
    supervisor before it shows it, and must show that one.
    """
    merged = merge([last] if carried is None else [carried, last])
    return {"worker": "", "pid": 0, "in_flight": 0, "series": merged["series"], "exemplars": {}}


def _sum(known: Sequence[float] | None, more: Sequence[float]) -> list[float]:
    return list(more) if known is None else [a + b for a, b in zip(known, more, strict=True)]
