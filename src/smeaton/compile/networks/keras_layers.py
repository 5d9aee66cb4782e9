"""Keras's layers, as operators of a `Tape`: what each does at inference, by its configuration and its variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.compile.networks import layers as parts
from smeaton.compile.networks.tape import Tape, Value
from smeaton.errors import ProgramError
from smeaton.task.table import Array

_NORMAL_EPSILON = 1e-7  # below which Normalization divides by no deviation: keras.backend.epsilon()


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: its class, its name, what the configuration says, the group of its weights, its variables as float64,
    and those of an activation that is a layer inside it."""

    kind: str
    name: str
    document: Mapping[str, Any]
    path: str
    variables: list[Array]
    inner: list[Array]

    @property
    def config(self) -> Mapping[str, Any]:
        """Its settings."""
        found: Mapping[str, Any] = self.document["config"]
        return found

    @property
    def nodes(self) -> list[Any]:
        """Its calls."""
        return list(self.document.get("inbound_nodes", ()))


def known_layer(document: Mapping[str, Any], name: str) -> None:
    """Check that a layer is one of Keras's own that is read here, in single precision or better.

    Raises:
        ProgramError: it is not; says which.
    """
    kind, module = document["class_name"], str(document.get("module"))
    fix = "leave it out, or export the model to ONNX"
    if kind == "Lambda":
        raise ProgramError(f"its layer {name!r} is a Lambda, which is code", fix=fix)
    if module.split(".", maxsplit=1)[0] != "keras" or document.get("registered_name") not in (None, kind):
        raise ProgramError(f"its layer {name!r} is of your own class {kind}, which is code", fix=fix)
    if kind not in LAYERS and kind not in OPERATIONS and kind != "InputLayer":
        raise ProgramError(f"its layer {name!r} is a {kind}, which is not read here", fix=fix)
    policy = document["config"].get("dtype", "float32")
    policy = policy["config"]["name"] if isinstance(policy, dict) else policy
    if kind != "InputLayer" and policy not in ("float32", "float64"):
        raise ProgramError(f"its layer {name!r} computes in {policy}", fix="save it with the policy float32")


def apply_layer(tape: Tape, layer: Layer, values: list[Any]) -> Value:
    """What a layer gives.

    Raises:
        ProgramError: it has settings that are not read here, or lacks its weights.
    """
    if layer.kind in OPERATIONS:
        return _together(tape, OPERATIONS[layer.kind], layer, values)
    if layer.kind == "Concatenate":
        return tape.op("Concat", *values, axis=_axis(layer, layer.config.get("axis", -1), values[0]))
    if len(values) != 1:
        raise ProgramError(f"its layer {layer.name!r} is given {len(values)} tensors", fix="export the model to ONNX")
    return LAYERS[layer.kind](tape, layer, values[0])


def _together(tape: Tape, op: str, layer: Layer, values: list[Any]) -> Value:
    if len(values) < 2 or (op in ("Sub", "Div") and len(values) != 2):
        raise ProgramError(f"its layer {layer.name!r} is given {len(values)} tensors", fix="save the model again")
    found = values[0]
    for value in values[1:]:
        found = tape.op(op, found, value)
    return tape.op("Div", found, float(len(values))) if layer.kind == "Average" else found


def _refused(layer: Layer, what: str) -> ProgramError:
    return ProgramError(
        f"its layer {layer.name!r} ({layer.kind}) has {what}, which is not read here", fix="export the model to ONNX"
    )


def _axis(layer: Layer, axis: Any, x: Value) -> int:
    """An axis from the front; it is not that of the rows."""
    (axis,) = axis if isinstance(axis, list) and len(axis) == 1 else (axis,)
    ndim = len(x.shape) + 1
    if not isinstance(axis, int) or axis % ndim == 0:
        raise _refused(layer, f"axis {axis}")
    return axis % ndim


def _last(layer: Layer, x: Value) -> None:
    """Check that a layer works on the last axis alone."""
    if _axis(layer, layer.config.get("axis", -1), x) != len(x.shape):
        raise _refused(layer, f"axis {layer.config['axis']}")


def _variables(layer: Layer, count: int) -> list[Array]:
    if len(layer.variables) < count:
        raise ProgramError(
            f"the file has {len(layer.variables)} variables of its layer {layer.name!r} at {layer.path}, not {count}",
            fix="save a built model, in which no layer is shared with a model inside it",
        )
    return layer.variables


def _numbers(value: Any) -> Array:
    """Numbers of a configuration: one, a list, or an array as Keras writes it."""
    if isinstance(value, dict):
        value = value["config"]["value"]
    return np.asarray(value, dtype=np.float64)


def _activation(tape: Tape, layer: Layer, x: Value) -> Value:
    """The activation that a layer ends with: a name, or a layer."""
    said = layer.config.get("activation")
    if said is None:
        return x
    if isinstance(said, dict) and said.get("class_name") != "function":
        name = f"{layer.name}/activation"
        known_layer(said, name)
        return apply_layer(tape, Layer(said["class_name"], name, said, layer.path, layer.inner, []), [x])
    name = said if isinstance(said, str) else str(said["config"])
    own = isinstance(said, dict) and said.get("registered_name") not in (None, "function", name)
    name = {"swish": "silu", "hard_swish": "hard_silu"}.get(name, name)
    if name == "leaky_relu":
        return parts.leaky(tape, x, 0.2)
    if own or name not in parts.ACTIVATIONS:
        raise _refused(layer, f"the activation {name!r}")
    return parts.ACTIVATIONS[name](tape, x)


