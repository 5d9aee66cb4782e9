"""Vectors of a pretrained encoder with a linear head: strong with few rows a label, and small where it is 8-bit.

The encoder stays as it is; every text goes through it once in a build (`_vectors.py`).
"""

import time
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.fold import Fold
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._encoding import (
    CACHE,
    EmbeddedModel,
    encoder_embedding,
    fitting,
    pinned,
    quantised,
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
from smeaton.task.task import Task
from smeaton.weights import resolve

#: `weights`: the reference with its hash. `int8`: a copy with 8-bit matrices, taken if it loses no more than
#: `MOST_LOST` against the float one on the stop rows. `penalty`: this one, unjudged.
DEFAULTS: dict[str, Any] = {"weights": "", "max_tokens": 256, "windows": 1, "int8": False, "penalty": None}
#: What an 8-bit copy may lose: a share of right answers, or of the loss where answers are numbers.
MOST_LOST = 0.005
_EFFORT = 3.0


class EncoderFamily:
    """Fits heads on encoders."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Every encoder as it is, then float ones as 8-bit copies."""
        refused = refuse(task, many=True) or without_text(task)
        if refused:
            return refused
        found = usable(task, "onnx")
        if isinstance(found, Refusal):
            return found
        starts: list[dict[str, Any]] = []
        why = ""
        for weights in found:
            fit = fitting(task, profile, weights)
            if isinstance(fit, Refusal):
                why = fit.why
                continue
            start = {"weights": pinned(weights), "max_tokens": fit[0], "windows": fit[1]}
            starts.append(start)
            if not is_dynamic(weights.files["model"]):
                starts.append({**start, "int8": True})
        if not starts:
            return Refusal(why)
        return Space(starts=tuple(sorted(starts, key=lambda start: "int8" in start)), fidelity="rows", effort=_EFFORT)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> EmbeddedModel:
        """Embed the rows, fit the head along penalties, then again on training and stopping rows with the best one."""
        given = DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS}
        with hold_threads(run.threads):
            model, quality = _fitted(task, {**config, **given}, fold, run)
            if not given["int8"] or np.isnan(quality):
                return model
            plain, goal = _fitted(task, {**config, **given, "int8": False}, fold, run)
        lost = goal - quality
        if lost > MOST_LOST:
            plain.note = f"8-bit would lose {lost:.1%} on the stop rows, so the float encoder was kept"
            plain.refit = {**(plain.refit or {}), "int8": False}
            return plain
        model.note = f"8-bit loses {max(lost, 0.0):.1%} against the float encoder on the stop rows"
        return model


def _fitted(task: Task, given: Config, fold: Fold, run: Run) -> tuple[EmbeddedModel, float]:
    """One encoder with its head, and how good it is on the stop rows."""
    start = time.monotonic()
    cache = run.cache or run.scratch
    weights = resolve(given["weights"], Path(task.folder), Path(task.folder) / CACHE / WEIGHTS, offline=True)
    copy = quantised(weights, cache) if given["int8"] else None
    embedding = encoder_embedding(weights, cache, given["max_tokens"], given["windows"], copy)
    model = EmbeddedModel(task, embedding, VectorStore(cache / VECTORS), start + run.seconds)
    quality = fit_model(model, fold, run, given, run.seconds)
    model.deadline = None
    return model, quality


part = EncoderFamily()
