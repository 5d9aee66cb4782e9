"""`Embedder`: the pretrained encoder inside of a model, asked by itself."""

from collections.abc import Sequence
from typing import Any

from smeaton.bundle.read import Bundle
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.runtime.program import Program, Step
from smeaton.service.batching import Batcher, Tell
from smeaton.service.settings import Limits
from smeaton.task.table import Array, object_column


def encoder_of(program: Program) -> Step | None:
    """The `embed` step of a program; None where it has none, or several that differ."""
    steps = [step for step in program.steps if step.op == "embed"]
    same = {(step.files, repr(sorted(step.args.items()))) for step in steps}
    return steps[0] if len(same) == 1 else None


class Embedder:
    """Vectors of texts by one `embed` step, batched as any model's rows are. It shares the encoder with the model.

    Raises:
        ProgramError: the step cannot be loaded.
    """

    def __init__(self, bundle: Bundle, step: Step, limits: Limits, tell: Tell) -> None:
        self._input, self._output = step.inputs[0], step.outputs[0]
        program = Program(inputs=step.inputs, steps=(step,), outputs=step.outputs)
        self._engine = Engine(program, bundle.program_folder)
        self._batcher = Batcher(self._run, (), limits.batch, limits.queue, tell)

    async def vectors(self, texts: Sequence[str], call: Call) -> Array:
        """Vectors, float32 (texts, dim). Raises as `Batcher.answer`."""
        answered = await self._batcher.answer(texts, call)
        return answered.columns[self._output]

    def close(self) -> None:
        """Give everything back."""
        self._batcher.close()
        self._engine.close()

    def _run(self, texts: Sequence[Any], call: Call) -> dict[str, Array]:
        return self._engine.run({self._input: object_column(list(texts))}, call)
