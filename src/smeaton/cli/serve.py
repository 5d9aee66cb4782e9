"""Answer over HTTP: REST with OpenAPI at /docs, and the Open Inference Protocol V2 at /v2.

  smeaton serve customers.bundle --port 8000
  curl -s localhost:8000/predict -H 'content-type: application/json' -d '{"rows": [{"age": 41, "plan": "basic"}]}'

Several bundles answer at /models/NAME/predict; the first also at /predict. Binds to loopback unless told otherwise.
SIGTERM and Ctrl-C finish what is in flight, then exit 0. Everything about requests and errors: docs/http.md.
"""

import argparse

HELP = "answer over HTTP"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("bundle", metavar="BUNDLE", nargs="+")
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to bind to (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, default=8000, metavar="P", help="port to bind to, 0 picks one (default 8000)"
    )
    parser.add_argument("--accept", metavar="REASON", help="serve a bundle that is not ready, and say why")
    parser.add_argument("--state", metavar="DIR", help="state folder of a bundle that has one (default NAME.state)")
    parser.add_argument("--key-file", metavar="FILE", help="file with the API keys; required off loopback")
    parser.add_argument("--auth", choices=["key", "external"], default="key", help="external: a gateway authenticates")
    parser.add_argument(
        "--allow-external", action="append", default=[], metavar="HOST", help="a host the bundle may send rows to"
    )
    parser.add_argument("--spend", metavar="$X/day", help="money that external steps may spend, in quotes")
    parser.add_argument("--deadline", default="30s", metavar="T", help="time one request may take (default 30s)")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from smeaton.flow.serve import Options, serve_forever

    return serve_forever(
        args.bundle,
        Options(
            host=args.host,
            port=args.port,
            accept=args.accept,
            state=args.state,
            key_file=args.key_file,
            auth=args.auth,
            allow_external=tuple(args.allow_external),
            spend=args.spend,
            deadline=args.deadline,
            json=args.json,
        ),
    )
