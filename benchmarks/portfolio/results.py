"""What was run: one line a cell in `runs.jsonl`, and its answers to the held-out rows in `answers/TABLE.npz`.

A cell is a table, a candidate and a fold. Of classes, the answers kept are the calibrated chances of the true label; of
numbers, the numbers, with the target beside them.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Cell = tuple[str, str, int]

FOLDER = Path(__file__).resolve().parent.parent / "results" / "portfolio"
LINES = "runs.jsonl"


class Results:
    """Lines and answers in a folder; `add` is atomic, so that a run can be stopped at any time."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        (folder / "answers").mkdir(parents=True, exist_ok=True)
        path = folder / LINES
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        self.lines: dict[Cell, dict[str, Any]] = {}
        for line in map(json.loads, text.splitlines()):
            self.lines[line["table"], line["candidate"], line["fold"]] = line

    def add(self, line: Mapping[str, Any], answers: Array | None, target: Array | None) -> None:
        """Keep a cell; the answers first, so that a line has its answers."""
        table, candidate, fold = line["table"], line["candidate"], line["fold"]
        if answers is not None:
            kept = {**self.answers(table), f"{candidate} {fold}": answers.astype(np.float32)}
            if target is not None:
                kept[f"target {fold}"] = target
            path = self._path(table)
            with path.with_suffix(".tmp").open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, **kept)
            os.replace(path.with_suffix(".tmp"), path)
        self.lines[table, candidate, fold] = dict(line)
        with (self.folder / LINES).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def answers(self, table: str) -> dict[str, Array]:
        """`CANDIDATE FOLD` -> answers (rows,), `target FOLD` -> targets of numbers."""
        path = self._path(table)
        if not path.exists():
            return {}
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    def _path(self, table: str) -> Path:
        return self.folder / "answers" / f"{table}.npz"
