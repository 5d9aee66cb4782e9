"""Keras's files: `config.json` is the graph, `model.weights.h5` holds the weights.

The layout is that of Keras 3 (`keras.src.saving.saving_lib`): the variables of a layer lie under
`layers/<class in snake case>[_<number>]/vars/<number>`, counted in the order of the layers in the configuration; those
of a model inside another under the path of that.
"""

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.compile.networks.archive import Archive, guarded
from smeaton.compile.networks.keras_layers import OPERATIONS, Layer, apply_layer, known_layer
from smeaton.compile.networks.tape import Tape, Value
from smeaton.errors import ProgramError
from smeaton.extras import needs
from smeaton.task.table import Array

_AGAIN = 'save it with Keras 3: model.save("model.keras")'
_MODELS = ("Sequential", "Functional", "Model")


def read_keras(path: Path) -> Tape:
    """The network of a `.keras` file.

    Raises:
        ProgramError: it is none, or holds what is not read here.
        ExtraMissing: h5py is not installed.
    """
    found: Tape = guarded(_read, path, "Keras", _AGAIN)
    return found


def _read(path: Path) -> Tape:
    with needs("keras"):
        import h5py
    with Archive(path, "Keras", _AGAIN) as archive:
        document, weights = archive.json("config.json"), archive.bytes("model.weights.h5")
    try:
        file = h5py.File(io.BytesIO(weights), "r")
    except OSError as error:
        raise ProgramError(f"its weights are no HDF5: {error}", fix=_AGAIN) from error
    with file:
        tape, store = Tape(), _Weights(file)
        inputs = {name: tape.input(name, width) for name, width in _inputs(document)}
        outputs = _model(tape, document, "", store, list(inputs.values()))
    if len(outputs) != 1:
        raise ProgramError(f"it has {len(outputs)} outputs", fix="save a model with one")
    tape.output = outputs[0]
    return tape


class _Weights:
    """The variables of layers, by the paths of their groups."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def of(self, path: str) -> list[Array]:
        """All variables of a layer, in order, as float64.

        Raises:
            ProgramError: they lie in other files, or are no numbers.
        """
        found: list[Array] = []
        group = self._inside(f"{path}/vars".lstrip("/"))
        while group is not None and str(len(found)) in group:
            place = f"{path}/vars/{len(found)}".lstrip("/")
            dataset = self._inside(place)
            if dataset.external or dataset.is_virtual or dataset.dtype.kind not in "fiub":
                raise ProgramError(f"its weights {place} lie in another file, or are no numbers", fix=_AGAIN)
            found.append(np.asarray(dataset[()], dtype=np.float64))
        return found

    def name(self, path: str) -> str:
        """The name of the layer at a path, '' where the file does not say."""
        group = self._inside(f"{path}/vars")
        return "" if group is None else str(group.attrs.get("name", ""))

    def _inside(self, path: str) -> Any:
        """What lies at a path, None where nothing does. A link may lead to another file: none is followed."""
        import h5py

        here = self._file
        for part in path.split("/"):
            link = here.get(part, getlink=True) if isinstance(here, h5py.Group) and part in here else None
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise ProgramError(f"its weights {path} are a link to elsewhere", fix=_AGAIN)
            here = here[part]
        return here


def _inputs(document: Any) -> Iterator[tuple[str, int]]:
    """Names and widths of a model's inputs, in order.

    Raises:
        ProgramError: it has none, or one that is no table of numbers.
    """
    _check_model(document)
    config = document["config"]
    layers = {one["config"]["name"]: one for one in config["layers"] if one["class_name"] == "InputLayer"}
    names = list(layers)[:1]
    if document["class_name"] != "Sequential":
        names = [name for name, _, _ in _histories(config["input_layers"])]
    if not names:
        raise ProgramError("the model has no inputs yet", fix="give its first layer an Input, or fit it, and save it")
    for name in names:
        about = layers[name]["config"]
        shape = list(about.get("batch_shape") or about["batch_input_shape"])
        numeric = re.fullmatch(r"float\d+|u?int\d+|bool", str(about.get("dtype") or "float32"))
        if numeric is None or len(shape) not in (1, 2) or shape[0] is not None or None in shape[1:]:
            raise ProgramError(
                f"its input {name!r} takes {about.get('dtype')} of shape {shape}, which is no table of numbers",
                fix="save a model with inputs of shape (None, columns)",
            )
        yield name, int(shape[1]) if len(shape) == 2 else 0


def _check_model(document: Any) -> None:
    known = document["class_name"] in _MODELS and str(document.get("module", "")).split(".")[0] == "keras"
    if not known or document.get("registered_name") not in (None, document["class_name"]):
        raise ProgramError(
            f"{document['class_name']} is a model of your own class, which is code",
            fix="save a Sequential or functional model, or export it to ONNX",
        )


def _model(tape: Tape, document: Any, path: str, store: _Weights, given: list[Value]) -> list[Value]:
    """A model's outputs."""
    _check_model(document)
    config = document["config"]
    layers = list(_placed(config["layers"], path, store))
    if document["class_name"] == "Sequential":
        found = given
        for layer in layers:
            found = found if layer.kind == "InputLayer" else _called(tape, layer, found, {}, store)
        return found
    known: dict[tuple[str, int, int], Value] = {
        (name, node, place): value
        for (name, node, place), value in zip(_histories(config["input_layers"]), given, strict=True)
    }
    _walk(tape, layers, known, store)
    return [known[one] for one in _histories(config["output_layers"])]


