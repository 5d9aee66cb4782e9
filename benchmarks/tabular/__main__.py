"""Tabular quality at short budgets: Smeaton, AutoGluon, FLAML and one early-stopped LightGBM on the same rows, with the
same wall clock, on two cores, one at a time.

    python -m benchmarks.tabular cells --data FOLDER --tool autogluon --preset medium_quality --env autogluon=FOLDER
    python -m benchmarks.tabular cells --data FOLDER --tool smeaton
    python -m benchmarks.tabular summary --data FOLDER
    python -m benchmarks.tabular one-row --data FOLDER
    python -m benchmarks.tabular batch
    python -m benchmarks.tabular growth

`--data` names a folder with `INDEX.md` and one folder a table (see `tables.py`); without it only the generated tables
are run. Peers have environments of their own, below `benchmarks/.peers/NAME` or where `--env NAME=FOLDER` or
`SMEATON_PEER_NAME` says:

    python -m venv benchmarks/.peers/autogluon
    benchmarks/.peers/autogluon/bin/pip install torch==2.13.0
    benchmarks/.peers/autogluon/bin/pip install 'autogluon.tabular[all]==1.6.3'
    python -m venv benchmarks/.peers/flaml
    benchmarks/.peers/flaml/bin/pip install 'flaml[automl]==2.8.0' lightgbm 'xgboost<3' catboost==1.2.10

A finished cell is kept in `benchmarks/results/tabular/` and not run again: stop and start as you like.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks.tabular import batch, cells, growth, one_row, summary
from benchmarks.tabular.tables import tables_in

VERBS: dict[str, tuple[Any, str]] = {
    "cells": (cells, "run the cells that are missing"),
    "summary": (summary, "ratios, intervals, wins, time kept, failures; writes report.md"),
    "one-row": (one_row, "size, and the time of one row and of a batch, from the cells"),
    "batch": (batch, "10,000 rows against the libraries natively, the same trees"),
    "growth": (growth, "time and memory as the table grows"),
}


def main() -> int:
    """Run the sub-command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tabular", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", type=Path, help="folder with INDEX.md")
    common.add_argument("--tables", help="names, with commas between (default all)")
    common.add_argument("--results", type=Path, default=cells.RESULTS)
    common.add_argument("--env", action="append", default=[], metavar="NAME=FOLDER", help="a peer's environment")
    for name, (module, words) in VERBS.items():
        verb = verbs.add_parser(name, parents=[common], help=words)
        if hasattr(module, "add_arguments"):
            module.add_arguments(verb)
    args = parser.parse_args()
    tables = tables_in(args.data)
    if args.tables:
        tables = [one for one in tables if one.name in args.tables.split(",")]
    return VERBS[args.verb][0].main(args, tables)


if __name__ == "__main__":
    sys.exit(main())
