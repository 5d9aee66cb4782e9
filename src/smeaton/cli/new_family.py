"""Write a family to begin with: NAME.py, which works as it is, and test_NAME.py, which says what it must keep.

  smeaton new-family nearest                        nearest.py and test_nearest.py, here
  python -m pytest test_nearest.py                  what every family promises, on ten small tables
  solutions: {add: ["nearest.py:part"]}             in the task file: it stands on the board beside the others

Nothing that is there is written over. docs/new_family.md goes through it step by step.
"""

import argparse
import json
from pathlib import Path

HELP = "write a family of your own to begin with, and its test"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", metavar="NAME", help="a Python module's name, such as nearest")
    parser.add_argument("--out", metavar="DIR", default=".", help="the folder of the task file (default: here)")


def run(args: argparse.Namespace) -> int:
    """Write both files and say what to do with them."""
    from smeaton.flow.new_family import new_family

    own, test = new_family(args.name, Path(args.out))
    reference = f"{own.name}:part"
    if args.json:
        print(json.dumps({"family": str(own), "test": str(test), "reference": reference}))
        return 0
    print(f"{own}: a family that works, nearest centroids; change it into yours")
    print(f"{test}: what it must keep; run: python -m pytest {test}")
    print(f'in the task file of that folder: solutions: {{add: ["{reference}"]}}')
    return 0
