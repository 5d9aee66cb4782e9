"""`Net`: a small ensemble of perceptrons in one, written in numpy, with its gradients and its graph.

After TabM (Gorishniy, Kotelnikov and Babenko 2024) and BatchEnsemble (Wen, Tran and Ba 2020): the members share all
large weights; each has scales of its own behind the first layer (random signs at the start, which make them differ),
biases and an output. They are trained on the mean of their losses and answer with the mean of their scores. With the
scales behind the first layer it is computed once for all members.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph

_DROP_LEVELS = 256  # a byte decides whether a unit is dropped
_DOUBLE = 11  # TensorProto.DOUBLE
#: Variance of the first scores about their shift: from far above it small noisy tables are overfitted at once.
_FIRST_OUT = 0.1

#: From the scores of the members (members, rows, targets) to the gradient of their losses.
Slope = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Net:
    """The form of a net: columns in, units of a hidden layer, hidden layers, members, scores out."""

    inputs: int
    width: int
    layers: int
    members: int
    targets: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights, in the order they lie in one vector."""
        unit = (self.members, 1, self.width)
        found: dict[str, tuple[int, ...]] = {"in": (self.inputs, self.width), "scale": unit, "bias0": unit}
        for layer in range(1, self.layers):
            found |= {f"mix{layer}": (self.width, self.width), f"bias{layer}": unit}
        return found | {"out": (self.members, self.width, self.targets), "shift": (self.targets,)}

    @property
    def work(self) -> float:
        """About how many multiplications one row costs."""
        inner = self.width * self.width * (self.layers - 1) + self.width * self.targets
        return self.inputs * self.width + self.members * (inner + 10.0 * self.width * self.layers)

    def views(self, vector: Array) -> dict[str, Array]:
        """The weights in a vector, by name, without copying."""
        found, start = {}, 0
        for name, shape in self.shapes.items():
            size = prod(shape)
            found[name] = vector[start : start + size].reshape(shape)
            start += size
        return found

    def start(self, shift: Array, rng: np.random.Generator) -> Array:
        """Weights to start from, one float32 vector: random, but for the `shift` of the scores."""
        vector = np.zeros(sum(prod(shape) for shape in self.shapes.values()), dtype=np.float32)
        for name, view in self.views(vector).items():
            if name == "scale":
                view[...] = rng.choice([-1.0, 1.0], view.shape)
            elif name == "shift":
                view[...] = shift
            elif name.startswith("bias"):
                view[...] = rng.uniform(-0.2, 0.2, view.shape)
            else:
                gain = {"in": 1.0, "out": _FIRST_OUT}.get(name, 2.0)
                view[...] = rng.normal(size=view.shape) * np.sqrt(gain / view.shape[-2])
        return vector

    def scores(self, weights: dict[str, Array], x: Array) -> Array:
        """Mean scores of the members, (rows, targets), in the precision of the weights."""
        a = np.maximum((x @ weights["in"])[None] * weights["scale"] + weights["bias0"], 0.0)
        for layer in range(1, self.layers):
            mixed = a.reshape(-1, self.width) @ weights[f"mix{layer}"]
            a = np.maximum(mixed.reshape(a.shape) + weights[f"bias{layer}"], 0.0)
        found: Array = np.matmul(a, weights["out"]).mean(axis=0) + weights["shift"]
        return found

    def write(self, graph: "Graph", weights: dict[str, Array], x: str) -> str:
        """The same as a value of a graph."""

        def stored(value: Array) -> str:
            # What was trained in float32 is stored in it: half the bytes, and the same numbers.
            return graph.node("Cast", [graph.constant(value, np.float32)], to=_DOUBLE)

        first = graph.node("MatMul", [x, stored(weights["in"])])
        first = graph.node("Unsqueeze", [first, graph.constant([1], np.int64)])
        a = graph.node("Mul", [first, stored(weights["scale"][:, 0])])
        a = graph.node("Relu", [graph.node("Add", [a, stored(weights["bias0"][:, 0])])])
        for layer in range(1, self.layers):
            a = graph.node("MatMul", [a, stored(weights[f"mix{layer}"])])
            a = graph.node("Relu", [graph.node("Add", [a, stored(weights[f"bias{layer}"][:, 0])])])
        flat = graph.node("Reshape", [a, graph.constant([-1, self.members * self.width], np.int64)])
        total = graph.node("MatMul", [flat, stored(weights["out"].reshape(-1, self.targets))])
        mean = graph.node("Mul", [total, graph.constant(1.0 / self.members)])
        return graph.node("Add", [mean, stored(weights["shift"])])


@dataclass(frozen=True, slots=True)
class Drop:
    """Which units a pass leaves out: each with the probability `share`, anew for every row and member."""

    share: float
    rng: np.random.Generator

    def mask(self, a: Array) -> Array:
        """What activations are multiplied with to be rectified and thinned: 0, or 1 / (1 - share)."""
        if not self.share:
            return (a > 0).astype(np.float32)
        cut = round(self.share * _DROP_LEVELS)
        kept = self.rng.integers(0, _DROP_LEVELS, a.shape, dtype=np.uint8) >= cut
        mask: Array = np.multiply(kept & (a > 0), np.float32(_DROP_LEVELS / (_DROP_LEVELS - cut)), dtype=np.float32)
        return mask


def learn_step(
    net: Net, weights: dict[str, Array], grads: dict[str, Array], x: Array, slope: Slope, drop: Drop
) -> None:
    """One pass forward and back over a batch `x`: fills `grads` with the gradient of the sum of the members' losses."""
    first = x @ weights["in"]
    a = first[None] * weights["scale"] + weights["bias0"]
    masks, entered = [drop.mask(a)], [a]
    a *= masks[0]
    for layer in range(1, net.layers):
        a = (a.reshape(-1, net.width) @ weights[f"mix{layer}"]).reshape(a.shape) + weights[f"bias{layer}"]
        masks.append(drop.mask(a))
        a *= masks[-1]
        entered.append(a)
    back = slope(np.matmul(a, weights["out"]) + weights["shift"])
    np.matmul(a.transpose(0, 2, 1), back, out=grads["out"])
    grads["shift"][...] = back.sum(axis=(0, 1))
    back = np.matmul(back, weights["out"].transpose(0, 2, 1))
    for layer in range(net.layers - 1, 0, -1):
        back *= masks[layer]
        grads[f"bias{layer}"][:, 0] = back.sum(axis=1)
        flat = back.reshape(-1, net.width)
        np.matmul(entered[layer - 1].reshape(-1, net.width).T, flat, out=grads[f"mix{layer}"])
        back = (flat @ weights[f"mix{layer}"].T).reshape(back.shape)
    back *= masks[0]
    grads["bias0"][:, 0] = back.sum(axis=1)
    grads["scale"][:, 0] = np.einsum("kbh,bh->kh", back, first)
    np.matmul(x.T, np.einsum("kbh,kh->bh", back, weights["scale"][:, 0]), out=grads["in"])
