"""Spans for OpenTelemetry (`--otel`, extra `otel`): one for each request and one for the run of the model inside it.

Where they go is said by the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`,
`OTEL_TRACES_SAMPLER`, ...); they are sent as OTLP over HTTP by a thread of the SDK, and dropped where nobody takes
them.

A span is made in one piece when its request has been answered: nothing is opened while the model works, no context
variable is carried along, and the ids are those of our `Trace`, so logs, headers and spans say the same. Attributes
follow the semantic conventions for HTTP servers.
"""

import os
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from smeaton import __version__
from smeaton.errors import InputError
from smeaton.extras import needs
from smeaton.service.telemetry.served import Served
from smeaton.service.telemetry.trace import Trace, new_span_id

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import SpanContext

_WORD = 1024  # characters of what the caller chose
_SERVED = {
    "OTEL_SDK_DISABLED": "false",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
}
#: Names of providers in the conventions, where they are not ours.
_PROVIDERS = {"responses": "openai", "gemini": "gcp.gemini"}
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"))


class Spans:
    """Makes spans of a worker's requests; nothing here waits for the network."""

    def __init__(self, processor: "SpanProcessor", worker: str = "") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        own: dict[str, Any] = {"service.version": __version__, "process.pid": os.getpid()}
        if worker:
            own["service.instance.id"] = f"{socket.gethostname()}-{worker}"
        # The provider reads the variables of the sampler; it makes no span here.
        provider = TracerProvider(resource=_named(Resource.create(own)), shutdown_on_exit=False)
        self._resource, self._sampler = provider.resource, provider.sampler
        self._scope = InstrumentationScope("smeaton", __version__)
        self._processor = processor

    def sample(self, trace: Trace, name: str) -> None:
        """Decide, when a request comes, whether it is recorded; by default as the caller decided, and always where the
        trace starts here. What is decided goes out in the headers."""
        from opentelemetry.sdk.trace.sampling import Decision
        from opentelemetry.trace import SpanKind

        found = self._sampler.should_sample(_parent(trace), int(trace.trace_id, 16), name, kind=SpanKind.SERVER)
        trace.sampled = found.decision is Decision.RECORD_AND_SAMPLE

    def request(self, served: Served) -> None:
        """The span of an answered request."""
        from opentelemetry.trace import SpanKind

        if not served.trace.sampled:
            return
        method = served.method if served.method in _METHODS else "_OTHER"
        attributes: dict[str, Any] = {
            "http.request.method": method,
            "http.response.status_code": served.status,
            "url.path": served.path[:_WORD],
            "url.scheme": served.scheme,
            "smeaton.request.id": served.id,
        }
        if method == "_OTHER":
            attributes["http.request.method_original"] = served.method[:_WORD]
        host, port = _split(served.host)
        optional = {
            "http.route": served.route,
            "server.address": host[:_WORD],
            "server.port": port,
            "client.address": served.client,
            "smeaton.protocol": served.wire,
            "smeaton.model": served.model,
            "smeaton.model.version": served.version,
        }
        attributes |= {name: value for name, value in optional.items() if value}
        if served.status >= 500:
            attributes["error.type"] = str(served.status)
        verb = "HTTP" if method == "_OTHER" else method
        start = served.ended - int(served.seconds * 1e9)
        self._end(
            f"{verb} {served.route}" if served.route else verb,
            _context(served.trace, served.trace.span_id),
            (_context(served.trace, served.trace.parent_id, remote=True) if served.trace.parent_id else None),
            (start, served.ended),
            attributes,
            SpanKind.SERVER,
        )

    def inference(self, trace: Trace, model: str, version: str, rows: int, ended: int, seconds: float) -> None:
        """The span of the run that answered a request: of so many rows, those of others in the batch included; it ended
        at `ended` (unix nanoseconds) and took so many seconds."""
        from opentelemetry.trace import SpanKind

        if not trace.sampled:
            return
        self._end(
            f"inference {model}",
            _context(trace, new_span_id()),
            _context(trace, trace.span_id),
            (ended - int(seconds * 1e9), ended),
            {"smeaton.model": model, "smeaton.model.version": version, "smeaton.batch.rows": rows},
            SpanKind.INTERNAL,
        )

    def chat(self, trace: Trace, usage: Mapping[str, Any], ended: int) -> None:
        """The span of a call of a language model, from a cell of the `usage` column; as it is known once the row is
        answered, it ends with that at the latest. Attributes follow the semantic conventions for generative AI."""
        from opentelemetry.trace import SpanKind

        if not trace.sampled:
            return
        provider, _, model = str(usage.get("model") or "").rpartition(":")
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": _PROVIDERS.get(provider, provider),
            "gen_ai.request.model": model[:_WORD],
            "gen_ai.usage.input_tokens": usage.get("input"),
            "gen_ai.usage.output_tokens": usage.get("output"),
            "gen_ai.usage.cache_read.input_tokens": usage.get("cached"),
            "gen_ai.usage.reasoning.output_tokens": usage.get("reasoning"),
            "smeaton.cost.dollars": usage.get("cost"),
        }
        start = ended - int(float(usage.get("seconds") or 0.0) * 1e9)
        self._end(
            f"chat {model[:_WORD]}",
            _context(trace, new_span_id()),
            _context(trace, trace.span_id),
            (start, ended),
            {name: value for name, value in attributes.items() if value not in (None, "")},
            SpanKind.CLIENT,
        )

    def close(self) -> None:
        """Send what is left, and end the thread; waits for the network at most as long as the exporter's timeout."""
        self._processor.shutdown()

    def _end(
        self,
        name: str,
        context: "SpanContext",
        parent: "SpanContext | None",
        times: tuple[int, int],
        attributes: dict[str, Any],
        kind: Any,
    ) -> None:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import Status, StatusCode

        failed = "error.type" in attributes
        self._processor.on_end(
            ReadableSpan(
                name,
                context,
                parent,
                self._resource,
                attributes,
                kind=kind,
                status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
                start_time=times[0],
                end_time=times[1],
                instrumentation_scope=self._scope,
            )
        )


