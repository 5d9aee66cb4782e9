"""`Tape`: a network as a list of plain operators over rows, which numpy can run and a graph can hold, both in double.

Whoever reads a file of another framework writes such a tape, one operator after the other. Each is run at once on a few
made-up rows, so that what does not fit is found where it is written, and shapes need no theory of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smeaton.compile.graph import Graph
from smeaton.errors import ProgramError
from smeaton.task.table import Array

_TRIED = 7  # rows run while the tape is written
_SEED = 20


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """What an operator gives: `trial` is it for the rows tried; `rows` whether its first axis is that of the rows, else
    it is the same for all (a constant)."""

    trial: Array
    rows: bool
    op: str = ""
    inputs: tuple["Value", ...] = ()
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape, without the axis of the rows."""
        return self.trial.shape[1:] if self.rows else self.trial.shape


class Tape:
    """A network under construction, and when `output` is set, one that runs. `widths` are those of its inputs, 0 for a
    vector."""

    def __init__(self) -> None:
        self.widths: dict[str, int] = {}
        self._inputs: dict[str, Value] = {}
        self._steps: list[Value] = []
        self._rng = np.random.default_rng(_SEED)
        self.output: Value | None = None

    def input(self, name: str, width: int) -> Value:
        """Declare an input of numbers: (rows, width), or (rows,) if the width is 0."""
        shape = (_TRIED, width) if width else (_TRIED,)
        self.widths[name] = width
        self._inputs[name] = Value(self._rng.normal(0.0, 3.0, shape), True, "Input", (), {"name": name})
        return self._inputs[name]

    def op(self, name: str, *given: "Value | Array | float", **args: Any) -> Value:
        """Add an operator; of constants alone it is computed here.

        Raises:
            ProgramError: its inputs do not fit, or it would mix rows.
        """
        inputs = tuple(one if isinstance(one, Value) else constant(one) for one in given)
        rows = any(one.rows for one in inputs)
        try:
            with np.errstate(all="ignore"):
                trial = np.asarray(_NUMPY[name](*(one.trial for one in inputs), **args))
        except (ValueError, IndexError) as error:
            raise ProgramError(f"the shapes of an operator {name} do not fit: {error}", fix=_SAVE) from error
        if rows and (_mixed(name, inputs, args) or trial.ndim == 0 or trial.shape[0] != _TRIED):
            raise ProgramError(
                f"an operator {name} mixes rows: what a row is answered must depend on it alone", fix=_ROWS
            )
        made = Value(trial, rows, name, inputs, args)
        if rows:
            self._steps.append(made)
        return made

    def run(self, feed: Mapping[str, Array]) -> Array:
        """The output for rows, (rows, ...), float64."""
        known: dict[int, Array] = {id(value): np.asarray(feed[name]) for name, value in self._inputs.items()}
        with np.errstate(all="ignore"):
            for step in self._steps:
                inputs = [known[id(one)] if one.rows else one.trial for one in step.inputs]
                known[id(step)] = _NUMPY[step.op](*inputs, **step.args)
        return known[id(self._ended)]

    def write(self, graph: Graph, feed: Mapping[str, str]) -> str:
        """The output as a value of a graph; `feed` maps inputs to values there."""
        known = {id(value): feed[name] for name, value in self._inputs.items()}
        for step in self._steps:
            inputs = [known[id(one)] if one.rows else graph.constant(one.trial) for one in step.inputs]
            known[id(step)] = _written(graph, step, inputs)
        return known[id(self._ended)]

    @property
    def _ended(self) -> Value:
        assert self.output is not None
        return self.output


_SAVE = "save the model again"
_ROWS = "save a model that answers each row by itself"


def constant(value: Any) -> Value:
    """A value that is the same for all rows, float64."""
    return Value(np.asarray(value, dtype=np.float64), False)


def _softmax(x: Array) -> Array:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _log_softmax(x: Array) -> Array:
    moved = x - x.max(axis=-1, keepdims=True)
    return np.asarray(moved - np.log(np.exp(moved).sum(axis=-1, keepdims=True)))


