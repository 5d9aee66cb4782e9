"""Rows as the tagger learns from them: texts, JSON values, tags of the tokens, and what of the values was not there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.data.fold import Rows
from smeaton.families._parts import recipe
from smeaton.families._tag_align import locate_fields, tag_spans
from smeaton.families._tag_classes import labelled
from smeaton.families._tag_train import Tagged
from smeaton.runtime.ops._features import text_output
from smeaton.runtime.ops._tag_chain import spans_of
from smeaton.runtime.ops._tag_model import TagModel
from smeaton.runtime.ops._tag_values import Field
from smeaton.runtime.ops._tag_words import read_tokens
from smeaton.runtime.ops.tag import SpanNames, TagArgs
from smeaton.task.structure import text_field
from smeaton.task.table import Table
from smeaton.task.task import Task
from smeaton.task.types import Type

#: Types of fields that are found as pieces of the text, and that are chosen for the whole text.
PIECES = ("text", "number", "integer", "timestamp")
CHOSEN = ("category", "boolean")
_JUDGED = 1_000  # rows that a model is judged on after each epoch


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows with their tags; `args` are the step's with what these rows tell of the fields; `lost` says in words what of
    the values could not be learnt, '' if all could."""

    texts: list[str | None]
    values: list[Any]
    tagged: Tagged
    args: TagArgs
    lost: str


def texts_of(task: Task, rows: Table) -> list[str | None]:
    """The texts of typed rows."""
    table = recipe(task)
    found: list[str | None] = table.columns(rows)[text_output(table.texts[0])].tolist()
    return found


def parts_of(kind: Type) -> Mapping[str, Type]:
    """The fields of an object, or of the objects in a list."""
    part = kind.of if kind.type == "list" else kind
    return (part.fields if part is not None else None) or {}


def label_rows(task: Task, rows: Rows, every: Sequence[Any]) -> Labelled:
    """Tag rows; `every` are all values there are, for labels that the task does not state."""
    texts, values = texts_of(task, rows.x), rows.y.tolist()
    tokens = read_tokens(texts)
    weight = np.ones(len(texts)) if rows.weight is None else rows.weight / max(rows.weight.mean(), 1e-300)
    if task.output_type.type == "list":
        args, kind = _span_args(task.output_type, every)
        tags, lost = tag_spans(texts, tokens, values, kind, args.kinds)
        note = f"{lost} spans overlap others or do not begin and end with a token" if lost else ""
        return Labelled(texts, values, Tagged(tokens, tags, weight, len(args.kinds)), args, note)
    fields = [Field(name=name, type=kind) for name, kind in parts_of(task.output_type).items()]
    pieces = [field for field in fields if field.type.type in PIECES]
    tags, read, missing = locate_fields(texts, tokens, values, pieces)
    known = {field.name: field for field in read}
    made = tuple(known.get(field.name) or labelled(field, every) for field in fields)
    args = TagArgs(kinds=tuple(known), fields=made)
    counts = ", ".join(f"{count} of {name!r}" for name, count in missing.items())
    note = f"values that do not stand in their text: {counts}" if counts else ""
    return Labelled(texts, values, Tagged(tokens, tags, weight, len(pieces)), args, note)


def _span_args(kind: Type, every: Sequence[Any]) -> tuple[TagArgs, str]:
    """The arguments for a list of spans, and the name of the field with the kind."""
    name, form = next(((name, part) for name, part in parts_of(kind).items() if part.type == "category"), ("", None))
    labels: Sequence[Any] = ("",)
    if form is not None:
        met = {span[name] for value in every for span in value or ()}
        labels = [label for label in form.labels or sorted(met) if label in met] or list(form.labels or ("",))
    return TagArgs(kinds=tuple(labels), spans=SpanNames(name, text_field(kind) or "")), name


class Judge:
    """How well a model tags rows that were kept back: F1 over whole spans, at most `_JUDGED` rows."""

    def __init__(self, rows: Labelled) -> None:
        self._texts = rows.texts[:_JUDGED]
        tokens, kinds = rows.tagged.tokens, rows.tagged.kinds
        self._truth = []
        for row in range(len(self._texts)):
            first, last = int(tokens.ends[row]), int(tokens.ends[row + 1])
            found = spans_of(rows.tagged.tags[first:last], kinds)
            starts, stops = tokens.start[first:last], tokens.stop[first:last]
            self._truth.append({(kind, int(starts[a]), int(stops[b - 1])) for kind, a, b in found})

    def __call__(self, model: TagModel) -> tuple[float, float]:
        """The share that is right, 0 to 1, and about its standard error."""
        right = said = 0
        for spans, truth in zip(model.spans(self._texts), self._truth, strict=True):
            right += len(truth.intersection((span.kind, span.start, span.end) for span in spans))
            said += len(spans)
        every = said + sum(map(len, self._truth))
        share = 2 * right / every if every else 1.0
        return share, math.sqrt(share * (1 - share) / max(1, every // 2))
