"""scikit-learn's trees as a forest: the same leaves on numbers, neighbours of thresholds, nulls and huge values."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from smeaton.compile._single import to_single
from smeaton.compile.graph import Graph
from smeaton.compile.trees import add_forest
from smeaton.compile.trees_forest import add_numbered, read_trees
from smeaton.task.table import Array


def data(rows: int, seed: int, nulls: float = 0.1) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(rows, 4)), 2) * [1.0, 1e-3, 1e8, 1.0]
    x[rng.random(x.shape) < nulls] = np.nan
    return x, np.nan_to_num(x[:, 0]) + np.nan_to_num(x[:, 3]) ** 2 + 0.1 * rng.normal(size=rows)


def hard(x: Array, thresholds: Array) -> Array:
    """Rows around thresholds and what numbers can be."""
    single = thresholds.astype(np.float32)
    near = [
        thresholds,
        single,
        *(np.nextafter(thresholds, side) for side in (-np.inf, np.inf)),
        *(np.nextafter(single, np.float32(side)).astype(np.float64) for side in (-np.inf, np.inf)),
        [0.0, -0.0, 1e-36, 1e300, -1e300, 3.4028235e38, 3.5e38, np.nan],
    ]
    values = np.concatenate(near)
    rows = np.resize(x, (len(values) * x.shape[1], x.shape[1])).copy()
    for column in range(x.shape[1]):
        rows[column * len(values) : (column + 1) * len(values), column] = values
    return rows


def answer(graph: Graph, value: str, width: int, x: Array, folder: Path) -> Array:
    graph.output("y", value, width)
    graph.save(folder / "m.onnx")
    session = onnxruntime.InferenceSession(str(folder / "m.onnx"), providers=["CPUExecutionProvider"])
    found: Array = session.run(None, {"numbers": x})[0]
    return found


@pytest.mark.parametrize("kind", [ExtraTreeRegressor, DecisionTreeRegressor])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), nulls=st.sampled_from([0.0, 0.2]))
def test_a_forest_ends_in_the_same_leaves(kind: Any, seed: int, nulls: float, tmp_path_factory: Any) -> None:
    x, y = data(80, seed, nulls)
    trees = [kind(max_leaf_nodes=12, random_state=i).fit(to_single(x), y).tree_ for i in range(3)]
    grove = read_trees(trees)
    values = np.concatenate([tree.value[:, 0, 0] for tree in trees])
    rows = np.vstack([x, hard(x, grove.threshold[grove.left >= 0])])
    expected = sum(tree.value[tree.apply(to_single(rows)), 0, 0] for tree in trees)
    graph = Graph()
    forest = grove.forest(grove.left >= 0, values, 4)
    value = add_forest(graph, forest, graph.input("numbers", "double", 4))
    found = answer(graph, value, 1, rows, tmp_path_factory.mktemp("m"))
    assert np.abs(found[:, 0] - expected).max() <= 1e-12


def test_leaves_of_several_values_are_rows_of_a_table(tmp_path: Path) -> None:
    x, y = data(200, 3)
    codes = np.digitize(y, [0.0, 1.0])
    models = [ExtraTreeClassifier(min_samples_leaf=4, random_state=i).fit(to_single(x), codes) for i in range(4)]
    trees = [model.tree_ for model in models]
    grove = read_trees(trees)
    values = np.concatenate([tree.value[:, 0] for tree in trees])
    forest, leaves = grove.numbered(grove.left >= 0, 4)
    graph = Graph()
    value = add_numbered(graph, forest, values[leaves], graph.input("numbers", "double", 4))
    found = answer(graph, value, 3, x, tmp_path)
    expected = sum(model.predict_proba(to_single(x)) for model in models)
    assert np.abs(found - expected).max() <= 1e-12
    assert len(leaves) == sum(tree.n_leaves for tree in trees)


def test_nodes_that_do_not_split_are_leaves() -> None:
    x, y = data(100, 5)
    tree = ExtraTreeRegressor(random_state=0).fit(to_single(x), y).tree_
    grove = read_trees([tree])
    alone = grove.forest(np.zeros(tree.node_count, dtype=bool), tree.value[:, 0, 0], 4)
    assert [(one.nodes, one.leaves) for one in alone.trees] == [((), (tree.value[0, 0, 0],))]
    root = np.zeros(tree.node_count, dtype=bool)
    root[0] = True
    (stump,) = grove.forest(root, tree.value[:, 0, 0], 4).trees
    assert (len(stump.nodes), len(stump.leaves)) == (1, 2)
    assert grove.leaves(root).tolist() == sorted([grove.left[0], grove.right[0]])
