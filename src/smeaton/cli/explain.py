"""Say what each input column adds to the answers of a bundle.

  smeaton explain customers.bundle new.csv --first 3

An answer is explained against rows of reference: by default the made-up sample rows of the bundle, or those of
`--reference FILE`. For numbers the contributions add up to the prediction, for classes to the log-odds of the likeliest
label, or of `--label`. How exact it is, and how many rows were asked for it, is said with each.
"""

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smeaton.explain.explainer import Explanation

HELP = "say what each column adds to an answer"
_SHOWN = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument("input", metavar="INPUT", help="a file of rows, as `predict` reads them")
    parser.add_argument("--first", type=int, default=10, metavar="N", help="how many of its rows (default 10)")
    parser.add_argument("--label", metavar="L", help="the label to explain (default the likeliest)")
    parser.add_argument("--reference", metavar="FILE", help="rows to compare with (at most 100 are taken)")
    parser.add_argument("--most", type=int, metavar="N", help="rows that may be asked for one answer (default 20000)")


def run(args: argparse.Namespace) -> int:
    """Explain the first rows of a file."""
    import msgspec

    from smeaton.errors import InputError
    from smeaton.explain.explainer import MOST
    from smeaton.flow.explain import MOST_REFERENCES, explain_rows, rows_of

    for name, value in (("first", args.first), ("most", MOST if args.most is None else args.most)):
        if value < 1:
            raise InputError(f"--{name} {value} is too small", fix="give 1 or more")
    rows = rows_of(args.bundle, args.input, args.first)
    reference = None if args.reference is None else rows_of(args.bundle, args.reference, MOST_REFERENCES)
    found = explain_rows(
        args.bundle, rows, label=args.label, reference=reference, most=MOST if args.most is None else args.most
    )
    if args.json:
        print(json.dumps([msgspec.to_builtins(one) for one in found]))
        return 0
    print("\n\n".join(_lines(number, one) for number, one in enumerate(found)))
    return 0


def _lines(number: int, found: "Explanation") -> str:
    head = f"row {number + 1}: {found.unit} {found.value:.4g}, of which {found.base:.4g} is what the references have"
    parts = [
        f"  {one.value:+.4g}{f' (error {one.error:.2g})' if one.error else ''}  {one.column}"
        for one in found.contributions[:_SHOWN]
        if one.value
    ]
    rest = [one.value for one in found.contributions[_SHOWN:] if one.value]
    if rest:
        parts.append(f"  {sum(rest):+.4g}  {len(rest)} other columns together")
    return "\n".join([head, *parts, f"  {found.method}; {found.asked:,} rows were asked"])
