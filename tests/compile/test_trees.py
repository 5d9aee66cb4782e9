import numpy as np
import pytest
from tests.compile._models import Boosted, make_categories, make_numbers, score, to_table, train

from smeaton.compile.proof import TOLERANCE, adversarial, compare
from smeaton.compile.trees import ZERO, read_lightgbm
from smeaton.errors import ProgramError
from smeaton.runtime.engine import Engine
from smeaton.task.types import Type

YES_NO = Type(type="boolean", labels=(False, True))
THREE = Type(type="category", labels=("a", "b", "c"))
NUMBER = Type(type="number")


def check(model, numbers, categories):
    """The trainer and the program agree on its own rows and on adversarial ones. Returns the latter."""
    rows = to_table(numbers, categories)
    hard = adversarial(model.program, model.folder, rows, model.task, 0)
    with Engine(model.program, model.folder) as engine:
        for table in (rows, hard):
            assert compare(model.predict(table), engine.run(table)) <= 1e-14
    assert TOLERANCE == 1e-9
    return hard


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize(
    ("params", "output"),
    [
        ({"objective": "binary"}, YES_NO),
        ({"objective": "binary", "zero_as_missing": True}, YES_NO),
        ({"objective": "binary", "use_missing": False, "sigmoid": 2.5}, YES_NO),
        ({"objective": "multiclass", "num_class": 3, "max_cat_to_onehot": 50}, THREE),
        ({"objective": "regression", "extra_trees": True}, NUMBER),
        ({"objective": "poisson", "boosting": "dart"}, NUMBER),
    ],
)
def test_agrees_with_lightgbm(tmp_path, params, output, nulls):
    rng = np.random.default_rng(3)
    numbers, categories = make_numbers(rng, nulls), make_categories(rng)
    goal = score(rng, numbers, categories)
    if output.is_class:
        goal = np.digitize(goal, np.quantile(goal, [1 / 2] if output is YES_NO else [1 / 3, 2 / 3]))
    elif params["objective"] == "poisson":
        goal = np.abs(goal)
    model = Boosted(params, numbers, categories, goal, output, tmp_path)
    hard = check(model, numbers, categories)
    for feature, values in model.forest.thresholds().items():
        if feature < numbers.shape[1]:
            tried = hard[f"n{feature}"]
            for near in (values, np.nextafter(values, np.inf), np.nextafter(values, -np.inf)):
                assert np.isin(near[np.isfinite(values)], tried).all(), "both neighbours of every threshold"
    assert any(node.members is not None for tree in model.forest.trees for node in tree.nodes)
    zeros = any(node.zero_null for tree in model.forest.trees for node in tree.nodes)
    assert zeros == params.get("zero_as_missing", False)


@pytest.mark.parametrize(("width", "texts"), [(3, 0), (0, 3)])
def test_one_kind_of_column(tmp_path, width, texts):
    rng = np.random.default_rng(4)
    numbers, categories = make_numbers(rng, True), make_categories(rng)
    goal = (score(rng, numbers, categories) > 1).astype(int)
    some = numbers[:, :width], categories[:, :texts]
    check(Boosted({"objective": "binary"}, *some, goal, YES_NO, tmp_path), *some)


def test_nothing_to_learn(tmp_path):
    numbers, none = np.ones((1200, 2)), np.empty((1200, 0), dtype=object)
    model = Boosted({"objective": "binary"}, numbers, none, np.arange(1200) % 3 == 0, YES_NO, tmp_path)
    assert not any(tree.nodes for tree in model.forest.trees)
    check(model, numbers, none)


def test_single_leaves_among_trees(tmp_path):
    rng = np.random.default_rng(5)
    numbers, none = make_numbers(rng, True), np.empty((1200, 0), dtype=object)
    goal = (numbers[:, 0] > 2.2).astype(int) + (np.nan_to_num(numbers[:, 3]) > 20)
    params = {"objective": "multiclass", "num_class": 3, "min_gain_to_split": 20}
    model = Boosted(params, numbers, none, goal, THREE, tmp_path)
    assert {bool(tree.nodes) for tree in model.forest.trees} == {False, True}
    check(model, numbers, none)


def test_zero_zone_lies_on_one_side(tmp_path):
    """|x| <= 1e-35f is 0.0 to LightGBM, whatever the threshold."""
    rng = np.random.default_rng(6)
    numbers, none = make_numbers(rng, False)[:, 5:], np.empty((1200, 0), dtype=object)
    model = Boosted({"objective": "regression"}, numbers, none, np.sign(numbers[:, 0]), NUMBER, tmp_path)
    check(model, numbers, none)
    inside = [t for t in model.forest.thresholds()[0] if abs(t) < ZERO]
    assert inside == []
    zone = np.array([[0.0], [ZERO], [-ZERO], [1e-40], [-1e-40], [-0.0]])
    with Engine(model.program, tmp_path) as engine:
        assert len(set(engine.run({"n0": zone[:, 0]})["prediction"].tolist())) == 1


def test_categories_unseen_and_null(tmp_path):
    rng = np.random.default_rng(7)
    numbers, categories = make_numbers(rng, True), make_categories(rng)
    model = Boosted(
        {"objective": "binary"}, numbers[:, :0], categories, score(rng, numbers, categories) > 1, YES_NO, tmp_path
    )
    rare = [value for value in set(categories[:, 2]) if value not in model.vocabulary.maps[2]]
    assert rare, "a value seen in fewer than 5 rows"
    rows = [{"c0": "c0_1", "c1": "c1_1", "c2": value} for value in (rare[0], "never seen", "c0_1")]
    with Engine(model.program, tmp_path) as engine:
        found = engine.rows(rows)["probability"]
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2]), "a value of another column is unseen in this one"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"objective": "regression", "linear_tree": True}, "linear trees"),
        ({"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "random forest"),
        ({"objective": "regression", "reg_sqrt": True}, "reg_sqrt"),
        ({"objective": "multiclassova", "num_class": 2}, "multiclassova"),
    ],
)
def test_what_cannot_be_written_exactly_is_refused(params, message):
    rng = np.random.default_rng(8)
    x = rng.normal(size=(300, 2))
    booster = train(params, x, (x[:, 0] > 0).astype(int), rounds=2)
    with pytest.raises(ProgramError, match=message):
        read_lightgbm(booster.model_to_string())
