"""Does the later score lie where a build said it would? Group and time tasks, cut into a history and what comes later.

    python benchmarks/later.py --data FOLDER              all cells (about 20 s each), then the summary
    python benchmarks/later.py                            the generated tables only
    python benchmarks/later.py --only drift,movies        some tables
    python benchmarks/later.py --summary                  only print what is there

FOLDER holds `<set>/data.csv.gz`. One cell is a table and a cut. With a time the history is what is older than the cut
and the later part the next rows, one for every five of the history (as many as the sealed test has); with groups a
sixth of the groups, drawn at random, comes later. `smeaton build` sees the history alone. Then its bundle answers the
later part, and its score is held against three intervals: the one predicted for a later period (`later`), the
validation's and the sealed test's 95 % intervals of today's score.

A finished cell is a line in the results file and is not run again: stop and start as you like.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
INTERVALS = ("later", "validation", "test")
TIME_CUTS = (0.5, 0.65, 0.8)  # of the rows, that are history
GROUP_CUTS = (0, 1, 2)  # seeds of the draw
LATER_GROUPS = 1 / 6


@dataclass(frozen=True)
class Task:
    """A table and what is wanted of it. `make` takes the folder of data."""

    name: str
    target: str
    kind: str
    make: Callable[[Path], pd.DataFrame]
    time: str = ""
    group: str = ""
    real: bool = True

    @property
    def cuts(self) -> tuple[float, ...]:
        """Shares of the rows, or seeds."""
        return TIME_CUTS if self.time else GROUP_CUTS


def _read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / name / "data.csv.gz")


def animal_311(folder: Path) -> pd.DataFrame:
    """Complaints about animals by kind; the hour and the weekday they came in are features."""
    table = _read(folder, "animal_311")
    at = pd.to_datetime(table.pop("Created Date"), format="%m/%d/%Y %H:%M")
    return table.assign(at=at, hour=at.dt.hour, weekday=at.dt.day_of_week)


def movies(folder: Path) -> pd.DataFrame:
    """Ratings of films by what is known of them, in the order of their release."""
    table = _read(folder, "movies")
    at = pd.to_datetime(table.pop("Release Date"), format="%b %d %Y", errors="coerce")
    table = table.assign(at=at, month=at.dt.month)
    return table[at.notna() & table["IMDB Rating"].notna()]


def covid_testing(folder: Path) -> pd.DataFrame:
    """Results of tests on the days of an epidemic."""
    table = _read(folder, "covid_testing")
    day = pd.to_timedelta(table.pop("pan_day"), unit="D")
    return table.assign(at=pd.Timestamp("2020-03-01") + day)


def storms(folder: Path) -> pd.DataFrame:
    """The status of a storm, by what was measured of it every six hours."""
    table = _read(folder, "storms")
    at = pd.to_datetime(table[["year", "month", "day", "hour"]])
    table["storm"] = table["name"] + " " + table["year"].astype(str)
    return table.drop(columns=["name", "year", "day"]).assign(at=at)


def storms_in_time(folder: Path) -> pd.DataFrame:
    """The same, without a name for what belongs together."""
    return storms(folder).drop(columns="storm")


def storms_by_storm(folder: Path) -> pd.DataFrame:
    """The same, without the order in time."""
    return storms(folder).drop(columns="at")


def page_views(folder: Path) -> pd.DataFrame:
    """Daily page views, by the calendar and those of one and two weeks before."""
    table = _read(folder, "page_views")
    at = pd.to_datetime(table.pop("ds"))
    table = _calendar(table.assign(at=at))
    return table.assign(week_before=table["y"].shift(7), fortnight_before=table["y"].shift(14)).iloc[14:]


def min_temperature(folder: Path) -> pd.DataFrame:
    """Daily temperatures, by the calendar and those of the days before."""
    table = _read(folder, "min_temperature")
    table = _calendar(table.assign(at=pd.to_datetime(table.pop("Date"))))
    return table.assign(before=table["Temp"].shift(1), week_before=table["Temp"].shift(7)).iloc[7:]


def vic_elec(folder: Path) -> pd.DataFrame:
    """Demand every three hours, by the weather, the calendar and the demand a day before."""
    table = _read(folder, "vic_elec").drop(columns="Date")
    at = pd.to_datetime(table.pop("Time")).dt.tz_localize(None)
    table = _calendar(table.assign(at=at, day_before=table["Demand"].shift(48)))
    return table.assign(hour=at.dt.hour).iloc[48::6]


def tourism(folder: Path) -> pd.DataFrame:
    """Trips a quarter to each region for each purpose, by those a year before."""
    table = _read(folder, "tourism")
    at = pd.PeriodIndex(table.pop("Quarter").str.replace(" ", ""), freq="Q").to_timestamp()
    keys = ["Region", "State", "Purpose"]
    table = table.assign(at=at, quarter=at.quarter)
    table["year_before"] = table.groupby(keys)["Trips"].shift(4)
    return table[table["year_before"].notna()]


def tourism_by_series(folder: Path) -> pd.DataFrame:
    """The same for regions that were never seen."""
    table = tourism(folder)
    return table.assign(region=table.pop("Region")).drop(columns="at")


def _calendar(table: pd.DataFrame) -> pd.DataFrame:
    at = table["at"].dt
    return table.assign(month=at.month, weekday=at.day_of_week, day_of_year=at.day_of_year)


def _generated(seed: int, rows: int) -> tuple[np.random.Generator, pd.DataFrame, np.ndarray[Any, Any]]:
    """Ten columns, and a smooth function of some of them."""
    rng = np.random.default_rng([seed, 6])
    table = pd.DataFrame(rng.normal(size=(rows, 10)), columns=[f"x{number}" for number in range(10)])
    x = table.to_numpy()
    return rng, table, x[:, 0] + np.sin(2 * x[:, 1]) + 0.5 * x[:, 2] * x[:, 3]


def _hours(rows: int) -> pd.DatetimeIndex:
    return pd.date_range("2024-01-01", periods=rows, freq="h")


def drift(_: Path) -> pd.DataFrame:
    """The weights of two columns wander."""
    rng, table, signal = _generated(1, 3_000)
    walk = np.cumsum(rng.normal(size=(3_000, 2)), axis=0) / np.sqrt(3_000)
    y = signal + 1.5 * (walk * table[["x4", "x5"]].to_numpy()).sum(axis=1) + rng.normal(size=3_000)
    return table.assign(y=y, at=_hours(3_000))


def growing(_: Path) -> pd.DataFrame:
    """Noise that becomes three times as large from the first row to the last."""
    rng, table, signal = _generated(2, 3_000)
    return table.assign(y=signal + np.linspace(0.5, 1.5, 3_000) * rng.normal(size=3_000), at=_hours(3_000))


def moody(_: Path) -> pd.DataFrame:
    """Noise that rises and falls over hundreds of rows, and stays for a while."""
    rng, table, signal = _generated(3, 3_000)
    mood = np.zeros(3_000)
    for place in range(1, 3_000):
        mood[place] = 0.99 * mood[place - 1] + 0.14 * rng.normal()
    return table.assign(y=signal + np.exp(0.5 * mood) * rng.normal(size=3_000), at=_hours(3_000))


def still(_: Path) -> pd.DataFrame:
    """Nothing changes: what an interval costs where none of this is needed."""
    rng, table, signal = _generated(4, 3_000)
    return table.assign(y=signal + rng.normal(size=3_000), at=_hours(3_000))


def turning(_: Path) -> pd.DataFrame:
    """Two labels, whose frequency and cause wander."""
    rng, table, signal = _generated(5, 3_000)
    walk = np.cumsum(rng.normal(size=(3_000, 2)), axis=0) / np.sqrt(3_000)
    score = signal + walk[:, 0] + walk[:, 1] * table["x4"].to_numpy()
    label = np.where(score + rng.logistic(size=3_000) > 0, "yes", "no")
    return table.assign(y=label, at=_hours(3_000))


def clinics(_: Path) -> pd.DataFrame:
    """Rows of 60 groups of very different size, each with a level and a noise of its own."""
    rng, table, signal = _generated(6, 3_000)
    group = rng.choice(60, 3_000, p=rng.dirichlet(np.full(60, 1.0)))
    level, noise = rng.normal(size=60), np.exp(0.5 * rng.normal(size=60))
    y = signal + level[group] + noise[group] * rng.normal(size=3_000)
    return table.assign(y=y, clinic=[f"clinic {one}" for one in group])


def users(_: Path) -> pd.DataFrame:
    """Two labels from 200 groups that differ in how often and how surely they say yes."""
    rng, table, signal = _generated(7, 3_000)
    group = rng.choice(200, 3_000)
    level, scale = rng.normal(size=200), np.exp(0.5 * rng.normal(size=200))
    label = np.where(scale[group] * signal + level[group] + rng.logistic(size=3_000) > 0, "yes", "no")
    return table.assign(y=label, user=[f"user {one}" for one in group])


TASKS = (
    Task("animal_311", "Complaint Type", "category", animal_311, time="at"),
    Task("movies", "IMDB Rating", "number", movies, time="at"),
    Task("covid_testing", "result", "category", covid_testing, time="at"),
    Task("storms_in_time", "status", "category", storms_in_time, time="at"),
    Task("page_views", "y", "number", page_views, time="at"),
    Task("min_temperature", "Temp", "number", min_temperature, time="at"),
    Task("vic_elec", "Demand", "number", vic_elec, time="at"),
    Task("tourism", "Trips", "number", tourism, time="at"),
    Task("storms_by_storm", "status", "category", storms_by_storm, group="storm"),
    Task("tourism_by_region", "Trips", "number", tourism_by_series, group="region"),
    *(
        Task(make.__name__, "y", "category" if make is turning else "number", make, time="at", real=False)
        for make in (drift, growing, moody, still, turning)
    ),
    Task("clinics", "y", "number", clinics, group="clinic", real=False),
    Task("users", "y", "category", users, group="user", real=False),
)


def parts(task: Task, folder: Path, cut: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """History and later rows."""
    table = task.make(folder)
    if task.time:
        table = table.sort_values(task.time, kind="stable").reset_index(drop=True)
        at = table[task.time]
        start = int(np.searchsorted(at, at.iloc[int(cut * len(table))]))
        end = int(np.searchsorted(at, at.iloc[min(int(1.2 * start), len(table) - 1)], side="right"))
        return table.iloc[:start], table.iloc[start:end]
    names = table[task.group].unique()
    chosen = np.random.default_rng([int(cut), 8]).permutation(len(names))[: round(LATER_GROUPS * len(names))]
    later = table[task.group].isin(names[chosen])
    return table[~later], table[later]


def run_cell(task: Task, cut: float, folder: Path, budget: str) -> dict[str, Any]:
    """Build on the history, answer the later rows, and see where their score lies.

    Raises:
        RuntimeError: a command failed.
    """
    history, later = parts(task, folder, cut)
    role = f"time: {task.time}" if task.time else f"group: {task.group}"
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="smeaton-later-") as place:
        work = Path(place)
        history.to_csv(work / "history.csv", index=False)
        later.to_csv(work / "later.csv", index=False)
        form = (
            f"smeaton: 1\nname: later\ndata: history.csv\noutput: {{{task.target!r}: {task.kind}}}\nrows: {{{role}}}\n"
        )
        (work / "smeaton.yaml").write_text(form, encoding="utf-8")
        built = _smeaton(work, "build", "smeaton.yaml", "--budget", budget, "--json")
        if "error" in built:
            raise RuntimeError(built["error"]["message"][:300])
        if built["outcome"] == "no solution":
            raise RuntimeError("nothing was better than a constant answer")
        bundle = built["bundle"]
        judged = _smeaton(work, "predict", bundle, "later.csv", "-o", "answers.csv", "--json")
    return {
        "task": task.name,
        "cut": cut,
        "budget": budget,
        "role": "time" if task.time else "group",
        "real": task.real,
        "rows": len(history),
        "later_rows": len(later),
        "metric": built["metric"],
        "winner": built["winner"],
        "score": judged["metric"]["value"],
        "judged": judged["metric"]["rows"],
        "unreadable": judged["unreadable"],
        "predicted": {name: built[name] for name in INTERVALS},
        "seconds": round(time.monotonic() - start, 1),
    }


def _smeaton(work: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "smeaton", *arguments], capture_output=True, text=True, cwd=work, check=False
    )
    if not done.stdout.strip():
        raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {done.stderr[-1000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def read_cells(results: Path, budget: str) -> list[dict[str, Any]]:
    """Finished cells with that budget."""
    if not results.exists():
        return []
    cells = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [cell for cell in cells if cell["budget"] == budget]


def inside(cell: dict[str, Any], name: str) -> bool:
    """Whether the later score lies in an interval; a build that gave none did not predict it."""
    found = cell["predicted"][name]
    return found is not None and found["low"] <= cell["score"] <= found["high"]


def width(cell: dict[str, Any], name: str) -> float:
    """The interval's width as a share of the later score; NaN without an interval."""
    found = cell["predicted"][name]
    return float("nan") if found is None else (found["high"] - found["low"]) / abs(cell["score"])