def open_spans(worker: str = "") -> Spans:
    """Spans sent to the collector that the standard variables name, by a thread of their own.

    Raises:
        ExtraMissing: the packages of the extra `otel` are not installed.
        InputError: the variables ask for something else than OTLP over HTTP, or their values cannot be used.
    """
    with needs("otel"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    for variable, served in _SERVED.items():
        given = os.environ.get(variable) or served
        if given != served:
            raise InputError(
                f"{variable} is {given!r}, and with --otel only {served!r} is served",
                fix=f"unset {variable} (and name the collector's port for OTLP over HTTP, 4318), or leave --otel out",
            )
    try:
        return Spans(BatchSpanProcessor(OTLPSpanExporter()), worker)
    except ValueError as error:
        fix = "look at the variables that start with OTEL_"
        raise InputError(f"OpenTelemetry cannot be set up: {error}", fix=fix) from error


def _named(resource: Any) -> Any:
    """A resource that is called smeaton unless the operator says otherwise (the SDK says `unknown_service`)."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource

    unknown = str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service")
    return resource.merge(Resource({SERVICE_NAME: "smeaton"})) if unknown else resource


def _context(trace: Trace, span_id: str, remote: bool = False) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(int(trace.trace_id, 16), int(span_id, 16), remote, TraceFlags(trace.flags))


def _parent(trace: Trace) -> Any:
    """The caller's span in the form a sampler reads, None where the trace starts here."""
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    if not trace.parent_id:
        return None
    return set_span_in_context(NonRecordingSpan(_context(trace, trace.parent_id, remote=True)))


def _split(host: str) -> tuple[str, int]:
    """A Host header as name and port; 0 where it names none."""
    name, colon, port = host.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5 or name.endswith(":"):
        return host.strip("[]"), 0
    return name.strip("[]"), int(port)
