"""What `finetune` may train, and how long that takes: weights with tensors, and seconds from rows and tokens."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.families import Config, Refusal
from smeaton.families._encoding import CACHE, FOLDER, pinned, tokens_per_row
from smeaton.task.profile import Profile
from smeaton.task.task import Task
from smeaton.weights import Weights, discover, is_reference, resolve

#: Floating-point operations a second of one thread, training and answering; and how many times more a GPU does
#: (measured with a small encoder on the machine this was written on, in float32, half of its cores busy).
_TRAINS, _ANSWERS, _GPU = 25e9, 50e9, 100.0
_FIXED = 20.0  # seconds to import torch, load, export and check
_FIT_SHARE = 0.3  # of the budget that one training may take
#: Rows seen, each time counted, that training should have, and without which it is not worth its time.
_WANTED, _LEAST = {"contrastive": 6_000.0, "full": 8_000.0}, 600.0
_EPOCHS = {"contrastive": (1.0, 10.0), "full": (3.0, 10.0)}
_TEXT_TOKENS = 128  # of a text that are read while training
#: Rows that the last head is fitted on at most.
HEAD_ROWS = 20_000
_RANK = 16


def missing_package() -> str | None:
    """The first package that is needed and not installed."""
    return next((name for name in ("torch", "transformers", "tokenizers") if find_spec(name) is None), None)


def trainable(task: Task) -> tuple[list[Weights], str]:
    """The weights that can be trained: those the task names, else those that are installed; and why others cannot.

    Raises:
        InputError: weights the task names are not there.
    """
    folder = Path(task.folder)
    cache, offline = folder / CACHE / FOLDER, task.limits.offline
    named = [name for name in task.solutions.add if is_reference(name, folder)]
    found = [resolve(name, folder, cache, offline=offline) for name in named]
    usable = [weights for weights in found if _trains(weights)]
    if not usable:
        usable = [weights for name in discover() if _trains(weights := resolve(name, folder, cache, offline=True))]
    others = ", ".join(weights.name for weights in found)
    return usable, f"{others}: no tensors to train" if others else "no encoder weights (safetensors) found"


def _trains(weights: Weights) -> bool:
    return {"tensors", "config", "tokenizer"} <= weights.files.keys()


def plan_starts(task: Task, profile: Profile, weights: Weights, gpu: bool) -> list[Config] | Refusal:
    """Pairs first, then a head on top, as long as the budget lets them; on a GPU also adapters of low rank."""
    tokens = tokens_per_row(task, profile, _TEXT_TOKENS, 1)
    work = tokens * active_weights(weights)
    speed = _GPU if gpu else 1.0
    # All rows are encoded in float32, in integers, and about once more for judging and proving.
    head = 3 * 2.0 * work * min(profile.rows, HEAD_ROWS) / _ANSWERS
    left = _FIT_SHARE * task.budget.time - _FIXED - head
    each = 6.0 * work / _TRAINS / speed * 1.3  # 0.3 for judging
    if left < _LEAST * each:
        needed = (_FIXED + head + _LEAST * each) / _FIT_SHARE
        return Refusal(
            f"training {weights.name} on {profile.rows:,} rows of about {tokens:.0f} tokens takes about "
            f"{_FIXED + head + _LEAST * each:.0f} s a fit, too much of a budget of {task.budget.time:g} s; "
            f"set budget.time to {np.ceil(needed / 60):.0f}m or more"
        )
    starts: list[Config] = []
    for way in ("contrastive", "full"):
        low, high = _EPOCHS[way]
        epochs = min(float(np.clip(_WANTED[way] / profile.rows, low, high)), left / each / profile.rows)
        starts.append({"weights": pinned(weights), "way": way, "epochs": round(epochs, 3)})
    if gpu:
        starts.append({**starts[1], "rank": _RANK, "rate": 2e-4})
    return starts


def effort_of(task: Task, profile: Profile) -> float:
    """The work of a fit against a linear model's: what fits the seconds a start may take, as the plan reckons."""
    outputs = len(task.labels) if len(task.labels) > 2 else 1
    width = sum(100 if column.type == "text" else 1 for column in profile.columns)
    return round(_FIT_SHARE * task.budget.time / (0.1 + 4e-7 * profile.rows * width * outputs), 1)


def active_weights(weights: Weights) -> float:
    """Weights that every token is multiplied with: those of the layers, not of the table of word vectors."""
    config: dict[str, Any] = msgspec.json.decode(weights.files["config"].read_bytes())

    def first(names: Sequence[str]) -> int:
        return next((int(config[name]) for name in names if isinstance(config.get(name), int)), 0)

    width = first(("hidden_size", "dim", "d_model"))
    layers = first(("num_hidden_layers", "n_layers", "num_layers"))
    inner = first(("intermediate_size", "hidden_dim", "d_ff")) or 4 * width
    counted = layers * (4.0 * width * width + 2.0 * width * inner)
    return counted or weights.files["tensors"].stat().st_size / 4
