"""The programs that the user's own models ship as: a graph behind the `table` op, or a step of trusted code."""

import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.compile.export import assemble, label_rule
from smeaton.compile.graph import Graph
from smeaton.families._parts import MODEL_FILE, recipe
from smeaton.runtime.ops._code_state import STATE_FILES, Packed, write_packed
from smeaton.runtime.ops._frame import Form
from smeaton.runtime.program import Program, Step
from smeaton.task.table import PREDICTION, PROBABILITY
from smeaton.task.task import Task

#: Packages whose fitted attributes are part of their code: what was fitted with one version needs that version.
_PINNED = ("scikit-learn", "numpy", "pandas", "scipy")


def graph_program(task: Task, folder: Path, write: Callable[[Graph], str]) -> Program:
    """The program of a graph over the outputs of the `table` op: `write` gives (rows, labels) or (rows, 1)."""
    graph = Graph()
    value = write(graph)
    name = PROBABILITY if task.labels else PREDICTION
    if task.labels:
        graph.output(name, value, len(task.labels))
    else:
        graph.output(name, graph.node("Squeeze", [value, graph.constant([1], np.int64)]), None)
    folder.mkdir(parents=True, exist_ok=True)
    graph.save(folder / MODEL_FILE)
    step = Step(op="onnx", inputs=graph.inputs(), outputs=(name,), files=(MODEL_FILE,))
    return assemble(task, recipe(task).steps(), step)


def code_program(task: Task, name: str, folder: Path, *, form: Form, state: Packed | None = None) -> Program:
    """The program of trusted code: the user's file as it is and, of an estimator, its fitted `state`."""
    file = name.rsplit(":", 1)[0]
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(task.folder) / file, folder / file)
    if state is not None:
        write_packed(state, folder)
    args: dict[str, Any] = {
        "name": name,
        "types": msgspec.to_builtins(task.input_types),
        "form": form,
        "labels": list(task.labels),
        "needs": _needed(form) if state is not None else {},
    }
    output = PROBABILITY if task.labels else PREDICTION
    code = Step(
        op="code",
        inputs=tuple(task.input_types),
        outputs=(output,),
        args=args,
        files=(file, *(STATE_FILES if state is not None else ())),
    )
    steps: list[Step] = [code]
    outputs: tuple[str, ...] = (output,)
    if task.labels:
        rule = label_rule(task)
        said = {"labels": list(task.labels), **({} if rule == "likeliest" else {"rule": rule})}
        steps.append(Step(op="labels", inputs=(PROBABILITY,), outputs=(PREDICTION,), args=said))
        outputs = (PREDICTION, PROBABILITY)
    return Program(inputs=tuple(task.input_types), steps=tuple(steps), outputs=outputs)


def _needed(form: Form) -> dict[str, str]:
    """The versions it was fitted with, of those that are installed."""
    found = {}
    for package in _PINNED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found if form == "pandas" else {name: one for name, one in found.items() if name != "pandas"}
