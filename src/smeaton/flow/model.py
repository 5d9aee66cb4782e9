"""A bundle loaded in Python: `load(bundle).predict(rows)`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.bundle.read import Bundle, open_bundle
from smeaton.errors import InputError
from smeaton.explain.explainer import MOST, Explainer, explainer
from smeaton.runtime.answers import as_answers, plain
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.task.table import PROBABILITY, Array, take
from smeaton.task.task import Task


class Model:
    """A verified bundle with its engine. Use it as a context manager, or call `close`."""

    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        self.bundle = bundle
        self.engine = engine
        self._explainer: Explainer | None = None  # against the bundle's own samples: its trees are read once

    @property
    def task(self) -> Task:
        """The task the bundle solves."""
        return self.bundle.manifest.task

    def predict(self, rows: Any, *, call: Call | None = None) -> Any:
        """Answer rows.

        A list of mappings gives a list of `{"prediction": ..., "probability": {label: p}}` (of numbers `low` and
        `high`, the ends of its interval); one mapping of plain values gives one such answer. A table gives columns
        `prediction`, `low`, `high` and `probability_<label>`, as a table of the same kind: pandas (with the index of
        the rows asked), polars, Arrow; for a mapping of columns a dict of numpy arrays.

        Raises:
            RowsError: a value is missing or does not fit its type; names row and column.
        """
        if isinstance(rows, Mapping) and (not rows or not all(_is_column(value) for value in rows.values())):
            return self.answers([rows], call)[0]
        if isinstance(rows, Sequence) and not isinstance(rows, str | bytes):
            return self.answers(rows, call)
        return like(rows, self._columns(rows, call))

    def answers(self, rows: Sequence[Mapping[str, Any]], call: Call | None = None) -> list[dict[str, Any]]:
        """Answers to plain rows, as the service gives them."""
        return as_answers(self.engine.rows(rows, call), self.task.labels)

    def _columns(self, table: Any, call: Call | None) -> dict[str, Array]:
        from smeaton.data.read import read

        raw = read(table, Path(".")).table
        missing = [name for name in self.engine.program.inputs if name not in raw]
        if missing:
            raise InputError(f"the table has no column {missing[0]!r}", fix="give every input column of the task")
        inputs = {name: raw[name] for name in self.engine.program.inputs}
        answers = dict(self.engine.run(inputs, call or Call()))
        probability = answers.pop(PROBABILITY, None)
        if probability is None:
            return answers
        labels = self.task.output_type.text_labels()
        return answers | {f"probability_{label}": probability[:, code] for code, label in enumerate(labels)}

    def explain(
        self, rows: Any, *, label: Any = None, reference: Sequence[Mapping[str, Any]] | None = None, most: int = MOST
    ) -> Any:
        """What each column adds to answers: an `Explanation` for one plain row (a mapping), a list of them for several.

        `label` asks for another label than the likeliest; `reference` are rows to compare with, by default the bundle's
        made-up samples; `most` bounds the rows asked for one explanation (`smeaton.explain.explainer`).

        Raises:
            InputError: answers of this bundle cannot be explained, or there is no such label.
            RowsError: a value is missing or does not fit its type.
        """
        own = reference is None and most == MOST
        made = self._explainer if own else None
        if made is None:
            made = explainer(self.bundle, self.engine, reference, most)
        if own:
            self._explainer = made
        try:
            if isinstance(rows, Mapping):
                return made.explain(rows, label)
            return [made.explain(row, label) for row in rows]
        finally:
            if not own:
                made.close()

    def _repr_html_(self) -> str:
        from smeaton.flow.model_html import model_html

        return model_html(self.bundle)

    def close(self) -> None:
        """Give back what the engine holds."""
        if self._explainer is not None:
            self._explainer.close()
        self.engine.close()

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def load(
    bundle: str | Path,
    *,
    state: str | Path | None = None,
    allow_external: Sequence[str] = (),
    trust: Sequence[str] = (),
) -> Model:
    """Open and verify a bundle for use in this process. `trust` names code in it that may run here (`model.py:make`).

    Raises:
        BundleError: the bundle is damaged, altered, or of a future version.
        ProgramError: it holds code that was not trusted, or talks to hosts that were not allowed.
    """
    opened = open_bundle(Path(bundle))
    folder = Path(state) if state else None
    engine = opened.engine(state_dir=folder, allow_external=tuple(allow_external), trust=tuple(trust))
    return Model(opened, engine)


def sample_row(task_file: str | Path, number: int) -> dict[str, Any]:
    """One row of a task's own data as a client would send it: what a demo asks."""
    from smeaton.data.load import load as load_data
    from smeaton.task.yaml import read_task

    dataset = load_data(read_task(Path(task_file)))
    row = take(dataset.table, np.array([number]))
    return {name: plain(column)[0] for name, column in row.items()}


def like(table: Any, columns: dict[str, Array]) -> Any:
    """Columns as a table of the kind that was asked: a pandas frame keeps its index. Others stay as they are."""
    package = type(table).__module__.split(".")[0]
    if package == "pandas":
        import pandas as pd

        return pd.DataFrame(columns, index=table.index)
    if package == "polars":
        import polars as pl

        return pl.DataFrame(columns)
    if package == "pyarrow":
        import pyarrow as pa

        return pa.table(columns)
    return columns


def _is_column(value: object) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes | Mapping)
