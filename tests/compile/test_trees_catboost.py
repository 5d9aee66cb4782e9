import numpy as np
import pytest
from tests.compile._models import make_numbers, make_task, table_step, to_features, to_table

from smeaton.compile._single import to_single
from smeaton.compile.encode import Layout, Vocabulary
from smeaton.compile.export import assemble, export_forest
from smeaton.compile.proof import adversarial, compare
from smeaton.compile.trees_catboost import read_catboost
from smeaton.errors import ProgramError
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.runtime.ops._features import NUMBERS
from smeaton.task.types import Type

catboost = pytest.importorskip("catboost")

YES_NO = Type(type="boolean", labels=(False, True))
THREE = Type(type="category", labels=("a", "b", "c"))
NUMBER = Type(type="number")
FIXED = {
    "iterations": 12,
    "depth": 4,
    "learning_rate": 0.4,
    "thread_count": 1,
    "random_seed": 1,
    "allow_writing_files": False,
    "logging_level": "Silent",
}


def fit(params, x, y, **more):
    model = catboost.CatBoost(FIXED | params)
    model.fit(catboost.Pool(x, label=y, **more))
    return model


def saved(model, folder):
    model.save_model(str(folder / "catboost.json"), format="json")
    return (folder / "catboost.json").read_bytes()


class Model:
    """A CatBoost model over numbers, its forest and its program."""

    def __init__(self, params, numbers, target, output, folder):
        self.task = make_task(numbers.shape[1], 0, output)
        self.model = fit(params, to_single(numbers), target)
        self.forest = read_catboost(saved(self.model, folder))
        layout = Layout(numbers.shape[1])
        step = export_forest(self.forest, layout, Vocabulary(), folder)
        self.program = assemble(self.task, (table_step(self.task),), step)
        self.folder = folder
        save_program(self.program, folder)

    def predict(self, table):
        """What CatBoost says; it sums its leaves in double."""
        kind = "Probability" if self.task.is_class else "Exponent" if self.forest.link == "exp" else "RawFormulaVal"
        found = self.model.predict(to_single(to_features(table, self.task)[NUMBERS]), prediction_type=kind)
        if not self.task.is_class:
            return {"prediction": found}
        labels = np.array([*self.task.labels, None], dtype=object)[:-1]
        return {"prediction": labels[found.argmax(axis=1)], "probability": found}


def check(model, numbers):
    """CatBoost and the program agree on its own rows and on adversarial ones."""
    none = np.empty((len(numbers), 0), dtype=object)
    rows = to_table(numbers, none)
    with Engine(model.program, model.folder) as engine:
        for table in (rows, adversarial(model.program, model.folder, rows, model.task, 0)):
            expected = model.predict(table)
            scale = 1.0 if "probability" in expected else max(1.0, np.abs(expected["prediction"]).max())
            assert compare(expected, engine.run(table)) <= 1e-13 * scale


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize(
    ("params", "output"),
    [
        ({"loss_function": "Logloss"}, YES_NO),
        ({"loss_function": "Logloss", "boost_from_average": True, "nan_mode": "Max"}, YES_NO),
        ({"loss_function": "MultiClass", "border_count": 8}, THREE),
        ({"loss_function": "RMSE", "depth": 6, "bootstrap_type": "Bayesian"}, NUMBER),
        ({"loss_function": "MAE"}, NUMBER),
        ({"loss_function": "Poisson"}, NUMBER),
    ],
)
def test_agrees_with_catboost(tmp_path, params, output, nulls):
    rng = np.random.default_rng(3)
    numbers = make_numbers(rng, nulls)
    goal = np.nan_to_num(numbers[:, 0]) + (np.nan_to_num(numbers[:, 3]) > 20) + np.isnan(numbers[:, 1])
    if output.is_class:
        goal = np.digitize(goal, np.quantile(goal, [1 / 2] if output is YES_NO else [1 / 3, 2 / 3]))
    elif params["loss_function"] == "Poisson":
        goal = np.abs(goal)
    check(Model(params, numbers, goal, output, tmp_path), numbers)


def test_what_is_beyond_single_precision_is_read_as_its_end(tmp_path):
    rng = np.random.default_rng(4)
    numbers = make_numbers(rng, True)
    numbers[:40, 0], numbers[40:80, 0] = 1e300, -1e300
    goal = np.nan_to_num(np.clip(numbers[:, 0], -3, 3)) + np.isnan(numbers[:, 0]) * 5
    check(Model({"loss_function": "RMSE"}, numbers, goal, NUMBER, tmp_path), numbers)


def test_a_tree_keeps_only_what_a_row_can_reach(tmp_path):
    """Four questions of one column have five answers, not sixteen."""
    x = np.linspace(0, 1, 200)[:, None]
    model = Model({"loss_function": "RMSE", "iterations": 3}, x, np.floor(5 * x[:, 0]) ** 2, NUMBER, tmp_path)
    assert all(len(tree.leaves) <= 5 for tree in model.forest.trees)
    assert any(len(tree.leaves) == 5 for tree in model.forest.trees)
    check(model, x)


def test_the_scale_of_a_model_counts(tmp_path):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 3))
    model = fit({"loss_function": "RMSE"}, to_single(x), x[:, 0] + 4.0)
    model.set_scale_and_bias(2.0, 3.0)
    forest = read_catboost(saved(model, tmp_path))
    assert max(forest.trees[-1].leaves) == 3.0
    plain = model.predict(to_single(x[:1]), prediction_type="RawFormulaVal")
    node_sum = sum(_leaf(tree, x[0]) for tree in forest.trees)
    assert plain[0] == pytest.approx(node_sum, abs=1e-12)


def _leaf(tree, row):
    place = 0 if tree.nodes else ~0
    while place >= 0:
        node = tree.nodes[place]
        place = node.left if row[node.feature] <= node.threshold else node.right
    return tree.leaves[~place]


@pytest.mark.parametrize(
    ("params", "more", "message"),
    [
        ({"grow_policy": "Depthwise"}, {}, "not symmetric"),
        ({"loss_function": "Lq:q=3"}, {}, "Lq"),
        ({"one_hot_max_size": 10}, {"cat_features": [2]}, "categorical_features"),
        ({"one_hot_max_size": 1}, {"cat_features": [2]}, "categorical_features"),
    ],
)
def test_what_cannot_be_written_exactly_is_refused(tmp_path, params, more, message):
    rng = np.random.default_rng(8)
    x = np.column_stack([rng.normal(size=(200, 2)), np.arange(200) % 5]).astype(object)
    if more:
        x[:, 2] = [f"v{value}" for value in x[:, 2]]
    model = fit(params, x, np.arange(200) % 5 + rng.normal(size=200) * 0.1, **more)
    with pytest.raises(ProgramError, match=message):
        read_catboost(saved(model, tmp_path))
