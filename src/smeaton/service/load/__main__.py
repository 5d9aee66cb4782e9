"""One run of the load generator in a process of its own, as one JSON line: `python -m smeaton.service.load`.

  python -m smeaton.service.load --url http://127.0.0.1:8000/predict --bodies rows.jsonl --connections 16 --seconds 5

Without --rate it is a closed loop, with it an open one. All times are seconds.
"""

import argparse
import json
import sys
from pathlib import Path

from smeaton.errors import InputError, SmeatonError


def main(argv: list[str] | None = None) -> int:
    """Run once; 2 for wrong input."""
    args = _parser().parse_args(argv)
    try:
        print(json.dumps(_run(args)))
    except SmeatonError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 5
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m smeaton.service.load", description=__doc__.partition("\n")[0])
    parser.add_argument("--url", required=True, metavar="URL", help="where to POST, on this machine")
    parser.add_argument("--bodies", required=True, metavar="FILE", help="one JSON body a line, sent in turn")
    parser.add_argument("--connections", type=int, default=16, metavar="N", help="callers; with --rate the most (16)")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="measured time (5)")
    parser.add_argument("--warmup", type=float, default=1.0, metavar="S", help="time before it (1)")
    parser.add_argument(
        "--timeout", type=float, default=30.0, metavar="S", help="an answer later than this is none (30)"
    )
    parser.add_argument("--header", action="append", default=[], metavar="K: V", help="a header to send")
    parser.add_argument("--rate", type=float, metavar="R", help="requests a second, sent at moments fixed in advance")
    parser.add_argument("--arrivals", choices=["poisson", "constant"], default="poisson", help="with --rate")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the Poisson arrivals (0)")
    return parser


def _run(args: argparse.Namespace) -> dict[str, object]:
    from smeaton.service.load import How, Pace, closed, scheduled
    from smeaton.service.load.target import headers_of, target_of

    target = target_of(args.url)
    headers = headers_of(args.header)
    requests = [target.request(body, headers) for body in _bodies(Path(args.bodies))]
    how = How(connections=args.connections, warmup=args.warmup, timeout=args.timeout)
    if args.rate is None:
        return closed(target, requests, how, seconds=args.seconds).as_dict()
    return scheduled(target, requests, Pace(args.rate, args.seconds, args.arrivals, args.seed), how).as_dict()


def _bodies(path: Path) -> list[bytes]:
    try:
        bodies = [line for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise InputError(
            f"it cannot be read: {error.strerror}", fix="name a file of bodies", where=str(path)
        ) from error
    if not bodies:
        raise InputError("there is no body in it", fix="write one JSON body a line", where=str(path))
    return bodies


if __name__ == "__main__":
    sys.exit(main())
