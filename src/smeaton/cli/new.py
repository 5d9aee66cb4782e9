"""Write a task file from data: every choice explained in a comment, and only what data cannot tell is asked.

smeaton new customers.csv                        asks which column is to be predicted
smeaton new customers.csv --target churned       smeaton.yaml, beside you
smeaton new customers.csv --target churned --out churn/

No file is ever overwritten. The file builds as it is: smeaton build
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smeaton.flow._new_target import Candidate

HELP = "write a task file from data, each choice explained"
_SHOWN = 8


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("data", metavar="DATA", help="a data file")
    parser.add_argument("--target", metavar="COL", help="the column to predict")
    parser.add_argument("--out", default=".", metavar="DIR", help="folder for the task file (default: here)")


def run(args: argparse.Namespace) -> int:
    """Write the file, and say what was decided."""
    from smeaton.flow.new import new

    raw, target = None, args.target
    if target is None:
        raw, target = _asked(args)
    made = new(args.data, target, out=args.out, raw=raw)
    if args.json:
        print(json.dumps(made.as_dict(), ensure_ascii=False, default=str))
        return 0
    print(made.text, end="")
    print(f"\n{made.path} " + ("says just this already; it is left as it is" if made.there else "is written"))
    print(f"now: smeaton build{'' if args.out == '.' else ' ' + str(made.path)}")
    return 0


def _asked(args: argparse.Namespace) -> tuple[Any, str]:
    """The rows, and the target that a person chose; an error where nobody is there."""
    from smeaton.flow.new import likely_targets, which_target

    raw, found = likely_targets(args.data)
    if args.json or not found or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise which_target(args.data, found)
    return raw, _choice(found, list(raw.table))


def _choice(found: "list[Candidate]", columns: list[str]) -> str:
    """Ask until a number or a column's name is given."""
    print("Which column is to be predicted?")
    for place, one in enumerate(found[:_SHOWN], start=1):
        print(f"  {place}  {one.name}  ({one.why})")
    while True:
        said = input("a number, or the name of a column [1]: ").strip() or "1"
        if said in columns:
            return said
        if said.isascii() and said.isdigit() and 1 <= int(said) <= min(len(found), _SHOWN):
            return found[int(said) - 1].name
        print(f"{said!r} is neither")
