"""A program with prediction intervals behind its number."""

from pathlib import Path

import msgspec

from smeaton.errors import ProgramError
from smeaton.runtime.files import save_program
from smeaton.runtime.ops.interval import Band
from smeaton.runtime.program import Program, Step
from smeaton.task.table import HIGH, LOW, PREDICTION


def add_interval(program: Program, folder: Path, band: Band) -> Program:
    """Put an `interval` step behind the last one, and its columns among the outputs; writes `program.json` in `folder`.

    Raises:
        ProgramError: the program answers with labels, or has an interval.
    """
    if PREDICTION not in program.outputs or any(step.op in ("labels", "interval") for step in program.steps):
        raise ProgramError("only a program that answers with plain numbers can get intervals")
    step = Step(op="interval", inputs=(PREDICTION,), outputs=(LOW, HIGH), args=msgspec.to_builtins(band))
    place = program.outputs.index(PREDICTION) + 1
    outputs = (*program.outputs[:place], LOW, HIGH, *program.outputs[place:])
    changed = msgspec.structs.replace(program, steps=(*program.steps, step), outputs=outputs)
    save_program(changed, folder)
    return changed
