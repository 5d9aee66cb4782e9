import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from smeaton.compile.encode import NULL_TEXT, Numbers, Vocabulary, learn
from smeaton.compile.export import export_linear
from smeaton.compile.graph import Graph
from smeaton.compile.linear import Design, Linear, add_linear, read_sklearn
from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops._words import word_vectors
from smeaton.runtime.ops.onnx import part


def features(rng, rows=200):
    numbers = rng.normal(size=(rows, 3)) * [1, 100, 1e6]
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    categories = np.empty((rows, 2), dtype=object)
    for i in range(2):
        categories[:, i] = rng.choice(["a", "b", f"only {i}", NULL_TEXT], rows)
    words = word_vectors([f"w{a} w{b}" for a, b in rng.integers(0, 9, (rows, 2))], 16, (1, 2), ())
    return {"numbers": numbers, "categories": categories, "words:t": words}


def scaled(numbers, missing=(0, 2)):
    low, high = np.nanquantile(numbers, 0.02, axis=0), np.nanquantile(numbers, 0.98, axis=0)
    return Numbers(
        np.nanmedian(numbers, axis=0), low, high, np.nanmean(numbers, axis=0), np.nanstd(numbers, axis=0), missing
    )


def full(seed=0):
    found = features(np.random.default_rng(seed))
    return found, Design(scaled(found["numbers"]), learn(found["categories"]), {"t": 16})


def unlike(found):
    """Rows with everything new or null at once."""
    other = features(np.random.default_rng(9), 50)
    other["numbers"][::3] = np.nan
    other["numbers"][1::7] = 1e300
    other["categories"][::2, 0] = "new"
    return {name: np.concatenate([found[name], other[name]]) for name in found}


def run(step, folder, table):
    return part.load(step, folder, None)({name: table[name] for name in step.inputs}, Call())


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_graph_and_numpy_and_sklearn_agree(tmp_path, classes):
    found, design = full()
    matrix = design.matrix(found)
    assert matrix.shape == (200, sum(design.widths))
    score = matrix @ np.random.default_rng(1).normal(size=matrix.shape[1])
    goal = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)) if classes else score
    fitted = (LogisticRegression(max_iter=500) if classes else Ridge()).fit(matrix, goal)
    model = read_sklearn(design, fitted.coef_, fitted.intercept_, classes)
    step = export_linear(model, tmp_path)
    assert set(step.inputs) == set(design.layout.inputs)
    rows = unlike(found)
    answer, numpy_answer = run(step, tmp_path, rows), model.predict(rows)
    name = "probability" if classes else "prediction"
    expected = fitted.predict_proba(design.matrix(rows)) if classes else fitted.predict(design.matrix(rows))
    assert list(answer) == list(numpy_answer) == [name]
    for other in (numpy_answer[name], expected):
        np.testing.assert_allclose(answer[name], other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kept", ["numbers", "categories", "words:t"])
def test_one_kind_of_feature(tmp_path, kept):
    found, design = full()
    design = Design(
        design.numbers if kept == "numbers" else None,
        design.vocabulary if kept == "categories" else Vocabulary(),
        {"t": 16} if kept == "words:t" else {},
    )
    rng = np.random.default_rng(2)
    model = Linear(design, rng.normal(size=(sum(design.widths), 1)), rng.normal(size=1), "exp")
    rows = {kept: unlike(found)[kept]}
    answer = run(export_linear(model, tmp_path), tmp_path, rows)["prediction"]
    np.testing.assert_allclose(answer, model.predict(rows)["prediction"], rtol=1e-12)
    dense = design.matrix(rows) @ model.weights + model.bias
    np.testing.assert_allclose(np.log(answer), dense[:, 0], rtol=1e-9)


def test_unseen_value_adds_nothing(tmp_path):
    design = Design(None, Vocabulary((("a", "b"), ("b",))))
    model = Linear(design, np.array([[1.0], [2.0], [4.0]]), np.array([8.0]), "identity")
    cells = np.array([["a", "b"], ["b", "a"], ["new", "new"], ["b", "b"]], dtype=object)
    answer = run(export_linear(model, tmp_path), tmp_path, {"categories": cells})["prediction"]
    assert answer.tolist() == [13.0, 10.0, 8.0, 14.0]


def test_a_column_without_known_values(tmp_path):
    model = Linear(Design(None, Vocabulary(((), ()))), np.zeros((0, 1)), np.array([3.0]), "identity")
    cells = np.array([["a", NULL_TEXT]], dtype=object)
    assert run(export_linear(model, tmp_path), tmp_path, {"categories": cells})["prediction"].tolist() == [3.0]


def test_refusals():
    found, design = full()
    with pytest.raises(ProgramError, match="needs"):
        read_sklearn(design, np.zeros((1, 3)), np.zeros(1), 2)
    with pytest.raises(ProgramError, match="without features"):
        add_linear(Graph(), Linear(Design(), np.zeros((0, 1)), np.zeros(1), "identity"))
    with pytest.raises(ProgramError, match="unknown link"):
        add_linear(Graph(), Linear(design, np.zeros((sum(design.widths), 1)), np.zeros(1), "probit"))
    assert len(found["numbers"]) == 200
