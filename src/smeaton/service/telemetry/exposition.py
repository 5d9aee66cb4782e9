"""The metrics as text: Prometheus 0.0.4, or OpenMetrics 1.0 where the scraper asks for it.

`prometheus_client` writes the text. It is imported at the first scrape only (it brings an HTTP server of its own, 0.1 s
and 10 MB with it), so call `exposition` in a thread.
"""

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from smeaton import __version__
from smeaton.service.telemetry.metrics import ROWS, SECONDS
from smeaton.service.telemetry.snapshot import Snapshot, merge, parts_of

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so at the moment of a scrape: `models` as (name, version, whether it is ready), `workers` by state."""

    models: Sequence[tuple[str, str, bool]] = ()
    workers: Mapping[str, int] = field(default_factory=dict)


def exposition(snapshots: Iterable[Mapping[str, Any]], facts: Facts, accept: str = "") -> tuple[bytes, str]:
    """Metrics of all workers as text, and its content type. `snapshots` are one of each living worker and what the dead
    had counted (`snapshot.carry`); `accept` is the header of the scraper."""
    from prometheus_client.exposition import generate_latest
    from prometheus_client.openmetrics import exposition as openmetrics
    from prometheus_client.registry import Collector, CollectorRegistry

    merged = merge(snapshots)

    class Merged(Collector):
        def collect(self) -> Iterator["Metric"]:
            yield from _counted(merged)
            yield from _present(merged, facts)
            yield from _processes(merged["workers"])

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Merged())
    # Our names are plain: with "allow-utf-8" the library does not go through each of their letters.
    if wants_openmetrics(accept):
        text: bytes = openmetrics.generate_latest(registry, openmetrics.ALLOWUTF8)  # type: ignore[no-untyped-call]
        return text, OPENMETRICS
    return generate_latest(registry, openmetrics.ALLOWUTF8), TEXT


def wants_openmetrics(accept: str) -> bool:
    """Whether an Accept header prefers OpenMetrics 1.0 to plain text (RFC 9110, section 12.5.1)."""
    best = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for choice in accept.split(","):
        kind, *words = (word.strip().lower() for word in choice.split(";"))
        given = dict(word.split("=", 1) for word in words if "=" in word)
        if kind in best and (kind == "text/plain" or given.get("version", "1.0.0") == "1.0.0"):
            best[kind] = max(best[kind], _weight(given.get("q", "1")))
    return best["application/openmetrics-text"] > 0 and best["application/openmetrics-text"] >= best["text/plain"]


def _weight(text: str) -> float:
    """A quality value; one that is none counts as a refusal."""
    whole, _, part = text.partition(".")
    return float(text) if whole in ("0", "1") and (not part or (part.isascii() and part.isdigit())) else 0.0


def _counted(merged: Snapshot) -> Iterator["Metric"]:
    counters, histograms = _counters(), _histograms()
    durations: dict[tuple[str, str, str], tuple[list[float], dict[str, Any]]] = {}
    for name, numbers in sorted(merged["series"].items()):
        family, *labels = parts_of(name)
        if family == "request":
            model, version, wire, code = labels
            counters["requests"].add_metric([model, version, wire, code], sum(numbers[:-1]))
            sums, found = durations.setdefault((model, version, wire), ([0.0] * len(numbers), {}))
            sums[:] = [a + b for a, b in zip(sums, numbers, strict=True)]
            found.update(merged["exemplars"].get(name, {}))
        elif family in histograms:
            bounds = ROWS if family == "batch_size" else SECONDS
            histograms[family].add_metric(labels, _buckets(bounds, numbers, {}), numbers[-1])
        else:
            counters[family].add_metric(labels, numbers[0])
    for labels_, (sums, found) in durations.items():
        histograms["request"].add_metric(list(labels_), _buckets(SECONDS, sums, found), sums[-1])
    yield from counters.values()
    yield from histograms.values()


def _counters() -> dict[str, "CounterMetricFamily"]:
    from prometheus_client.core import CounterMetricFamily as Counter

    requests = ["model", "version", "protocol", "code"]
    runs = "Requests that were answered by runs of a model; by the runs it is requests a batch."
    return {
        "requests": Counter("smeaton_requests", "Requests by model, protocol and status code.", labels=requests),
        "batch_requests": Counter("smeaton_batch_requests", runs, labels=["model"]),
        "llm_tokens": Counter("smeaton_llm_tokens", "Tokens of language models.", labels=["model", "direction"]),
        "llm_cost": Counter("smeaton_llm_cost_dollars", "Dollars of language models.", labels=["model"]),
        "llm_unpriced": Counter("smeaton_llm_unpriced", "Requests whose dollars are not all known.", labels=["model"]),
        "rejected": Counter("smeaton_rejected", "Requests that were refused, by reason.", labels=["reason"]),
        "journal_written": Counter("smeaton_journal_written", "Entries written to the journal.", labels=[]),
        "journal_dropped": Counter("smeaton_journal_dropped", "Entries the journal could not take.", labels=[]),
    }


def _histograms() -> dict[str, "HistogramMetricFamily"]:
    from prometheus_client.core import HistogramMetricFamily as Histogram

    whole = "Time from the head of a request to its answer."
    waited = "Time the first request of a batch waited to be run."
    requests, model, unit = ["model", "version", "protocol"], ["model"], "seconds"
    return {
        "request": Histogram("smeaton_request_duration_seconds", whole, labels=requests, unit=unit),
        "inference": Histogram("smeaton_inference_duration_seconds", "Time a run took.", labels=model, unit=unit),
        "queue": Histogram("smeaton_queue_duration_seconds", waited, labels=model, unit=unit),
        "batch_size": Histogram("smeaton_batch_size", "Rows a run of a model.", labels=model),
    }


def _buckets(bounds: Sequence[float], numbers: Sequence[float], exemplars: Mapping[str, Any]) -> list[Any]:
    """Cumulated buckets in the form of the library, with exemplars."""
    from prometheus_client.core import Exemplar
    from prometheus_client.utils import floatToGoString

    names = [*map(floatToGoString, bounds), "+Inf"]
    found = [
        Exemplar({"trace_id": exemplars[str(place)][0]}, exemplars[str(place)][1]) if str(place) in exemplars else None
        for place in range(len(names))
    ]
    return list(zip(names, accumulate(numbers[:-1]), found, strict=True))


def _present(merged: Snapshot, facts: Facts) -> Iterator["Metric"]:
    from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

    yield GaugeMetricFamily("smeaton_requests_in_flight", "Requests taken and not answered.", merged["in_flight"])
    ready = GaugeMetricFamily("smeaton_model_ready", "1 if a model answers.", labels=["model", "version"])
    for name, version, is_ready in facts.models:
        ready.add_metric([name, version], float(is_ready))
    yield ready
    workers = GaugeMetricFamily("smeaton_workers", "Worker processes by state.", labels=["state"])
    for state, count in facts.workers.items():
        workers.add_metric([state], count)
    yield workers
    build = {"version": __version__, "python": platform.python_version()}
    yield InfoMetricFamily("smeaton_build", "The software that answers.", build)


def _processes(workers: Iterable[Sequence[Any]]) -> Iterator["Metric"]:
    """Memory, time and open files of each worker, read from /proc; nothing where there is none."""
    from prometheus_client.core import Sample
    from prometheus_client.process_collector import ProcessCollector

    families: dict[str, Metric] = {}
    for worker, pid in workers:
        for family in ProcessCollector(pid=partial(int, pid), registry=None).collect():
            samples = [Sample(s.name, {**s.labels, "worker": worker}, s.value) for s in family.samples]
            family.samples = families[family.name].samples + samples if family.name in families else samples
            families[family.name] = family
    yield from families.values()
