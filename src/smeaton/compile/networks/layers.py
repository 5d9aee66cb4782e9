"""Layers and activations that several frameworks share, as operators of a `Tape`.

onnxruntime computes some activations in single precision, and has no error function in double; so they are made of
operators that are exact in double.
"""

import math
from collections.abc import Callable

import numpy as np

from smeaton.compile.networks.tape import Tape, Value
from smeaton.task.table import Array

_POINTS = 28  # of the quadrature: the error function is within 1e-14 of the truth
_ERF_END = 6.0  # where the error function is 1 in double
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, arXiv:1706.02515


def dense(tape: Tape, x: Value, weights: Array | Value, bias: "Array | Value | None") -> Value:
    """`x` (..., inputs) times weights (inputs, units), plus the bias."""
    found = tape.op("MatMul", x, weights)
    return found if bias is None else tape.op("Add", found, bias)


def batch_norm(tape: Tape, x: Value, parts: "tuple[Array, Array, Array, Array]", epsilon: float) -> Value:
    """Batch normalisation with the moments it has learnt; `parts` are its mean, variance, scale and shift."""
    mean, variance, scale, shift = parts
    factor = scale / np.sqrt(variance + epsilon)
    return tape.op("Add", tape.op("Mul", x, factor), shift - mean * factor)


def layer_norm(tape: Tape, x: Value, scale: "Array | float", shift: "Array | float", epsilon: float) -> Value:
    """Each row less its mean, by its standard deviation (Ba et al. 2016, arXiv:1607.06450), over the last axis."""
    apart = tape.op("Sub", x, tape.op("Mean", x))
    variance = tape.op("Mean", tape.op("Mul", apart, apart))
    by = tape.op("Sqrt", tape.op("Add", variance, epsilon))
    return tape.op("Add", tape.op("Mul", tape.op("Div", apart, by), scale), shift)


def flatten(tape: Tape, x: Value) -> Value:
    """All that a row has, side by side."""
    return tape.op("Shape", x, shape=(math.prod(x.shape),))


def clip(tape: Tape, x: Value, low: float | None, high: float | None) -> Value:
    """Not below and not above."""
    x = x if low is None else tape.op("Max", x, low)
    return x if high is None else tape.op("Min", x, high)


def leaky(tape: Tape, x: Value, slope: "float | Array") -> Value:
    """x, times the slope where it is negative."""
    return tape.op("Below", x, 0.0, tape.op("Mul", x, slope), x)


def relu(tape: Tape, x: Value) -> Value:
    """x, 0 where it is negative; NaN stays."""
    return tape.op("Below", x, 0.0, 0.0, x)


def elu(tape: Tape, x: Value, alpha: float = 1.0, slope: float = 1.0, inner: float = 1.0) -> Value:
    """`slope` x, and `slope` `alpha` (exp(`inner` x) - 1) where it is negative."""
    low = tape.op("Mul", tape.op("Min", x, 0.0), inner)
    bent = tape.op("Mul", tape.op("Sub", tape.op("Exp", low), 1.0), alpha)
    found = tape.op("Below", x, 0.0, bent, x)
    return found if slope == 1.0 else tape.op("Mul", found, slope)


def sigmoid(tape: Tape, x: Value) -> Value:
    """1 / (1 + exp(-x))."""
    return tape.op("Div", 1.0, tape.op("Add", 1.0, tape.op("Exp", tape.op("Neg", x))))


def softplus(tape: Tape, x: Value) -> Value:
    """log(1 + exp(x)), which does not overflow."""
    tail = tape.op("Log", tape.op("Add", 1.0, tape.op("Exp", tape.op("Neg", tape.op("Abs", x)))))
    return tape.op("Add", tape.op("Max", x, 0.0), tail)


def erf(tape: Tape, x: Value) -> Value:
    """The error function, as its integral from 0 to x by Gauss and Legendre's quadrature."""
    knots, weights = np.polynomial.legendre.leggauss(_POINTS)
    squares, weights = ((knots + 1) / 2) ** 2, weights / math.sqrt(math.pi)
    near = clip(tape, x, -_ERF_END, _ERF_END)
    column = tape.op("Shape", near, shape=(*near.shape, 1))
    powers = tape.op("Mul", tape.op("Mul", column, column), -squares.reshape((1,) * len(column.shape) + (-1,)))
    found = tape.op("MatMul", tape.op("Exp", powers), weights[:, None])
    return tape.op("Mul", near, tape.op("Shape", found, shape=near.shape))


def gelu(tape: Tape, x: Value, approximate: bool = False) -> Value:
    """x by the normal distribution's probability of less than x (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""
    if approximate:
        cube = tape.op("Mul", tape.op("Mul", tape.op("Mul", x, x), x), 0.044715)
        inside = tape.op("Tanh", tape.op("Mul", tape.op("Add", x, cube), math.sqrt(2 / math.pi)))
    else:
        inside = erf(tape, tape.op("Mul", x, math.sqrt(0.5)))
    return tape.op("Mul", tape.op("Mul", x, 0.5), tape.op("Add", inside, 1.0))


def hard_sigmoid(tape: Tape, x: Value) -> Value:
    """(x + 3) / 6 between 0 and 1."""
    return tape.op("Div", clip(tape, tape.op("Add", x, 3.0), 0.0, 6.0), 6.0)


def _times(inner: Callable[[Tape, Value], Value]) -> Callable[[Tape, Value], Value]:
    return lambda tape, x: tape.op("Mul", x, inner(tape, x))


#: Activations without settings, by the names that both frameworks use.
ACTIVATIONS: dict[str, Callable[[Tape, Value], Value]] = {
    "relu": relu,
    "relu6": lambda tape, x: clip(tape, relu(tape, x), None, 6.0),
    "elu": elu,
    "celu": elu,
    "selu": lambda tape, x: elu(tape, x, _SELU_ALPHA, _SELU_SCALE),
    "gelu": gelu,
    "sigmoid": sigmoid,
    "log_sigmoid": lambda tape, x: tape.op("Neg", softplus(tape, tape.op("Neg", x))),
    "tanh": lambda tape, x: tape.op("Tanh", x),
    "silu": _times(sigmoid),
    "softplus": softplus,
    "softsign": lambda tape, x: tape.op("Div", x, tape.op("Add", tape.op("Abs", x), 1.0)),
    "mish": _times(lambda tape, x: tape.op("Tanh", softplus(tape, x))),
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": _times(hard_sigmoid),
    "exponential": lambda tape, x: tape.op("Exp", x),
    "softmax": lambda tape, x: tape.op("Softmax", x),
    "log_softmax": lambda tape, x: tape.op("LogSoftmax", x),
    "linear": lambda tape, x: x,
}
