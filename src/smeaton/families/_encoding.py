"""Pretrained weights as the `embed` step of a program: which to take, their files, how many tokens there is time."""

import os
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.errors import ExtraMissing, InputError
from smeaton.extras import needs
from smeaton.families import Refusal
from smeaton.families._compared import vector_output
from smeaton.families._head import HeadModel
from smeaton.families._rowwise import rowwise
from smeaton.runtime.call import Call
from smeaton.runtime.ops._embed import is_dynamic
from smeaton.runtime.ops._embed_memory import Memory, on_threads, remembering
from smeaton.runtime.ops._features import text_output
from smeaton.runtime.ops.embed import EmbedRunner
from smeaton.runtime.ops.embed import part as embed
from smeaton.runtime.program import Step
from smeaton.task.profile import Profile
from smeaton.task.table import Array, object_column
from smeaton.task.task import Task
from smeaton.weights import Kind, Weights, discover, is_reference, resolve
from smeaton.weights._safetensors import header, read

CACHE = Path(".smeaton", "cache")
FOLDER = "weights"
TOKENIZER_FILE = "tokenizer.json"
ENCODER_FILE = "encoder.onnx"
TABLE_FILE = "table.npy"
TOKEN_WEIGHTS_FILE = "weights.npy"  # noqa: S105 - a file's name

#: Tokens of a window, and windows of a text, that are tried while they cost too much time.
LENGTHS = ((512, 4), (256, 4), (256, 2), (256, 1), (128, 1), (64, 1), (48, 1), (32, 1), (24, 1), (16, 1))
#: Seconds of a head's fit for each row, column and target.
_HEAD = 1e-8
#: How many times faster an 8-bit copy is, at least.
FASTER = 1.7
BUDGET_SHARE = 0.4  # of the budget that embedding every row once may take
_WORKERS = 2
_CHARACTERS = 4.5  # of one token, about
_AROUND = 2  # tokens around every text
_PROBES = 32
_PROBE = "The committee will decide on the second proposal after the summer, once the costs of transport are known "


def weights_of(task: Task, kind: Kind) -> list[Weights]:
    """The weights a task names that are of a kind; those installed where it names none of them. They are fetched here
    if they are elsewhere.

    Raises:
        InputError: weights the task names cannot be had.
    """
    folder = Path(task.folder)
    cache, offline = folder / CACHE / FOLDER, task.limits.offline
    named = [one for one in task.solutions.add if is_reference(one, folder)]
    found = [resolve(one, folder, cache, offline=offline) for one in named]
    found = [one for one in found if one.kind == kind]
    return found or [
        one for one in (resolve(name, folder, cache, offline=True) for name in discover()) if one.kind == kind
    ]


def usable(task: Task, kind: Kind) -> list[Weights] | Refusal:
    """The weights for a task, or why there are none."""
    try:
        with needs("text"):
            import tokenizers  # noqa: F401
        found = weights_of(task, kind)
    except ExtraMissing as error:
        return Refusal(f"{error.message}; {error.fix}")
    except InputError as error:
        return Refusal(f"{error.message}; {error.fix}")
    if found:
        return found
    what = "encoder weights (ONNX)" if kind == "onnx" else "table of token vectors"
    return Refusal(f"no {what} found: name some with solutions.add: [hub:org/name], or a folder that holds them")


def pinned(weights: Weights) -> str:
    """The reference with its hash, as configurations name it."""
    return f"{weights.reference.partition('#')[0]}#sha256={weights.hash}"


@dataclass(frozen=True, slots=True)
class Embedding:
    """An `embed` step: its arguments, and the folder that holds its files."""

    args: Mapping[str, Any]
    files: tuple[str, ...]
    home: Path

    def step(self, column: str) -> Step:
        """The step for a text column."""
        return Step(
            op="embed",
            inputs=(text_output(column),),
            outputs=(vector_output(column),),
            args=dict(self.args),
            files=self.files,
        )

    def runner(self, column: str = "text") -> EmbedRunner:
        """The step, loaded."""
        return embed.load(self.step(column), self.home, None)

    def put(self, folder: Path) -> None:
        """Write the step's files into a folder."""
        for name in self.files:
            _link(self.home / name, folder / name)


