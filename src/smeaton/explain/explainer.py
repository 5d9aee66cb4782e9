"""`Explainer`: what each input column adds to an answer, against rows of reference."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from smeaton.bundle.read import Bundle
from smeaton.bundle.verify import read_samples
from smeaton.errors import InputError, RowFault, RowsError
from smeaton.explain.hybrids import Hybrids
from smeaton.explain.scale import Scale, scale_of
from smeaton.explain.shapley import Shares, exact, exact_cost, sampled
from smeaton.explain.trees import TreeProgram, tree_program
from smeaton.runtime.engine import Engine
from smeaton.task.table import Array, Table, object_column
from smeaton.task.task import Task
from smeaton.task.types import Label
from smeaton.task.values import parse_column

#: Rows that may be asked for one explanation; the first round of sampling may take more where columns are many.
MOST = 20_000

TREES = "exact, from the trees"
SETS = "exact, over all sets of columns"
ORDERS = "sampled orders of the columns"
ALIKE = "sampled orders of the columns, which all agree: each column adds a part of its own"


class Contribution(msgspec.Struct, frozen=True, kw_only=True):
    """What a column's value adds, in the unit of the explanation, and the standard error of that (0: exact)."""

    column: str
    value: float
    error: float = 0.0


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One answer explained: `base` plus all contributions is `value`, in `unit`.

    `base` is the mean over the rows of reference. `method` says how it was found, `asked` how many rows the program
    answered for it, `label` whose log-odds it is. Contributions come with the largest first.
    """

    value: float
    base: float
    unit: str
    method: str
    asked: int
    contributions: tuple[Contribution, ...]
    label: Label | None = None


class Explainer:
    """Explains answers of a loaded program.

    `reference` are rows to compare with (plain mappings); `most` bounds the rows asked for one explanation.

    Raises:
        InputError: the program asks others or keeps state, or there are no rows of reference.
        RowsError: a row of reference does not fit the task.
    """

    def __init__(self, engine: Engine, task: Task, reference: Sequence[Mapping[str, Any]], most: int = MOST) -> None:
        if engine.effect != "pure":
            raise InputError(
                "only programs that answer by themselves can be explained: this one asks others, or keeps a state",
                fix="ask the model itself for its reasons, as a text output",
            )
        if not reference:
            raise InputError("there are no rows to compare with", fix="give some rows as `reference`")
        self._engine, self._task, self._most = engine, task, most
        self._reference = self._typed(reference)
        self._trees: TreeProgram | None = tree_program(engine.program, engine.folder, task.input_types)

    def explain(self, row: Mapping[str, Any], label: Label | None = None) -> Explanation:
        """Explain the answer to one plain row; of classes the log-odds of the likeliest label, or of `label`.

        Raises:
            RowsError: a value is missing or does not fit its type. InputError: the answer has no number to explain.
        """
        table = self._typed([row])
        scale = scale_of(self._task, self._engine.run(table), label)
        hybrids = Hybrids(lambda asked: scale.of(self._engine.run(asked)), table, self._reference)
        ends = hybrids.means(np.array([[True], [False]]).repeat(len(hybrids.players), axis=1))
        method, shares = self._shares(hybrids)
        return _explanation(scale, hybrids, ends, method, shares)

    def close(self) -> None:
        """Give back what the trees hold; the engine is its owner's."""
        if self._trees is not None:
            self._trees.close()

    def _shares(self, hybrids: Hybrids) -> tuple[str, Shares]:
        if self._trees is not None:
            found = self._trees.shares(hybrids)
            if found is not None:
                return TREES, found
        if exact_cost(hybrids) <= self._most:
            return SETS, exact(hybrids)
        shares = sampled(hybrids, self._most)
        return (ORDERS if shares.errors.any() else ALIKE), shares

    def _typed(self, rows: Sequence[Mapping[str, Any]]) -> Table:
        """Plain rows as typed columns of the program's inputs."""
        types, made, faults = self._task.input_types, dict[str, Array](), list[RowFault]()
        for number, row in enumerate(rows):
            faults += [RowFault(number, str(name), "is no input of the task") for name in row if name not in types]
        for name in self._engine.program.inputs:
            column = object_column([row.get(name) for row in rows])
            made[name], found = parse_column(column, types[name], name)
            faults += found
        if faults:
            raise RowsError(sorted(faults, key=lambda fault: fault.row), fix="correct these values")
        return made


def explainer(
    bundle: Bundle, engine: Engine, reference: Sequence[Mapping[str, Any]] | None = None, most: int = MOST
) -> Explainer:
    """The explainer of a bundle. Without rows of `reference` its made-up sample rows are taken, which are drawn column
    by column from the profile of the training rows.

    Raises:
        InputError: as `Explainer` does; the bundle holds no samples.
    """
    rows = [sample.input for sample in read_samples(bundle)] if reference is None else reference
    return Explainer(engine, bundle.task, rows, most)


def _explanation(scale: Scale, hybrids: Hybrids, ends: Array, method: str, shares: Shares) -> Explanation:
    found = [
        Contribution(column=name, value=float(value), error=float(error))
        for name, value, error in zip(hybrids.players, shares.values, shares.errors, strict=True)
    ]
    found += [Contribution(column=name, value=0.0) for name in hybrids.reference if name not in hybrids.players]
    return Explanation(
        value=float(ends[0]),
        base=float(ends[1]),
        unit=scale.unit,
        method=method,
        asked=hybrids.asked,
        contributions=tuple(sorted(found, key=lambda one: -abs(one.value))),
        label=scale.label,
    )
