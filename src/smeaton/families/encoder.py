"""Vectors of a pretrained encoder with a linear head: strong with few rows a label, and small where it is 8-bit.

The encoder stays as it is; every text goes through it once in a build (`_vectors.py`).
"""

import time
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._encoding import (
    CACHE,
    FASTER,
    EmbeddedModel,
    encoder_embedding,
    fitting,
    head_seconds,
    pinned,
    quantised,
    row_seconds,
    usable,
    without_text,
)
from smeaton.families._encoding import FOLDER as WEIGHTS
from smeaton.families._head import fit_model
from smeaton.families._parts import refuse
from smeaton.families._solver import hold_threads
from smeaton.families._vectors import FOLDER as VECTORS
from smeaton.families._vectors import VectorStore
from smeaton.runtime.ops._embed import is_dynamic
from smeaton.task.profile import Profile
from smeaton.task.table import Array, Table, take
from smeaton.task.task import Task
from smeaton.weights import resolve

#: `weights`: the reference with its hash. `int8`: a copy with 8-bit matrices, taken if it loses no more than
#: `MOST_LOST` against the float one on stop rows. `penalty`: this one, unjudged. `refit`: fit again on training
#: and stopping rows.
DEFAULTS: dict[str, Any] = {
    "weights": "", "max_tokens": 256, "windows": 1, "int8": False, "penalty": None, "refit": False,
}  # fmt: skip
#: What an 8-bit copy may lose: a share of right answers, or of the loss where answers are numbers.
MOST_LOST = 0.005
_EFFORT = 3.0
_GRACE = 1.8  # times its seconds, after which a fit whose rows are not embedded gives up: what there is is kept
_PATIENT = 0.25  # how much faster it would have to be: with an 8-bit copy tried first, the float one has to be cheap
_COMPARED = 128  # stop rows that are embedded by both


class EncoderFamily:
    """Fits heads on encoders."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Float encoders as 8-bit copies first, for they take half the time; then as they are."""
        refused = refuse(task, many=True) or without_text(task)
        if refused:
            return refused
        found = usable(task, "onnx")
        if isinstance(found, Refusal):
            return found
        small, plain, answering = list[dict[str, Any]](), list[dict[str, Any]](), list[float]()
        why = ""
        for weights in found:
            whole = is_dynamic(weights.files["model"])
            for int8 in (False,) if whole else (True, False):
                fit = fitting(task, profile, weights, FASTER if int8 else 1.0 if whole else _PATIENT)
                if isinstance(fit, Refusal):
                    why = why or fit.why  # the fastest one says it
                    continue
                answering.append(row_seconds(task, profile, weights, *fit) / (FASTER if int8 else 1.0))
                start = {"weights": pinned(weights), "max_tokens": fit[0], "windows": fit[1], "refit": True}
                (small if int8 or whole else plain).append({**start, "int8": True} if int8 else start)
        if not small and not plain:
            return Refusal(why)
        seconds = head_seconds(task, profile, max(weights.dim for weights in found))
        return Space(
            starts=(*small, *plain),
            fidelity="rows",
            effort=_EFFORT,
            seconds=seconds,
            row_seconds=max(answering),
            whole=1,
            shared=True,
        )

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> EmbeddedModel:
        """Embed the rows, fit the head along penalties, then again on training and stopping rows with the best one."""
        given = DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS}
        lost: list[float] = []
        with hold_threads(run.threads):
            model = _model(task, given, run)

            def look() -> None:
                lost.append(_lost(model, given, fold.stop, run))

            fit_model(model, fold, run, {**config, **given}, run.seconds, look if given["int8"] else None)
            if not lost or lost[0] <= MOST_LOST:
                model.deadline = None
                if lost:
                    model.note = f"8-bit: loses {max(lost[0], 0.0):.2%} against the float encoder on stop rows"
                return model
            plain = _model(task, {**given, "int8": False}, run)
            fit_model(plain, fold, run, {**config, **given, "int8": False}, run.seconds)
        plain.deadline = None
        plain.shared += model.shared
        plain.note = f"8-bit would lose {lost[0]:.1%} on stop rows, so the float encoder was kept"
        plain.refit = {**(plain.refit or {}), "int8": False}
        return plain


def _model(task: Task, given: Config, run: Run) -> EmbeddedModel:
    """An encoder without a head, whose texts are embedded within the seconds of the run."""
    cache = run.cache or run.scratch
    weights = resolve(given["weights"], Path(task.folder), Path(task.folder) / CACHE / WEIGHTS, offline=True)
    copy = quantised(weights, cache) if given["int8"] else None
    embedding = encoder_embedding(weights, cache, given["max_tokens"], given["windows"], copy)
    return EmbeddedModel(task, embedding, VectorStore(cache / VECTORS), time.monotonic() + _GRACE * run.seconds)


def _lost(model: EmbeddedModel, given: Config, stop: Rows, run: Run) -> float:
    """How much less sure of the right answers a head is with 8-bit vectors than with float ones, on some stop rows: a
    smooth measure of the points of accuracy lost, which few rows can tell."""
    plain = _model(model.task, {**given, "int8": False}, run)
    plain.ending, plain.plain, plain.weights = model.ending, model.plain, model.weights
    index = np.linspace(0, len(stop) - 1, min(len(stop), _COMPARED)).astype(np.int64)
    rows, y = take(stop.x, index), stop.y[index]
    lost = _sureness(plain, rows, y) - _sureness(model, rows, y)
    model.shared += plain.shared
    return lost


def _sureness(model: EmbeddedModel, rows: Table, y: Array) -> float:
    """The mean probability of the right answers; for numbers less the error, in units of the spread of the targets."""
    answers = model.answers(model.encode(rows))
    if model.task.answer == "number":
        return -float(np.sqrt(np.square(answers - y).mean())) / (float(y.std()) or 1.0)
    if model.task.answer == "many":
        return float(np.where(y > 0, answers, 1.0 - answers).mean())
    return float(answers[np.arange(len(y)), y].mean())


part = EncoderFamily()