class EmbeddedModel(HeadModel):
    """An embed step for every text, and the head. Vectors come from `store` where they are known, until `deadline` (a
    `time.monotonic` moment); `shared` counts the seconds that took."""

    def __init__(self, task: Task, embedding: Embedding, store: Memory | None, deadline: float | None = None) -> None:
        self.embedding, self.store, self.deadline = embedding, store, deadline
        self._runner = embedding.runner()
        self.shared = 0.0
        super().__init__(task, self._runner.dim)

    def vectors(self, column: str, texts: Array) -> Array:
        """The vectors of a text column."""
        start = time.monotonic()
        # All cores: the search starts nothing new while the rows of a build are embedded.
        with remembering(self.store), on_threads(os.cpu_count() or 1):
            found = self._runner({text_output("text"): texts}, Call(deadline=self.deadline))
        self.shared += time.monotonic() - start
        return found[vector_output("text")]

    def added(self, folder: Path) -> tuple[Step, ...]:
        """One `embed` step for each text."""
        folder.mkdir(parents=True, exist_ok=True)
        self.embedding.put(folder)
        return tuple(self.embedding.step(name) for name in self.recipe.texts)


def without_text(task: Task) -> Refusal | None:
    """The refusal of a task that has no text."""
    if any(form.type == "text" for form in task.input_types.values()):
        return None
    return Refusal("it reads texts, and no input is one")


def encoder_embedding(
    weights: Weights, cache: Path, max_tokens: int, windows: int, model: Path | None = None
) -> Embedding:
    """The step for ONNX weights (`model`: another graph in their place). Files are copied into the cache once."""
    source = model or weights.files["model"]
    home = cache / FOLDER / f"{weights.hash[:32]}{'-' + source.stem if model else ''}"
    _copy(weights.files["tokenizer"], home / TOKENIZER_FILE)
    _copy(source, home / ENCODER_FILE)
    args = {
        "kind": "onnx", "max_tokens": min(max_tokens, weights.max_tokens), "windows": windows,
        "pooling": weights.pooling, "normalise": weights.normalise, "prefix": weights.prefix,
        "alone": is_dynamic(source),
    }  # fmt: skip
    return Embedding(args, (TOKENIZER_FILE, ENCODER_FILE), home)


def static_embedding(weights: Weights, cache: Path) -> Embedding:
    """The step for a table of token vectors. Tokens may share rows (a tensor `mapping`) and have `weights`, as
    model2vec writes them."""
    home = cache / FOLDER / weights.hash[:32]
    _copy(weights.files["tokenizer"], home / TOKENIZER_FILE)
    tensors, _ = header(weights.files["table"])
    table = read(weights.files["table"], weights.tensor)
    if "mapping" in tensors:
        table = table[read(weights.files["table"], "mapping")]
    _keep(home / TABLE_FILE, table)
    files: tuple[str, ...] = (TOKENIZER_FILE, TABLE_FILE)
    if "weights" in tensors:
        _keep(home / TOKEN_WEIGHTS_FILE, read(weights.files["table"], "weights").astype(np.float64))
        files = (*files, TOKEN_WEIGHTS_FILE)
    args = {"kind": "static", "normalise": weights.normalise, "prefix": weights.prefix}
    return Embedding(args, files, home)


def quantised(weights: Weights, cache: Path) -> Path:
    """A copy of ONNX weights with its matrices as 8-bit integers (see `_rowwise.py`); made once.

    Raises:
        InputError: nothing in the model can be quantised so.
        ExtraMissing: the package `onnx` is not installed.
    """
    path = cache / FOLDER / f"{weights.hash[:32]}-source" / "int8.onnx"
    if path.exists():
        return path
    import onnxruntime

    folded, unfinished = _unfinished(path), _unfinished(path)
    options = onnxruntime.SessionOptions()
    # Matrices that are stored smaller and spread out when loaded become plain ones first.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    options.log_severity_level = 4
    onnxruntime.InferenceSession(weights.files["model"], options, providers=["CPUExecutionProvider"])
    try:
        done = rowwise(folded, unfinished)
    finally:
        folded.unlink()
    if not done:
        unfinished.unlink()
        raise InputError(f"no matrix of {weights.name} can be made 8-bit", fix="use the encoder as it is")
    unfinished.replace(path)
    return path


