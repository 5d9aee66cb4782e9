"""Small tables and LightGBM models, and the program of one."""

import lightgbm
import numpy as np

from smeaton.compile.encode import Layout, learn
from smeaton.compile.export import assemble, export_forest
from smeaton.compile.trees import read_lightgbm
from smeaton.runtime.files import save_program
from smeaton.runtime.ops._features import CATEGORIES, NULL_TEXT, NUMBERS
from smeaton.runtime.program import Step
from smeaton.task.table import object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

ROWS = 1200


def make_numbers(rng, nulls):
    """Plain, unix seconds, 12-digit ids, prices, around LightGBM's zero."""
    numbers = np.column_stack(
        [
            rng.normal(size=ROWS),
            1.6e9 + rng.integers(0, 30_000_000, ROWS),
            rng.integers(10**11, 10**12, ROWS),
            np.round(rng.lognormal(3, 1, ROWS), 2),
            rng.choice([0.0, 1e-36, -1e-30, 1.0, -1.0], ROWS),
            rng.normal(size=ROWS) * 5e-35,
        ]
    )
    if nulls:
        numbers[rng.random(numbers.shape) < 0.15] = np.nan
    return numbers


def make_categories(rng):
    """4, 40 and 200 values, nulls among them, and a value two columns share."""
    columns = [[f"c{i}_{v}" for v in rng.zipf(1.4, ROWS) % k] for i, k in enumerate((4, 40, 200))]
    matrix = np.column_stack([object_column(column) for column in columns])
    matrix[rng.random(matrix.shape) < 0.1] = NULL_TEXT
    matrix[rng.random(matrix.shape) < 0.1] = "both"
    return matrix


def score(rng, numbers, categories):
    """Something trees can learn from every kind of column."""
    codes = learn(categories).codes(categories)
    plain = np.nan_to_num(numbers)
    noise = rng.normal(size=ROWS) * 0.5
    effect = np.sin(np.nan_to_num(codes[:, 1]) * 7) + np.cos(np.nan_to_num(codes[:, 2]) * 3)
    return plain[:, 0] + (plain[:, 3] > 20) + (plain[:, 4] > 0) + (plain[:, 2] > 5e11) + effect + noise


def train(params, matrix, target, categorical=(), rounds=15):
    """A small booster."""
    fixed = {
        "verbose": -1,
        "num_threads": 1,
        "seed": 1,
        "min_data_in_leaf": 5,
        "cat_smooth": 1,
        "min_data_per_group": 5,
    }
    data = lightgbm.Dataset(matrix, target, categorical_feature=list(categorical), params=fixed | params)
    return lightgbm.train(fixed | params, data, rounds)


def make_task(numbers, categories, output):
    """The task of a table with `numbers` number columns and `categories` category columns, all optional."""
    types = {f"n{i}": Type(type="number", optional=True) for i in range(numbers)}
    types |= {f"c{i}": Type(type="category", optional=True) for i in range(categories)}
    return Task(data=Data(), inputs=types, output={"y": output})


def table_step(task):
    """Its feature step."""
    kinds = {name: kind.type for name, kind in task.input_types.items()}
    numbers = [{"column": name} for name, kind in kinds.items() if kind == "number"]
    categories = [name for name, kind in kinds.items() if kind == "category"]
    return Step(
        op="table",
        inputs=tuple(kinds),
        outputs=(*[NUMBERS] * bool(numbers), *[CATEGORIES] * bool(categories)),
        args={
            "columns": [{"name": name, "type": {"type": kind, "optional": True}} for name, kind in kinds.items()],
            "numbers": numbers,
            "categories": categories,
        },
    )


def to_table(numbers, categories):
    """Matrices as the task's columns."""
    table = {f"n{i}": numbers[:, i] for i in range(numbers.shape[1])}
    for i in range(categories.shape[1]):
        table[f"c{i}"] = object_column([None if v == NULL_TEXT else v for v in categories[:, i]])
    return table


def to_features(table, task):
    """The columns as matrices again."""
    numbers = [table[name] for name, kind in task.input_types.items() if kind.type == "number"]
    texts = [
        object_column([NULL_TEXT if v is None else v for v in table[name]])
        for name, kind in task.input_types.items()
        if kind.type == "category"
    ]
    found = {NUMBERS: np.column_stack(numbers)} if numbers else {}
    return found | ({CATEGORIES: np.column_stack(texts)} if texts else {})


class Boosted:
    """A booster with its program in a folder."""

    def __init__(self, params, numbers, categories, target, output, folder, rounds=15):
        self.task = make_task(numbers.shape[1], categories.shape[1], output)
        self.layout = Layout(numbers.shape[1], categories.shape[1])
        self.vocabulary = learn(categories)
        matrix = self.layout.matrix({NUMBERS: numbers, CATEGORIES: categories}, self.vocabulary)
        places = range(numbers.shape[1], matrix.shape[1])
        self.booster = train(params, matrix, target, places, rounds)
        self.forest = read_lightgbm(self.booster.model_to_string())
        step = export_forest(self.forest, self.layout, self.vocabulary, folder)
        self.program = assemble(self.task, (table_step(self.task),), step)
        self.folder = folder
        save_program(self.program, folder)

    def predict(self, table):
        """What the trainer says."""
        matrix = self.layout.matrix(to_features(table, self.task), self.vocabulary)
        found = self.booster.predict(matrix)
        if not self.task.is_class:
            return {"prediction": found}
        found = np.column_stack([1 - found, found]) if found.ndim == 1 else found
        return {"prediction": object_column(self.task.labels)[found.argmax(axis=1)], "probability": found}