def summary(cells: list[dict[str, Any]]) -> None:
    """Each cell, then how often the later score lay in each interval, and how wide it was."""
    print(f"{'task':18} {'cut':>5} {'rows':>6} {'later':>6} {'score':>9}  predicted for later     outside of")
    for cell in cells:
        found = cell["predicted"]["later"]
        said = "none" if found is None else f"{found['low']:.4g} to {found['high']:.4g}"
        missed = ", ".join(name for name in INTERVALS if not inside(cell, name))
        head = f"{cell['task']:18} {cell['cut']:5} {cell['rows']:6} {cell['later_rows']:6} {cell['score']:9.4g}"
        print(f"{head}  {said:22}  {missed}")
    for title, chosen in (
        ("all", cells),
        *((role, [cell for cell in cells if cell["role"] == role]) for role in ("time", "group")),
        ("real tables", [cell for cell in cells if cell["real"]]),
    ):
        if not chosen:
            continue
        print(f"{title}: {len(chosen)} (task, cut) pairs")
        for name in INTERVALS:
            share = np.mean([inside(cell, name) for cell in chosen])
            wide = np.nanmedian([width(cell, name) for cell in chosen])
            print(f"  {name:10} {share:6.1%} inside, median width {wide:.2f} of the score")


def main() -> int:
    """Run the cells that are missing, then print the summary. 1 if a cell failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of real tables (default: generated ones only)")
    parser.add_argument("--only", help="names of tables, with commas between")
    parser.add_argument("--cuts", type=int, default=3, help="cuts of each table (default and at most 3)")
    parser.add_argument("--budget", default="15s")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "later.jsonl")
    parser.add_argument("--summary", action="store_true", help="run nothing, print what is there")
    args = parser.parse_args()
    args.results.parent.mkdir(parents=True, exist_ok=True)
    chosen = [task for task in TASKS if not args.only or task.name in args.only.split(",")]
    failed = 0
    done = {(cell["task"], cell["cut"]) for cell in read_cells(args.results, args.budget)}
    for task in [] if args.summary else chosen:
        if task.real and args.data is None:
            continue
        for cut in [cut for cut in task.cuts[: args.cuts] if (task.name, cut) not in done]:
            try:
                cell = run_cell(task, cut, args.data or HERE, args.budget)
            except (RuntimeError, OSError, ValueError, KeyError) as error:
                failed += 1
                print(f"{task.name} {cut} failed: {error}", file=sys.stderr)
                continue
            with args.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(cell) + "\n")
            print(f"{task.name} {cut}: {'in' if inside(cell, 'later') else 'OUT'}, {cell['seconds']} s", flush=True)
    cells = [cell for cell in read_cells(args.results, args.budget) if cell["task"] in {task.name for task in chosen}]
    if cells:
        summary(cells)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
