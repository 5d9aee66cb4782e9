"""Tables larger than memory: predict streams and survives `kill -9`; a build samples, and keeps within memory.

  python benchmarks/large.py                            # 5,000,000 rows, 3 kills; then builds of whole tables
  python benchmarks/large.py --rows 200000 --kills 2          # small
  python benchmarks/large.py --only predict                   # or: --only build

It makes a CSV in a temporary folder, builds a bundle on a sample of it (SMEATON_MEMORY is set to `--memory`; the sample
is drawn from all rows, so all are read, and the budget is longer by four times the time that takes here: the sample is
then typed, profiled and split), answers the file with `smeaton predict` as a process that is killed with SIGKILL at
random moments and run again until it ends, and checks the rows one by one: every id once, in order, every 1,000th
answer as the bundle gives it alone. Then it builds on whole tables of several sizes and takes the peak memory of the
whole process tree.

Targets: predict <= 500 MB at its peak; no row lost or doubled; the build over the large file says what it sampled; peak
of a build <= 3 x the table's arrays + 700 MB. The table's arrays are the typed columns that workers open. The memory of
a tree is the sum of its processes' proportional set sizes (pages that several share count once), sampled 20 times a
second; that of one process its highest resident set.
"""

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

PREDICT_MB, BASE_MB, TIMES = 500, 700, 3
TASK = """\
smeaton: 1
name: large
data: {data}
output: {{y: boolean}}
rows: {{id: id}}
solutions: {{only: [{families}]}}
budget: {{time: {budget}}}
"""
WORDS = np.array(["north", "south", "east", "west", "centre", "isles"])


def make(path: Path, rows: int, columns: int) -> None:
    """A CSV with an id, numbers, a category and a target that can be learnt from them."""
    draw = np.random.default_rng(0)
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(["id", *(f"n{place}" for place in range(columns)), "region", "y"]) + "\n")
        for start in range(0, rows, 50_000):
            count = min(50_000, rows - start)
            numbers = draw.normal(size=(count, columns)).round(4)
            region = draw.integers(0, len(WORDS), count)
            truth = numbers[:, 0] + numbers[:, 1] * (region > 2) + draw.normal(size=count) > 0
            lines = zip(
                range(start, start + count), numbers.tolist(), WORDS[region].tolist(), truth.tolist(), strict=True
            )
            file.writelines(
                f"{i},{','.join(map(str, row))},{word},{'yes' if y else 'no'}\n" for i, row, word, y in lines
            )


class Watched:
    """A process whose memory is watched until it ends: bytes of its tree (shared pages once) and of itself alone."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.tree = 0
        self.alone = 0
        self.parts: list[int] = []
        self.said, self.complained = "", ""
        self.readers = [threading.Thread(target=self._read), threading.Thread(target=self._watch)]
        for reader in self.readers:
            reader.start()

    def _read(self) -> None:
        self.said, self.complained = self.process.communicate()

    def _watch(self) -> None:
        while self.process.poll() is None:
            now = {pid: shared(pid) for pid in [self.process.pid, *children(self.process.pid)]}
            if sum(now.values()) > self.tree:
                self.tree = sum(now.values())
                self.parts = [round(size / 1e6) for size in now.values()]
            self.alone = max(self.alone, peak(self.process.pid))
            time.sleep(0.05)

    def wait(self, seconds: float | None = None) -> int | None:
        """The exit status, or None after so many seconds."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        for reader in self.readers:
            reader.join()
        return self.process.returncode


