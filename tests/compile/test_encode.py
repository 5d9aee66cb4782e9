import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.compile.encode import NULL_TEXT, Layout, Vocabulary, add_codes, learn
from smeaton.compile.graph import Graph
from smeaton.runtime.call import Call
from smeaton.runtime.ops.onnx import part
from smeaton.runtime.program import Step

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)


def matrix(rows):
    cells = np.empty((len(rows), 2), dtype=object)
    for i, row in enumerate(rows):
        cells[i] = row
    return cells


def test_rare_values_are_dropped_and_ties_go_by_text():
    column = ["b"] * 5 + ["a"] * 5 + ["c"] * 9 + ["rare"] * 4 + [NULL_TEXT] * 6
    cells = matrix([(value, "same") for value in column])
    assert learn(cells).columns == (("c", NULL_TEXT, "a", "b"), ("same",))
    assert learn(cells, most=2).columns[0] == ("c", NULL_TEXT)
    assert learn(cells, least=1).columns[0] == ("c", NULL_TEXT, "a", "b", "rare")


def test_codes():
    vocabulary = Vocabulary((("a", "b"), ("b", "c")))
    codes = vocabulary.codes(matrix([("a", "a"), ("b", "b"), ("new", "c")]))
    assert np.array_equal(codes, [[0, np.nan], [1, 0], [np.nan, 1]], equal_nan=True)
    assert vocabulary.shared == {"a": 0, "b": 1, "c": 2}
    assert vocabulary.to_shared(1).tolist() == [1, 2]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=8), st.lists(st.tuples(texts, texts), max_size=4))
def test_graph_codes_are_the_shared_codes(known, asked):
    vocabulary = learn(matrix(known), least=1)
    rows = matrix(known + asked)
    with tempfile.TemporaryDirectory() as name:
        graph = Graph()
        graph.output("prediction", add_codes(graph, vocabulary), 2)
        graph.save(Path(name) / "model.onnx")
        step = Step(op="onnx", inputs=("categories",), outputs=("prediction",), files=("model.onnx",))
        found = part.load(step, Path(name), None)({"categories": rows}, Call())["prediction"]
    expected = [[vocabulary.shared.get(value, -1) for value in row] for row in rows.tolist()]
    assert found.tolist() == expected


def test_layout():
    layout = Layout(2, 1, {"t": 4})
    assert (layout.width, layout.inputs) == (7, ("numbers", "categories", "words:t"))
    table = {
        "numbers": np.ones((3, 2)),
        "categories": np.full((3, 1), "a", dtype=object),
        "words:t": np.full((3, 4), 0.1, dtype=np.float32),
    }
    found = layout.matrix(table, Vocabulary((("b", "a"),)))
    assert found.dtype == np.float64
    assert found[0].tolist() == [1, 1, 1, *[float(np.float32(0.1))] * 4]
