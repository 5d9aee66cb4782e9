"""List rows whose texts are nearly the same: up to case, white space, punctuation and small changes, in any script.

  smeaton duplicates tickets.csv
  smeaton duplicates tickets.csv --column body --threshold 0.9 -o groups.csv

The threshold is the share of five-character runs that two texts have in common. `groups.csv` has one line a row:
group, row (from 1), similarity, text.
"""

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

HELP = "list rows whose texts are nearly the same"
_SHOWN, _ROWS, _WIDE = 10, 5, 90


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("data", metavar="DATA", help="a .csv, .tsv, .jsonl or .parquet file, or a folder of documents")
    parser.add_argument("--column", metavar="NAME", help="the column of texts (default: the one with the longest)")
    parser.add_argument("--threshold", type=float, default=0.7, metavar="X", help="how alike, 0 to 1 (default 0.7)")
    parser.add_argument("-o", "--output", metavar="OUTPUT", help="a .csv file for all groups")


def run(args: argparse.Namespace) -> int:
    """Find and show them."""
    from smeaton.flow.similar import find_duplicates

    groups, texts = find_duplicates(args.data, args.column, args.threshold)
    if args.output:
        _write(Path(args.output), groups, texts)
    if args.json:
        found = [{"rows": [row + 1 for row in group.rows], "similarity": group.similarity} for group in groups]
        print(json.dumps({"rows": len(texts.texts), "column": texts.column, "groups": found}))
        return 0
    if texts.chosen:
        print(f"texts are read from the column {texts.column!r}")
    count = sum(len(group.rows) for group in groups)
    print(f"{len(groups):,} groups of near-duplicates with {count:,} of {len(texts.texts):,} rows")
    for group in groups[:_SHOWN]:
        print(f"\n{len(group.rows)} rows, alike by {group.similarity:.2f} or more")
        for row in group.rows[:_ROWS]:
            print(f"  {texts.places[row]}: {_short(texts.texts[row])}")
        if len(group.rows) > _ROWS:
            print(f"  and {len(group.rows) - _ROWS:,} more")
    if len(groups) > _SHOWN and not args.output:
        print(f"\nand {len(groups) - _SHOWN:,} more groups: -o groups.csv writes all")
    return 0


def _short(text: str | None) -> str:
    line = " ".join((text or "").split())
    return line if len(line) <= _WIDE else line[: _WIDE - 3] + "..."


def _write(path: Path, groups: Any, texts: Any) -> None:
    from smeaton.errors import InputError
    from smeaton.runtime.files import durable_write

    if path.suffix != ".csv":
        raise InputError(f"groups are written as .csv, not {path.suffix!r}", fix="name a .csv file")
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["group", "row", "similarity", "text"])
    for number, group in enumerate(groups, start=1):
        for row in group.rows:
            writer.writerow([number, row + 1, f"{group.similarity:.4f}", texts.texts[row]])
    durable_write(path, stream.getvalue().encode("utf-8"))
