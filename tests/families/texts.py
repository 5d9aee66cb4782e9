"""Tasks on texts with tiny pretrained weights, for the tests of families that read vectors."""

from pathlib import Path

import msgspec
import numpy as np
from tables import make_text_rows, make_text_task
from tiny_weights import encoder_folder, static_folder, words_of

from smeaton.data.fold import Fold, Rows
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import PREDICTION, PROBABILITY, Array, Table, object_column
from smeaton.task.task import Limits, Solutions, Task

KINDS = ("binary", "5", "number", "many")
MIXED = ("body", "area", "length")
TWO = ("body", "title")


def weights(folder: Path, kind: str, dim: int = 60) -> Path:
    """Tiny weights that know the words of the generated texts."""
    words = words_of(make_text_rows(600, "8").x["body"].tolist())
    return encoder_folder(folder, words, dim) if kind == "encoder" else static_folder(folder, words, dim)


def task_with(folder: Path | str, kind: str, inputs: tuple[str, ...] = ("body",), home: Path | None = None) -> Task:
    """A task that names the weights of a folder."""
    task = make_text_task(kind, inputs)
    solutions = Solutions(add=(str(folder),))
    return msgspec.structs.replace(task, solutions=solutions, folder=str(home or folder), limits=Limits(offline=True))


def profile_of(task: Task, rows: int, length: float = 60.0) -> Profile:
    """A profile with texts of a mean length."""
    return Profile(
        rows=rows,
        columns=tuple(
            ColumnProfile(name=name, type=form.type, mean_length=length) for name, form in task.input_types.items()
        ),
    )


def values(answers: Table) -> Array:
    return answers[PROBABILITY if PROBABILITY in answers else PREDICTION]


def strange(held: Table) -> Table:
    """Texts that are null, empty, long, or in signs never seen; categories and numbers never seen."""
    odd = {name: column[:8].copy() for name, column in held.items()}
    for turn, name in enumerate(("body", "title")):
        texts = [None, "", " ", "!!!", "\u6771\u4eac \U0001f600", "bad " * 400, "x", "\u0e01\u0e34 e\u0301"]
        odd[name] = object_column(texts[turn:] + texts[:turn])
    odd["area"] = object_column([None, "", "area 0", "nowhere", "Area 1", "area 2", "\u00e9", "area 1"])
    odd["length"] = np.array([np.nan, 0.0, -0.0, 1e9, -1e9, 1e-300, 5.0, 2.0])
    return {name: odd[name] for name in held}


def right(answers: Table, y: Array) -> float:
    """The share of right answers; for numbers the part of the variance that is explained."""
    found = values(answers)
    if PROBABILITY not in answers:
        return float(1 - np.square(found - y).mean() / y.var())
    return float(((found >= 0.5) == (y > 0)).mean() if y.ndim == 2 else (found.argmax(axis=1) == y).mean())


def pairs_fold(rows: int) -> tuple[Fold, Array]:
    """Two texts of one word each; the answer is whether the words are the same."""
    rng = np.random.default_rng(0)
    words = words_of(make_text_rows(600, "8").x["body"].tolist())[:12]
    one, two = rng.integers(0, len(words), (2, rows))
    two = np.where(rng.random(rows) < 0.5, one, two)
    x = {
        "body": object_column([words[place] for place in one]),
        "title": object_column([words[place] for place in two]),
    }
    every = Rows(x, (one == two).astype(np.int64), None, np.arange(rows))
    a, b = int(0.7 * rows), int(0.8 * rows)
    train, stop, held = (
        Rows({name: column[part] for name, column in x.items()}, every.y[part], None, every.index[part])
        for part in (slice(a), slice(a, b), slice(b, None))
    )
    return Fold(0, train, stop, held.x, held.index), held.y