def children(pid: int) -> list[int]:
    """All processes under one."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text(encoding="ascii").split():
                found += [int(child), *children(int(child))]
    except OSError:
        pass  # it ended meanwhile
    return found


def shared(pid: int) -> int:
    """Bytes of a process's memory, pages that several share in equal parts."""
    return field(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def peak(pid: int) -> int:
    """The most bytes that a process had in memory at once."""
    return field(Path(f"/proc/{pid}/status"), "VmHWM:")


def field(path: Path, name: str) -> int:
    """A line of kilobytes, in bytes; 0 once the process is gone."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


def smeaton(*arguments: object) -> list[str]:
    """The command line as a process of its own."""
    return [sys.executable, "-m", "smeaton", *map(str, arguments)]


def build(
    folder: Path, data: Path, wanted: argparse.Namespace, memory: str = "", more: float = 0.0
) -> tuple[Watched, dict[str, Any]]:
    """Build on a file in a folder of its own, in the budget and so many seconds `more`; the watched process and what it
    said as JSON."""
    folder.mkdir()
    budget = f"{wanted.budget + more:.0f}s"
    (folder / "smeaton.yaml").write_text(
        TASK.format(data=data, budget=budget, families=wanted.families), encoding="utf-8"
    )
    environment = {**os.environ, **({"SMEATON_MEMORY": memory} if memory else {})}
    done = Watched(smeaton("build", folder, "--json"), env=environment)
    code = done.wait()
    if code not in (0, 3):
        raise SystemExit(f"the build ended with {code}:\n{done.said}{done.complained}")
    return done, json.loads(done.said)


def seconds_to_read(data: Path, rows: int) -> float:
    """How long the whole file takes to read here and now, by its first 100,000 rows."""
    from smeaton.data.read import read_chunks

    begun, done = time.monotonic(), 0
    for chunk in read_chunks(data):
        done += len(chunk)
        if done >= 100_000:
            break
    return (time.monotonic() - begun) * rows / done


def arrays(folder: Path) -> int:
    """Bytes of the typed columns that the workers of a build open."""
    return sum(file.stat().st_size for file in (folder / ".smeaton").glob("*/data/**/*") if file.is_file())


def sampled(folder: Path) -> str:
    """What the build said of its sample."""
    notes = [
        json.loads(file.read_text(encoding="utf-8"))["notes"] for file in folder.glob(".smeaton/*/data/dataset.json")
    ]
    return next((note for found in notes for note in found if "a sample of" in note), "nothing was sampled")


def predict(bundle: Path, data: Path, output: Path, kills: int) -> dict[str, Any]:
    """Answer a file, killed so many times on the way."""
    draw, peaks, ended = random.Random(0), [], 0
    begun = time.monotonic()
    while True:
        run = Watched(smeaton("predict", bundle, data, "-o", output, "--json"))
        code = run.wait() if ended == kills else moment(run, output, draw)
        if code is None:
            run.process.send_signal(signal.SIGKILL)
            run.wait()
            ended += 1
        peaks.append(run.alone)
        if code is not None:
            break
    if code != 0:
        raise SystemExit(f"predict ended with {code}: {run.complained}")
    said = json.loads(run.said)
    return {
        "kills": ended,
        "seconds": round(time.monotonic() - begun, 1),
        "peak_mb": round(max(peaks) / 1e6),
        "resumed": said.get("resumed", 0),
        "metric": said["metric"],
    }


def moment(run: Watched, output: Path, draw: random.Random) -> int | None:
    """Wait until some rows of this run are on the disk, and a random time more; the exit status if it ended first."""
    progress = output.with_name(f"{output.name}.part") / "progress.json"
    begun = time.time()
    while not (progress.exists() and progress.stat().st_mtime > begun):
        if (code := run.wait(0.2)) is not None:
            return code
    return run.wait(draw.uniform(0, 10))


def check(bundle: Path, data: Path, output: Path, rows: int) -> int:
    """Compare the answers with the rows one by one; how many answers were computed again."""
    import smeaton as library

    model = library.load(bundle)
    kept: list[tuple[dict[str, str], str]] = []
    with data.open(newline="", encoding="utf-8") as given, output.open(newline="", encoding="utf-8") as answers:
        pairs = zip(csv.DictReader(given), csv.DictReader(answers), strict=True)
        for number, (row, answer) in enumerate(pairs):
            if row["id"] != answer["id"] or int(answer["id"]) != number or not answer["prediction"]:
                raise SystemExit(f"row {number}: {row['id']!r} was answered as {answer!r}")
            if number % 1_000 == 0:
                kept.append((row, answer["prediction"]))
    if number + 1 != rows:
        raise SystemExit(f"{number + 1:,} answers for {rows:,} rows")
    again = model.predict([{name: value for name, value in row.items() if name not in ("y", "id")} for row, _ in kept])
    for (row, said), now in zip(kept, again, strict=True):
        if str(now["prediction"]).lower() != said.lower():
            raise SystemExit(f"row {row['id']}: the file says {said!r}, the bundle {now['prediction']!r}")
    return len(kept)


def main() -> int:
    """Run what is asked for; 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--memory", default="400MB", help="what the build on the large file may think is free")
    parser.add_argument("--budget", type=float, default=60, help="seconds of each build, without reading a large file")
    parser.add_argument("--families", default="linear, boosting")
    parser.add_argument("--sizes", default="20000,100000,500000", help="rows of the whole tables that are built on")
    parser.add_argument("--only", choices=["predict", "build"])
    wanted = parser.parse_args()
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if wanted.only != "build":
            missed += large(folder, wanted)
        if wanted.only != "predict":
            missed += sizes(folder, wanted)
    print("\n".join(f"missed: {line}" for line in missed) or "all targets held")
    return 1 if missed else 0


def large(folder: Path, wanted: argparse.Namespace) -> list[str]:
    """The large file: a build on a sample, and predict with kills."""
    data = folder / "large.csv"
    make(data, wanted.rows, wanted.columns)
    print(f"{data.name}: {wanted.rows:,} rows, {data.stat().st_size / 1e6:,.0f} MB", flush=True)
    reading = 4 * seconds_to_read(data, wanted.rows)
    begun = time.monotonic()
    done, said = build(folder / "sample", data, wanted, wanted.memory, reading)
    print(
        f"build: {time.monotonic() - begun:.0f} s, of {wanted.budget:g} s and {reading:.0f} s for reading and typing; "
        f"peak {done.tree / 1e6:,.0f} MB of its tree {done.parts}; {sampled(folder / 'sample')}",
        flush=True,
    )
    bundle = Path(said["bundle"])
    found = predict(bundle, data, folder / "answers.csv", wanted.kills)
    print(f"predict: {found}", flush=True)
    print(
        f"rows: all in order, {check(bundle, data, folder / 'answers.csv', wanted.rows):,} answered again", flush=True
    )
    return [f"predict took {found['peak_mb']} MB"] if found["peak_mb"] > PREDICT_MB else []


def sizes(folder: Path, wanted: argparse.Namespace) -> list[str]:
    """Builds on whole tables: the peak of the tree against the table's arrays."""
    missed = []
    for rows in map(int, wanted.sizes.split(",")):
        data = folder / f"{rows}.csv"
        make(data, rows, wanted.columns)
        done, _ = build(folder / str(rows), data, wanted)
        size = arrays(folder / str(rows)) / 1e6
        most, bound = done.tree / 1e6, TIMES * size + BASE_MB
        print(f"{rows:,} rows: arrays {size:,.0f} MB, peak {most:,.0f} MB of {bound:,.0f} MB {done.parts}", flush=True)
        if most > bound:
            missed.append(f"a build on {rows:,} rows took {most:,.0f} MB of {bound:,.0f} MB")
        data.unlink()
    return missed


if __name__ == "__main__":
    sys.exit(main())
