"""ONNX files of others: read with care, and put behind the `table` op as one graph.

A file is taken if it is whole (onnx.checker), has its weights inside, and is made of operators of the two standard
domains that end and draw nothing at random. Nothing of it is changed: columns are gathered and cast in front of it, its
answer is cast to double behind it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.compile.estimators.cells import Cell
from smeaton.compile.graph import ML
from smeaton.errors import ProgramError
from smeaton.extras import needs
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS
from smeaton.task.table import PREDICTION, PROBABILITY, Array

MOST_BYTES = 500_000_000
PREFIX = "own/"
#: Operators that may not end, that draw at random, or that are of training.
_REFUSED = frozenset({
    "Loop", "Scan", "SequenceMap", "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike", "ImageDecoder", "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss",
})  # fmt: skip
_CLASSIFIERS = ("ZipMap", "LinearClassifier", "TreeEnsembleClassifier", "SVMClassifier")
_SAVE = "export the model again"
_FLOAT, _INT32, _INT64, _TEXT, _BOOL, _DOUBLE = 1, 6, 7, 8, 9, 11  # onnx.TensorProto
_DTYPES: dict[int, Any] = {
    _FLOAT: np.float32, _INT32: np.int32, _INT64: np.int64, _TEXT: object, _BOOL: bool, _DOUBLE: np.float64,
}  # fmt: skip
_INT32_ENDS = (-(2.0**31), 2.0**31 - 1)


@dataclass(frozen=True, slots=True)
class Entry:
    """An input of a model: what its elements are (`onnx.TensorProto`), how many columns it takes (None: any), and
    whether it is a vector."""

    name: str
    kind: int
    width: int | None
    flat: bool

    @property
    def text(self) -> bool:
        """Whether it takes text."""
        return self.kind == _TEXT

    @property
    def whole(self) -> bool:
        """Whether its elements are whole numbers or booleans, which have no null."""
        return self.kind in (_INT32, _INT64, _BOOL)

    def fed(self, features: Mapping[str, Array], cells: Sequence[Cell]) -> Array:
        """What goes into it: some columns of the `table` op's matrices."""
        matrix = features[cells[0].value][:, [cell.place for cell in cells]]
        if self.kind == _INT32:
            matrix = np.clip(matrix, *_INT32_ENDS)
        with np.errstate(all="ignore"):  # beyond single precision lies infinity, in the graph too
            cast = matrix if self.text else matrix.astype(_DTYPES[self.kind])
        return cast[:, 0] if self.flat else cast


@dataclass(frozen=True, slots=True)
class Answer:
    """The output of a model that counts. `kind`: `chances` (rows, classes), or one column of those of the second
    class; `labels` (a label a row); `number`. `mapped`: it is a list of mappings, made of the tensor `name` inside."""

    name: str
    kind: str
    width: int = 1
    mapped: bool = False


class OnnxFile:
    """A model that may run here. `classes` are those that it names ([] where it names none)."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.model = _loaded(path)
        known = {tensor.name for tensor in self.model.graph.initializer}
        self.entries = tuple(_entry(one) for one in self.model.graph.input if one.name not in known)
        self.classes = _classes(self.model)
        self._session: Any = None

    def run(self, feed: Mapping[str, Array]) -> dict[str, Any]:
        """What the model as it is answers, by the names of its outputs.

        Raises:
            ProgramError: onnxruntime refuses it, or what goes into it.
        """
        import onnxruntime

        try:
            if self._session is None:
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = options.inter_op_num_threads = 1
                options.log_severity_level = 4
                data = self.model.SerializeToString()
                self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            found = self._session.run(None, dict(feed))
        except Exception as error:
            raise ProgramError(f"onnxruntime refuses it: {' '.join(str(error).split())[:300]}", fix=_RUNS) from error
        return dict(zip([one.name for one in self._session.get_outputs()], found, strict=True))

    def answer(self, found: Mapping[str, Any], rows: int, labels: int) -> Answer:
        """Which output counts, seen from what it answered to some rows. `labels`: how many there are, 0 for a number.

        Raises:
            ProgramError: none does, or several do.
        """
        floats = {name: one for name, one in found.items() if isinstance(one, np.ndarray) and one.dtype.kind == "f"}
        shaped = {name: one.reshape(rows, -1) for name, one in floats.items() if one.size and one.size % rows == 0}
        if labels:
            for node in self.model.graph.node:
                if node.op_type == "ZipMap" and node.output[0] in found:
                    return Answer(node.input[0], "chances", len(self.classes), mapped=True)
            fitting = [name for name, one in shaped.items() if one.shape[1] == labels]
            fitting = fitting or [name for name, one in shaped.items() if one.shape[1] == 1 and labels == 2]
            if len(fitting) == 1:
                return Answer(fitting[0], "chances", shaped[fitting[0]].shape[1])
            plain = [name for name, one in found.items() if isinstance(one, np.ndarray) and one.dtype.kind in "iOU"]
            if len(plain) == 1 and not fitting and not shaped:
                return Answer(plain[0], "labels")
        else:
            fitting = [name for name, one in shaped.items() if one.shape[1] == 1]
            if len(fitting) == 1:
                return Answer(fitting[0], "number")
        outputs = ", ".join(f"{name} {_shape(one)}" for name, one in found.items())
        what = f"probabilities of {labels} labels" if labels else "a number for each row"
        raise ProgramError(f"none of its outputs, or several, are {what}: {outputs}", fix=_OUTPUT)

    def wrapped(
        self,
        feeds: Sequence[tuple[Entry, Sequence[Cell]]],
        widths: Mapping[str, int],
        answer: Answer,
        places: Sequence[int],
        classes: Sequence[Any],
    ) -> tuple[bytes, tuple[str, ...]]:
        """The model between the matrices of the `table` op and `probability` or `prediction`, in double; and the names
        of the matrices it reads. `places` are those of the task's labels among the `classes`."""
        return _Wrapper(self.model).write(feeds, widths, answer, places, classes)


