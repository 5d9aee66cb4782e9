"""The mean of static token vectors with a linear head: thousands of texts a second, no transformer."""

from pathlib import Path
from typing import Any

from smeaton.data.fold import Fold
from smeaton.families import Config, Refusal, Run, Space
from smeaton.families._encoding import (
    CACHE,
    EmbeddedModel,
    head_seconds,
    pinned,
    static_embedding,
    usable,
    without_text,
)
from smeaton.families._encoding import FOLDER as WEIGHTS
from smeaton.families._head import fit_model
from smeaton.families._parts import refuse
from smeaton.families._solver import hold_threads
from smeaton.task.profile import Profile
from smeaton.task.task import Task
from smeaton.weights import resolve

DEFAULTS: dict[str, Any] = {"weights": "", "penalty": None, "refit": False}  # `penalty`: this one, unjudged
_EFFORT = 3.5  # after encoders: it seldom wins beside them


class StaticFamily:
    """Fits heads on means of token vectors."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Every table there is."""
        refused = refuse(task, many=True) or without_text(task)
        if refused:
            return refused
        found = usable(task, "static")
        if isinstance(found, Refusal):
            return found
        starts = tuple({"weights": pinned(one), "refit": True} for one in found)
        seconds = head_seconds(task, profile, max(one.dim for one in found))
        return Space(starts=starts, fidelity="rows", effort=_EFFORT, seconds=seconds, whole=1)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> EmbeddedModel:
        """Fit the head along penalties."""
        given = {**DEFAULTS, **config}
        weights = resolve(given["weights"], Path(task.folder), Path(task.folder) / CACHE / WEIGHTS, offline=True)
        with hold_threads(run.threads):
            model = EmbeddedModel(task, static_embedding(weights, run.cache or run.scratch), None)
            fit_model(model, fold, run, given, run.seconds)
        return model


part = StaticFamily()
