"""Small ops the engine tests run: found instead of the installed ones by the fixture `ops`."""

import asyncio
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from smeaton import plugins
from smeaton.errors import ProgramError, RowFault, RowsError
from smeaton.task.table import object_column
from smeaton.task.types import Type


def op(make: Any, effect: str = "pure") -> Any:
    return SimpleNamespace(effect=effect, load=make)


def _double(step: Any, files: Any, state: Any) -> Any:
    return lambda columns, call: {step.outputs[0]: next(iter(columns.values())) * 2.0}


def _above(step: Any, files: Any, state: Any) -> Any:
    return lambda columns, call: {step.outputs[0]: next(iter(columns.values())) > step.args["than"]}


def _constant(step: Any, files: Any, state: Any) -> Any:
    def run(columns: Any, call: Any) -> Any:
        rows = len(next(iter(columns.values())))
        return {name: np.full(rows, step.args["value"]) for name in step.outputs}

    return run


def _label(step: Any, files: Any, state: Any) -> Any:
    def run(columns: Any, call: Any) -> Any:
        return {step.outputs[0]: object_column([f"{v:g}" for v in next(iter(columns.values()))])}

    return run


class Reader:
    """Number columns, with the fast path from rows."""

    def __init__(self, step: Any) -> None:
        self.step = step

    def __call__(self, columns: Any, call: Any) -> Any:
        return {self.step.outputs[0]: np.column_stack([np.asarray(c, dtype=float) for c in columns.values()])}

    @property
    def types(self) -> Any:
        return {name: Type(type="number") for name in self.step.inputs}

    def rows(self, rows: Any) -> Any:
        return self.encode(self.cells(rows))

    def cells(self, rows: Any) -> Any:
        try:
            return [[row[name] for name in self.step.inputs] for row in rows]
        except KeyError as error:
            raise RowsError([RowFault(0, str(error.args[0]), "is missing")]) from error

    def encode(self, cells: Any) -> Any:
        return {self.step.outputs[0]: np.array(cells, dtype=float)}


class Sums:
    def __init__(self, step: Any) -> None:
        self.step = step

    def __call__(self, columns: Any, call: Any) -> Any:
        return {self.step.outputs[0]: next(iter(columns.values())).sum(axis=1)}


class Chat:
    """Waits, then answers upper case; streams it word by word."""

    def __init__(self, step: Any) -> None:
        self.step = step
        self.asked: list[Any] = []
        self.closed = 0
        self.cancelled = 0

    async def __call__(self, columns: Any, call: Any) -> Any:
        texts = next(iter(columns.values()))
        self.asked.append(list(texts))
        try:
            await asyncio.sleep(self.step.args.get("seconds", 0.0))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return {self.step.outputs[0]: object_column([str(text).upper() for text in texts])}

    async def stream(self, columns: Any, call: Any) -> Any:
        for row, text in enumerate(next(iter(columns.values()))):
            for number, word in enumerate(str(text).upper().split(" ")):
                await asyncio.sleep(self.step.args.get("seconds", 0.0))
                yield row + self.step.args.get("shift", 0), self.step.outputs[0], (" " if number else "") + word

    def close(self) -> None:
        self.closed += 1


class Notes:
    """Remembers words in its state, answers how many it knows."""

    def __init__(self, step: Any, state: Any) -> None:
        self.step, self.state = step, state
        self.known = [record.decode() for record in state.records()]

    def __call__(self, columns: Any, call: Any) -> Any:
        texts = next(iter(columns.values()))
        return {self.step.outputs[0]: np.array([float(text in self.known) for text in texts])}

    def write(self, items: Any, call: Any) -> int:
        revision = self.state.append([item["word"].encode() for item in items])
        self.known += [item["word"] for item in items]
        return int(revision)


def _bad(step: Any, files: Any, state: Any) -> Any:
    answers: Mapping[str, Any] = {
        "short": {step.outputs[0]: np.zeros(1)},
        "other": {"something": np.zeros(3)},
        "none": None,  # type: ignore[dict-item]
    }
    return lambda columns, call: answers[step.args["how"]]


def _failing(step: Any, files: Any, state: Any) -> Any:
    raise ValueError("the file is not a graph")


OPS = {
    "double": op(_double),
    "above": op(_above),
    "constant": op(_constant),
    "label": op(_label),
    "reader": op(lambda step, files, state: Reader(step)),
    "sums": op(lambda step, files, state: Sums(step)),
    "chat": op(lambda step, files, state: Chat(step), "external"),
    "talk": op(lambda step, files, state: Chat(step)),
    "notes": op(lambda step, files, state: Notes(step, state), "state"),
    "bad": op(_bad),
    "failing": op(_failing),
    "code": op(_double),
}


@pytest.fixture
def ops(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    def load(kind: str, name: str) -> Any:
        if name not in OPS:
            raise ProgramError(f"there is no {kind} part called {name!r}")
        return OPS[name]

    monkeypatch.setattr(plugins, "load", load)
    return OPS
