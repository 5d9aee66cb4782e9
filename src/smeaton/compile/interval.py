"""A program with prediction intervals behind its number."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from smeaton.compile.graph import Graph, load_model
from smeaton.compile.merge import KINDS
from smeaton.errors import ProgramError
from smeaton.runtime.files import open_program, save_program
from smeaton.runtime.ops.interval import Band
from smeaton.runtime.program import Program, Step
from smeaton.task.table import HIGH, LOW, PREDICTION

SPREAD = "spread"  #: the column of a program's own model of how far it is off, and what its files begin with


def add_interval(program: Program, folder: Path, band: Band, spread: Path | None = None) -> Program:
    """Put an `interval` step behind the last one, and its columns among the outputs; writes `program.json` in `folder`.

    `spread` is the folder of a program whose number says how far answers are off: its steps are put in front, but for
    those that are there already, and its files are copied.

    Raises:
        ProgramError: the program answers with labels, or has an interval.
    """
    if PREDICTION not in program.outputs or any(step.op in ("labels", "interval") for step in program.steps):
        raise ProgramError("only a program that answers with plain numbers can get intervals")
    inputs, steps, scale = program.inputs, program.steps, tuple[str, ...]()
    if spread is not None:
        other = open_program(spread)
        more, name = _joined(program, other, spread, folder)
        inputs = (*inputs, *(one for one in other.inputs if one not in inputs))
        steps, scale = (*steps, *more), (name,)
    step = Step(op="interval", inputs=(PREDICTION, *scale), outputs=(LOW, HIGH), args=msgspec.to_builtins(band))
    place = program.outputs.index(PREDICTION) + 1
    outputs = (*program.outputs[:place], LOW, HIGH, *program.outputs[place:])
    changed = Program(inputs=inputs, steps=(*steps, step), outputs=outputs)
    save_program(changed, folder)
    return changed


def _joined(program: Program, other: Program, source: Path, folder: Path) -> tuple[list[Step], str]:
    """The steps of another program that this one lacks, under names of their own, and what its number is called."""
    taken = {*program.inputs, *other.inputs, *(name for step in program.steps for name in step.outputs), LOW, HIGH}
    names = {name: name for name in other.inputs}
    found: list[Step] = []
    for step in other.steps:
        inputs = tuple(names[name] for name in step.inputs)
        there = _same(program, step, inputs)
        if there is not None:
            names.update(there)
            continue
        for name in step.outputs:
            names[name] = _free(SPREAD if name == PREDICTION else f"{SPREAD}:{name}", taken)
        files = tuple(f"{SPREAD}~{name}" for name in step.files)
        outputs = tuple(names[name] for name in step.outputs)
        if step.op == "onnx":
            _renamed(source / step.files[0], folder / files[0], (step.inputs, inputs), (step.outputs, outputs))
        else:
            for old, new in zip(step.files, files, strict=True):
                shutil.copyfile(source / old, folder / new)
        found.append(msgspec.structs.replace(step, inputs=inputs, outputs=outputs, files=files))
    return found, names[PREDICTION]


def _renamed(
    source: Path,
    target: Path,
    inputs: tuple[Sequence[str], Sequence[str]],
    outputs: tuple[Sequence[str], Sequence[str]],
) -> None:
    """Write a graph anew with other names of its inputs and outputs (old ones, new ones)."""
    model, graph = load_model(source), Graph()
    called = dict(zip(*inputs, strict=True))
    given = {}
    for entry in model.graph.input:
        form = entry.type.tensor_type
        given[entry.name] = graph.input(called[entry.name], KINDS[form.elem_type], form.shape.dim[1].dim_value)
    values = graph.embed(model, given)
    for entry in model.graph.output:
        shape = entry.type.tensor_type.shape
        width = shape.dim[1].dim_value if len(shape.dim) == 2 else None
        graph.output(dict(zip(*outputs, strict=True))[entry.name], values[entry.name], width)
    graph.save(target)


def _same(program: Program, step: Step, inputs: tuple[str, ...]) -> dict[str, str] | None:
    """What the outputs of a step are called where the program has such a step, None where it has none. A `table` step
    that gives more texts gives the others too."""
    texts = list(step.args.get("texts", ()))
    for one in program.steps:
        own = list(one.args.get("texts", ()))
        plain = {**one.args, "texts": texts} if step.op == one.op == "table" else one.args
        if (one.op, one.inputs, plain) != (step.op, inputs, step.args) or one.files or one.when or one.state:
            continue
        if not set(texts) <= set(own):
            continue
        first = len(step.outputs) - len(texts) if step.op == "table" else len(step.outputs)
        if step.op == "table" and len(one.outputs) - len(own) != first:
            continue
        found = dict(zip(step.outputs[:first], one.outputs[:first], strict=True))
        shared = zip(texts, step.outputs[first:], strict=True)
        return found | {output: one.outputs[first + own.index(text)] for text, output in shared}
    return None


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where it is taken."""
    found, number = name, 0
    while found in taken:
        number += 1
        found = f"{name}~{number}"
    taken.add(found)
    return found
