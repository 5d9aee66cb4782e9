"""A program with an out-of-scope rejection in place of its last step, the likeliest label."""

from pathlib import Path
from typing import Any

import msgspec

from smeaton.compile.graph import load_model
from smeaton.errors import ProgramError
from smeaton.runtime.files import durable_write, save_program
from smeaton.runtime.program import Program, Step
from smeaton.task.table import PREDICTION, PROBABILITY

#: What the model's probabilities are called where `probability` is what comes out of the rejection.
PLAIN = "probability:plain"


def add_rejection(program: Program, folder: Path, args: dict[str, Any]) -> Program:
    """Put a `reject` step with these arguments where the `labels` step stood; writes `program.json` and, under a new
    name for its output, the model in `folder`.

    Raises:
        ProgramError: the program does not end in the likeliest of its model's probabilities.
    """
    *before, last = program.steps
    model = next((step for step in before if PROBABILITY in step.outputs), None)
    if last.op != "labels" or last.inputs != (PROBABILITY,) or model is None or model.op != "onnx":
        raise ProgramError("only a program that ends in a model and its labels can reject")
    path = folder / model.files[0]
    graph = load_model(path)
    for node in graph.graph.node:
        node.input[:] = [PLAIN if name == PROBABILITY else name for name in node.input]
        node.output[:] = [PLAIN if name == PROBABILITY else name for name in node.output]
    for entry in graph.graph.output:
        entry.name = PLAIN if entry.name == PROBABILITY else entry.name
    durable_write(path, graph.SerializeToString(deterministic=True))
    outputs = tuple(PLAIN if name == PROBABILITY else name for name in model.outputs)
    renamed = msgspec.structs.replace(model, outputs=outputs)
    step = Step(op="reject", inputs=(PLAIN,), outputs=(PREDICTION, PROBABILITY), args=args)
    steps = (*(renamed if other is model else other for other in before), step)
    changed = msgspec.structs.replace(program, steps=steps)
    save_program(changed, folder)
    return changed
