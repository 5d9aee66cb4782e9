"""Answer every row of a file: one row out for each row in, in the same order.

  smeaton predict customers.bundle new.csv -o answers.csv

The output starts with the id column if there is one, then `prediction`, for numbers `low` and `high`, the ends of its
interval, for classes `probability_<label>`, then `error`, which says why a row could not be read. If the file holds the
target, the metric is printed too. What was stopped on the way goes on there: run the same command again.
"""

import argparse
import json
import sys
from pathlib import Path

HELP = "answer every row of a file"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument("input", metavar="INPUT", help="a file, folder or zip archive of rows in any form")
    parser.add_argument("-o", "--output", required=True, metavar="OUTPUT", help="a .csv, .tsv or .jsonl file")
    parser.add_argument("--strict", action="store_true", help="stop at the first row that cannot be read")
    parser.add_argument("--state", metavar="DIR", help="state folder of a bundle that has one")
    parser.add_argument(
        "--allow-external", action="append", default=[], metavar="HOST", help="a host the bundle may send rows to"
    )
    parser.add_argument("--spend", metavar="$X", help="money that paid steps may spend on this file")
    parser.add_argument(
        "--trust-code",
        action="append",
        default=[],
        metavar="NAME",
        help="code in the bundle that may run (model.py:make)",
    )


def run(args: argparse.Namespace) -> int:
    """Predict; 6 if some rows could not be read."""
    from smeaton.flow.predict import Leave, predict_file

    state = Path(args.state) if args.state else None
    leave = Leave(state, tuple(args.allow_external), _dollars(args.spend), tuple(args.trust_code))
    done = predict_file(args.bundle, args.input, args.output, strict=args.strict, leave=leave)
    code = 6 if done.unreadable else 0
    if args.json:
        metric = None if done.value is None else {"name": done.metric, "value": done.value, "rows": done.judged}
        print(
            json.dumps(
                {"rows": done.rows, "unreadable": done.unreadable, "output": done.output, "metric": metric}
                | ({"errors": done.first_errors} if done.first_errors else {})
                | ({"note": done.note} if done.note else {})
                | ({"resumed": done.resumed} if done.resumed else {})
            )
        )
        return code
    before = f" ({done.resumed:,} of them by a run that was stopped)" if done.resumed else ""
    print(f"{done.rows:,} rows answered into {done.output}{before}")
    if done.value is not None:
        print(f"{done.metric} on the {done.judged:,} rows with a known answer: {done.value:.6g}")
    if done.note:
        print(done.note)
    if done.unreadable:
        print(f"{done.unreadable:,} rows could not be read; the column `error` says why:", file=sys.stderr)
        print("\n".join(f"  {line}" for line in done.first_errors), file=sys.stderr)
    return code


def _dollars(text: str | None) -> float | None:
    from smeaton.errors import InputError
    from smeaton.task.units import dollars

    try:
        return None if text is None else dollars(text)
    except ValueError as error:
        raise InputError(f"--spend {text!r}: {error}", fix="write an amount such as $0.50") from error