_RUNS = "check that it answers a batch of rows in onnxruntime, and export it with a batch axis of any length"
_OUTPUT = "export it with one output: probabilities (rows, labels), or numbers (rows, 1)"


class _Wrapper:
    """A copy of a model, its names set apart, while columns and answers are added around it."""

    def __init__(self, model: Any) -> None:
        with needs("build"):
            import onnx
            from onnx import compose
        self.onnx = onnx
        self.model = compose.add_prefix(model, PREFIX)
        self.before: list[Any] = []
        self.after: list[Any] = []

    def write(
        self,
        feeds: Sequence[tuple[Entry, Sequence[Cell]]],
        widths: Mapping[str, int],
        answer: Answer,
        places: Sequence[int],
        classes: Sequence[Any],
    ) -> tuple[bytes, tuple[str, ...]]:
        graph, describe = self.model.graph, self.onnx.helper.make_tensor_value_info
        for entry, cells in feeds:
            self._feed(entry, cells)
        used = tuple(name for name in (NUMBERS, CATEGORIES) if any(cells[0].value == name for _, cells in feeds))
        del graph.input[:]
        kinds = {NUMBERS: _DOUBLE, CATEGORIES: _TEXT}
        graph.input.extend(describe(name, kinds[name], ["rows", widths[name]]) for name in used)
        self.model.ir_version = max(4, self.model.ir_version)  # from there on weights need not be inputs too
        name = self._answer(answer, places, classes)
        del graph.output[:]
        shape = ["rows"] if name == PREDICTION else ["rows", len(places)]
        graph.output.append(describe(name, _DOUBLE, shape))
        nodes = [*self.before, *(node for node in graph.node if node.op_type != "ZipMap"), *self.after]
        del graph.node[:]
        graph.node.extend(nodes)
        if not any(one.domain == ML for one in self.model.opset_import):
            self.model.opset_import.append(self.onnx.helper.make_opsetid(ML, 3))
        del graph.value_info[:]
        self.onnx.checker.check_model(self.model)
        return self.model.SerializeToString(deterministic=True), used

    def constant(self, value: Any, dtype: Any) -> str:
        name = f"added{len(self.model.graph.initializer)}"
        tensor = self.onnx.numpy_helper.from_array(np.asarray(value, dtype=dtype), name)
        self.model.graph.initializer.append(tensor)
        return name

    def node(self, where: list[Any], op: str, inputs: Sequence[str], output: str = "", **more: Any) -> str:
        name = output or f"added{len(self.before)}_{len(self.after)}"
        where.append(self.onnx.helper.make_node(op, list(inputs), [name], **more))
        return name

    def _feed(self, entry: Entry, cells: Sequence[Cell]) -> None:
        front, target = self.before, PREFIX + entry.name
        where = self.constant([cell.place for cell in cells], np.int64)
        value = self.node(front, "Gather", [cells[0].value, where], axis=1)
        if entry.kind == _INT32:
            for op, end in zip(("Max", "Min"), _INT32_ENDS, strict=True):
                value = self.node(front, op, [value, self.constant(end, np.float64)])
        if not entry.text:
            value = self.node(front, "Cast", [value], to=entry.kind)
        shape = [-1] if entry.flat else [-1, len(cells)]
        self.node(front, "Reshape", [value, self.constant(shape, np.int64)], target)

    def _answer(self, answer: Answer, places: Sequence[int], classes: Sequence[Any]) -> str:
        back, value = self.after, PREFIX + answer.name
        if answer.kind == "number":
            value = self.node(back, "Cast", [value], to=_DOUBLE)
            return self.node(back, "Reshape", [value, self.constant([-1], np.int64)], PREDICTION)
        if answer.kind == "labels":
            value = self._certain(value, classes)
        else:
            value = self.node(back, "Cast", [value], to=_DOUBLE)
            value = self.node(back, "Reshape", [value, self.constant([-1, answer.width], np.int64)])
            if answer.width == 1:
                other = self.node(back, "Sub", [self.constant(1.0, np.float64), value])
                value = self.node(back, "Concat", [other, value], axis=1)
        return self.node(back, "Gather", [value, self.constant(places, np.int64)], PROBABILITY, axis=1)

    def _certain(self, value: str, classes: Sequence[Any]) -> str:
        """1 for the label that was answered, 0 for the others."""
        back, count = self.after, len(classes)
        text = isinstance(classes[0], str)
        name = "keys_strings" if text else "keys_int64s"
        keys: dict[str, Any] = {name: [one if text else int(one) for one in classes]}
        place = self.node(
            back, "LabelEncoder", [value], domain=ML, values_int64s=list(range(count)), default_int64=count, **keys
        )
        place = self.node(back, "Reshape", [place, self.constant([-1], np.int64)])
        return self.node(back, "Gather", [self.constant(np.eye(count + 1)[:, :count], np.float64), place], axis=0)


