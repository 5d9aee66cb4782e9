"""What the families for tables share: feature steps from types alone, rows, and a model wrapped as a Program.

A *recipe* follows from the pinned input types and nothing else, so all programs of one task begin with the same steps
and can be merged. What is learnt from rows (category maps, scales, weights) lies in the graph behind them.
"""

import hashlib
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from smeaton import plugins
from smeaton.data.fold import Rows
from smeaton.families import Refusal
from smeaton.runtime.call import Call
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS, PARTS, text_output, words_output
from smeaton.runtime.ops.labels import choose
from smeaton.runtime.program import Program, Step
from smeaton.task.parts import Part, parts_of
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, rows_in, take
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.encode import Layout
    from smeaton.compile.graph import Graph

#: Hash buckets of one text column.
BUCKETS = 256
MODEL_FILE = "model.onnx"
#: Config key that ends a repeated fit at the step where the clock ended it before.
STEPS = "_steps"

_AS_NUMBER = ("number", "integer", "boolean")
_READS = (*_AS_NUMBER, "timestamp", "category", "text")
_IN_PARTS = ("json", "object", "list", "series", "vector")
_CHUNK = 50_000  # rows answered at once: bounds the memory of a prediction

#: Encoded rows: the outputs of the feature steps. `numbers` (rows, p) float64 with NaN nulls, `categories` (rows, q)
#: text with a stand-in for null, `words:<name>` (rows, buckets) float32; what a recipe lacks is not there.
Features = Mapping[str, Array]


def refuse(task: Task, many: bool = False, *, quantile: bool = False) -> Refusal | None:
    """Why a family for tables cannot work on a task, None if it can. `many`: any number of labels is an answer too,
    `quantile`: a quantile of numbers is."""
    other = {name: form.type for name, form in task.input_types.items() if form.type not in (*_READS, *_IN_PARTS)}
    if other:
        name, kind = next(iter(other.items()))
        return Refusal(
            f"it reads numbers, dates, categories, text and their lists; the input {name!r} is of type {kind!r}"
        )
    if not any(form.type in _READS or parts_of(name, form) for name, form in task.input_types.items()):
        return Refusal("its inputs are JSON of no one shape: state their fields, {type: json, fields: {...}}")
    if not task.input_types:
        return Refusal("there is no input left to learn from")
    if task.is_class or (many and task.answer == "many"):
        return None if len(task.labels) >= 2 else Refusal("the output has fewer than two labels")
    if task.output_type.type not in ("number", "integer"):
        return Refusal(f"it answers with numbers and classes; the output is of type {task.output_type.type!r}")
    if task.output_type.quantile is not None and not quantile:
        return Refusal("it answers with the number to expect; the task asks for a quantile")
    if task.output_type.horizon is not None:
        return Refusal("it answers with one number, not with a forecast of many steps")
    return None