def _dense(tape: Tape, layer: Layer, x: Value) -> Value:
    if layer.config.get("lora_rank") or layer.config.get("quantization_config"):
        raise _refused(layer, "LoRA or quantisation")
    biased = bool(layer.config.get("use_bias", True))
    found = _variables(layer, 1 + biased)
    return _activation(tape, layer, parts.dense(tape, x, found[0], found[1] if biased else None))


def _batch_norm(tape: Tape, layer: Layer, x: Value) -> Value:
    _last(layer, x)
    if layer.config.get("renorm"):
        raise _refused(layer, "renorm")
    scaled, centred = bool(layer.config.get("scale", True)), bool(layer.config.get("center", True))
    found = list(_variables(layer, scaled + centred + 2))
    width = x.shape[-1]
    scale = found.pop(0) if scaled else np.ones(width)
    shift = found.pop(0) if centred else np.zeros(width)
    return parts.batch_norm(tape, x, (found[0], found[1], scale, shift), float(layer.config.get("epsilon", 1e-3)))


def _layer_norm(tape: Tape, layer: Layer, x: Value) -> Value:
    _last(layer, x)
    if layer.config.get("rms_scaling"):
        raise _refused(layer, "rms_scaling")
    scaled, centred = bool(layer.config.get("scale", True)), bool(layer.config.get("center", True))
    found = list(_variables(layer, scaled + centred))
    scale = found.pop(0) if scaled else 1.0
    shift = found.pop(0) if centred else 0.0
    return parts.layer_norm(tape, x, scale, shift, float(layer.config.get("epsilon", 1e-3)))


def _normalization(tape: Tape, layer: Layer, x: Value) -> Value:
    if layer.config.get("axis", -1) not in (None, []):
        _last(layer, x)
    if layer.config.get("mean") is not None:
        mean, variance = _numbers(layer.config["mean"]), _numbers(layer.config["variance"])
    else:
        mean, variance = _variables(layer, 2)[:2]
    deviation = np.maximum(np.sqrt(variance), _NORMAL_EPSILON)
    if layer.config.get("invert"):
        return tape.op("Add", tape.op("Mul", x, deviation), mean)
    return tape.op("Div", tape.op("Sub", x, mean), deviation)


def _rescaling(tape: Tape, layer: Layer, x: Value) -> Value:
    scaled = tape.op("Mul", x, _numbers(layer.config["scale"]))
    return tape.op("Add", scaled, _numbers(layer.config.get("offset", 0.0)))


def _embedding(tape: Tape, layer: Layer, x: Value) -> Value:
    if layer.config.get("mask_zero"):
        raise _refused(layer, "mask_zero")
    return tape.op("Lookup", _variables(layer, 1)[0], x)


def _relu(tape: Tape, layer: Layer, x: Value) -> Value:
    if layer.config.get("threshold"):
        raise _refused(layer, "a threshold")
    slope, top = float(layer.config.get("negative_slope") or 0.0), layer.config.get("max_value")
    found = parts.leaky(tape, x, slope) if slope else parts.relu(tape, x)
    return parts.clip(tape, found, None, top)


def _softmax(tape: Tape, layer: Layer, x: Value) -> Value:
    _last(layer, x)
    return tape.op("Softmax", x)


def _reshape(tape: Tape, layer: Layer, x: Value) -> Value:
    inner = x.trial[0].reshape([int(one) for one in layer.config["target_shape"]])  # what -1 stands for
    return tape.op("Shape", x, shape=inner.shape)


def _same(tape: Tape, layer: Layer, x: Value) -> Value:
    """What does something in training alone."""
    return x


#: Layers of one tensor.
LAYERS: dict[str, Callable[[Tape, Layer, Value], Value]] = {
    "Dense": _dense, "Activation": _activation, "BatchNormalization": _batch_norm, "Embedding": _embedding,
    "LayerNormalization": _layer_norm, "Normalization": _normalization, "Rescaling": _rescaling,
    "ReLU": _relu, "Softmax": _softmax, "Reshape": _reshape,
    "LeakyReLU": lambda tape, layer, x: parts.leaky(tape, x, float(layer.config.get("negative_slope", 0.3))),
    "ELU": lambda tape, layer, x: parts.elu(tape, x, float(layer.config.get("alpha", 1.0))),
    "PReLU": lambda tape, layer, x: parts.leaky(tape, x, _variables(layer, 1)[0]),
    "Flatten": lambda tape, layer, x: parts.flatten(tape, x),
    "Dropout": _same, "GaussianDropout": _same, "GaussianNoise": _same, "AlphaDropout": _same,
    "ActivityRegularization": _same, "Identity": _same,
    "Concatenate": _same,  # of one tensor; of several, see `apply_layer`
}  # fmt: skip
#: Layers, and plain arithmetic, of several tensors.
OPERATIONS = {
    "Add": "Add", "Subtract": "Sub", "Multiply": "Mul", "Divide": "Div", "Average": "Add", "Maximum": "Max",
    "Minimum": "Min",
}  # fmt: skip