def _walk(tape: Tape, layers: list[Layer], known: dict[tuple[str, int, int], Value], store: _Weights) -> None:
    """Call each layer as often as its nodes say, as soon as what goes into it is known."""
    open_ = [(layer, number, node) for layer in layers for number, node in enumerate(layer.nodes)]
    while open_:
        later = []
        for layer, number, node in open_:
            wanted = list(_tensors(node["args"]))
            if all(one in known for one in wanted):
                values = [known[one] for one in wanted] if layer.kind not in OPERATIONS else _operands(node, known)
                for place, value in enumerate(_called(tape, layer, values, node.get("kwargs") or {}, store)):
                    known[layer.name, number, place] = value
            else:
                later.append((layer, number, node))
        if len(later) == len(open_):
            raise ProgramError(f"nothing leads to its layer {later[0][0].name!r}", fix=_AGAIN)
        open_ = later


def _called(tape: Tape, layer: Layer, values: list[Any], said: Mapping[str, Any], store: _Weights) -> list[Value]:
    if said.get("training"):
        raise ProgramError(f"its layer {layer.name!r} is called as in training", fix="save it for inference")
    if any(True for _ in _tensors(list(said.values()))):
        raise ProgramError(f"its layer {layer.name!r} is given a mask or another tensor by name", fix=_ONNX)
    if layer.kind in _MODELS:
        return _model(tape, layer.document, layer.path, store, values)
    return [apply_layer(tape, layer, values)]


_ONNX = "export the model to ONNX"


def _placed(documents: list[Any], path: str, store: _Weights) -> Iterator[Layer]:
    """The layers of a model with the places of their weights."""
    counts: dict[str, int] = {}
    for document in documents:
        name, kind = str(document["config"]["name"]), document["class_name"]
        if kind not in _MODELS:
            known_layer(document, name)
        snake = _snake(kind)
        number = counts[snake] = counts.get(snake, -1) + 1
        operation = kind in OPERATIONS and str(document["module"]).startswith("keras.src.ops")
        if operation:  # no layer: it holds nothing
            counts[snake] -= 1
        place = f"{path}/layers/{snake}{f'_{number}' if number else ''}".lstrip("/")
        said = "" if operation else store.name(place)
        if said not in ("", name):
            raise ProgramError(f"its weights at {place} are those of {said!r}, not of {name!r}", fix=_AGAIN)
        variables = [] if operation else store.of(place)
        inner = [] if operation else store.of(f"{place}/activation")
        yield Layer(kind, name, document, place, variables, inner)


def _snake(name: str) -> str:
    """As Keras names the groups of its classes."""
    return re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))).lower()


def _histories(found: Any) -> list[tuple[str, int, int]]:
    """Places in the graph: one, a list or a mapping of them."""
    if isinstance(found, dict):
        return [one for part in found.values() for one in _histories(part)]
    if len(found) == 3 and isinstance(found[0], str):
        return [(found[0], int(found[1]), int(found[2]))]
    return [one for part in found for one in _histories(part)]


def _tensors(found: Any) -> Iterator[tuple[str, int, int]]:
    """The places that the arguments of a call name, in order."""
    if isinstance(found, dict):
        if found.get("class_name") == "__keras_tensor__":
            yield _histories(found["config"]["keras_history"])[0]
        else:
            for part in found.values():
                yield from _tensors(part)
    elif isinstance(found, list):
        for part in found:
            yield from _tensors(part)


def _operands(node: Any, known: Mapping[tuple[str, int, int], Value]) -> list[Any]:
    """The arguments of plain arithmetic: tensors and numbers."""
    return [one if isinstance(one, int | float) else known[next(_tensors(one))] for one in _flat(node["args"])]


def _flat(found: list[Any]) -> list[Any]:
    return [one for part in found for one in (_flat(part) if isinstance(part, list) else [part])]