def tokens_per_row(task: Task, profile: Profile, max_tokens: int, windows: int) -> float:
    """About how many tokens one row has in its text columns, cut to the windows."""
    lengths = [profile[name].mean_length for name, form in task.input_types.items() if form.type == "text"]
    return sum(min(length / _CHARACTERS + _AROUND, max_tokens * windows) for length in lengths)


def fitting(task: Task, profile: Profile, weights: Weights, faster: float = 1.0) -> tuple[int, int] | Refusal:
    """The longest windows with which all rows can be embedded in a share of the budget by an encoder so many times
    `faster` than the one measured; or why none can."""
    speed = faster * tokens_per_second(weights)
    workers = min(_WORKERS, os.cpu_count() or 1)
    most = BUDGET_SHARE * task.budget.time * workers
    seconds = 0.0
    for length, windows in LENGTHS:
        if length > weights.max_tokens and length > LENGTHS[-1][0]:
            continue
        seconds = profile.rows * tokens_per_row(task, profile, length, windows) / speed
        if seconds <= most:
            return min(length, weights.max_tokens), windows
    return Refusal(
        f"embedding {profile.rows:,} rows takes about {seconds / workers:.0f} s even at {LENGTHS[-1][0]} tokens a text "
        f"({weights.name}, {speed:,.0f} tokens/s), more than {BUDGET_SHARE:.0%} of {task.budget.time:.0f} s"
    )


def row_seconds(task: Task, profile: Profile, weights: Weights, max_tokens: int, windows: int) -> float:
    """About what embedding one row takes on the cores there are."""
    speed = tokens_per_second(weights) * min(_WORKERS, os.cpu_count() or 1)
    return tokens_per_row(task, profile, max_tokens, windows) / speed


def head_seconds(task: Task, profile: Profile, dim: int) -> float:
    """About what fitting one head takes, its vectors being there."""
    texts = sum(form.type == "text" for form in task.input_types.values())
    return 0.5 + _HEAD * profile.rows * dim * texts * (len(task.labels) if len(task.labels) > 2 else 1)


def tokens_per_second(weights: Weights) -> float:
    """How fast an encoder is here, on one thread; measured once in a process."""
    return _speed(str(weights.files["tokenizer"]), str(weights.files["model"]), weights.max_tokens)


@lru_cache(maxsize=16)
def _speed(tokenizer: str, model: str, max_tokens: int) -> float:
    # Absolute names stand for themselves, so nothing is copied for a probe.
    files = (str(Path(tokenizer).resolve()), str(Path(model).resolve()))
    args = {"kind": "onnx", "max_tokens": min(64, max_tokens), "alone": is_dynamic(Path(model))}
    runner = Embedding(args, files, Path()).runner()
    texts = [f"{number} {_PROBE}" for number in range(_PROBES)]
    columns = {text_output("text"): object_column(texts)}
    runner({name: column[:2] for name, column in columns.items()}, Call())
    start = time.perf_counter()
    runner(columns, Call())
    tokens = sum(min(64, len(text) / _CHARACTERS + _AROUND) for text in texts)
    return tokens / max(time.perf_counter() - start, 1e-6)


def _keep(path: Path, array: Array) -> None:
    if path.exists():
        return
    unfinished = _unfinished(path)
    with unfinished.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
    unfinished.replace(path)


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        return
    unfinished = _unfinished(target)
    shutil.copyfile(source, unfinished)
    unfinished.replace(target)


def _unfinished(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"unfinished-{uuid.uuid4().hex}.onnx")


def _link(source: Path, target: Path) -> None:
    """The same file under another name, where the file system can; every fold's program would be a copy else."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
