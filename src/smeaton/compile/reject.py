"""A program with an out-of-scope rejection in place of its last step, the likeliest label."""

from pathlib import Path
from typing import Any

import msgspec

from smeaton.errors import ProgramError
from smeaton.runtime.files import save_program
from smeaton.runtime.program import Program, Step
from smeaton.task.table import PREDICTION, PROBABILITY


def add_rejection(program: Program, folder: Path, args: dict[str, Any]) -> Program:
    """Put a `reject` step with these arguments where the `labels` step stood; writes `program.json` in `folder`.

    Raises:
        ProgramError: the program does not end in the likeliest of its probabilities.
    """
    *before, last = program.steps
    if last.op != "labels" or last.inputs != (PROBABILITY,):
        raise ProgramError("only a program that ends in probabilities and their labels can reject")
    step = Step(op="reject", inputs=(PROBABILITY,), outputs=(PREDICTION,), args=args)
    changed = msgspec.structs.replace(program, steps=(*before, step))
    save_program(changed, folder)
    return changed
