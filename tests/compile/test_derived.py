import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.compile._thresholds import thresholds
from smeaton.compile.derived import Arithmetic, Crossed, Hot, Lookup, own_codes
from smeaton.compile.encode import NULL_TEXT, Vocabulary, learn
from smeaton.compile.graph import Graph
from smeaton.compile.trees import Forest, Node, Tree, add_forest
from smeaton.runtime.call import Call
from smeaton.runtime.ops.onnx import part
from smeaton.runtime.program import Program, Step

texts = st.one_of(
    st.sampled_from(["a", "b", "c", "", NULL_TEXT]), st.text(st.characters(exclude_categories=["Cs"]), max_size=2)
)
rows_of_text = st.lists(st.tuples(texts, texts, texts), max_size=12)
numbers_at_all = st.one_of(
    st.sampled_from([0.0, -0.0, 1e300, -1e300, 5e-324, 1e-36, np.nan, 2.0**53, 1.0]),
    st.floats(allow_nan=True, allow_infinity=False, width=64),
)


def cells(rows):
    made = np.empty((len(rows), 3), dtype=object)
    for i, row in enumerate(rows):
        made[i] = row
    return made


def answer(made, numbers, categories):
    """What the graph of derived columns answers."""
    with tempfile.TemporaryDirectory() as name:
        graph = Graph()
        graph.output("prediction", made.write(graph), made.width)
        graph.save(Path(name) / "model.onnx")
        step = Step(op="onnx", inputs=graph.inputs(), outputs=("prediction",), files=("model.onnx",))
        given = {key: {"numbers": numbers, "categories": categories}[key] for key in graph.inputs()}
        return part.load(step, Path(name), None)(given, Call())["prediction"]


def same(made, numbers, categories, vocabulary):
    expected = made.apply(numbers, own_codes(vocabulary, categories))
    found = answer(made, numbers, categories)
    assert found.shape == expected.shape == (len(categories), made.width)
    assert np.array_equal(found, expected, equal_nan=True)


@settings(max_examples=40, deadline=None)
@given(rows_of_text, rows_of_text, st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True), st.integers(1, 3))
def test_looked_up_values_are_the_same_in_the_graph(known, asked, columns, targets):
    vocabulary, rng = learn(cells(known), least=1), np.random.default_rng(0)
    tables = tuple(rng.normal(size=(len(vocabulary.columns[i]) + 1, targets)) for i in columns)
    rows = cells(known + asked)
    same(Lookup(vocabulary, tuple(columns), tables), np.empty((len(rows), 0)), rows, vocabulary)


@settings(max_examples=30, deadline=None)
@given(rows_of_text, rows_of_text, st.integers(1, 3))
def test_flags_are_the_same_in_the_graph(known, asked, most):
    vocabulary = learn(cells([*known, ("a", "b", "c")]), least=1)
    made = Hot(vocabulary, tuple(min(most, len(values)) for values in vocabulary.columns))
    rows = cells(known + asked)
    same(made, np.empty((len(rows), 0)), rows, vocabulary)


@settings(max_examples=40, deadline=None)
@given(rows_of_text, rows_of_text, st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=3))
def test_crossings_are_the_same_in_the_graph(known, asked, pairs):
    # The vocabulary misses the last rows' values, and not every pair that was seen has a cell.
    vocabulary = learn(cells(known[: len(known) // 2 + 1]), least=1)
    codes, rng = own_codes(vocabulary, cells(known)), np.random.default_rng(0)
    seen = [np.unique(codes[: len(codes) * 2 // 3 + 1][:, pair], axis=0) for pair in pairs]
    seen = [own[(own >= 0).all(axis=1)] for own in seen]
    made = Crossed(vocabulary, tuple(pairs), tuple(seen), tuple(rng.normal(size=(len(own) + 1, 2)) for own in seen))
    rows = cells(known + asked)
    same(made, np.empty((len(rows), 0)), rows, vocabulary)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(numbers_at_all, numbers_at_all, numbers_at_all), max_size=8),
    st.lists(
        st.tuples(st.sampled_from(["Add", "Sub", "Mul", "Div"]), st.integers(0, 2), st.integers(0, 2)),
        min_size=1,
        max_size=5,
    ),
)
def test_arithmetic_is_the_same_in_the_graph_and_never_infinite(rows, terms):
    numbers, nothing = np.array(rows, dtype=np.float64).reshape(len(rows), 3), np.empty((len(rows), 0), dtype=object)
    made = Arithmetic(tuple(terms), 3)
    same(made, numbers, nothing, Vocabulary())
    assert not np.isinf(made.apply(numbers, nothing)).any()


def test_a_division_by_zero_is_null():
    made = Arithmetic((("Div", 0, 1), ("Mul", 0, 0), ("Sub", 1, 0)), 2)
    found = made.apply(np.array([[1.0, 0.0], [1e200, 2.0], [0.0, 0.0], [6.0, 3.0]]), np.empty((4, 0)))
    assert np.array_equal(found[:, 0], [np.nan, 5e199, np.nan, 2.0], equal_nan=True)
    assert np.array_equal(found[:, 1], [1.0, np.nan, 0.0, 36.0], equal_nan=True)
    assert found[:, 2].tolist() == [-1.0, 2.0 - 1e200, 0.0, -3.0]


@pytest.mark.parametrize("last", [False, True])
def test_thresholds_of_plain_numbers_are_found_beside_derived_columns(last, tmp_path):
    vocabulary = Vocabulary((("a", "b"),))
    graph = Graph()
    numbers = graph.input("numbers", "double", 2)
    derived = [
        Lookup(vocabulary, (0,), (np.zeros((3, 2)),)),
        Crossed(vocabulary, ((0, 0),), (np.array([[0, 0]]),), (np.zeros((2, 1)),)),
        Hot(vocabulary, (2,)),
        Arithmetic((("Div", 0, 1),), 2),
    ]
    made = [part.write(graph) for part in derived]
    matrix = graph.node("Concat", [*made, numbers] if last else [numbers, *made], axis=1)
    place, other = (7, 0) if last else (1, 2)
    nodes = [Node(place, 2.5, None, False, False, 1, ~1), Node(other, 7.5, None, False, False, ~0, ~2)]
    forest = Forest(8, 1, (Tree(tuple(nodes), (0.0, 1.0, 2.0), 0),), "identity")
    graph.output("prediction", add_forest(graph, forest, matrix), 1)
    graph.save(tmp_path / "model.onnx")
    columns = [{"name": name, "type": {"type": "number"}} for name in ("x", "y")]
    args = {"columns": columns, "numbers": [{"column": "x"}, {"column": "y"}]}
    steps = (
        Step(op="table", inputs=("x", "y"), outputs=("numbers",), args=args),
        Step(op="onnx", inputs=graph.inputs(), outputs=("prediction",), files=("model.onnx",)),
    )
    found = thresholds(Program(inputs=("x", "y"), steps=steps, outputs=("prediction",)), tmp_path)
    # What is learnt of categories has no threshold in terms of a column.
    assert {source: values.tolist() for source, values in found.items()} == {("y", None): [2.5]}
