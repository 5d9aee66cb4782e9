"""Show the board of the last build: every trial ranked, with intervals, costs and reasons.

smeaton board                      the build in this folder
smeaton board customers.bundle     the board a bundle was chosen from
smeaton board --plot               quality against cost per 1,000 calls as a picture; --plot p95 against latency
smeaton board --ablation           what each family, kind of feature and step contributed, and the seconds it took
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smeaton.leaderboard.forms import Board

HELP = "show the trials of a build, ranked, with reasons"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("where", metavar="DIR|BUNDLE", nargs="?", default=".", help="a build's folder, or a bundle")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--plot", nargs="?", const="cost", choices=["cost", "p95"], help="draw quality against cost (default) or p95"
    )
    shown.add_argument("--ablation", action="store_true", help="say what each ingredient contributed")


def run(args: argparse.Namespace) -> int:
    """Print the board."""
    from smeaton.flow.build import board, board_plot, board_text

    if args.ablation:
        from smeaton.flow.ablation import ablation, ablation_text

        taken = ablation(Path(args.where))
        print(json.dumps(taken.as_dict()) if args.json else ablation_text(taken))
        return 0
    found = board(Path(args.where))
    if args.json:
        print(json.dumps(found.as_dict()))
    elif args.plot:
        print(board_plot(found, args.plot))
    elif sys.stdout.isatty():
        _show(found)
    else:
        print(board_text(found))
    return 0


def _show(found: "Board") -> None:
    """The board on a terminal: as wide as it is, in colour unless NO_COLOR says no (https://no-color.org)."""
    from smeaton.extras import needs
    from smeaton.leaderboard.terminal import terminal

    with needs("build"):
        from rich.console import Console
    console = Console(highlight=False)
    console.print(terminal(found, console.width))
