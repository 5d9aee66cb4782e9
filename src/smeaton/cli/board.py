"""Show the board of the last build: every trial ranked, with intervals, costs and reasons.

smeaton board                      the build in this folder
smeaton board customers.bundle     the board a bundle was chosen from
"""

import argparse
import json
from pathlib import Path

HELP = "show the trials of a build, ranked, with reasons"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("where", metavar="DIR|BUNDLE", nargs="?", default=".", help="a build's folder, or a bundle")


def run(args: argparse.Namespace) -> int:
    """Print the board."""
    from smeaton.flow.build import board, board_text

    found = board(Path(args.where))
    if args.json:
        print(json.dumps(found.as_dict()))
    else:
        print(board_text(found))
    return 0
