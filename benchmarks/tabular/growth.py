"""What a build costs as the table grows: wall clock, peak memory of all its processes, time of a batch. With a plot.

    python -m benchmarks.tabular growth --rows 1000,10000,100000,1000000 --budget 240

Memory is the sum over the build's processes of their proportional set size, looked at twice a second: pages that are
shared count once.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.tabular.cells import MARK, end, machine, marked
from benchmarks.tabular.generated import named, sigmoid
from benchmarks.tabular.tables import Set

EVERY, BATCH = 0.5, 10_000
WIDTH, HEIGHT, LEFT, TOP, FOOT = 420, 300, 60, 30, 45


def table(rows: int) -> pd.DataFrame:
    """Twelve numbers with 3 % missing, four columns of categories (4 to 2,000 values), a date and a class."""
    rng = np.random.default_rng([6, rows])
    values = rng.normal(size=(rows, 12))
    codes = [rng.integers(0, size, rows) for size in (4, 30, 300, 2_000)]
    effect = [np.random.default_rng(size).normal(0, 0.5, size) for size in (4, 30, 300, 2_000)]
    day = rng.integers(0, 1_000, rows)
    score = values[:, 0] + values[:, 1] * values[:, 2] + np.abs(values[:, 3]) - 0.8 + 0.4 * np.sin(day / 60)
    score += sum(own[code] for own, code in zip(effect, codes, strict=True))
    values[rng.random(values.shape) < 0.03] = np.nan
    frame = pd.DataFrame(values.round(4), columns=[f"x{place}" for place in range(12)])
    for place, code in enumerate(codes):
        frame[f"kind{place}"] = named(code, f"k{place}")
    frame["day"] = (np.datetime64("2022-01-01") + day.astype("timedelta64[D]")).astype(str)
    frame["label"] = np.where(rng.random(rows) < sigmoid(score), "yes", "no")
    return frame


def memory(mark: str) -> int:
    """Bytes of all processes that carry the mark."""
    total = 0
    for pid in marked(mark):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def watched(command: Sequence[str], folder: Path) -> tuple[float, int, dict[str, Any]]:
    """Seconds and peak memory of a command, and the JSON that it prints."""
    mark = uuid.uuid4().hex
    out = folder / "said.json"
    start = time.monotonic()
    with out.open("w", encoding="utf-8") as file, (folder / "log.txt").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=file, stderr=log, cwd=folder, env=os.environ | {MARK: mark})
        peak = 0
        try:
            while process.poll() is None:
                peak = max(peak, memory(mark))
                time.sleep(EVERY)
        finally:
            end(mark)
            process.wait()
    text = out.read_text(encoding="utf-8")
    if not text.strip():
        raise RuntimeError(f"{command[3]} ended with {process.returncode}: {(folder / 'log.txt').read_text()[-1500:]}")
    return time.monotonic() - start, peak, json.loads(text)


def batch_seconds(bundle: str, frame: pd.DataFrame) -> float:
    """Least of five times that 10,000 rows took the bundle."""
    import smeaton

    many = pd.concat([frame] * (1 + BATCH // len(frame)), ignore_index=True).iloc[:BATCH]
    with smeaton.load(bundle) as model:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            model.predict(many)
            times.append(time.perf_counter() - start)
    return min(times)


def measure(rows: int, budget: float) -> dict[str, Any]:
    """One size."""
    with tempfile.TemporaryDirectory(prefix="smeaton-growth-") as place:
        folder = Path(place)
        frame = table(rows)
        frame.to_csv(folder / "growing.csv", index=False)
        sample, size = frame.head(BATCH).drop(columns="label"), (folder / "growing.csv").stat().st_size
        del frame
        command = [sys.executable, "-m", "smeaton", "build", "growing.csv", "--target", "label", "--budget",
                   f"{budget:g}s", "--out", "out", "--json"]  # fmt: skip
        seconds, peak, said = watched(command, folder)
        trials = said.get("trials")
        return {
            "rows": rows, "budget": budget, "csv_bytes": size, "seconds": round(seconds, 2), "peak_bytes": peak,
            "outcome": said.get("outcome"), "winner": said.get("winner"),
            "trials": trials if isinstance(trials, int) else len(trials or ()),
            "batch_seconds": batch_seconds(str(folder / said["bundle"]), sample), "load": os.getloadavg()[0],
        }  # fmt: skip


def plot(title: str, points: Sequence[tuple[float, float]], left: float) -> str:
    """One panel with both axes logarithmic, as SVG."""
    x, y = (np.log10([point[axis] for point in points]) for axis in (0, 1))
    low, high = math.floor(y.min()), max(math.ceil(y.max()), math.floor(y.min()) + 1)
    first, last = math.floor(x.min()), max(math.ceil(x.max()), math.floor(x.min()) + 1)
    wide, tall = WIDTH - LEFT - 20, HEIGHT - TOP - FOOT

    def across(value: float) -> float:
        return left + LEFT + (value - first) / (last - first) * wide

    def up(value: float) -> float:
        return TOP + (high - value) / (high - low) * tall

    parts = [f'<text x="{left + LEFT}" y="18" font-weight="bold">{title}</text>']
    for tick in range(low, high + 1):
        parts.append(f'<path d="M{left + LEFT} {up(tick):.1f}h{wide}" stroke="#ddd"/>')
        parts.append(f'<text x="{left + LEFT - 6}" y="{up(tick) + 4:.1f}" text-anchor="end">{10.0**tick:g}</text>')
    for tick in range(first, last + 1):
        parts.append(f'<path d="M{across(tick):.1f} {TOP}v{tall}" stroke="#ddd"/>')
        parts.append(f'<text x="{across(tick):.1f}" y="{TOP + tall + 16}" text-anchor="middle">{10**tick:,}</text>')
    places = [(across(a), up(b)) for a, b in zip(x, y, strict=True)]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1565c0" stroke-width="2"/>')
    parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="#1565c0"/>' for a, b in places]
    parts.append(f'<text x="{left + LEFT + wide / 2}" y="{HEIGHT - 8}" text-anchor="middle">rows</text>')
    return "".join(parts)


def draw(found: Sequence[dict[str, Any]]) -> str:
    """Three panels: seconds of the build, peak memory, seconds of a batch."""
    panels = [
        ("Build, seconds", [(one["rows"], one["seconds"]) for one in found]),
        ("Peak memory, GB", [(one["rows"], one["peak_bytes"] / 1e9) for one in found]),
        ("10,000 rows answered, seconds", [(one["rows"], one["batch_seconds"]) for one in found]),
    ]
    body = "".join(plot(title, points, place * WIDTH) for place, (title, points) in enumerate(panels))
    size = f'width="{WIDTH * len(panels)}" height="{HEIGHT}"'
    style = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}><rect {size} fill="white"/>{body}</svg>\n'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Sizes and the budget."""
    parser.add_argument("--rows", default="1000,3000,10000,30000,100000,300000,1000000")
    parser.add_argument("--budget", type=float, default=240.0, help="seconds of each build")


def main(args: argparse.Namespace, tables: list[Set]) -> int:
    """Measure what is missing, then write `growth.json` and `growth.svg`."""
    path = args.results / "growth.json"
    sizes = json.loads(path.read_text(encoding="utf-8"))["sizes"] if path.exists() else []
    done = {(one["rows"], one["budget"]): one for one in sizes}
    for rows in map(int, args.rows.split(",")):
        if (rows, args.budget) not in done:
            done[rows, args.budget] = one = measure(rows, args.budget)
            print(json.dumps(one), flush=True)
            kept = {"machine": machine(), "sizes": list(done.values())}
            path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    own = sorted((one for one in done.values() if one["budget"] == args.budget), key=lambda one: one["rows"])
    (args.results / "growth.svg").write_text(draw(own), encoding="utf-8")
    for one in own:
        print(
            f"{one['rows']:>9,} rows: {one['seconds']:6.1f} s, {one['peak_bytes'] / 1e9:5.2f} GB, "
            f"{one['trials']} trials, {one['winner']}; 10,000 rows in {one['batch_seconds'] * 1e3:.0f} ms"
        )
    return 0
