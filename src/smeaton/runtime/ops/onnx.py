"""Runs an ONNX model with onnxruntime: on the CPU, one thread, one file.

Arguments: `whole` (true: a model of the user's own, taken as it is and never put together with others).

Inputs and outputs of the step are named as in the graph. Columns are passed as they are: 2-D float64 or float32, 2-D
object of text. Tables of more than `CHUNK` rows are answered piece by piece, so that memory stays bounded.
"""

from pathlib import Path
from typing import Any

import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.packed import SUFFIX, read_packed
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table

#: Rows answered in one piece: enough that the cost of a call does not show, few enough for the cache.
CHUNK = 4096


class OnnxRunner:
    """A loaded model."""

    def __init__(self, step: Step, session: Any) -> None:
        self._inputs, self._outputs = step.inputs, step.outputs
        self._first, self._names = step.inputs[0], list(step.outputs)
        self._session = session
        # The Python method around it checks the feed on every call, which takes longer than one row's table step.
        self._run = session._sess.run

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Answer a table; the deadline is looked at between pieces."""
        rows = len(columns[self._first])
        if rows <= CHUNK:
            return dict(zip(self._outputs, self._run(self._names, columns, None), strict=True))
        pieces = []
        for start in range(0, rows, CHUNK):
            call.check()
            feed = {name: columns[name][start : start + CHUNK] for name in self._inputs}
            pieces.append(self._run(self._names, feed, None))
        joined = (np.concatenate(column) for column in zip(*pieces, strict=True))
        return dict(zip(self._outputs, joined, strict=True))


class OnnxOp:
    """One ONNX graph, plain or packed (`.gz`). Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> OnnxRunner:
        """Create the session.

        Raises:
            ProgramError: not one file, it is damaged, onnxruntime refuses it, or its inputs or outputs have other
                names.
        """
        import onnxruntime

        if len(step.files) != 1 or not step.inputs:
            raise ProgramError(f"an onnx step has one file and at least one input, not {len(step.files)} files")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 4  # what goes wrong is raised, not printed as well
        path = files / step.files[0]
        model = read_packed(path) if path.suffix == SUFFIX else path
        try:
            session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ProgramError(f"onnxruntime refuses {step.files[0]}: {error}") from error
        found = {entry.name for entry in session.get_inputs()}, {entry.name for entry in session.get_outputs()}
        if found[0] != set(step.inputs) or not found[1].issuperset(step.outputs):
            raise ProgramError(
                f"{step.files[0]} reads {sorted(found[0])} and answers {sorted(found[1])}, "
                f"the step says {sorted(step.inputs)} and {sorted(step.outputs)}"
            )
        return OnnxRunner(step, session)


part = OnnxOp()
