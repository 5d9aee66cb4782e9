"""How fast a bundle answers over HTTP, and the highest rate that this machine holds within a limit.

  smeaton bench-serve customers.bundle
  smeaton bench-serve customers.bundle --p99 20ms --workers 2
  smeaton bench-serve customers.bundle --rate 500                  does it hold this rate?
  smeaton bench-serve --url http://127.0.0.1:8000 --rows rows.jsonl

The service is started for the test and ended after it, unless --url names a running one. Requests go out at moments
fixed in advance, and each latency counts from the moment at which its request was due, whether or not it could be sent
then: a service that stalls cannot hide it. A rate is held if the p99 stays within the limit, nothing fails, and 98 % of
what was asked is answered. The bundle's own samples are asked unless --rows names others (one JSON object a line).
Exit code 3 if no rate that was tried is held.
"""

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smeaton.service.load.loaded import Loaded
    from smeaton.service.load.search import Step

HELP = "latencies, and the rate this machine holds"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("bundle", metavar="BUNDLE", nargs="?")
    parser.add_argument("--p99", default="50ms", metavar="T", help="the limit that must hold (default 50ms)")
    parser.add_argument("--rate", type=float, metavar="R", help="try only this many requests a second")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="for the whole search (default 60)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="of the service (default 1)")
    parser.add_argument("--accept", metavar="REASON", help="load a bundle that is not ready, and say why")
    ask = parser.add_argument_group("what is asked")
    ask.add_argument("--rows", metavar="FILE", help="rows to ask, one JSON object a line (default: the samples)")
    ask.add_argument("--batch", type=int, default=1, metavar="N", help="rows a request (default 1)")
    ask.add_argument("--wire", choices=["rest", "oip", "v1"], default="rest", help="rest (default), oip: V2 JSON, v1")
    ask.add_argument(
        "--arrivals", choices=["poisson", "constant"], default="poisson", help="as of many callers, or evenly spaced"
    )
    ask.add_argument("--seed", type=int, default=0, metavar="N", help="of the poisson arrivals (default 0)")
    running = parser.add_argument_group("a running service")
    running.add_argument("--url", metavar="URL", help="load this one, such as http://127.0.0.1:8000")
    running.add_argument("--key-file", metavar="FILE", help="a file that holds the API key to send")
    running.add_argument("--allow-host", metavar="HOST", help="the other machine that --url names is yours to load")


def run(args: argparse.Namespace) -> int:
    """Load; 3 if nothing was held, 5 if interrupted."""
    from dataclasses import fields

    from smeaton.flow.bench_serve import Options, bench_serve

    options = Options(**{field.name: getattr(args, field.name) for field in fields(Options)})
    loaded = bench_serve(args.bundle, options, _quiet if args.json else _show)
    print(json.dumps(loaded.as_dict()) if args.json else "\n".join(["", *loaded.last_lines()]))
    if loaded.interrupted:
        return 5
    return 0 if loaded.held is not None else 3


def _quiet(loaded: "Loaded", step: "Step | None") -> None:
    """With --json only the end is told."""


def _show(loaded: "Loaded", step: "Step | None") -> None:
    from smeaton.service.load.words import HEAD, line

    if step is None:
        print("\n".join(loaded.first_lines()))
        print(f"\n{HEAD}", flush=True)
    else:
        print(line(step, loaded.limit), flush=True)
