"""Span F1: micro F1 over spans; a span is right if it is one of the target's: start, end, kind.

Where the target's span repeats its piece of text, the answer's must too; a null in the target is not compared. Each
span of the target is found once at most. An answer that is no list of spans is all wrong.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from smeaton.metrics._row import RowMetric
from smeaton.metrics._spans import Counts, counted, f1, same
from smeaton.task.structure import END, START


def _counts(given: Any, true: Any) -> Counts | None:
    true = true or []
    if not isinstance(given, list) or not all(map(_is_span, given)):
        return None
    open_spans = defaultdict[tuple[int, int], list[Mapping[str, Any]]](list)
    for span in given:
        open_spans[span[START], span[END]].append(span)
    right = 0
    for span in true:
        there = open_spans[span[START], span[END]]
        found = next((place for place, other in enumerate(there) if _agrees(other, span)), None)
        if found is not None:
            there.pop(found)
            right += 1
    return float(right), float(len(given)), float(len(true))


def _is_span(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(value.get(name), int) and not isinstance(value[name], bool) for name in (START, END)
    )


def _agrees(given: Mapping[str, Any], true: Mapping[str, Any]) -> bool:
    return all(part is None or same(given.get(name), part) for name, part in true.items())


part = RowMetric("higher", ("structure",), "prediction", "share", 1.0, counted(_counts), f1)
