"""Spans: their ids are those of our traces, their parents those of the caller, and the operator's variables count."""

import builtins
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from smeaton.errors import ExtraMissing, InputError
from smeaton.service.telemetry.otel import Spans, open_spans
from smeaton.service.telemetry.served import Served
from smeaton.service.telemetry.trace import Trace

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `otel` is not installed")

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
END = 1_795_896_017_900_000_000


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def in_memory() -> tuple[Spans, Any]:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    return Spans(SimpleSpanProcessor(exporter), "1"), exporter


def served(trace: Trace, **more: Any) -> Served:
    facts: dict[str, Any] = {"method": "POST", "path": "/predict", "status": 200, "route": "/predict", "host": "h:8000"}
    return Served(**{**facts, "seconds": 0.25, "ended": END, "id": "r1", "trace": trace, **more})


def test_a_request_is_a_span_in_the_trace_of_its_caller_and_the_run_a_span_in_it() -> None:
    spans, exporter = in_memory()
    trace = Trace.parse(PARENT)
    spans.sample(trace, "POST")
    spans.inference(trace, "churn", "v1", rows=3, ended=END - 1000, seconds=0.1)
    spans.request(served(trace, wire="rest", model="churn", version="v1", client="127.0.0.1"))
    run, request = exporter.get_finished_spans()
    assert request.name == "POST /predict"
    assert f"{request.context.trace_id:032x}" == trace.trace_id == f"{run.context.trace_id:032x}"
    assert f"{request.context.span_id:016x}" == trace.span_id == f"{run.parent.span_id:016x}"
    assert f"{request.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert request.parent.is_remote
    assert run.context.span_id != request.context.span_id
    assert (request.start_time, request.end_time) == (END - 250_000_000, END)
    assert (run.start_time, run.end_time) == (END - 100_001_000, END - 1000)
    assert request.kind.name == "SERVER"
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/predict",
        "url.path": "/predict",
        "url.scheme": "http",
        "server.address": "h",
        "server.port": 8000,
        "client.address": "127.0.0.1",
        "smeaton.request.id": "r1",
        "smeaton.protocol": "rest",
        "smeaton.model": "churn",
        "smeaton.model.version": "v1",
    }
    assert run.attributes["smeaton.batch.rows"] == 3
    assert request.resource.attributes["service.name"] == "smeaton"


def test_a_fault_is_an_error_and_a_bad_request_is_none() -> None:
    spans, exporter = in_memory()
    trace = Trace.parse(PARENT)
    spans.request(served(trace, status=503))
    spans.request(served(trace, status=422))
    fault, refused = exporter.get_finished_spans()
    assert (fault.status.status_code.name, fault.attributes["error.type"]) == ("ERROR", "503")
    assert (refused.status.status_code.name, refused.attributes.get("error.type")) == ("UNSET", None)


def test_words_of_the_caller_name_no_span() -> None:
    spans, exporter = in_memory()
    spans.request(served(Trace.parse(PARENT), method="BREW" * 1000, path="/x" * 5000, route="", host="[::1]:80"))
    (span,) = exporter.get_finished_spans()
    assert span.name == "HTTP"
    assert span.attributes["http.request.method"] == "_OTHER"
    assert len(span.attributes["http.request.method_original"]) == len(span.attributes["url.path"]) == 1024
    assert (span.attributes["server.address"], span.attributes["server.port"]) == ("::1", 80)


def test_the_caller_decides_what_is_recorded_and_a_new_trace_always_is() -> None:
    spans, exporter = in_memory()
    unsampled, fresh = Trace.parse(PARENT[:-1] + b"0"), Trace.parse(None)
    for trace in (unsampled, fresh):
        spans.sample(trace, "POST")
        spans.inference(trace, "churn", "v1", 1, END, 0.1)
        spans.request(served(trace))
    assert (unsampled.sampled, fresh.sampled) == (False, True)
    assert fresh.header().endswith("-03")
    assert {f"{span.context.trace_id:032x}" for span in exporter.get_finished_spans()} == {fresh.trace_id}
    assert exporter.get_finished_spans()[-1].parent is None


def test_the_operators_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    spans, exporter = in_memory()
    trace = Trace.parse(PARENT)
    spans.request(served(trace))
    spans.sample(trace, "POST")
    assert not trace.sampled
    assert exporter.get_finished_spans()[0].resource.attributes["service.name"] == "shop"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
    ],
)
def test_what_is_not_served_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InputError, match=r"OTEL_|OpenTelemetry"):
        open_spans()


def test_without_the_extra_the_line_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.startswith("opentelemetry.exporter"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing) as caught:
        open_spans()
    assert caught.value.fix == "run: pip install 'smeaton[otel]'"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, bytes]]]:
    got: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield got
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans_reach_a_collector_over_http(collector: list[tuple[str, bytes]]) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    spans = open_spans("0")
    trace = Trace.parse(PARENT)
    spans.request(served(trace))
    spans.inference(trace, "churn", "v1", 1, END, 0.1)
    spans.close()
    ((path, body),) = collector
    assert path == "/v1/traces"
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert [span.name for span in resource.scope_spans[0].spans] == ["POST /predict", "inference churn"]
    assert resource.scope_spans[0].spans[0].span_id.hex() == trace.span_id
