"""Answer over HTTP: REST with OpenAPI and a page to try it at /, Open Inference Protocol V2 at /v2, V1 at /v1.

  smeaton serve customers.bundle --port 8000
  curl -s localhost:8000/predict -H 'content-type: application/json' -d '{"rows": [{"age": 41, "plan": "basic"}]}'

Several bundles answer at /models/NAME/predict; the first also at /predict. Binds to loopback unless told otherwise.
SIGTERM and Ctrl-C finish what is in flight, then exit 0; SIGHUP swaps in the bundles as they now are on disk.
Everything about requests, errors, limits, keys, metrics and the journal: docs/http.md.
"""

import argparse
from dataclasses import fields
from typing import Any

HELP = "answer over HTTP"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("bundle", metavar="BUNDLE", nargs="+")
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to bind to (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, default=8000, metavar="P", help="port to bind to, 0 picks one (default 8000)"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes that answer; a dead or hung one is replaced (default 1; 0: this process itself)",
    )
    parser.add_argument("--accept", metavar="REASON", help="serve a bundle that is not ready, and say why")
    parser.add_argument("--state", metavar="DIR", help="state folder of a bundle that has one (default NAME.state)")
    parser.add_argument("--explain", action="store_true", help="explain answers too, at POST /explain")
    _who(parser.add_argument_group("who may call"))
    _external(parser.add_argument_group("bundles that call other machines, or hold code"))
    _limits(parser.add_argument_group("limits"))
    _records(parser.add_argument_group("what is kept and told"))


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from smeaton.flow.serve import Options, serve_forever

    return serve_forever(args.bundle, Options(**{field.name: _given(args, field.name) for field in fields(Options)}))


def _given(args: argparse.Namespace, name: str) -> Any:
    value = getattr(args, name)
    return tuple(value) if isinstance(value, list) else value


def _who(group: Any) -> None:
    group.add_argument("--key-file", metavar="FILE", help="keys from `smeaton key new`; required off loopback")
    group.add_argument("--auth", choices=["key", "external"], default="key", help="external: a gateway authenticates")
    group.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="Host name to answer to (default any)"
    )
    group.add_argument("--page", action="store_true", help="show the page to try it without a key, off loopback too")
    group.add_argument("--tls-cert", metavar="FILE", help="certificate chain (PEM): speak TLS")
    group.add_argument("--tls-key", metavar="FILE", help="its private key (PEM)")
    group.add_argument("--tls-ca", metavar="FILE", help="ask callers for a certificate of these authorities (PEM)")
    group.add_argument("--audit", metavar="FILE", help="append refused keys, swaps and the like, a JSON line each")


def _external(group: Any) -> None:
    group.add_argument(
        "--allow-external", action="append", default=[], metavar="HOST", help="a host the bundle may send rows to"
    )
    group.add_argument("--spend", metavar="$X/day", help="money that external steps may spend, in quotes")
    group.add_argument(
        "--trust-code",
        action="append",
        default=[],
        metavar="NAME",
        help="code in the bundle that may run (model.py:make)",
    )


def _limits(group: Any) -> None:
    group.add_argument("--deadline", default="30s", metavar="T", help="time one request may take (default 30s)")
    group.add_argument("--max-body", default="16MB", metavar="SIZE", help="of a request (default 16MB)")
    group.add_argument("--max-rows", type=int, default=10_000, metavar="N", help="of a request (default 10000)")
    group.add_argument(
        "--max-queue", type=int, default=1024, metavar="N", help="requests that wait for a model (default 1024)"
    )
    group.add_argument("--max-batch", type=int, default=1024, metavar="N", help="rows of one run (default 1024)")
    group.add_argument(
        "--max-connections", type=int, default=2048, metavar="N", help="at once, a worker (default 2048)"
    )
    group.add_argument(
        "--drain", metavar="T", help="when told to end, still take requests for T (default 5s, 0s on loopback)"
    )
    group.add_argument("--hang", default="1.8s", metavar="T", help="replace a worker that stands still (default 1.8s)")


def _records(group: Any) -> None:
    group.add_argument("--journal", metavar="DIR", help="keep what was asked and answered; POST /feedback tells more")
    group.add_argument("--journal-sample", type=float, default=1.0, metavar="SHARE", help="of requests (default 1)")
    group.add_argument("--journal-keep", metavar="T", help="remove what is older, such as 720h (default: never)")
    group.add_argument("--journal-size", metavar="SIZE", help="remove the oldest beyond it (default: never)")
    group.add_argument("--log", choices=["text", "json"], default="text", help="form of log lines on stderr")
    group.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="warning")
    group.add_argument("--access-log", action="store_true", help="a line for each request on stderr")
    group.add_argument("--otel", action="store_true", help="OpenTelemetry spans, to where OTEL_* says (extra otel)")
