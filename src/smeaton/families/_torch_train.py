"""Training an encoder: a loss over pairs of a batch, or a head on top; one loop with warm-up, clipping, early stop.

The pair loss is the supervised contrastive loss (Khosla et al. 2020) with likeness between 0 and 1 instead of yes or
no, so that it serves classes, sets of labels and numbers; learning from pairs first, then a head, is what SetFit does
(Tunstall et al. 2022). A head is put on the untouched encoder before both are trained (Kumar et al. 2022).
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.families._compared import compared
from smeaton.families._torch_encoder import Encoder, Ids
from smeaton.task.table import Array

_TEMPERATURE = 0.1
_WARM = 0.1  # share of the steps that the rate rises
_CLIP = 1.0
_DECAY = 0.01
_DROPOUT = 0.1
_HEAD_RATE = 10.0  # times the encoder's
_NEAR = 0.1  # numbers whose ranks are so far apart (of 1) are alike by 0.6
_PER_LABEL = 4  # rows of one label in a batch of pairs

Judge = Callable[[], float]
Loss = Callable[[Array], Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to train. `steps` are optimiser steps by themselves, `limit` ends them earlier (a replay), as `deadline`
    (of `time.monotonic`) does; the encoder is judged after each `every` of them and at the end."""

    steps: int
    every: int
    patience: int
    rate: float
    deadline: float
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How a training went: steps taken, the step whose weights were kept (0 = none was better than no training), its
    score, and whether the clock ended it."""

    steps: int
    best_step: int
    best: float
    clocked: bool


@dataclass(frozen=True, slots=True)
class Texts:
    """Rows to train on: token ids of each text column, the kind of answer (`class`, `many`, `number`), targets (codes;
    0/1 (rows, labels); standardised numbers), weights with mean 1, how many labels there are (0 for numbers)."""

    columns: Sequence[Ids]
    kind: str
    y: Array
    weight: Array
    labels: int = 0

    @property
    def targets(self) -> int:
        """Scores of a head: one for numbers and for two labels."""
        return 1 if self.kind == "number" or (self.kind == "class" and self.labels == 2) else self.labels

    def __len__(self) -> int:
        return len(self.y)


def row_vectors(encoder: Encoder, texts: Texts) -> Array:
    """What a head sees of rows, without gradients: float32 (rows, width)."""
    return compared([encoder.vectors(column) for column in texts.columns])


def _trained(encoder: Encoder, texts: Texts, rows: Array) -> Any:
    """The same with gradients, for some of the rows."""
    import torch

    vectors = [encoder([column[row] for row in rows]) for column in texts.columns]
    if len(vectors) != 2:
        return torch.cat(vectors, dim=1)
    u, v = vectors
    cosine = torch.nn.functional.cosine_similarity(u, v, dim=1)[:, None]
    return torch.cat([u, v, (u - v).abs(), u * v, cosine], dim=1)


def likeness(kind: str, y: Array) -> Array:
    """How alike each two rows of a batch should be, (rows, rows) in 0 to 1: the same label; the share of labels both
    have of those either has; nearness of standing. Numbers come as their rank in 0 to 1."""
    if kind == "class":
        return np.asarray(y[:, None] == y[None, :], dtype=np.float32)
    if kind == "many":
        both = np.minimum(y[:, None], y[None]).sum(axis=2)
        either = np.maximum(y[:, None], y[None]).sum(axis=2)
        return np.asarray(np.where(either > 0, both / np.maximum(either, 1), 1.0), dtype=np.float32)
    return np.asarray(np.exp(-0.5 * np.square((y[:, None] - y[None, :]) / _NEAR)), dtype=np.float32)


def pair_loss(vectors: Any, alike: Any, weight: Any) -> Any:
    """Cross-entropy between the likeness of each row to the others and the softmax of their cosines, weighted mean.
    Rows like no other are left out."""
    import torch

    unit = torch.nn.functional.normalize(vectors, dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    chances = (unit @ unit.T / _TEMPERATURE).masked_fill(itself, -1e9).log_softmax(dim=1)
    wanted = alike.masked_fill(itself, 0.0)
    total = wanted.sum(dim=1)
    lost = -(wanted * chances.masked_fill(itself, 0.0)).sum(dim=1) / total.clamp(min=1e-6)
    counted = weight * (total > 1e-3)
    return (lost * counted).sum() / counted.sum().clamp(min=1e-6)


def contrast(encoder: Encoder, texts: Texts, standing: Array) -> Loss:
    """The pair loss of a batch of rows. `standing` is what `likeness` compares: the targets, or ranks of numbers."""
    import torch

    def loss(rows: Array) -> Any:
        device = encoder.device
        alike = torch.from_numpy(likeness(texts.kind, standing[rows])).to(device)
        weight = torch.from_numpy(texts.weight[rows].astype(np.float32)).to(device)
        return pair_loss(_trained(encoder, texts, rows), alike, weight)

    return loss


def head_of(weights: Array, bias: Array, device: Any) -> Any:
    """A linear head with given weights (width, targets) and bias, behind dropout."""
    import torch

    layer = torch.nn.Linear(weights.shape[0], weights.shape[1])
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights.T.astype(np.float32)))
        layer.bias.copy_(torch.from_numpy(bias.astype(np.float32)))
    return torch.nn.Sequential(torch.nn.Dropout(_DROPOUT), layer).to(device)


def classify(encoder: Encoder, head: Any, texts: Texts, absolute: bool = False) -> Loss:
    """The loss of a head's scores on a batch of rows."""

    def loss(rows: Array) -> Any:
        return _lost(head(_trained(encoder, texts, rows)), texts, rows, absolute)

    return loss


