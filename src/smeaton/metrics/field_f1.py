"""Field F1: micro F1 over the fields of objects; a field is right if its value is that of the target.

A field that is null in the answer says nothing, one that is null in the target should not be said; so a right null
counts neither for nor against. An answer that is no object, where one is expected, is all wrong.
"""

from collections.abc import Mapping
from typing import Any

from smeaton.metrics._row import RowMetric
from smeaton.metrics._spans import Counts, counted, f1, same


def _counts(given: Any, true: Any) -> Counts | None:
    if given is None and true is None:
        return 0.0, 0.0, 0.0
    if not isinstance(given, Mapping):
        return None
    said, wanted = _said(given), _said(true or {})
    right = sum(name in said and same(said[name], value) for name, value in wanted.items())
    return float(right), float(len(said)), float(len(wanted))


def _said(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if part is not None}


part = RowMetric("higher", ("structure",), "prediction", "share", 1.0, counted(_counts), f1)
