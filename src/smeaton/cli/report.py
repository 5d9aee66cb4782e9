"""Say what the last build's answers tell about the data: labels mixed up, rows that look mislabelled, words that
decide, phrases that no label covers. No row leaves the machine.

smeaton report                     the build in this folder
smeaton report smeaton.yaml --rows 50
"""

import argparse
import json

HELP = "what the answers of a build say about its data"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("task", metavar="TASK", nargs="?", default=".", help="a task file, its folder, or its bundle")
    parser.add_argument("--rows", type=_count, default=20, metavar="N", help="suspects to name (default 20)")


def run(args: argparse.Namespace) -> int:
    """Print the report."""
    from smeaton.flow.report import report, report_text

    found = report(args.task, rows=args.rows)
    print(json.dumps(found.as_dict(), ensure_ascii=False) if args.json else report_text(found))
    return 0


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
