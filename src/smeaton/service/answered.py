"""`Answered`: the answers to one request, a part of what a run of its model answered."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from smeaton.runtime.answers import named_answers
from smeaton.service.usage import without_usage
from smeaton.task.table import Array


class Run:
    """The answers of one run of a model to the rows of one or more requests. Plain rows are made once for all.

    `names` are the labels as text, in the order of `probability`; `seconds` is how long it took.
    """

    __slots__ = ("_names", "_plain", "columns", "rows", "seconds")

    def __init__(self, columns: Mapping[str, Array], names: Sequence[str], rows: int, seconds: float) -> None:
        self.columns = columns
        self.rows = rows
        self.seconds = seconds
        self._names = names
        self._plain: list[dict[str, Any]] | None = None

    def plain(self) -> list[dict[str, Any]]:
        """One `{"prediction", "probability": {label: p}, ...}` a row."""
        if self._plain is None:
            self._plain = named_answers(self.columns, self._names)
        return self._plain


class Answered:
    """Rows `start` to `stop` of a run."""

    __slots__ = ("_run", "_start", "_stop")

    def __init__(self, run: Run, start: int, stop: int) -> None:
        self._run, self._start, self._stop = run, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    @property
    def columns(self) -> dict[str, Array]:
        """Answers by output name: `prediction` (rows,), `probability` (rows, labels), ..."""
        start, stop = self._start, self._stop
        return {name: column[start:stop] for name, column in self._run.columns.items()}

    @property
    def run(self) -> Run:
        """The run that answered."""
        return self._run

    def rows(self, usage: bool = False) -> list[dict[str, Any]]:
        """One plain answer a row, as REST sends it; what they took is in it if asked for."""
        plain = self._run.plain()
        own = plain if len(plain) == len(self) else plain[self._start : self._stop]
        return own if usage else without_usage(own)


def joined(parts: Sequence[Answered], names: Sequence[str]) -> Answered:
    """The answers to a request whose rows went through several runs, in order."""
    if len(parts) == 1:
        return parts[0]
    columns = [part.columns for part in parts]
    whole = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    rows = sum(map(len, parts))
    return Answered(Run(whole, names, rows, sum(part.run.seconds for part in parts)), 0, rows)
