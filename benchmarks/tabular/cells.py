"""Cells: one table, split, tool, preset and budget, each in a process of its own, killed at three times its budget.

A cell's line in `cells.jsonl` keeps what it found; its row losses lie beside it in `rows/`. A cell that is there is not
run again. What fails is kept as a cell without a loss.
"""

import argparse
import datetime
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.tabular.tables import Set, losses, split, value

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results" / "tabular"
PEERS = HERE.parent / ".peers"
THREADS = 2
PATIENCE, TIMING = 3.0, 150.0
MARK = "SMEATON_BENCH_CELL"


@dataclass(frozen=True)
class Key:
    """Which cell."""

    table: str
    seed: int
    tool: str
    preset: str
    seconds: float

    @property
    def name(self) -> str:
        """The name of its file of row losses."""
        return f"{self.table}-{self.seed}-{self.tool}-{self.preset or 'default'}-{self.seconds:g}s"


def key_of(cell: dict[str, Any]) -> Key:
    """The key a line of results was written under."""
    return Key(cell["table"], cell["seed"], cell["tool"], cell["preset"], cell["seconds"])


def read_cells(results: Path) -> dict[Key, dict[str, Any]]:
    """All cells; of those with the same key the last."""
    path = results / "cells.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {key_of(cell): cell for cell in map(json.loads, filter(str.strip, lines))}


def python_of(tool: str, environments: dict[str, str]) -> str:
    """The interpreter of a tool: of the folder `--env` or `SMEATON_PEER_<TOOL>` names, or below `benchmarks/.peers`;
    this one for LightGBM alone and for Smeaton."""
    if tool in ("lightgbm", "smeaton") and tool not in environments:
        return sys.executable
    folder = environments.get(tool) or os.environ.get(f"SMEATON_PEER_{tool.upper()}") or str(PEERS / tool)
    return str(Path(folder) / "bin" / "python")


def marked(mark: str) -> Iterator[int]:
    """Processes that carry the mark in their environment: a cell's own, wherever they moved to."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                yield int(path.parent.name)
        except OSError:
            continue


def end(mark: str) -> float:
    """Kill what a cell left behind. Seconds of processor time that those used whose parent ended before them."""
    ticks = 0
    for pid in list(marked(mark)):
        try:
            # Behind the name, which is in brackets: state, parent, ..., from 11 on its own time and its children's.
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += sum(map(int, stat[11:15])) if stat[1] == "1" else 0
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def run_job(python: str, job: dict[str, Any], folder: Path) -> tuple[dict[str, Any], str]:
    """Run a tool's script: what it said, its outcome (answered, failed, killed), seconds, and how many cores it and all
    else on the machine had meanwhile; and the end of its output."""
    script = HERE / "peers" / f"run_{job.pop('tool')}.py"
    mark = uuid.uuid4().hex
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    environment |= {MARK: mark, "OMP_NUM_THREADS": str(THREADS), "PYTHONWARNINGS": "ignore"}
    (folder / "job.json").write_text(json.dumps(job | {"start": time.time()}), encoding="utf-8")
    log, said = folder / "log.txt", folder / "said.json"
    (busy, own), start, strays = used(), time.monotonic(), 0.0
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [python, str(script), str(folder / "job.json")],
            stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder, env=environment,
        )  # fmt: skip
        try:
            outcome = "failed" if process.wait(PATIENCE * job["seconds"] + TIMING) else "answered"
        except subprocess.TimeoutExpired:
            outcome = "killed"
        finally:
            strays = end(mark)
            process.wait()
    seconds, (busy, own) = time.monotonic() - start, np.subtract(used(), (busy, own))
    found = json.loads(said.read_text(encoding="utf-8")) if said.exists() else {}
    found |= {
        "outcome": outcome, "total_seconds": round(seconds, 2), "own_cores": round((own + strays) / seconds, 3),
        "other_cores": round((busy - own - strays) / seconds, 3), "load_after": os.getloadavg()[0],
    }  # fmt: skip
    return found, log.read_text(encoding="utf-8", errors="replace")[-1500:]


def machine() -> dict[str, Any]:
    """Cores, processor and memory."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpus": os.cpu_count(), "processor": model, "memory": memory}


