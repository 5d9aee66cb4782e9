"""Tabular quality at short budgets: Smeaton, AutoGluon, FLAML and one early-stopped LightGBM on the same rows, with the
same wall clock, on two cores, one at a time.

    python -m benchmarks.tabular cells --data FOLDER --tool autogluon --preset medium_quality --env autogluon=ENVIRONMENT

FOLDER holds `INDEX.md` and one folder a table (see `tables.py`); without it only the generated tables are run. Peers have
environments of their own, below `benchmarks/.peers/NAME` or where `--env NAME=FOLDER` or `SMEATON_PEER_NAME` says:

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

from benchmarks.tabular import cells
from benchmarks.tabular.tables import tables_in


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
    cells.add_arguments(verbs.add_parser("cells", parents=[common], help="run the cells that are missing"))
    args = parser.parse_args()
    tables = tables_in(args.data)
    if args.tables:
        tables = [one for one in tables if one.name in args.tables.split(",")]
    return cells.main(args, tables)


if __name__ == "__main__":
    sys.exit(main())
