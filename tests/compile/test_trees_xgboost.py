import json

import numpy as np
import pytest
from tests.compile._models import make_categories, make_numbers, make_task, score, table_step, to_features, to_table

from smeaton.compile._single import to_single
from smeaton.compile.encode import Layout, learn
from smeaton.compile.export import assemble, export_forest
from smeaton.compile.proof import adversarial, compare
from smeaton.compile.trees_xgboost import read_xgboost
from smeaton.errors import ProgramError
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS
from smeaton.task.types import Type

xgboost = pytest.importorskip("xgboost")

YES_NO = Type(type="boolean", labels=(False, True))
THREE = Type(type="category", labels=("a", "b", "c"))
NUMBER = Type(type="number")
FIXED = {"tree_method": "hist", "nthread": 1, "seed": 1, "max_depth": 5, "min_child_weight": 0.1, "eta": 0.4}


def data(matrix, types, label=None):
    return xgboost.DMatrix(to_single(matrix), label=label, feature_types=types, enable_categorical=True)


class Model:
    """A booster over a small table, its forest and its program."""

    def __init__(self, params, numbers, categories, target, output, folder, rounds=12):
        self.task = make_task(numbers.shape[1], categories.shape[1], output)
        self.layout = Layout(numbers.shape[1], categories.shape[1])
        self.vocabulary = learn(categories)
        self.types = ["q"] * numbers.shape[1] + ["c"] * categories.shape[1]
        matrix = self.layout.matrix({NUMBERS: numbers, CATEGORIES: categories}, self.vocabulary)
        self.booster = xgboost.train(FIXED | params, data(matrix, self.types, target), rounds)
        places = range(numbers.shape[1], matrix.shape[1])
        sizes = {place: len(self.vocabulary.columns[i]) for i, place in enumerate(places)}
        self.forest = read_xgboost(bytes(self.booster.save_raw("json")), sizes)
        self.program = assemble(
            self.task, (table_step(self.task),), export_forest(self.forest, self.layout, self.vocabulary, folder)
        )
        self.folder = folder
        save_program(self.program, folder)

    def matrix(self, table):
        return self.layout.matrix(to_features(table, self.task), self.vocabulary)

    def leaves(self, table):
        """XGBoost's own decisions: the value of the leaf that each tree gives each row, (rows, trees), in double."""
        trees = json.loads(self.booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
        reached = self.booster.predict(data(self.matrix(table), self.types), pred_leaf=True).astype(int)
        values = [np.array(tree["split_conditions"], dtype=np.float32).astype(float) for tree in trees]
        return np.column_stack([own[reached.reshape(len(reached), -1)[:, i]] for i, own in enumerate(values)])

    def predict(self, table):
        """Answers from those leaves, summed in double."""
        scores = np.zeros((len(next(iter(table.values()))), self.forest.targets))
        own = self.leaves(table)
        grown = [tree.target for tree in self.forest.trees[: own.shape[1]]]
        for tree in self.forest.trees[own.shape[1] :]:
            scores[:, tree.target] += tree.leaves[0]
        for target in range(self.forest.targets):
            scores[:, target] += own[:, np.equal(grown, target)].sum(axis=1)
        if self.forest.link == "sigmoid":
            yes = 1 / (1 + np.exp(-scores[:, 0]))
            probability = np.column_stack([1 - yes, yes])
        elif self.forest.link == "softmax":
            raised = np.exp(scores - scores.max(axis=1, keepdims=True))
            probability = raised / raised.sum(axis=1, keepdims=True)
        else:
            return {"prediction": np.exp(scores[:, 0]) if self.forest.link == "exp" else scores[:, 0]}
        labels = np.array([*self.task.labels, None], dtype=object)[:-1]
        return {"prediction": labels[probability.argmax(axis=1)], "probability": probability}


def check(model, numbers, categories):
    """The trainer's leaves and the program agree on its own rows and on adversarial ones. Returns the latter."""
    rows = to_table(numbers, categories)
    hard = adversarial(model.program, model.folder, rows, model.task, 0)
    with Engine(model.program, model.folder) as engine:
        for table in (rows, hard):
            expected = model.predict(table)
            scale = 1.0 if "probability" in expected else max(1.0, np.abs(expected["prediction"]).max())
            assert compare(expected, engine.run(table)) <= 1e-13 * scale
    return hard


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize(
    ("params", "output"),
    [
        ({"objective": "binary:logistic"}, YES_NO),
        ({"objective": "binary:logistic", "max_cat_to_onehot": 100, "grow_policy": "lossguide"}, YES_NO),
        ({"objective": "multi:softprob", "num_class": 3, "max_cat_to_onehot": 1}, THREE),
        ({"objective": "reg:squarederror", "base_score": 3.25}, NUMBER),
        ({"objective": "reg:absoluteerror", "num_parallel_tree": 2}, NUMBER),
        ({"objective": "count:poisson"}, NUMBER),
    ],
)
def test_agrees_with_xgboost(tmp_path, params, output, nulls):
    rng = np.random.default_rng(3)
    numbers, categories = make_numbers(rng, nulls), make_categories(rng)
    goal = score(rng, numbers, categories)
    if output.is_class:
        goal = np.digitize(goal, np.quantile(goal, [1 / 2] if output is YES_NO else [1 / 3, 2 / 3]))
    elif params["objective"] == "count:poisson":
        goal = np.abs(goal)
    model = Model(params, numbers, categories, goal, output, tmp_path)
    check(model, numbers, categories)
    assert any(node.members is not None for tree in model.forest.trees for node in tree.nodes)
    own = to_table(numbers, categories)
    margin = model.booster.predict(data(model.matrix(own), model.types))
    found = model.predict(own)
    mine = found["probability"][:, 1] if output is YES_NO else found["probability" if output is THREE else "prediction"]
    assert np.allclose(margin, mine, rtol=2e-5, atol=2e-5), "and the starting scores are XGBoost's"


def test_numbers_next_to_a_threshold_are_read_in_single_precision(tmp_path):
    """Two doubles with one float32 between them must not be told apart, two with another float32 must."""
    numbers = np.array([[1.0], [1.0 + 2**-23], [16777216.0], [16777218.0], [-1e-44], [0.0]] * 40)
    none = np.empty((len(numbers), 0), dtype=object)
    goal = np.arange(len(numbers)) % 6 * 10.0
    model = Model({"objective": "reg:squarederror", "reg_lambda": 0.0}, numbers, none, goal, NUMBER, tmp_path, 30)
    check(model, numbers, none)
    near = np.array([1.0, 1.0 + 2**-24, 1.0 + 2**-24 + 2**-52, 1.0 + 2**-23, 16777217.0, 16777217.1, -0.0, -7e-46])
    with Engine(model.program, tmp_path) as engine:
        found = engine.run({"n0": near})["prediction"]
    assert found[0] == found[1] != found[2] == found[3], "the tie is read as 1.0, what is above it is not"
    assert found[4] != found[5]


def test_what_is_beyond_single_precision_is_read_as_its_end(tmp_path):
    rng = np.random.default_rng(4)
    numbers = make_numbers(rng, True)
    numbers[:40, 0], numbers[40:80, 0] = 1e300, -1e300
    none = np.empty((len(numbers), 0), dtype=object)
    goal = np.nan_to_num(np.clip(numbers[:, 0], -3, 3)) + np.isnan(numbers[:, 0]) * 5
    check(Model({"objective": "reg:squarederror"}, numbers, none, goal, NUMBER, tmp_path), numbers, none)


def test_categories_unseen_and_null_follow_the_default(tmp_path):
    rng = np.random.default_rng(7)
    numbers, categories = make_numbers(rng, True), make_categories(rng)
    goal = score(rng, numbers, categories) > 1
    model = Model({"objective": "binary:logistic"}, numbers[:, :0], categories, goal, YES_NO, tmp_path, 30)
    text = json.loads(model.booster.save_raw("json"))
    trees = text["learner"]["gradient_booster"]["model"]["trees"]
    ways = {bool(tree["default_left"][node]) for tree in trees for node in tree["categories_nodes"]}
    assert ways == {False, True}, "both forms of a set are tried"
    rare = next(value for value in set(categories[:, 2]) if value not in model.vocabulary.maps[2])
    rows = [{"c0": "c0_1", "c1": "c1_1", "c2": value} for value in (rare, "never seen", "c0_1")]
    with Engine(model.program, tmp_path) as engine:
        found = engine.rows(rows)["probability"]
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2]), "a value of another column is unseen in this one"
    check(model, numbers[:, :0], categories)


