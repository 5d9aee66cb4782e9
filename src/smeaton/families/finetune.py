"""A sentence encoder trained on the task, then a linear head on its vectors: by pairs of rows, or with a head on top.

Training needs torch and transformers; what is exported needs neither. The encoder goes into the program as an ONNX
file, in 8-bit integers where the stop rows say that this costs nothing. Numbers and categories join at the head.
"""

import math
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.errors import ExtraMissing, InputError
from smeaton.extras import needs
from smeaton.families import Config, Range, Refusal, Run, Space
from smeaton.families._encoding import CACHE, FOLDER, TOKENIZER_FILE, EmbeddedModel, Embedding, without_text
from smeaton.families._ending import ABSOLUTE, NumberEnding
from smeaton.families._finetune_plan import HEAD_ROWS, effort_of, missing_package, plan_starts, trainable
from smeaton.families._head import ending_of, fit_model
from smeaton.families._parts import STEPS, refuse, some_rows
from smeaton.families._solver import hold_threads
from smeaton.families._vectors import FOLDER as VECTORS
from smeaton.families._vectors import VectorStore
from smeaton.runtime.ops._embed import Tokens
from smeaton.task.profile import Profile
from smeaton.task.task import Task
from smeaton.weights import Weights, resolve

if TYPE_CHECKING:
    from smeaton.families._torch_encoder import Encoder
    from smeaton.families._torch_train import Progress, Texts

#: `weights`: the reference with its hash. `way`: `contrastive` or `full`. `rank` > 0 trains adapters. `tokens` of a
#: text are read while training. `int8` None lets the stop rows decide, `penalty` None too.
DEFAULTS: dict[str, Any] = {
    "weights": "", "way": "contrastive", "epochs": 1.0, "rate": 5e-5, "batch": 32, "rank": 0, "tokens": 128,
    "int8": None, "penalty": None,
}  # fmt: skip
MODEL, MODEL_INT8 = "encoder.onnx", "encoder-int8.onnx"
_FIT_SHARE = 0.8  # of the seconds a fit has, that training and the last encoding may take
_MOST_LOST = 0.005


class FineTune:
    """Trains encoders."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Pairs first, then a head on top, with as many passes as the budget lets them."""
        refused = refuse(task, many=True) or without_text(task)
        if refused:
            return refused
        package = missing_package()
        if package:
            return Refusal(f"the package {package!r} is not installed; run: pip install 'smeaton[torch]'")
        try:
            usable, why = trainable(task)
        except (InputError, ExtraMissing) as error:
            return Refusal(f"{error.message}; {error.fix}")
        if not usable:
            return Refusal(f"{why}: name some with solutions.add, with config.json and model.safetensors")
        from smeaton.families._torch_encoder import place

        found = plan_starts(task, profile, usable[0], gpu=place() != "cpu")
        if isinstance(found, Refusal):
            return found
        effort = effort_of(task, profile)
        return Space(tuple(found), {"rate": Range(1e-5, 2e-4, log=True)}, fidelity="rows", effort=effort)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> EmbeddedModel:
        """Train until the stop rows say it gets no better or the clock ends it, export, and fit the head on what the
        exported encoder answers.

        Raises:
            ExtraMissing: torch or transformers are not installed.
            InputError: the weights are not there, or cannot be trained.
            SmeatonError: the exported encoder does not answer as the trained one.
        """
        begun = time.monotonic()
        with needs("torch"):
            import torch  # noqa: F401
            import transformers  # noqa: F401

            from smeaton.families._torch_encoder import load
        given = DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS}
        weights = resolve(given["weights"], Path(task.folder), Path(task.folder) / CACHE / FOLDER, offline=True)
        if not {"tensors", "config"} <= weights.files.keys():
            raise InputError(
                f"{weights.reference} has no tensors to train",
                fix="give a folder with config.json and model.safetensors",
                where=weights.reference,
            )
        train = some_rows(fold.train, run.fidelity, run.seed, task.is_class)
        encoder = load(weights.files["tensors"].parent, weights.pooling == "cls", weights.normalise)
        trial = _Trial(task, given, run, weights, begun + _FIT_SHARE * run.seconds, config.get(STEPS))
        progress = _trained(encoder, trial, train, fold.stop)
        embedding = _exported(encoder, trial, train)
        del encoder
        train = some_rows(train, HEAD_ROWS / len(train), run.seed, task.is_class)
        with hold_threads(run.threads):
            model, said = _headed(trial, embedding, replace(fold, train=train))
        return _told(model, said, progress, given, bool(len(fold.stop)))


@dataclass(frozen=True, slots=True)
class _Trial:
    """What the parts of one fit share. `deadline` and `limit` end the training (a moment; a step)."""

    task: Task
    given: Mapping[str, Any]
    run: Run
    weights: Weights
    deadline: float
    limit: int | None

    def ids(self, rows: Rows, most: int) -> list[Any]:
        """Token ids of the text columns, at most so many of a text."""
        from smeaton.families._torch_fit import ids_of

        tokens = Tokens(self.weights.files["tokenizer"])
        names = [name for name, form in self.task.input_types.items() if form.type == "text"]
        return [ids_of(tokens, rows.x[name].tolist(), most, self.weights.prefix) for name in names]

    def texts(self, rows: Rows, ending: NumberEnding | None) -> "Texts":
        """Rows as the training sees them."""
        from smeaton.families._torch_train import Texts

        columns = self.ids(rows, min(int(self.given["tokens"]), self.weights.max_tokens))
        weight = np.ones(len(rows)) if rows.weight is None else rows.weight / rows.weight.mean()
        y = rows.y if ending is None else ending.start(rows.y)
        return Texts(columns, self.task.answer, y, weight, len(self.task.labels))