def _below(x: Array, limit: Array, low: Array, high: Array) -> Array:
    """`low` where x is below the limit, else `high`, of NaN too."""
    return np.asarray(np.where(x < limit, low, high))


def _lookup(table: Array, codes: Array) -> Array:
    """Lines of a table; NaN for codes that it does not have."""
    known = (codes >= 0) & (codes < len(table))
    lines = np.vstack([table, np.full_like(table[:1], np.nan)])
    return lines[np.where(known, codes, len(table)).astype(np.int64)]


def _mixed(name: str, inputs: Sequence[Value], args: Mapping[str, Any]) -> bool:
    """Whether an operator would let rows meet other rows."""
    deepest = max(one.trial.ndim for one in inputs if one.rows)
    if name in _BESIDE:
        return any(
            one.trial.ndim != deepest
            if one.rows
            else one.trial.ndim >= deepest and one.trial.shape[:1] not in ((), (1,))
            for one in inputs
        )
    if name in ("Softmax", "LogSoftmax", "Mean"):
        return deepest < 2
    if name == "MatMul":
        return inputs[1].rows or deepest < 2
    if name == "Concat":
        return args["axis"] == 0 or not all(one.rows for one in inputs)
    return (name == "Take" and args["axis"] == 0) or (name == "Transpose" and args["axes"][0] != 0)


#: Operators whose inputs lie beside each other, row by row.
_BESIDE = frozenset({"Add", "Sub", "Mul", "Div", "Max", "Min", "Below", "Pow"})
_NUMPY: dict[str, Callable[..., Array]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Pow": np.power,
    "Max": np.maximum, "Min": np.minimum, "MatMul": np.matmul,
    "Exp": np.exp, "Log": np.log, "Sqrt": np.sqrt, "Tanh": np.tanh, "Abs": np.abs, "Neg": np.negative,
    "Sign": np.sign, "Floor": np.floor, "Softmax": _softmax, "LogSoftmax": _log_softmax, "Lookup": _lookup,
    "Below": _below,
    "Mean": lambda x: x.mean(axis=-1, keepdims=True),
    "Concat": lambda *parts, axis: np.concatenate(parts, axis=axis),
    "Take": lambda x, axis, places: np.take(x, places, axis=axis),
    "Shape": lambda x, shape: x.reshape(len(x), *shape),
    "Transpose": lambda x, axes: x.transpose(axes),
}  # fmt: skip


def _written(graph: Graph, step: Value, inputs: Sequence[str]) -> str:
    """One operator in a graph."""
    if step.op == "Below":
        return graph.node("Where", [graph.node("Less", inputs[:2]), *inputs[2:]])
    if step.op in ("Softmax", "LogSoftmax"):
        return graph.node(step.op, inputs, axis=-1)
    if step.op == "Mean":
        return graph.node("ReduceMean", [inputs[0], graph.constant([-1], np.int64)], keepdims=1)
    if step.op == "Concat":
        return graph.node("Concat", inputs, axis=step.args["axis"])
    if step.op == "Take":
        places = graph.constant(step.args["places"], np.int64)
        return graph.node("Gather", [inputs[0], places], axis=step.args["axis"])
    if step.op == "Shape":
        return graph.node("Reshape", [inputs[0], graph.constant([-1, *step.args["shape"]], np.int64)])
    if step.op == "Transpose":
        return graph.node("Transpose", inputs, perm=list(step.args["axes"]))
    if step.op == "Lookup":
        return _written_lookup(graph, step.inputs[0].trial, inputs[1])
    return graph.node(step.op, inputs)


def _written_lookup(graph: Graph, table: Array, codes: str) -> str:
    count = graph.constant(float(len(table)))
    known = graph.node("And", [graph.node("GreaterOrEqual", [codes, graph.constant(0.0)]),
                               graph.node("Less", [codes, count])])  # fmt: skip
    place = graph.node("Cast", [graph.node("Where", [known, codes, count])], to=7)  # INT64
    lines = graph.constant(np.vstack([table, np.full_like(table[:1], np.nan)]))
    return graph.node("Gather", [lines, place], axis=0)
