"""Which tasks a prompt can answer, and where its probabilities come from."""

from smeaton.llm import providers
from smeaton.llm.endpoint import LOCAL
from smeaton.task.structure import is_spans
from smeaton.task.task import Task

_READS = ("number", "integer", "boolean", "category", "text", "timestamp", "json", "list", "object", "image")
_MOST_LABELS = 60  # of which a prompt can speak


def refusal(task: Task) -> str:
    """Why a prompt cannot answer a task, '' if it can."""
    other = [name for name, form in task.input_types.items() if form.type not in _READS]
    if other:
        return f"it cannot show a model the input {other[0]!r} of type {task.input_types[other[0]].type!r}"
    if is_spans(task.output_type):
        return "a model's places in a text cannot be relied on; `tagger` finds spans"
    if len(task.labels) > _MOST_LABELS:
        return f"{len(task.labels)} labels are more than a prompt can speak of ({_MOST_LABELS})"
    if task.answer == "other":
        return f"it answers with labels, numbers, fields and text; the output is of type {task.output_type.type!r}"
    return ""


def odds(task: Task, reference: str) -> str:
    """Where probabilities come from: the tokens of what speaks OpenAI's chat wire on another machine."""
    far = providers.host(reference) != LOCAL
    return "logprobs" if task.is_class and far and reference.startswith("openai:gpt-4") else "none"