def _trained(encoder: "Encoder", trial: _Trial, train: Rows, stop: Rows) -> "Progress":
    """Train in place; the deadline leaves time to encode all rows once more."""
    from smeaton.families._torch_fit import Course, Until, tune
    from smeaton.families._torch_train import Progress

    task, given = trial.task, trial.given
    if trial.limit == 0:
        return Progress(0, 0, 0.0, False)  # a refit of what training made no better
    ending = ending_of(task, train)
    number = ending if isinstance(ending, NumberEnding) else None
    learnt = trial.texts(train, number)
    course = Course(
        given["way"], float(given["epochs"]), float(given["rate"]), int(given["batch"]), int(given["rank"]),
        absolute=task.metric in ABSOLUTE,
    )  # fmt: skip
    judged = trial.texts(stop, number) if len(stop) else None
    return tune(
        encoder, learnt, judged, course, trial.run, Until(trial.deadline, trial.limit, min(len(train), HEAD_ROWS))
    )


def _exported(encoder: "Encoder", trial: _Trial, train: Rows) -> Embedding:
    """The encoder as files in the fit's scratch folder, and the step that asks it."""
    from smeaton.families._torch_export import write_onnx

    weights, home = trial.weights, trial.run.scratch / "encoder"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights.files["tokenizer"], home / TOKENIZER_FILE)
    some = [text for column in trial.ids(train, weights.max_tokens) for text in column]
    write_onnx(encoder, home / MODEL, some)
    args = {
        "kind": "onnx", "max_tokens": weights.max_tokens, "pooling": weights.pooling, "normalise": weights.normalise,
        "prefix": weights.prefix,
    }  # fmt: skip
    return Embedding(args, (TOKENIZER_FILE, MODEL), home)


def _headed(trial: _Trial, embedding: Embedding, fold: Fold) -> tuple[EmbeddedModel, str]:
    """The model with its head, over the encoder in integers if that costs next to nothing; and what was decided."""
    from smeaton.families._torch_export import write_int8

    # The rows are drawn already; and the head is small, so that no clock needs to end it.
    task, given, run = trial.task, trial.given, replace(trial.run, fidelity=1.0, report=_silent)

    def headed(step: Embedding) -> tuple[EmbeddedModel, float]:
        # The encoder is this fit's own, so no other fit would find its vectors in the cache.
        model = EmbeddedModel(task, step, VectorStore(run.scratch / VECTORS))
        return model, fit_model(model, fold, run, {"penalty": given["penalty"]}, math.inf)

    def small() -> tuple[EmbeddedModel, float]:
        write_int8(embedding.home / MODEL, embedding.home / MODEL_INT8)
        return headed(Embedding({**embedding.args, "alone": True}, (TOKENIZER_FILE, MODEL_INT8), embedding.home))

    if given["int8"]:
        return small()[0], "the encoder is in int8"
    plain, goal = headed(embedding)
    if given["int8"] is False:
        return plain, "the encoder is in float32"
    if math.isnan(goal):
        return plain, "the encoder is in float32: there are no rows to judge int8 on"
    less, quality = small()
    points = task.answer != "number"
    said = f"{quality:.1%} right" if points else f"an error of {-quality:.4g}"
    said = f"{said} on the stop rows, {f'{goal:.1%}' if points else f'{-goal:.4g}'} in float32"
    if keeps_int8(goal, quality, points=points):
        return less, f"the encoder is in int8: {said}"
    return plain, f"the encoder is in float32, int8 loses too much: {said}"


def keeps_int8(goal: float, quality: float, *, points: bool) -> bool:
    """Whether the integer copy is near enough to the plain one's `goal`: half a point where both are shares of right
    answers (`points`), else half a percent of the error (both are errors below zero)."""
    return goal - quality <= (_MOST_LOST if points else _MOST_LOST * abs(goal)) + 1e-12


def _told(model: EmbeddedModel, said: str, progress: "Progress", given: Config, judged: bool) -> EmbeddedModel:
    """Tell the model how its training went, and how to repeat it."""
    penalty = (model.refit or {}).get("penalty")
    small = MODEL_INT8 in model.embedding.files
    model.steps, notes = 0, [said]
    model.refit = {STEPS: progress.best_step, "penalty": penalty, "int8": small}
    if progress.clocked and given["penalty"] is None:  # a refit ends where it was told to
        model.steps = progress.steps
        notes.insert(0, f"the clock ended it after {progress.steps} steps; the best was {progress.best_step}")
    elif judged and progress.steps and progress.best_step == 0:
        notes.insert(0, "training made it no better on the stop rows: the encoder is the untouched one")
    model.note = "; ".join(notes)
    return model


def _silent(step: int, score: float) -> None:
    """Tell nobody: the head's scores are no continuation of the training's."""


part = FineTune()
