"""`Loaded`: what a load test found, as lines for people and as plain data."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from smeaton.service.load.sample import Sample
from smeaton.service.load.search import Search, Step, kept_schedule
from smeaton.service.load.words import limiter, percentiles, schedule, show_rate
from smeaton.task.units import show_bytes, show_seconds


@dataclass(slots=True)
class Loaded:
    """`limit` is the p99 allowed, in seconds. `alone` is one caller who asks again and again; `search` the rates tried
    in the open loop. `workers` is None where the service was not started here. `peak` is the memory of its processes in
    bytes. `cpu_per_request` is set where only its whole life could be read.
    """

    name: str
    url: str
    limit: float
    batch: int
    cores: int
    workers: int | None
    alone: Sample | None = None
    search: Search | None = None
    peak: int | None = None
    processes: int | None = None
    cpu_per_request: float | None = None
    interrupted: bool = False

    @property
    def held(self) -> Step | None:
        """The step with the highest rate that was held."""
        return None if self.search is None else self.search.held

    @property
    def broken(self) -> Step | None:
        """The step with the lowest rate that was not."""
        return None if self.search is None else self.search.broken

    @property
    def limiter(self) -> str:
        """What limits it, in words."""
        return limiter(self.broken, self.cores, self.workers)

    def first_lines(self) -> Iterator[str]:
        """What one caller saw."""
        rows = "1 row" if self.batch == 1 else f"{self.batch:,} rows"
        yield f"{self.name} at {self.url}, {rows} a request"
        if self.alone is not None:
            yield f"one caller: {show_rate(self.alone.rate)} requests/s, {percentiles(self.alone)}"

    def last_lines(self) -> Iterator[str]:
        """The claim, what stands behind it, and what limits it."""
        held, limit = self.held, show_seconds(self.limit)
        if self.interrupted:
            yield "interrupted; this is known so far"
        if held is not None:
            sure = "" if held.confirming else " (seen once, not confirmed)"
            yield f"holds {show_rate(held.rate)} requests/s with p99 <= {limit} and no errors{sure}"
            yield f"  for {held.sample.seconds:.1f} s: {percentiles(held.sample)}"
            yield f"  {schedule(held.sample, self.limit)}"
            yield from self._costs(held.sample)
        elif self.broken is not None:
            yield f"holds no rate that was tried with p99 <= {limit} and no errors"
        if self.search is not None and self.search.steps:
            more = "; give it more time with --seconds" if self.search.ended == "time" and self.broken is None else ""
            yield f"what limits it: {self.limiter}{more}"

    def _costs(self, sample: Sample) -> Iterator[str]:
        parts = []
        if sample.service_cpu_per_request is not None:
            parts.append(f"service {show_seconds(sample.service_cpu_per_request)}")
        elif self.cpu_per_request is not None:
            parts.append(f"service at most {show_seconds(self.cpu_per_request)} (its start and warm-ups included)")
        if sample.cpu_per_request is not None:
            parts.append(f"load generator {show_seconds(sample.cpu_per_request)}")
        yield f"  CPU a request: {', '.join(parts)}"
        if self.peak is not None:
            of = "its largest process" if self.processes is None else f"its {self.processes} processes added up"
            yield f"  peak memory of the service: {show_bytes(self.peak)} ({of})"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; times in seconds."""
        held = self.held
        return {
            "model": self.name,
            "url": self.url,
            "limit": self.limit,
            "batch": self.batch,
            "cores": self.cores,
            "workers": self.workers,
            "alone": None if self.alone is None else self.alone.as_dict(),
            "rate": None if held is None else held.rate,
            "confirmed": held is not None and held.confirming,
            "held": None if held is None else held.sample.as_dict(),
            "kept_schedule": held is not None and kept_schedule(held.sample, self.limit),
            "steps": [_step(step) for step in (self.search.steps if self.search else ())],
            "limiter": self.limiter,
            "limiter_cause": None if self.broken is None else self.broken.cause,
            "peak_memory": self.peak,
            "cpu_per_request": self.cpu_per_request,
            "interrupted": self.interrupted,
        }


def _step(step: Step) -> dict[str, Any]:
    return (
        {"rate": step.rate, "cause": step.cause, "confirming": step.confirming}
        | {name: value for name, value in step.sample.as_dict().items() if name != "rate"}
        | {"reached": step.sample.rate}
    )