def _loaded(path: Path) -> Any:
    """The model of a file, checked.

    Raises:
        ProgramError: it is none, or holds what may not run.
    """
    with needs("build"):
        import onnx
    if path.stat().st_size > MOST_BYTES:
        raise ProgramError(f"it has more than {MOST_BYTES:,} bytes", fix="export a smaller model")
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except Exception as error:
        raise ProgramError("it is no ONNX model", fix=_SAVE) from error
    if not model.graph.node:
        raise ProgramError("it is no ONNX model: it has no operators", fix=_SAVE)
    if model.functions:
        raise ProgramError("it holds functions of its own", fix="export it with them inlined")
    for graph in _graphs(model.graph):
        _check_graph(graph, onnx)
    try:
        onnx.checker.check_model(model)
    except Exception as error:
        raise ProgramError(f"it is not whole: {' '.join(str(error).split())[:300]}", fix=_SAVE) from error
    return model


def _check_graph(graph: Any, onnx: Any) -> None:
    external = onnx.TensorProto.EXTERNAL
    tensors = [*graph.initializer, *(one.t for node in graph.node for one in node.attribute if one.HasField("t"))]
    if any(tensor.data_location == external for tensor in tensors) or graph.sparse_initializer:
        raise ProgramError("its weights lie in other files", fix="save it with all of its data inside")
    for node in graph.node:
        domain = "" if node.domain == "ai.onnx" else node.domain
        if domain not in ("", ML) or not onnx.defs.has(node.op_type, domain):
            raise ProgramError(
                f"the operator {node.domain or 'ai.onnx'}.{node.op_type} is none of the standard ones",
                fix="export it with operators of ai.onnx and ai.onnx.ml alone",
            )
        if node.op_type in _REFUSED:
            raise ProgramError(
                f"the operator {node.op_type} is refused: it may not end, draws at random, or is of training",
                fix="export the model for inference",
            )


def _graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _graphs(inner)


def _entry(one: Any) -> Entry:
    form = one.type.tensor_type
    dims = [dim.dim_value if dim.HasField("dim_value") else None for dim in form.shape.dim]
    if form.elem_type not in _DTYPES or not form.HasField("shape") or len(dims) not in (1, 2):
        raise ProgramError(
            f"its input {one.name!r} is no table of numbers or texts", fix="export it with inputs (rows, columns)"
        )
    if dims[0] not in (None, 0):
        raise ProgramError(f"its input {one.name!r} takes {dims[0]} rows at a time", fix=_RUNS)
    return Entry(one.name, form.elem_type, dims[1] or None if len(dims) == 2 else 1, len(dims) == 1)


def _classes(model: Any) -> list[Any]:
    """The classes that its operators name, [] if none do or they differ."""
    found: list[list[Any]] = []
    for node in model.graph.node:
        if node.op_type in _CLASSIFIERS:
            for one in node.attribute:
                texts = [text.decode() for text in one.strings]
                if one.name.startswith("classlabels_") and (texts or one.ints) and [*texts, *one.ints] not in found:
                    found.append([*texts, *one.ints])
    return found[0] if len(found) == 1 else []


def _shape(one: Any) -> str:
    return f"({', '.join(map(str, one.shape))})" if isinstance(one, np.ndarray) else "(a list of mappings)"
