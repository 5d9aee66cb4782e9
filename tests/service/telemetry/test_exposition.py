"""The text for scrapers, read back by the parsers of prometheus_client."""

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from smeaton import __version__
from smeaton.service.telemetry.exposition import OPENMETRICS, TEXT, Facts, exposition, wants_openmetrics
from smeaton.service.telemetry.metrics import Metrics
from smeaton.service.telemetry.snapshot import carry

FACTS = Facts([("churn", "0123456789ab", True), ("price", "ba9876543210", False)], {"wanted": 2, "ready": 1})
ASKS_FOR_OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
CHURN = {"model": "churn", "version": "0123456789ab", "protocol": "rest"}


def one() -> Metrics:
    metrics = Metrics("0")
    metrics.in_flight = 2
    metrics.request("rest", "churn", "0123456789ab", 200, 0.0004, "ab" * 16)
    metrics.request("rest", "churn", "0123456789ab", 422, 20.0)
    metrics.batch("churn", 3, 2, 0.0001, 0.0002)
    metrics.rejected("queue_full")
    metrics.watch_journal(lambda: (5, 1))
    return metrics


def read(accept: str, *snapshots: dict[str, Any]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text, kind = exposition(snapshots, FACTS, accept)
    parse: Any = parse_openmetrics if kind == OPENMETRICS else parse_text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(text.decode())
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


@pytest.mark.parametrize("accept", ["", ASKS_FOR_OPENMETRICS])
def test_what_was_counted_is_told(accept: str) -> None:
    told = read(accept, one().snapshot())
    assert told[key("smeaton_requests_total", **CHURN, code="200")] == 1
    assert told[key("smeaton_requests_total", **CHURN, code="422")] == 1
    assert told[key("smeaton_request_duration_seconds_bucket", **CHURN, le="0.00025")] == 0
    assert told[key("smeaton_request_duration_seconds_bucket", **CHURN, le="0.0005")] == 1
    assert told[key("smeaton_request_duration_seconds_bucket", **CHURN, le="+Inf")] == 2
    assert told[key("smeaton_request_duration_seconds_sum", **CHURN)] == pytest.approx(20.0004)
    assert told[key("smeaton_inference_duration_seconds_count", model="churn")] == 1
    assert told[key("smeaton_queue_duration_seconds_sum", model="churn")] == pytest.approx(0.0001)
    assert told[key("smeaton_batch_size_bucket", model="churn", le="4.0")] == 1
    assert told[key("smeaton_batch_requests_total", model="churn")] == 2
    assert told[key("smeaton_rejected_total", reason="queue_full")] == 1
    assert told[key("smeaton_requests_in_flight")] == 2
    assert told[key("smeaton_model_ready", model="price", version="ba9876543210")] == 0
    assert told[key("smeaton_workers", state="wanted")] == 2
    assert told[key("smeaton_journal_written_total")] == 5
    assert told[key("smeaton_journal_dropped_total")] == 1
    assert any(name == "smeaton_build_info" and ("version", __version__) in labels for name, labels in told)


def test_workers_are_added_up_and_the_dead_are_not_forgotten() -> None:
    other = Metrics("1")
    other.request("rest", "churn", "0123456789ab", 200, 0.0004)
    told = read("", one().snapshot(), other.snapshot(), carry(None, one().snapshot()))
    assert told[key("smeaton_requests_total", **CHURN, code="200")] == 3
    assert told[key("smeaton_requests_in_flight")] == 2


def test_a_sampled_request_can_be_looked_up_by_its_trace() -> None:
    text, _ = exposition([one().snapshot()], FACTS, ASKS_FOR_OPENMETRICS)
    found = [
        (sample.labels["le"], sample.exemplar.labels, sample.exemplar.value)
        for family in parse_openmetrics(text.decode())
        for sample in family.samples
        if sample.exemplar
    ]
    assert found == [("0.0005", {"trace_id": "ab" * 16}, 0.0004)]


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc here")
def test_each_worker_tells_its_memory_time_and_files() -> None:
    gone = Metrics("1").snapshot() | {"pid": 2**22 + 1}  # beyond the highest process id: it has just died
    told = read("", one().snapshot(), gone)
    assert told[key("process_resident_memory_bytes", worker="0")] > 1_000_000
    assert told[key("process_open_fds", worker="0")] >= 3
    assert key("process_cpu_seconds_total", worker="0") in told
    assert key("process_open_fds", worker="1") not in told


def test_a_service_that_was_never_asked_has_something_to_tell() -> None:
    told = read("", Metrics().snapshot())
    assert told[key("smeaton_requests_in_flight")] == 0
    assert told[key("smeaton_model_ready", model="churn", version="0123456789ab")] == 1


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        (ASKS_FOR_OPENMETRICS, True),
        ("application/openmetrics-text", True),
        ("Application/OpenMetrics-Text; Version=1.0.0", True),
        ("application/openmetrics-text;version=2.0.0", False),
        ("application/openmetrics-text;version=0.0.1", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.7", False),
        ("application/openmetrics-text;q=nan", False),
    ],
)
def test_the_scraper_chooses_the_form(accept: str, wanted: bool) -> None:
    assert wants_openmetrics(accept) is wanted
    assert exposition([], Facts(), accept)[1] == (OPENMETRICS if wanted else TEXT)


@given(st.text(max_size=60) | st.from_regex(r"application/openmetrics-text;q=[0-9.e+-]{0,6}", fullmatch=True))
def test_no_accept_header_is_a_fault(accept: str) -> None:
    assert wants_openmetrics(accept) in (True, False)


def test_the_library_is_not_imported_before_the_first_scrape() -> None:
    code = "import sys, smeaton.service.telemetry.exposition; print('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"False"
