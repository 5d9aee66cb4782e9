"""ATen's operators, as operators of a `Tape`: what each does at inference, by its arguments' names."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from smeaton.compile.networks import layers as parts
from smeaton.compile.networks.tape import Tape, Value, constant
from smeaton.errors import ProgramError

ROWS = "rows"  #: the number of rows, whatever it is
Arguments = Mapping[str, Any]
_HALF, _FLOAT, _DOUBLE, _WHOLE = 6, 7, 8, (1, 2, 3, 4, 5)  # torch's numbers for types of elements
_ONNX = "export the model to ONNX"


def apply_operator(tape: Tape, target: str, given: Arguments) -> Any:
    """What an operator gives; None where it only checks.

    Raises:
        ProgramError: it is not read here, or not with these arguments.
    """
    name = target.removeprefix("torch.ops.aten.").split(".")[0]
    if name in _CHECKS:
        return None
    if name not in _OPERATORS:
        raise ProgramError(f"its operator {target.removeprefix('torch.ops.')} is not read here", fix=_ONNX)
    return _OPERATORS[name](tape, given)


_CHECKS = frozenset(
    {"_assert_tensor_metadata", "_assert_scalar", "sym_constrain_range_for_size", "sym_constrain_range"}
)


def _refused(what: str) -> ProgramError:
    return ProgramError(f"{what} is not read here", fix=_ONNX)


def _plain(found: Value) -> np.ndarray[Any, Any]:
    """The numbers of a weight."""
    if found.rows:
        raise _refused("a weight that is computed from the rows")
    return found.trial


def _last(given: Arguments, x: Value, key: str = "dim") -> int:
    """Check that an operator works on the last axis."""
    if given[key] not in (-1, len(x.shape)):
        raise _refused(f"an operator over the axis {given[key]}")
    return -1


def _axis(axis: int, x: Value) -> int:
    return axis % (x.trial.ndim or 1)


def _addmm(tape: Tape, given: Arguments) -> Value:
    if given.get("alpha", 1) != 1 or given.get("beta", 1) != 1:
        raise _refused("addmm with alpha or beta")
    return parts.dense(tape, given["mat1"], given["mat2"], given["self"])


def _linear(tape: Tape, given: Arguments) -> Value:
    return parts.dense(tape, given["input"], _plain(given["weight"]).T, given.get("bias"))


def _matmul(tape: Tape, given: Arguments) -> Value:
    return tape.op("MatMul", given["self"], given.get("other") or given["mat2"])


def _turned(tape: Tape, given: Arguments) -> Value:
    """t, transpose and permute."""
    x: Value = given["self"]
    axes = list(range(x.trial.ndim))
    if "dims" in given:
        axes = [_axis(one, x) for one in given["dims"]]
    else:
        first, second = _axis(given.get("dim0", 0), x), _axis(given.get("dim1", 1), x)
        if x.trial.ndim > 1:
            axes[first], axes[second] = axes[second], axes[first]
    return tape.op("Transpose", x, axes=tuple(axes))


def _arithmetic(op: str, turned: bool = False) -> Callable[[Tape, Arguments], Value]:
    def write(tape: Tape, given: Arguments) -> Value:
        if given.get("rounding_mode"):
            raise _refused("a division that rounds")
        one, other = given["self"], given["other"] if "other" in given else given["exponent"]
        one, other = (other, one) if turned else (one, other)
        alpha = given.get("alpha", 1)
        if alpha != 1 and turned:
            raise _refused("rsub with alpha")
        return tape.op(op, one, tape.op("Mul", other, alpha) if alpha != 1 else other)

    return write


def _one(op: str) -> Callable[[Tape, Arguments], Value]:
    return lambda tape, given: tape.op(op, given["self"])


def _activation(name: str) -> Callable[[Tape, Arguments], Value]:
    return lambda tape, given: parts.ACTIVATIONS[name](tape, given["self"])


def _elu(tape: Tape, given: Arguments) -> Value:
    bend = [float(given.get(key, 1.0)) for key in ("alpha", "scale", "input_scale")]
    return parts.elu(tape, given["self"], *bend)


def _celu(tape: Tape, given: Arguments) -> Value:
    alpha = float(given.get("alpha", 1.0))
    return parts.elu(tape, given["self"], alpha, 1.0, 1.0 / alpha)


def _gelu(tape: Tape, given: Arguments) -> Value:
    return parts.gelu(tape, given["self"], given.get("approximate", "none") == "tanh")


def _softplus(tape: Tape, given: Arguments) -> Value:
    # Beyond its threshold (20) PyTorch takes x for it, which is the same to 1e-8 of 20
    beta, threshold = float(given.get("beta", 1.0)), float(given.get("threshold", 20.0))
    x = tape.op("Mul", given["self"], beta)
    bent = tape.op("Div", parts.softplus(tape, x), beta)
    return tape.op("Below", x, np.nextafter(threshold, np.inf), bent, given["self"])


def _softmax(op: str) -> Callable[[Tape, Arguments], Value]:
    def write(tape: Tape, given: Arguments) -> Value:
        _last(given, given["self"])
        return tape.op(op, given["self"])

    return write


def _clip(low: str, high: str, ends: tuple[Any, Any] = (None, None)) -> Callable[[Tape, Arguments], Value]:
    return lambda tape, given: parts.clip(tape, given["self"], given.get(low, ends[0]), given.get(high, ends[1]))


def _batch_norm(tape: Tape, given: Arguments) -> Value:
    if given.get("training"):
        raise ProgramError("its batch normalisation is in training", fix="call model.eval() before the export")
    x: Value = given["input"]
    if len(x.shape) != 1:
        raise _refused("batch normalisation of more than a table")
    mean, variance = _plain(given["running_mean"]), _plain(given["running_var"])
    scale = np.ones_like(mean) if given.get("weight") is None else _plain(given["weight"])
    shift = np.zeros_like(mean) if given.get("bias") is None else _plain(given["bias"])
    return parts.batch_norm(tape, x, (mean, variance, scale, shift), float(given["eps"]))


def _layer_norm(tape: Tape, given: Arguments) -> Value:
    x: Value = given["input"]
    if len(given["normalized_shape"]) != 1:
        raise _refused("layer normalisation over several axes")
    scale = 1.0 if given.get("weight") is None else _plain(given["weight"])
    shift = 0.0 if given.get("bias") is None else _plain(given["bias"])
    return parts.layer_norm(tape, x, scale, shift, float(given.get("eps", 1e-5)))


def _cat(tape: Tape, given: Arguments) -> Value:
    values: list[Value] = given["tensors"]
    return tape.op("Concat", *values, axis=_axis(given.get("dim", 0), values[0]))


def _dropout(tape: Tape, given: Arguments) -> Value:
    if given.get("train"):
        raise ProgramError("its dropout is in training", fix="call model.eval() before the export")
    return _same(tape, given)


def _same(tape: Tape, given: Arguments) -> Value:
    found: Value = given["input"] if "input" in given else given["self"]
    return found


def _cast(tape: Tape, given: Arguments) -> Value:
    """Floats stay double; whole numbers lose their fraction."""
    dtype, x = given.get("dtype"), given["self"]
    if dtype in (None, _FLOAT, _DOUBLE):
        return _same(tape, given)
    if dtype not in _WHOLE:
        raise _refused("a cast to half precision or another type")
    return tape.op("Mul", tape.op("Sign", x), tape.op("Floor", tape.op("Abs", x)))


def _view(tape: Tape, given: Arguments) -> Value:
    x: Value = given["self"]
    first, *rest = given["size"] if "size" in given else given["shape"]
    if not x.rows:
        return constant(x.trial.reshape([first, *rest]))
    size, known = math.prod(x.shape), math.prod(one for one in rest if one not in (ROWS, -1))
    inner = tuple(size // max(1, known) if one == -1 else one for one in rest)
    if first not in (ROWS, -1) or ROWS in rest or math.prod(inner) != size:
        raise _refused(f"a view as {[first, *rest]} of (rows, {', '.join(map(str, x.shape))}), which takes rows apart")
    return tape.op("Shape", x, shape=inner)


def _flatten(tape: Tape, given: Arguments) -> Value:
    x: Value = given["self"]
    start, end = _axis(given.get("start_dim", 0), x), _axis(given.get("end_dim", -1), x)
    if not x.rows or start == 0:
        raise _refused("a flatten over the rows")
    shape = (*x.shape[: start - 1], int(np.prod(x.shape[start - 1 : end])), *x.shape[end:])
    return tape.op("Shape", x, shape=shape)


def _squeeze(tape: Tape, given: Arguments) -> Value:
    x: Value = given["self"]
    said = given["dim"] if "dim" in given else list(range(1, x.trial.ndim))
    axes = {_axis(one, x) for one in (said if isinstance(said, list) else [said])}
    if not x.rows or 0 in axes:
        raise _refused("a squeeze of the rows")
    return tape.op("Shape", x, shape=tuple(n for at, n in enumerate(x.shape, 1) if not (at in axes and n == 1)))


def _unsqueeze(tape: Tape, given: Arguments) -> Value:
    x: Value = given["self"]
    place = given["dim"] % (x.trial.ndim + 1)
    if not x.rows:
        return constant(np.expand_dims(x.trial, place))
    if place == 0:
        raise _refused("an axis before the rows")
    return tape.op("Shape", x, shape=(*x.shape[: place - 1], 1, *x.shape[place - 1 :]))


def _slice(tape: Tape, given: Arguments) -> Value:
    x: Value = given["self"]
    axis, start, end = _axis(given.get("dim", 0), x), given.get("start") or 0, given.get("end")
    places = list(range(x.trial.shape[axis]))[slice(start, end, given.get("step", 1))]
    if axis == 0 and x.rows:
        if start != 0 or len(places) != len(x.trial):
            raise _refused("a slice of the rows")
        return x
    return tape.op("Take", x, axis=axis, places=places)


def _select(tape: Tape, given: Arguments) -> Value:
    x: Value = given["self"]
    axis = _axis(given["dim"], x)
    place = range(x.trial.shape[axis])[given["index"]]
    found = tape.op("Take", x, axis=axis, places=[place])
    if not x.rows:
        return constant(found.trial.squeeze(axis))
    return tape.op("Shape", found, shape=tuple(n for at, n in enumerate(found.shape, 1) if at != axis))


def _embedding(tape: Tape, given: Arguments) -> Value:
    return tape.op("Lookup", given["weight"], given["indices"])


def _prelu(tape: Tape, given: Arguments) -> Value:
    return parts.leaky(tape, given["self"], _plain(given["weight"]))


def _leaky(tape: Tape, given: Arguments) -> Value:
    return parts.leaky(tape, given["self"], float(given.get("negative_slope", 0.01)))


def _rows(tape: Tape, given: Arguments) -> Any:
    x: Value = given["self"]
    return ROWS if x.rows and given["dim"] == 0 else x.trial.shape[given["dim"]]


_OPERATORS: dict[str, Callable[[Tape, Arguments], Any]] = {
    "linear": _linear, "addmm": _addmm, "matmul": _matmul, "mm": _matmul, "t": _turned, "transpose": _turned,
    "permute": _turned, "numpy_T": _turned,
    "add": _arithmetic("Add"), "sub": _arithmetic("Sub"), "mul": _arithmetic("Mul"), "div": _arithmetic("Div"),
    "rsub": _arithmetic("Sub", turned=True), "pow": _arithmetic("Pow"), "maximum": _arithmetic("Max"),
    "minimum": _arithmetic("Min"),
    "exp": _one("Exp"), "log": _one("Log"), "sqrt": _one("Sqrt"), "abs": _one("Abs"), "neg": _one("Neg"),
    "reciprocal": lambda tape, given: tape.op("Div", 1.0, given["self"]),
    "square": lambda tape, given: tape.op("Mul", given["self"], given["self"]),
    "tanh": _one("Tanh"), "tanh_": _one("Tanh"),
    "relu": _activation("relu"), "relu_": _activation("relu"), "relu6": _activation("relu6"),
    "selu": _activation("selu"), "sigmoid": _activation("sigmoid"), "log_sigmoid": _activation("log_sigmoid"),
    "silu": _activation("silu"), "mish": _activation("mish"), "hardsigmoid": _activation("hard_sigmoid"),
    "hardswish": _activation("hard_silu"),
    "elu": _elu, "elu_": _elu, "celu": _celu, "gelu": _gelu, "softplus": _softplus, "leaky_relu": _leaky,
    "leaky_relu_": _leaky, "prelu": _prelu, "_prelu_kernel": _prelu,
    "softmax": _softmax("Softmax"), "_softmax": _softmax("Softmax"), "log_softmax": _softmax("LogSoftmax"),
    "_log_softmax": _softmax("LogSoftmax"),
    "hardtanh": _clip("min_val", "max_val", (-1.0, 1.0)), "hardtanh_": _clip("min_val", "max_val", (-1.0, 1.0)),
    "clamp": _clip("min", "max"), "clamp_min": _clip("min", ""), "clamp_max": _clip("", "max"),
    "batch_norm": _batch_norm, "_native_batch_norm_legit_no_training": _batch_norm,
    "layer_norm": _layer_norm, "native_layer_norm": _layer_norm, "cat": _cat, "embedding": _embedding,
    "dropout": _dropout, "feature_dropout": _dropout, "alpha_dropout": _dropout,
    "to": _cast, "_to_copy": _cast, "clone": _same, "contiguous": _same, "alias": _same, "detach": _same,
    "detach_": _same, "lift_fresh_copy": _same,
    "view": _view, "reshape": _view, "_unsafe_view": _view, "flatten": _flatten, "squeeze": _squeeze,
    "unsqueeze": _unsqueeze, "slice": _slice, "select": _select, "sym_size": _rows,
}  # fmt: skip
