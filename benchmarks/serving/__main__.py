"""Measure what is not in the results yet: `python -m benchmarks.serving --peers FOLDER`.

A cell of a peer is measured once and kept; those of Smeaton and `bare` are kept as long as the package's code is the
same. `--again NAME` measures a server's cells anew. Interrupted, it goes on where it was.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.serving.kinds import KINDS, Bench
from benchmarks.serving.peers import lacking
from benchmarks.serving.plan import Cells, Speed, measure_speed
from benchmarks.serving.results import FOLDER, Results
from benchmarks.serving.servers import SERVERS, Server
from benchmarks.serving.training import write_model


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", type=Path, required=True, metavar="FOLDER", help="where peers.py installed them")
    parser.add_argument("--results", type=Path, default=FOLDER, metavar="FOLDER")
    parser.add_argument("--only", nargs="+", choices=["speed", *KINDS], default=["speed", *KINDS])
    parser.add_argument("--servers", nargs="+", choices=list(SERVERS), default=list(SERVERS), metavar="NAME")
    parser.add_argument("--again", nargs="+", choices=list(SERVERS), default=[], metavar="NAME")
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 16, 64], metavar="C")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=5, help="of Smeaton and bare (default 5)")
    parser.add_argument("--peer-rounds", type=int, default=2, help="of each peer (default 2)")
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> list[Server]:
    """The servers to measure, less those whose environment is missing, which is said."""
    missing = lacking(given.peers)
    if missing:
        print(f"left out, not installed in {given.peers}: {', '.join(missing)}", file=sys.stderr)
    return [SERVERS[name] for name in given.servers if SERVERS[name].peer not in missing]


def main() -> None:
    """Measure."""
    given = arguments()
    servers = chosen(given)
    with tempfile.TemporaryDirectory(prefix="serving-") as folder:
        model = write_model(Path(folder) / "model")
        bench = Bench(model, given.peers.absolute(), Path(folder))
        cells = Cells(Results(given.results), bench, frozenset(given.again))
        if "speed" in given.only:
            speed = Speed(tuple(given.connections), given.seconds, given.rounds, given.peer_rounds)
            measure_speed(cells, bench, servers, speed)
        for kind in (kind for kind in KINDS if kind in given.only):
            for server in servers:
                cells.once(kind, server, {}, lambda server=server, kind=kind: KINDS[kind](bench, server))
    if cells.failed:
        raise SystemExit("\n".join(dict.fromkeys(cells.failed)))


if __name__ == "__main__":
    main()
