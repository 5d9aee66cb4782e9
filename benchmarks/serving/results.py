"""Results, one JSON line a cell, kept: `KIND.jsonl` in a folder. A later line of a cell replaces the older one."""

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "results" / "serving"
#: What tells the cells of one kind apart. `code` is that of the service ('' for a peer, which does not hang on it).
KEY = ("server", "code", "machine", "connections", "round")
Record = dict[str, Any]


class Results:
    """The results in a folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder

    def read(self, kind: str) -> list[Record]:
        """The cells of a kind, in the order they were first measured, each as last measured."""
        path = self.folder / f"{kind}.jsonl"
        found: dict[tuple[Any, ...], Record] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                found[_key(record)] = record
        return list(found.values())

    def has(self, kind: str, cell: Record) -> bool:
        """Whether that cell was measured."""
        return _key(cell) in {_key(record) for record in self.read(kind)}

    def add(self, kind: str, record: Record) -> None:
        """Keep a cell."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stamp = {"at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        with (self.folder / f"{kind}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record | stamp) + "\n")


def _key(record: Record) -> tuple[Any, ...]:
    return tuple(record.get(name) for name in KEY)


@cache
def code() -> str:
    """Hash of the package and of `bare`: a result of ours is good as long as neither changed."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _sources() -> Iterator[Path]:
    yield from sorted((ROOT / "src" / "smeaton").rglob("*.py"))
    yield ROOT / "benchmarks" / "serving" / "apps" / "bare.py"


@cache
def machine() -> str:
    """The machine in words: processor, cores, memory, kernel."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    names = (line.partition(":")[2].strip() for line in info if line.startswith("model name"))
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{next(names, platform.machine())}, {os.cpu_count()} cores, {gigabytes:.0f} GB, Linux {kernel}"