def head_score(encoder: Encoder, head: Any, texts: Texts, absolute: bool = False) -> float:
    """The loss of encoder and head on rows they are not trained on."""
    import torch

    head.eval()
    with torch.no_grad():
        vectors = torch.from_numpy(row_vectors(encoder, texts)).to(encoder.device)
        score = float(_lost(head(vectors), texts, np.arange(len(texts)), absolute))
    head.train()
    return score


def _lost(scores: Any, texts: Texts, rows: Array, absolute: bool) -> Any:
    """Cross-entropy of labels (one score for two labels), of each label by itself, or squared or absolute error."""
    import torch

    y = torch.from_numpy(np.ascontiguousarray(texts.y[rows])).to(scores.device)
    weight = torch.from_numpy(texts.weight[rows].astype(np.float32)).to(scores.device)
    scores = scores.to(torch.float32)
    if texts.kind == "class" and scores.shape[1] > 1:
        lost = torch.nn.functional.cross_entropy(scores, y, reduction="none")
    elif texts.kind == "number":
        off = scores[:, 0] - y.to(torch.float32)
        lost = off.abs() if absolute else off.square()
    else:
        wanted = y.to(torch.float32).reshape(len(y), -1)
        lost = torch.nn.functional.binary_cross_entropy_with_logits(scores, wanted, reduction="none").mean(dim=1)
    return (lost * weight).sum() / weight.sum()


def batches(rows: int, size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Batches of all rows in random order, again and again; of at least two rows where there are two."""
    left = np.empty(0, dtype=np.int64)
    while True:
        while len(left) < min(size, rows):
            left = np.concatenate([left, rng.permutation(rows)])
        yield left[:size]
        left = left[size:]


def paired_batches(y: Array, size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Batches with a few rows of each of some labels, so that every row has another one like it (a row alone of its
    label stands twice: dropout makes two of it). Labels take turns, and rows within a label."""
    labels = np.unique(y)
    places = [np.flatnonzero(y == label) for label in labels]
    turns = [batches(len(own), 1, rng) for own in places]
    several = min(len(labels), max(2, size // _PER_LABEL))
    for chosen in batches(len(labels), several, rng):
        each = max(2, size // len(chosen))
        yield np.array([places[code][next(turns[code])[0]] for code in chosen for _ in range(each)])


def train(
    modules: Sequence[Any],
    loss: Loss,
    draw: Iterator[Array],
    plan: Plan,
    judge: Judge | None,
    told: Callable[[int, float], None],
) -> Progress:
    """Lower a loss by AdamW (Loshchilov and Hutter 2019); at the end the modules hold the best weights judged, or the
    last where there is no judge. The first module is the encoder, others learn ten times as fast."""
    import torch

    groups = [group for i, module in enumerate(modules) for group in _groups(module, _HEAD_RATE if i else 1.0)]
    optimiser = torch.optim.AdamW(groups, lr=plan.rate)
    weights = [parameter for group in groups for parameter in group["params"]]
    best, best_step, kept, stale, step = math.inf, 0, _copied(weights), 0, 0
    if judge is not None:
        best = judge()
    clocked = False
    for module in modules:
        module.train()
    for step in range(1, plan.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * group["times"] * _share(step, plan.steps)
        with _mixed(next(modules[0].parameters()).device):
            value = loss(next(draw))
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(weights, _CLIP)
        optimiser.step()
        limited = plan.limit is not None and step >= plan.limit
        clocked = step < plan.steps and (limited or (plan.limit is None and time.monotonic() >= plan.deadline))
        if judge is not None and (step % plan.every == 0 or step == plan.steps or clocked):
            score = judge()
            told(step, score)
            stale += 1
            if score < best:
                best, best_step, kept, stale = score, step, _copied(weights), 0
        if clocked or (judge is not None and stale >= plan.patience):
            break
    if judge is None:
        best_step = step
    else:
        with torch.no_grad():
            for parameter, value in zip(weights, kept, strict=True):
                parameter.copy_(value)
    for module in modules:
        module.eval()
    return Progress(step, best_step, best, clocked)


def _groups(module: Any, times: float) -> list[Mapping[str, Any]]:
    """Weights with decay, the rest (biases, scales) without."""
    own = [parameter for parameter in module.parameters() if parameter.requires_grad]
    parts = ([p for p in own if p.ndim > 1], _DECAY), ([p for p in own if p.ndim < 2], 0.0)
    return [{"params": some, "weight_decay": decay, "times": times} for some, decay in parts if some]


def _copied(weights: Sequence[Any]) -> list[Any]:
    return [parameter.detach().clone() for parameter in weights]


def _share(step: int, steps: int) -> float:
    """The rate as a share of its highest: up in a straight line, then down to zero."""
    warm = max(1, round(_WARM * steps))
    return step / warm if step <= warm else max(0.0, (steps - step + 1) / (steps - warm + 1))


def _mixed(device: Any) -> AbstractContextManager[Any]:
    """Mixed precision where the device has bfloat16 (its range needs no scaling of the loss)."""
    import torch

    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        found: AbstractContextManager[Any] = torch.autocast("cuda", dtype=torch.bfloat16)
        return found
    return nullcontext()
