"""Spans against the text they lie in: only where there is exactly one text among the inputs, and none is guessed."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from smeaton.data.read import Raw
from smeaton.errors import RowFault, RowsError
from smeaton.task.structure import is_spans, span_fault
from smeaton.task.table import Array
from smeaton.task.task import Task


class Part(Protocol):
    """Rows of one source: where they were read, and which of them have a target."""

    raw: Raw
    rows: Array


def check_spans(task: Task, inputs: Mapping[str, Array], answers: Sequence[Array], parts: Sequence[Part]) -> None:
    """Refuse rows whose spans do not lie in their text.

    `inputs` hold the rows of all parts one below the other, `answers` the targets of each part.

    Raises:
        RowsError: with the rows and the paths to the spans.
    """
    texts = [name for name, kind in task.input_types.items() if kind.type == "text"]
    if not is_spans(task.output_type) or len(texts) != 1:
        return
    first = 0
    for part, values in zip(parts, answers, strict=True):
        own = inputs[texts[0]][first : first + len(values)]
        first += len(values)
        faults = [
            RowFault(int(row), task.target, fault)
            for row, value, text in zip(part.rows, values.tolist(), own.tolist(), strict=True)
            if (fault := span_fault(task.output_type, value, text))
        ]
        if faults:
            raise RowsError(
                faults,
                where=part.raw.place(faults[0].row),
                fix=f"count characters (code points) of {texts[0]!r} from 0; the end is the first one behind the span",
            )
