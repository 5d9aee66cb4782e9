"""The labels of an output with the one that means "none of these" among them."""

import msgspec

from smeaton.errors import TaskError
from smeaton.task.types import Type, label_text


def with_outside(kind: Type, name: str) -> Type:
    """The type with its outside label among the labels: last where no row has it. Other types stay as they are.

    Raises:
        TaskError: it is of another kind than the labels, they are in order, or fewer than two without it.
    """
    labels, outside = kind.labels or (), kind.outside
    if outside is None:
        return kind
    where = f"output.{name}"
    if labels and type(labels[0]) is not type(outside):
        fix = f"write it like the labels, such as {label_text(labels[0])!r}"
        raise TaskError(f"outside is {outside!r}, and the labels are of another kind", where=where, fix=fix)
    if kind.ordered:
        raise TaskError("labels in order have no place for outside", where=where, fix="remove ordered, or outside")
    if outside not in labels:
        labels = (*labels, outside)
    if len(labels) < 3:
        other = ", ".join(repr(label_text(label)) for label in labels if label != outside) or "none"
        fix = "give rows with two other labels or more, or remove outside"
        raise TaskError(f"outside needs at least two other labels, and there is only {other}", where=where, fix=fix)
    return msgspec.structs.replace(kind, labels=labels)
