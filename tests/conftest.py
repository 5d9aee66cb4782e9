"""What the tests of the whole path share: a small table, a quick family, and one bundle built once a session."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

#: One start of `linear` and nothing else to try: a build of it ends after a few seconds, well within its budget.
QUICK = """
from dataclasses import is_dataclass, replace

import msgspec

from smeaton.families import Refusal
from smeaton.families.linear import part as linear


class Quick:
    def space(self, task, profile):
        found = linear.space(task, profile)
        if isinstance(found, Refusal):
            return found
        change = replace if is_dataclass(found) else msgspec.structs.replace
        return change(found, params={}, starts=found.starts[:1])

    def fit(self, task, config, fold, run):
        return linear.fit(task, config, fold, run)


quick = Quick()
"""
TASK = """\
smeaton: 1
name: clients
data: clients.csv
output: {churned: boolean}
rows: {id: client}
solutions: {only: [baseline], add: ["quick.py:quick"]}
budget: {time: 60s}
"""


def client_rows(count: int = 240, seed: int = 1) -> list[dict[str, Any]]:
    """Rows whose target can be learnt: older clients and those on `pro` leave."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        age, plan = draw.randint(18, 80), draw.choice(["basic", "plus", "pro"])
        spend = None if draw.random() < 0.05 else round(draw.uniform(1, 200), 2)
        risk = (age - 50) / 10 + {"basic": -1.5, "plus": 0.0, "pro": 1.5}[plan] + draw.gauss(0, 0.4)
        churned = "yes" if risk > 0 else "no"
        rows.append({"client": f"c{number:04}", "age": age, "plan": plan, "spend": spend, "churned": churned})
    return rows


def as_csv(rows: Sequence[dict[str, Any]], delimiter: str = ",") -> str:
    """Rows as the text of a CSV file; None is empty."""
    lines = [list(rows[0])] + [["" if value is None else str(value) for value in row.values()] for row in rows]
    return "".join(delimiter.join(line) + "\n" for line in lines)


def write_task(folder: Path, text: str = TASK, rows: Sequence[dict[str, Any]] | None = None) -> Path:
    """A folder with a task, its data and the quick family; returns the task's file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quick.py").write_text(QUICK)
    (folder / "clients.csv").write_text(as_csv(rows or client_rows()))
    (folder / "smeaton.yaml").write_text(text)
    return folder / "smeaton.yaml"


def smeaton(*arguments: object, cwd: Path | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    command = [sys.executable, "-m", "smeaton", *map(str, arguments)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240, check=False, **options
    )


def start(*arguments: object, cwd: Path | None = None) -> subprocess.Popen[str]:
    """Start the command line without waiting for it."""
    command = [sys.executable, "-m", "smeaton", *map(str, arguments)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "bufsize": 1}
    return subprocess.Popen(command, cwd=cwd, env=os.environ | {"PYTHONUNBUFFERED": "1"}, **pipes)


def workers_of(pid: int) -> list[str]:
    """The workers that a build with that process id started and that still run: their last argument is its id."""
    listed = subprocess.run(["ps", "-eo", "stat,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.endswith(f" {pid}") and "smeaton." in line and line[0] != "Z"]


@dataclass(frozen=True)
class Example:
    """A build's folder, its bundle, and what the command printed as JSON."""

    folder: Path
    bundle: Path
    said: dict[str, Any]


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    """One build, once a session; do not write into its folder."""
    folder = tmp_path_factory.mktemp("example")
    write_task(folder)
    done = smeaton("build", folder, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    return Example(folder, Path(said["bundle"]), said)


@pytest.fixture
def copied(example: Example, tmp_path: Path) -> Path:
    """A copy of the example's folder: a build in it finds all trials done."""
    return Path(shutil.copytree(example.folder, tmp_path / "copied"))
