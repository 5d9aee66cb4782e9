"""Rows to begin with: samples of the bundle where they may be shown, else a plain value of each type."""

from collections.abc import Mapping
from typing import Any

from smeaton.bundle.verify import read_samples
from smeaton.service.hosted import Hosted
from smeaton.task.forms import form_of
from smeaton.task.types import Type

MOST = 5  # samples the page carries: its button shows one after another


def example_rows(model: Hosted, types: Mapping[str, Type], from_data: bool) -> list[dict[str, Any]]:
    """At least one row of the inputs `types`. Samples are synthesised from the profile of the training rows, so they
    are shown only if `from_data`.

    Raises:
        BundleError: the file of samples is damaged.
    """
    found = [sample.input for sample in read_samples(model.bundle)[:MOST]] if from_data else []
    rows = [row for row in found if row.keys() == types.keys()]  # the folder may hold its successor already
    return rows or [{name: example_value(kind) for name, kind in types.items()}]


def example_value(kind: Type) -> Any:
    """A plain value of a type, to show what a request looks like."""
    if kind.type == "category":
        if kind.labels:
            return kind.labels[0]
        return {"text": "a", "integer": 1, "boolean": True}[kind.base]
    if kind.type in ("number", "integer"):
        inside = 1.0 if kind.min is None else max(1.0, kind.min)
        inside = inside if kind.max is None else min(inside, kind.max)
        return int(inside) if kind.type == "integer" else float(inside)
    if kind.type == "vector":
        return [0.0] * int(form_of(kind).layout or 1)
    values = {"boolean": True, "timestamp": "2026-01-31T12:00:00Z", "list": [], "object": {}}
    return values.get(kind.type, "some text")
