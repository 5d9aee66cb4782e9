"""A text to the spans in it, or to an object of fields found in it: JSON values in an object column.

Arguments:

    kinds    labels of the kinds of spans, in the order of the weights (for fields: their names)
    spans    {kind, text}: names of the fields of a span with its kind and its piece of text, "" where there is none
    fields   the fields of an object (see `_tag_values.Field`); either `spans` or `fields` is given

One input (`text:<name>`), one output. Files: the five of `_tag_model` where there are kinds, then `tag.classes.npy`
(hashed words + 1, labels of all fields chosen for the whole text) float64 where there are such fields; the last row is
added to every text. Words are hashed as by the op `text`. A null text has no spans, and nothing but nulls for fields.
"""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._tag_model import FILES, TagModel, load_model
from smeaton.runtime.ops._tag_values import Field, reader
from smeaton.runtime.ops._words import word_vectors
from smeaton.runtime.program import Step
from smeaton.task.structure import END, START
from smeaton.task.table import Array, Table, object_column

#: Hash buckets of the words that fields are chosen by.
BUCKETS = 1024
CLASSES_FILE = "tag.classes.npy"
_ROWS = 2_000
_TIE = 1e-9  # pieces that are as sure but for rounding: the first one counts


class SpanNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of the fields of a span beside `start` and `end`; "" where there is none."""

    kind: str = ""
    text: str = ""


class TagArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The arguments of a `tag` step."""

    kinds: tuple[str | int | bool, ...] = ()
    spans: SpanNames | None = None
    fields: tuple[Field, ...] = ()


class Tagger:
    """Texts to JSON values. The fitted model and the loaded step are both this."""

    def __init__(self, args: TagArgs, model: TagModel | None, classes: Array | None) -> None:
        self.args, self.model, self.classes = args, model, classes
        self._read = {field.name: reader(field) for field in args.fields if not field.labels}

    def answers(self, texts: list[str | None], call: Call) -> list[Any]:
        """One JSON value a text; the deadline is looked at now and then."""
        found: list[Any] = []
        for start in range(0, len(texts), _ROWS):
            call.check()
            some = texts[start : start + _ROWS]
            found += self._spans(some, self.args.spans) if self.args.spans is not None else self._objects(some)
        return found

    def _spans(self, texts: list[str | None], names: SpanNames) -> list[Any]:
        found = []
        for text, spans in zip(texts, self.model.spans(texts) if self.model else (), strict=True):
            values = []
            for span in spans:
                value: dict[str, Any] = {names.kind: self.args.kinds[span.kind]} if names.kind else {}
                value |= {START: span.start, END: span.end}
                values.append(value | ({names.text: (text or "")[span.start : span.end]} if names.text else {}))
            found.append(values)
        return found

    def _objects(self, texts: list[str | None]) -> list[Any]:
        found: list[dict[str, Any]] = [{field.name: None for field in self.args.fields} for _ in texts]
        if self.model is not None:
            for text, value, spans in zip(texts, found, self.model.spans(texts, sure=True), strict=True):
                sure: dict[str, float] = {}
                for span in spans:
                    name = str(self.args.kinds[span.kind])
                    if span.sure <= sure.get(name, 0.0) + _TIE:
                        continue
                    read = self._read[name](text or "", span.start, span.end)
                    if read is not None:
                        value[name], sure[name] = read, span.sure
        if self.classes is not None:
            self._choose(texts, found, self.classes)
        return found

    def _choose(self, texts: list[str | None], found: list[dict[str, Any]], classes: Array) -> None:
        """Fill in the fields that are chosen for the whole text."""
        scores = word_vectors(texts, BUCKETS, (1, 2), ()) @ classes[:-1] + classes[-1]
        first = 0
        for field in self.args.fields:
            if not field.labels:
                continue
            picked = scores[:, first : first + len(field.labels)].argmax(axis=1)
            first += len(field.labels)
            for text, value, label in zip(texts, found, picked.tolist(), strict=True):
                value[field.name] = field.labels[label] if text else None

    def save(self, folder: Path) -> tuple[str, ...]:
        """Write the files; returns their names."""
        names = self.model.save(folder) if self.model else ()
        if self.classes is None:
            return names
        np.save(folder / CLASSES_FILE, self.classes, allow_pickle=False)
        return (*names, CLASSES_FILE)


class TagRunner:
    """A loaded `tag` step."""

    def __init__(self, step: Step, tagger: Tagger) -> None:
        self._input, self._output = step.inputs[0], step.outputs[0]
        self._tagger = tagger

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """JSON values of a text column."""
        return {self._output: object_column(self._tagger.answers(columns[self._input].tolist(), call))}


class TagOp:
    """Spans and fields of texts. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> TagRunner:
        """Read the weights.

        Raises:
            ProgramError: the arguments are wrong, or files are missing or do not fit them.
        """
        try:
            args = msgspec.convert(step.args, TagArgs)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a tag step are wrong: {error}") from error
        if len(step.inputs) != 1 or len(step.outputs) != 1:
            raise ProgramError("a tag step has one input and one output")
        if (args.spans is None) == (not args.fields) or (args.spans is not None and not args.kinds):
            raise ProgramError("a tag step answers either with `spans` of some kinds or with `fields`")
        if args.fields and {field.name for field in args.fields if not field.labels} != set(args.kinds):
            raise ProgramError("each field of a tag step is either one of its kinds or has labels")
        labels = sum(len(field.labels) for field in args.fields)
        wanted = len(FILES) * bool(args.kinds) + bool(labels)
        if len(step.files) != wanted:
            raise ProgramError(f"a tag step with these arguments has {wanted} files, not {len(step.files)}")
        paths = [files / name for name in step.files]
        model = load_model(paths[: len(FILES)], len(args.kinds)) if args.kinds else None
        return TagRunner(step, Tagger(args, model, _classes(paths[-1], labels) if labels else None))


def _classes(path: Path, labels: int) -> Array:
    try:
        classes: Array = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ProgramError(f"the file {path.name} cannot be read: {error}") from error
    if classes.shape != (BUCKETS + 1, labels):
        raise ProgramError(f"{path.name} has the shape {classes.shape}, not {(BUCKETS + 1, labels)}")
    return classes


part = TagOp()
