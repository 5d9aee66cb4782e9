"""Build the best solution to a task, within its budget, and bundle it.

  smeaton build customers.csv --target churned            the task is written to smeaton.yaml beside you
  smeaton build smeaton.yaml                              a task file says everything else
  smeaton build smeaton.yaml --budget 4m                  more time, the finished trials are kept
  smeaton build smeaton.yaml --money 1 --external         language models over the network too: asks before a row leaves
  smeaton build smeaton.yaml --replay                     the same board again, exactly

One Ctrl-C ends the search and returns the best so far; a second stops at once.
"""

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smeaton.trials.notice import Listener

HELP = "find and bundle the best solution for a table or task file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("what", metavar="DATA|TASK", nargs="?", default=".", help="a data file, or a task file")
    parser.add_argument("--target", metavar="COL", help="the column to predict, when DATA is a data file")
    parser.add_argument("--budget", metavar="TIME", help="wall clock of the whole command, such as 60s or 4m")
    parser.add_argument("--money", metavar="$X", help="dollars that paid calls of this build may cost in all")
    parser.add_argument(
        "--external",
        action="store_true",
        help="let rows leave this machine: shows which, where to and the price, and asks",
    )
    parser.add_argument(
        "--yes", action="store_true", help="with --external: agree to what is shown without being asked"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another split and another search (default 0)")
    parser.add_argument("--out", metavar="DIR", help="where the task file, the trials and the bundle go")
    parser.add_argument(
        "--test-share",
        type=float,
        metavar="SHARE",
        help="rows of DATA to seal for the test (default 0.2); 0 for who tests elsewhere",
    )
    parser.add_argument("--replay", action="store_true", help="repeat the recorded trials instead of searching anew")


def run(args: argparse.Namespace) -> int:
    """Build; the exit code is the outcome's."""
    from smeaton.cli.live import listener
    from smeaton.flow.build import Wanted, carry_out

    with listener(args.json) as listen:
        built = carry_out(
            Wanted(
                args.what,
                target=args.target,
                budget={"time": args.budget, "money": args.money},
                external=_consent(args, listen) if args.external else False,
                seed=args.seed,
                out=args.out,
                replay=args.replay,
                started=args.started,
                test_share=args.test_share,
            ),
            listen,
        )
    if args.json:
        print(json.dumps(built.as_dict()))
        return built.exit_code
    print()
    print(built.summary())
    if not sys.stdout.isatty() and built.exit_code:
        print(f"smeaton: {built.outcome}: {'; '.join(built.reasons)}", file=sys.stderr)
    return built.exit_code


def _consent(args: argparse.Namespace, listen: "Listener") -> Callable[[Any], bool]:
    """Shows what would leave this machine, and asks whether it may."""

    def decide(leaving: Any) -> bool:
        from smeaton.cli.live import paused
        from smeaton.flow.consent import ask

        with paused(listen):
            return ask(leaving, yes=args.yes, stream=sys.stderr)

    return decide
