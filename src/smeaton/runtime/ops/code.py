"""Runs a user's own code, which the caller trusts by name: an estimator put together from its arrays, or a function.

Arguments (`args`):

    name    file.py:name, under which it is trusted; its file is the first of the step's
    types   the inputs with their pinned types; the code knows them in the order of the step's inputs
    form    the table an estimator is given: "pandas" or "array" (`_frame.py`)
    labels  the labels of the answer, [] for numbers
    needs   versions of packages that a fitted estimator needs: the same major and minor ones

With files `fitted.json` and `fitted.npz` it is an estimator, else a function of rows (`_code_rows.py`). The one output
is `probability` (rows, labels), or `prediction` of numbers. The code runs in this process, with all that this process
may do; nothing of it is imported before the engine has seen that it is trusted. Its answers must depend on the row
alone: bundles are verified by asking again.
"""

import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.errors import ExtraMissing, ProgramError, SmeatonError, TaskError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._code_rows import call_function
from smeaton.runtime.ops._code_state import read_packed
from smeaton.runtime.ops._frame import Form, frame
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table
from smeaton.task.types import Type
from smeaton.task.user_code import load_module, load_user


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    types: dict[str, Type]
    form: Form = "array"
    labels: list[Any] = []
    needs: dict[str, str] = {}


class CodeRunner:
    """Loaded code: `answer` gives typed columns their probabilities (rows, labels) or numbers (rows,)."""

    def __init__(self, step: Step, args: _Args, answer: Callable[[Table], Array]) -> None:
        self._output, self._args, self._answer = step.outputs[0], args, answer

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Answer a table.

        Raises:
            SmeatonError: the code raised.
        """
        try:
            found = self._answer(columns)
        except SmeatonError:
            raise
        except Exception as error:
            raise SmeatonError(f"{self._args.name} raised {type(error).__name__}: {error}") from error
        return {self._output: found}


class CodeOp:
    """A user's code. Pure: its answers depend on the row alone."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> CodeRunner:
        """Import the file, and put the estimator together.

        Raises:
            ProgramError: the arguments or files do not fit the op, or the file cannot be run here.
            ExtraMissing: a package it needs is absent, or of another version.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a code step are wrong: {error}") from error
        if not step.files or args.name.rsplit(":", 1)[0] != step.files[0] or set(args.types) != set(step.inputs):
            raise ProgramError("a code step names its file first, and the type of each of its inputs")
        if len(step.outputs) != 1 or len(step.files) not in (1, 3):
            raise ProgramError("a code step has one output, and one file or three")
        _check_versions(args)
        args = msgspec.structs.replace(args, types={name: args.types[name] for name in step.inputs})
        try:
            if len(step.files) == 1:
                function = load_user(files, args.name)
                return CodeRunner(step, args, lambda rows: _by_function(function, args, rows))
            estimator = read_packed(files, step.files[1:], load_module(files, args.name))
        except TaskError as error:
            raise ProgramError(error.message, fix=error.fix, where=error.where) from error

        def answer(rows: Table) -> Array:
            return by_estimator(estimator, frame(rows, args.types, args.form), args.labels)

        return CodeRunner(step, args, answer)


def _by_function(function: Any, args: _Args, rows: Table) -> Array:
    return call_function(function, args.name, rows, args.types, args.labels)


def by_estimator(estimator: Any, x: Any, labels: Sequence[Any], codes: bool = False) -> Array:
    """An estimator's own answers: probabilities (rows, labels), certain ones where it gives labels alone and 0 for a
    label it does not know; or numbers (rows,). `codes`: its classes are the positions of labels."""
    if not labels:
        return np.asarray(estimator.predict(x), dtype=np.float64).reshape(-1)
    if not hasattr(estimator, "predict_proba"):
        given = np.asarray(estimator.predict(x)).ravel().tolist()
        return np.array([[float(str(one) == str(label)) for label in labels] for one in given], dtype=np.float64)
    found = np.asarray(estimator.predict_proba(x), dtype=np.float64)
    classes = np.asarray(estimator.classes_).ravel().tolist()
    places = {str(labels[int(one)] if codes else one): place for place, one in enumerate(classes)}
    chosen = np.array([places.get(str(label), found.shape[1]) for label in labels], dtype=np.int64)
    padded = np.hstack([found, np.zeros((len(found), 1))])
    ordered: Array = padded[:, chosen]
    return ordered


def _check_versions(args: _Args) -> None:
    """Whether what a fitted estimator needs is here: private attributes change between minor versions.

    Raises:
        ExtraMissing: a package is absent, or of another version.
    """
    for package, wanted in args.needs.items():
        try:
            there = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            there = ""
        if there.split(".")[:2] != wanted.split(".")[:2]:
            raise ExtraMissing(
                f"{args.name} was fitted with {package} {wanted}; {there or 'none'} is installed",
                fix=f"run: pip install {package}=={wanted}",
            )


part = CodeOp()