def used() -> tuple[float, float]:
    """Seconds of processor time that all of the machine, and the ended children of this process, have used so far."""
    ticks = [int(text) for text in Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK"), own.ru_utime + own.ru_stime


def run_cell(one: Set, key: Key, python: str, results: Path) -> dict[str, Any]:
    """Fit, answer and time one cell; append its line."""
    train, test = split(one, key.seed)
    cell: dict[str, Any] = asdict(key) | {
        "kind": one.kind, "rows": len(train), "test_rows": len(test), "columns": train.shape[1] - 2,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(), "load_before": os.getloadavg()[0],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="smeaton-tabular-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        train_csv, test_csv = folder / f"{one.name}.csv", folder / "test.csv"
        train.drop(columns="_row").to_csv(train_csv, index=False)
        test.drop(columns="_row").to_csv(test_csv, index=False)
        job = {
            "tool": key.tool, "train": str(train_csv), "test": str(test_csv), "target": one.target, "kind": one.kind,
            "seconds": key.seconds, "preset": key.preset, "seed": key.seed, "threads": THREADS, "folder": place,
        }  # fmt: skip
        said, log = run_job(python, job, folder)
        cell |= said
        if (folder / "answers.npy").exists():
            truth = pd.read_csv(test_csv, low_memory=False)[one.target]
            rows = losses(one.classes, truth, np.load(folder / "answers.npy"), said["labels"])
            cell |= {"loss": float(value(one.classes, rows)), "outcome": "answered"}
            (results / "rows").mkdir(parents=True, exist_ok=True)
            np.savez_compressed(results / "rows" / f"{key.name}.npz", row=np.int32(test["_row"]), loss=np.float32(rows))
        if said.get("stage") != "done":
            cell["log"] = log
    cell.pop("labels", None)
    with (results / "cells.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(cell) + "\n")
    return cell


def run_all(keys: Iterable[Key], tables: dict[str, Set], args: argparse.Namespace) -> int:
    """Run the cells that are not there (with `again` those without a loss too, with `fresh` all). How many have no
    loss."""
    environments = dict(text.split("=", 1) for text in args.env)
    args.results.mkdir(parents=True, exist_ok=True)
    failed = 0
    for key in keys:
        kept = read_cells(args.results).get(key)
        if kept is None or args.fresh or (args.again and "loss" not in kept):
            kept = run_cell(tables[key.table], key, python_of(key.tool, environments), args.results)
            shown = f"{kept['loss']:.5g}" if "loss" in kept else kept.get("log", "")[-300:]
            print(f"{key.name}: {kept['outcome']} in {kept['total_seconds']:.0f} s: {shown}", flush=True)
        failed += "loss" not in kept
    return failed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cells."""
    parser.add_argument("--tool", required=True, choices=["lightgbm", "autogluon", "flaml", "smeaton"])
    parser.add_argument(
        "--preset", default="", help="AutoGluon's: medium_quality, good_quality, high_quality, best_quality"
    )
    parser.add_argument("--seeds", default="0,1,2", help="splits")
    parser.add_argument("--seconds", type=float, default=60.0, help="wall clock that the tool is told")
    parser.add_argument("--again", action="store_true", help="run those that failed once more")
    parser.add_argument("--fresh", action="store_true", help="run all of them once more; the last run of a cell counts")


def main(args: argparse.Namespace, tables: list[Set]) -> int:
    """Run cells; 1 if one has no loss."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that a cell's processes end with this
    keys = [
        Key(one.name, seed, args.tool, args.preset, args.seconds)
        for seed in map(int, args.seeds.split(","))
        for one in tables
    ]
    return 1 if run_all(keys, {one.name: one for one in tables}, args) else 0
