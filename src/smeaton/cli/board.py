"""Show the board of the last build: every trial ranked, with intervals, costs and reasons.

smeaton board                      the build in this folder
smeaton board customers.bundle     the board a bundle was chosen from
smeaton board --plot               quality against cost per 1,000 calls as a picture; --plot p95 against latency
"""

import argparse
import json
from pathlib import Path

HELP = "show the trials of a build, ranked, with reasons"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("where", metavar="DIR|BUNDLE", nargs="?", default=".", help="a build's folder, or a bundle")
    parser.add_argument(
        "--plot", nargs="?", const="cost", choices=["cost", "p95"], help="draw quality against cost (default) or p95"
    )


def run(args: argparse.Namespace) -> int:
    """Print the board."""
    from smeaton.flow.build import board, board_plot, board_text

    found = board(Path(args.where))
    if args.json:
        print(json.dumps(found.as_dict()))
    elif args.plot:
        print(board_plot(found, args.plot))
    else:
        print(board_text(found))
    return 0
