"""Build the best solution to a task, within its budget, and bundle it.

  smeaton build customers.csv --target churned            the task is written to smeaton.yaml beside you
  smeaton build smeaton.yaml                              a task file says everything else
  smeaton build smeaton.yaml --budget 4m                  more time, the finished trials are kept
  smeaton build smeaton.yaml --replay                     the same board again, exactly

One Ctrl-C ends the search and returns the best so far; a second stops at once.
"""

import argparse
import json
import sys

HELP = "find and bundle the best solution for a table or task file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("what", metavar="DATA|TASK", nargs="?", default=".", help="a data file, or a task file")
    parser.add_argument("--target", metavar="COL", help="the column to predict, when DATA is a data file")
    parser.add_argument("--budget", metavar="TIME", help="wall clock of the whole command, such as 60s or 4m")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another split and another search (default 0)")
    parser.add_argument("--out", metavar="DIR", help="where the task file, the trials and the bundle go")
    parser.add_argument("--replay", action="store_true", help="repeat the recorded trials instead of searching anew")


def run(args: argparse.Namespace) -> int:
    """Build; the exit code is the outcome's."""
    from smeaton.cli.live import listener
    from smeaton.flow.build import build

    with listener(args.json) as listen:
        built = build(
            args.what,
            target=args.target,
            budget=args.budget,
            seed=args.seed,
            out=args.out,
            replay=args.replay,
            listen=listen,
            started=args.started,
        )
    if args.json:
        print(json.dumps(built.as_dict()))
        return built.exit_code
    print()
    print(built.summary())
    if not sys.stdout.isatty() and built.exit_code:
        print(f"smeaton: {built.outcome}: {'; '.join(built.reasons)}", file=sys.stderr)
    return built.exit_code
