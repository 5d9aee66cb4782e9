"""Probabilities to labels: `probability` (rows, labels) to the prediction of each row.

Arguments:

    labels      plain JSON values in the order of the columns; text, whole numbers and booleans stay what they are
    rule        "likeliest" (the default): the likeliest label, the first of those that tie
                "each": the list of all labels that are likely enough, in the order of the labels; it may be empty
                "median": the first label, in their order, up to which half of the probability lies
                "weighted": the label whose probability times its weight is largest, the first of those that tie
                "cheapest": the label of the lowest expected cost (Elkan 2001), the first of those that tie
                "cuts": the label by how many cuts the expected place in the order (0, 1, ...) reaches
    thresholds  for "each" alone: the least probability of each label, one number for all or one a label (0.5)
    weights     for "weighted": one a label, above 0
    costs       for "cheapest": a list a label that is true, of what each answer then costs, 0 or more
    cuts        for "cuts": rising numbers, one fewer than labels

A probability that misses a threshold, or half, by less than 1e-9 reaches it: answers must not hang on the last digits.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._decide import SLACK, cheapest, cut, heaviest
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table, object_column

RULES = ("likeliest", "each", "median", "weighted", "cheapest", "cuts")
#: The argument that a rule needs.
_OWN = {"weighted": "weights", "cheapest": "costs", "cuts": "cuts"}


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    labels: list[Any]
    rule: str = "likeliest"
    thresholds: float | list[float] = 0.5
    weights: list[float] | None = None
    costs: list[list[float]] | None = None
    cuts: list[float] | None = None


def choose(
    probability: Array, labels: Sequence[Any], rule: str = "likeliest", thresholds: float | Sequence[float] = 0.5
) -> Array:
    """The prediction of each row by a rule of this op: an object column (rows,). NaN reaches no threshold."""
    if rule == "each":
        return object_column(_each(probability >= np.asarray(thresholds) - SLACK, list(labels)))
    if rule == "median":
        # With NaN nothing reaches half, and `argmax` takes the first label, as it does for the likeliest.
        probability = np.cumsum(probability, axis=1) >= 0.5 - SLACK
    chosen: Array = object_column(labels)[probability.argmax(axis=1)]
    return chosen


def _each(chosen: Array, labels: list[Any]) -> list[list[Any]]:
    rows, places = np.nonzero(chosen)
    ends = np.searchsorted(rows, np.arange(1, len(chosen) + 1)).tolist()
    names = [labels[place] for place in places.tolist()]
    return [names[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)] if ends else []


def _decider(args: _Args) -> Callable[[Array], Array] | None:
    """What turns probabilities into codes by a rule with numbers of its own."""
    if args.weights is not None:
        return partial(heaviest, weights=args.weights)
    if args.costs is not None:
        return partial(cheapest, costs=args.costs)
    return None if args.cuts is None else partial(cut, cuts=args.cuts)


def _check_own(args: _Args) -> None:
    """Refuse numbers that a rule lacks, has no use for, or cannot use."""
    size = len(args.labels)
    for rule, name in _OWN.items():
        if (getattr(args, name) is None) == (args.rule == rule):
            raise ProgramError(f"a labels step has {name!r} where its rule is {rule!r}, and only there")
    if args.weights is not None and (len(args.weights) != size or not all(0 < w < math.inf for w in args.weights)):
        raise ProgramError(f"a labels step needs one weight above 0 for each of {size} labels")
    rows = args.costs
    if rows is not None:
        square = len(rows) == size and all(len(row) == size for row in rows)
        if not square or not all(0 <= cost < math.inf for row in rows for cost in row):
            raise ProgramError(f"a labels step needs {size} x {size} costs of 0 or more")
    if args.cuts is not None:
        rising = all(one <= other for one, other in zip(args.cuts, args.cuts[1:], strict=False))
        if len(args.cuts) != size - 1 or not rising or not all(map(math.isfinite, args.cuts)):
            raise ProgramError(f"a labels step needs {size - 1} rising cuts for {size} labels")


class LabelsRunner:
    """A loaded `labels` step."""

    def __init__(self, step: Step, args: _Args) -> None:
        self._input, self._output = step.inputs[0], step.outputs[0]
        self._labels = object_column(args.labels)
        self._shape = self._labels.shape
        self._rule, self._thresholds = args.rule, np.asarray(args.thresholds, dtype=np.float64)

        self._decide = _decider(args)

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Labels as an object column.

        Raises:
            ProgramError: the probabilities have another number of columns than there are labels.
        """
        probability = columns[self._input]
        if probability.shape[1:] != self._shape:
            raise ProgramError(f"{probability.shape[1:]} probabilities a row for {len(self._labels)} labels")
        if self._decide is not None:
            return {self._output: self._labels[self._decide(probability)]}
        if self._rule == "likeliest":
            return {self._output: self._labels[probability.argmax(axis=1)]}
        return {self._output: choose(probability, self._labels.tolist(), self._rule, self._thresholds)}  # type: ignore[arg-type]


class LabelsOp:
    """Probabilities to labels. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> LabelsRunner:
        """Check the arguments.

        Raises:
            ProgramError: no labels, an unknown rule, numbers that do not fit it, or not one input and one output.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(
                f"a labels step needs `labels`: a list with one label for each probability ({error})"
            ) from error
        if not args.labels:
            raise ProgramError("a labels step needs `labels`: a list with one label for each probability")
        if args.rule not in RULES:
            raise ProgramError(f"a labels step has no rule {args.rule!r}; the rules are: {', '.join(RULES)}")
        if "thresholds" in step.args and args.rule != "each":
            raise ProgramError(f"the rule {args.rule!r} of a labels step has no thresholds")
        _check_own(args)
        if isinstance(args.thresholds, list) and len(args.thresholds) != len(args.labels):
            raise ProgramError(f"{len(args.thresholds)} thresholds for {len(args.labels)} labels")
        if len(step.inputs) != 1 or len(step.outputs) != 1:
            raise ProgramError("a labels step has one input and one output")
        return LabelsRunner(step, args)


part = LabelsOp()