def outdone(task: Task, name: str) -> Refusal | None:
    """Why the family of that name leaves a task to the text families, None if it does not: where all inputs are texts
    they learn from every word. A task that names the family gets it."""
    texts = all(form.type == "text" for form in task.input_types.values())
    if not texts or name in (task.solutions.only or ()):
        return None
    return Refusal(f"every input is text: it would see {BUCKETS} buckets of words, `tfidf` sees them all")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The feature steps of a task. `types` are the inputs used and what stands in them (`parts`, in plain form: fields
    of objects, ranks ...); `numbers` are one of these, or a part of a timestamp."""

    types: Mapping[str, Any]
    numbers: tuple[dict[str, str], ...]
    categories: tuple[str, ...]
    texts: tuple[str, ...]
    parts: tuple[dict[str, Any], ...] = ()

    def steps(self) -> tuple[Step, ...]:
        """The `table` step, and a `text` step for each text column."""
        outputs = [NUMBERS] * bool(self.numbers) + [CATEGORIES] * bool(self.categories)
        made = {part["name"] for part in self.parts}
        columns = {name: form for name, form in self.types.items() if name not in made}
        table = Step(
            op="table",
            inputs=tuple(columns),
            outputs=(*outputs, *(text_output(name) for name in self.texts)),
            args={
                "columns": [{"name": name, "type": form} for name, form in columns.items()],
                **({"parts": list(self.parts)} if self.parts else {}),
                "numbers": list(self.numbers),
                "categories": list(self.categories),
                "texts": list(self.texts),
            },
        )
        return (table, *(_text_step(name) for name in self.texts))

    def features(self, rows: Table) -> Features:
        """Encode typed rows by the very ops that serve. Texts seen before in this process are not hashed again."""
        _, *texts = self.steps()
        found = dict(self.columns(rows))
        for step in texts:
            found[step.outputs[0]] = _words(step, found.pop(step.inputs[0]))
        return found

    def columns(self, rows: Table) -> Features:
        """The outputs of the `table` step alone: `numbers`, `categories`, and `text:<name>` with the texts as such."""
        table = self.steps()[0]
        return _run(table, {name: rows[name] for name in table.inputs})

    @property
    def layout(self) -> "Layout":
        """The features as the compiler orders them in one matrix."""
        from smeaton.compile.encode import Layout

        return Layout(len(self.numbers), len(self.categories), dict.fromkeys(self.texts, BUCKETS))


def recipe(task: Task) -> Recipe:
    """The recipe of a pinned task. What stands in a column comes behind all columns."""
    numbers: list[dict[str, str]] = []
    categories, texts = list[str](), list[str]()
    parts = _named_parts(task)
    kinds = task.input_types | {part.name: part.type for part in parts}
    for name, form in kinds.items():
        if form.type in _AS_NUMBER:
            numbers.append({"column": name})
        elif form.type == "timestamp":
            numbers.extend({"column": name, "part": part} for part in PARTS)
        elif form.type == "category":
            categories.append(name)
        elif form.type == "text":
            texts.append(name)
    forms = {name: msgspec.to_builtins(form) for name, form in kinds.items()}
    made = tuple(msgspec.to_builtins(part) for part in parts)
    return Recipe(forms, tuple(numbers), tuple(categories), tuple(texts), made)


def _named_parts(task: Task) -> list[Part]:
    """What stands in the inputs, under names that no input has."""
    found, taken = list[Part](), set(task.input_types)
    for name, form in task.input_types.items():
        for part in parts_of(name, form):
            own = part.name
            while own in taken:
                own += "'"
            taken.add(own)
            found.append(msgspec.structs.replace(part, name=own))
    return found


def _text_step(name: str) -> Step:
    return Step(
        op="text",
        inputs=(text_output(name),),
        outputs=(words_output(name),),
        args={"buckets": BUCKETS, "words": [1], "chars": []},
    )


def _run(step: Step, columns: Table) -> Mapping[str, Array]:
    """One pure step on columns."""
    runner = plugins.load("ops", step.op).load(step, Path(), None)
    found: Mapping[str, Array] = runner(columns, Call())
    return found


_KEPT: "OrderedDict[bytes, Array]" = OrderedDict()
_KEPT_BYTES = 512_000_000


def _words(step: Step, text: Array) -> Array:
    """Hashed words of a text column, from memory if the same texts were hashed before: fits on one fold share them."""
    digest = hashlib.blake2b(msgspec.json.encode(step.args))
    for value in text.tolist():
        digest.update(b"\0" if value is None else b"\1" + str(value).encode("utf-8", "surrogatepass"))
    key = digest.digest()
    if key not in _KEPT:
        _KEPT[key] = _run(step, {step.inputs[0]: text})[step.outputs[0]]
        while len(_KEPT) > 1 and sum(kept.nbytes for kept in _KEPT.values()) > _KEPT_BYTES:
            _KEPT.popitem(last=False)
    _KEPT.move_to_end(key)
    return _KEPT[key]


class Model(ABC):
    """Base of a fitted family whose answers come from one graph over a recipe's features.

    `steps` is how many steps the fit took, `note` says what did not go as planned (the clock ended it, rows were left
    out), '' if all did. `refit` is the change of configuration that fits the same again without rows to stop on.
    """

    steps: int = 0
    note: str = ""
    refit: dict[str, Any] | None = None

    def __init__(self, task: Task) -> None:
        self.task = task
        self.recipe = recipe(task)

    def encode(self, rows: Table) -> Features:
        """The features that `answers` and `write` work on. A family with steps of its own runs them here."""
        return self.recipe.features(rows)

    def added(self, folder: Path) -> tuple[Step, ...]:
        """Steps of its own behind those of the recipe (pure; what was fitted lies in files written into `folder`)."""
        return ()

    @abstractmethod
    def answers(self, features: Features) -> Array:
        """Probabilities (rows, labels), or numbers (rows,)."""

    @abstractmethod
    def write(self, graph: "Graph") -> str:
        """The same as a value of a graph over the features: (rows, labels), or (rows, 1) for numbers."""

    def predict(self, rows: Table) -> Table:
        """Answers for typed rows."""
        found = [self.answers(self.encode(some)) for some in _chunks(rows)]
        return answer_table(self.task, np.concatenate(found))

    def export(self, folder: Path) -> Program:
        """Write the graph and return the program: the feature steps it needs, the graph, for classes the labels."""
        from smeaton.compile.export import assemble
        from smeaton.compile.graph import Graph

        graph = Graph()
        value = self.write(graph)
        labelled = bool(self.task.labels)
        name = PROBABILITY if labelled else PREDICTION
        if labelled:
            graph.output(name, value, len(self.task.labels))
        else:
            graph.output(name, graph.node("Squeeze", [value, graph.constant([1], np.int64)]), None)
        folder.mkdir(parents=True, exist_ok=True)
        graph.save(folder / MODEL_FILE)
        step = Step(op="onnx", inputs=graph.inputs(), outputs=(name,), files=(MODEL_FILE,))
        return assemble(self.task, (*self.recipe.steps(), *self.added(folder)), step)


def first_feature(graph: "Graph", layout: "Layout") -> str:
    """One of the features as a value of the graph: numbers or categories where there are any (words cost more)."""
    name = layout.inputs[0]
    if name == NUMBERS:
        return graph.input(name, "double", layout.numbers)
    return graph.input(name, "string", layout.categories) if name == CATEGORIES else graph.input(name, "float", BUCKETS)


def _chunks(rows: Table) -> Iterator[Table]:
    size = rows_in(rows)
    if size <= _CHUNK:
        yield rows
        return
    for start in range(0, size, _CHUNK):
        yield take(rows, np.arange(start, min(size, start + _CHUNK)))


def answer_table(task: Task, answers: Array) -> Table:
    """Probabilities or numbers as a table of answers."""
    from smeaton.compile.export import label_rule

    if not task.labels:
        return {PREDICTION: answers}
    return {PREDICTION: choose(answers, task.labels, label_rule(task)), PROBABILITY: answers}


def some_rows(rows: Rows, share: float, seed: int, classes: bool) -> Rows:
    """A random share of the rows, in their order; of a class at least one row stays. Deterministic in the seed."""
    if share >= 1 or len(rows) == 0:
        return rows
    rank = np.random.default_rng([seed, 71]).random(len(rows))
    keep = np.zeros(len(rows), dtype=bool)
    groups = [np.flatnonzero(rows.y == code) for code in np.unique(rows.y)] if classes else [np.arange(len(rows))]
    for own in groups:
        keep[own[np.argsort(rank[own], kind="stable")[: max(1, round(share * len(own)))]]] = True
    return rows.take(np.flatnonzero(keep))


def join_rows(one: Rows, other: Rows) -> Rows:
    """Rows one below the other."""

    def both(first: Array | None, second: Array | None) -> Array | None:
        return None if first is None or second is None else np.concatenate([first, second])

    x = {name: np.concatenate([column, other.x[name]]) for name, column in one.x.items()}
    index = np.concatenate([one.index, other.index])
    weight, group, time = (both(getattr(one, name), getattr(other, name)) for name in ("weight", "group", "time"))
    return Rows(x, np.concatenate([one.y, other.y]), weight, index, group, time)