def test_nothing_to_learn(tmp_path):
    numbers, none = np.ones((300, 2)), np.empty((300, 0), dtype=object)
    model = Model({"objective": "binary:logistic"}, numbers, none, np.arange(300) % 3 == 0, YES_NO, tmp_path, 3)
    assert not any(tree.nodes for tree in model.forest.trees)
    check(model, numbers, none)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"booster": "dart"}, "dart booster"),
        ({"booster": "gblinear"}, "gblinear booster"),
        ({"objective": "rank:pairwise"}, "rank:pairwise"),
        ({"multi_strategy": "multi_output_tree"}, "several targets"),
    ],
)
def test_what_cannot_be_written_exactly_is_refused(params, message):
    rng = np.random.default_rng(8)
    x = rng.normal(size=(100, 2)).astype(np.float32)
    if params.get("booster") == "gblinear":
        plain = {"nthread": 1}
    else:
        plain = {"tree_method": "hist", "nthread": 1}
    label = x if "multi_strategy" in params else (x[:, 0] > 0)
    booster = xgboost.train(plain | params, xgboost.DMatrix(x, label=label), 2)
    with pytest.raises(ProgramError, match=message):
        read_xgboost(bytes(booster.save_raw("json")))


def test_a_category_column_must_be_named():
    codes = np.arange(200.0)[:, None] % 5
    rows = xgboost.DMatrix(codes, label=codes[:, 0] == 2, feature_types=["c"], enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, rows, 1)
    with pytest.raises(ProgramError, match="categories of column 0"):
        read_xgboost(bytes(booster.save_raw("json")))
