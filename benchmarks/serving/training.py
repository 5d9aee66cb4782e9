"""Makes the model that every server answers with: 300 trees of LightGBM on a generated table, seeded.

`write_model` puts into a folder: the Smeaton bundle, whose graph `bare` and MLServer run too; the booster as LightGBM's
own text, which the others run; the columns; and rows with the probability that LightGBM gives them.
"""

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from benchmarks.serving.model import ASKED, BOOSTER, BUNDLE, CATEGORIES, COLUMNS, NUMBERS, Model

from smeaton.bundle.manifest import Facts, Manifest, Running, Winner
from smeaton.bundle.write import write_bundle
from smeaton.compile.encode import Layout, learn
from smeaton.compile.export import assemble, export_forest
from smeaton.compile.trees import read_lightgbm
from smeaton.families._parts import recipe
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

ROWS, TREES, LEAVES, DISTINCT = 20_000, 300, 31, 128
VALUES = 10  # of each category
TASK = Task(
    name="model",
    data=Data(),
    inputs={name: Type(type="number") for name in NUMBERS} | {name: Type(type="category") for name in CATEGORIES},
    output={"y": Type(type="boolean", labels=(False, True))},
)
Array = np.ndarray[Any, Any]


def make_table() -> tuple[Array, Array, Array]:
    """Numbers with four decimals, categories whose commonest value has a third of the rows, a target of both."""
    rng = np.random.default_rng(4)
    numbers = rng.normal(size=(ROWS, len(NUMBERS))).round(4)
    weight = 1.0 / np.arange(1, VALUES + 1)
    codes = rng.choice(VALUES, (ROWS, len(CATEGORIES)), p=weight / weight.sum())
    categories = np.array([f"value {code}" for code in range(VALUES)], dtype=object)[codes]
    score = numbers[:, 0] * numbers[:, 1] + np.sin(3 * numbers[:, 2]) + np.sin(codes[:, 2]) + np.cos(2 * codes[:, 3])
    return numbers, categories, (score + rng.normal(size=ROWS) > 0).astype(np.int64)


def write_model(folder: Path) -> Model:
    """Train, compile and write everything."""
    numbers, categories, target = make_table()
    vocabulary = learn(categories)
    frame = pd.DataFrame(numbers, columns=list(NUMBERS))
    for name, column, values in zip(CATEGORIES, categories.T, vocabulary.columns, strict=True):
        # In the order of the compiler's codes: its trees and those of whoever asks with a DataFrame are the same.
        frame[name] = pd.Categorical(column, categories=list(values))
    params = {"objective": "binary", "num_leaves": LEAVES, "seed": 4, "deterministic": True, "num_threads": 1}
    booster = lightgbm.train(params | {"force_row_wise": True, "verbosity": -1}, lightgbm.Dataset(frame, target), TREES)
    folder.mkdir(parents=True, exist_ok=True)
    booster.save_model(folder / BOOSTER)
    known = dict(zip(CATEGORIES, vocabulary.columns, strict=True))
    (folder / COLUMNS).write_text(json.dumps({"numbers": NUMBERS, "categories": known}), encoding="utf-8")
    step = export_forest(
        read_lightgbm(booster.model_to_string()), Layout(len(NUMBERS), len(CATEGORIES)), vocabulary, folder / "program"
    )
    manifest = Manifest(
        name=TASK.name,
        outcome="ready",
        task=TASK,
        program=assemble(TASK, recipe(TASK).steps(), step),
        profile=_profile(numbers, categories, target),
        metric="log_loss",
        validation=(),
        test=(),
        winner=Winner(family="boosting", key="0" * 16, config={}, how="holdout", why="the only one"),
        running=Running(p50=1e-4, p95=2e-4, cost_per_1k=None, size=(folder / "program" / "model.onnx").stat().st_size),
        data=Facts(hash="00" * 32, train_rows=ROWS, test_rows=0),
    )
    write_bundle(folder / BUNDLE, manifest, folder / "program")
    asked = frame.head(DISTINCT)
    with (folder / ASKED).open("w", encoding="utf-8") as file:
        for row, found in zip(asked.to_dict("records"), booster.predict(asked).tolist(), strict=True):
            file.write(json.dumps({"row": row, "probability": found}) + "\n")
    return Model(folder)


def _profile(numbers: Array, categories: Array, target: Array) -> Profile:
    levels = [0, 1, 5, 25, 50, 75, 95, 99, 100]
    columns = [
        ColumnProfile(name=name, type="number", quantiles=tuple(np.percentile(column, levels).tolist()))
        for name, column in zip(NUMBERS, numbers.T, strict=True)
    ]
    for name, column in zip(CATEGORIES, categories.T, strict=True):
        values, counts = np.unique(column, return_counts=True)
        common = tuple(sorted(zip(values.tolist(), counts.tolist(), strict=True), key=lambda pair: -pair[1]))
        columns.append(ColumnProfile(name=name, type="category", distinct=len(values), values=common))
    share = float(target.mean())
    return Profile(rows=ROWS, columns=tuple(columns), shares=(1 - share, share))
