"""Linear models on numbers, category weights and words: the design matrix they are fitted on, and their graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smeaton.compile.encode import UNSEEN, Layout, Numbers, Vocabulary, add_numbers, add_words, encode_text
from smeaton.compile.graph import ML, Graph
from smeaton.compile.links import add_answers, answers
from smeaton.errors import ProgramError
from smeaton.extras import needs
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS, words_output
from smeaton.task.table import Array


@dataclass(frozen=True)
class Design:
    """What a linear model is fitted on: scaled numbers and their null flags, one column for each known category value
    (unseen = all zero), the words of each text. `numbers` is None where there are none."""

    numbers: Numbers | None = None
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    texts: Mapping[str, int] = field(default_factory=dict)

    @property
    def widths(self) -> tuple[int, int, int]:
        """Columns that are numbers, category values, words."""
        numbers = 0 if self.numbers is None else len(self.numbers.fill) + len(self.numbers.missing)
        return numbers, sum(map(len, self.vocabulary.columns)), sum(self.texts.values())

    @property
    def layout(self) -> Layout:
        """The features a program needs for it."""
        numbers = 0 if self.numbers is None else len(self.numbers.fill)
        return Layout(numbers, len(self.vocabulary.columns), self.texts)

    def dense(self, features: Mapping[str, Array]) -> Array:
        """The numbers part, (n, numbers), float64. `features` are the outputs of the feature steps."""
        if self.numbers is None:
            return np.zeros((len(next(iter(features.values()))), 0))
        return self.numbers.apply(features[NUMBERS])

    def words(self, features: Mapping[str, Array]) -> Array:
        """The words part, (n, words), float64."""
        parts = [features[words_output(name)].astype(np.float64) for name in self.texts]
        return np.hstack(parts) if parts else np.zeros((len(next(iter(features.values()))), 0))

    def one_hot(self, features: Mapping[str, Array]) -> Array:
        """For each category cell the number of its one-hot column, int64 (n, categories); -1 where unseen."""
        if not self.vocabulary.columns:
            return np.zeros((len(next(iter(features.values()))), 0), dtype=np.int64)
        codes = self.vocabulary.codes(features[CATEGORIES])
        sizes = [len(values) for values in self.vocabulary.columns]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        return np.where(np.isnan(codes), UNSEEN, np.nan_to_num(codes) + starts).astype(np.int64)

    def matrix(self, features: Mapping[str, Array]) -> Any:
        """The whole design matrix as scipy CSR float64, columns in the order of `widths`."""
        with needs("build"):
            from scipy import sparse
        hot = self.one_hot(features)
        rows, columns = np.nonzero(hot >= 0)
        shape = (len(hot), self.widths[1])
        categories = sparse.csr_matrix((np.ones(len(rows)), (rows, hot[rows, columns])), shape=shape)
        parts = [sparse.csr_matrix(self.dense(features)), categories, sparse.csr_matrix(self.words(features))]
        return sparse.hstack(parts, format="csr")


@dataclass(frozen=True)
class Linear:
    """A fitted linear model: scores = matrix @ `weights` + `bias`, then the link.

    `weights` is (columns of the design, targets), `bias` (targets,), both float64. `link`: `sigmoid` (one target, two
    classes), `softmax`, `identity` or `exp`.
    """

    design: Design
    weights: Array
    bias: Array
    link: str

    def predict(self, features: Mapping[str, Array]) -> dict[str, Array]:
        """Answers from the outputs of the feature steps."""
        return answers(self.scores(features), self.link)

    def scores(self, features: Mapping[str, Array]) -> Array:
        """What the link is applied to, (n, targets)."""
        numbers, categories, _ = self.design.widths
        scores = self.bias + self.design.dense(features) @ self.weights[:numbers]
        scores = scores + self.design.words(features) @ self.weights[numbers + categories :]
        # One more row of zeros, so that -1 (unseen) adds nothing.
        table = np.vstack([self.weights[numbers : numbers + categories], np.zeros((1, len(self.bias)))])
        total: Array = scores + table[self.design.one_hot(features)].sum(axis=1)
        return total


def read_sklearn(design: Design, coef: Any, intercept: Any, classes: int = 0) -> Linear:
    """A Linear from scikit-learn's `coef_` and `intercept_` (LogisticRegression with `classes` >= 2, or Ridge with 0).

    Raises:
        ProgramError: the arrays do not fit the design or the number of classes.
    """
    weights = np.atleast_2d(np.asarray(coef, dtype=np.float64)).T
    bias = np.atleast_1d(np.asarray(intercept, dtype=np.float64))
    targets = 1 if classes <= 2 else classes
    width = sum(design.widths)
    bias = np.broadcast_to(bias, (targets,)) if bias.size == 1 else bias
    if weights.shape != (width, targets) or bias.shape != (targets,):
        raise ProgramError(
            f"weights {weights.shape}, bias {bias.shape}; the design needs {(width, targets)}, {targets}"
        )
    link = {0: "identity", 2: "sigmoid"}.get(classes, "softmax")
    return Linear(design, weights, bias, link)


def add_linear(graph: Graph, model: Linear) -> str:
    """Add the model's answers as an output of the graph. Returns the output's name.

    Raises:
        ProgramError: the design has no column.
    """
    return add_answers(graph, add_scores(graph, model), model.link, len(model.bias))


def add_scores(graph: Graph, model: Linear) -> str:
    """What the link is applied to, as a value of the graph: (n, targets).

    Raises:
        ProgramError: the design has no column.
    """
    design = model.design
    numbers, categories, _ = design.widths
    terms = []
    if design.numbers is not None:
        weights = graph.constant(model.weights[:numbers])
        terms.append(graph.node("MatMul", [add_numbers(graph, design.numbers), weights]))
    start = numbers + categories
    for part, width in zip(add_words(graph, design.layout), design.texts.values(), strict=True):
        terms.append(graph.node("MatMul", [part, graph.constant(model.weights[start : start + width])]))
        start += width
    if design.vocabulary.columns:
        terms.append(_category_scores(graph, design.vocabulary, model.weights[numbers : numbers + categories]))
    if not terms:
        raise ProgramError("a linear model without features cannot be written")
    scores = graph.constant(model.bias)
    for term in terms:
        scores = graph.node("Add", [scores, term])
    return scores


def _category_scores(graph: Graph, vocabulary: Vocabulary, weights: Array) -> str:
    """Sum over the columns of the weight row of each cell's value.

    However many columns there are, this takes six nodes: text -> shared code -> (code, column) as one integer -> row.
    """
    columns = len(vocabulary.columns)
    text = graph.input(CATEGORIES, "string", columns)
    codes = encode_text(graph, text, vocabulary.shared, np.int64)
    keys = graph.node("Mul", [codes, graph.constant(columns, np.int64)])
    keys = graph.node("Add", [keys, graph.constant(np.arange(columns), np.int64)])
    cells = [vocabulary.shared[v] * columns + i for i, values in enumerate(vocabulary.columns) for v in values] or [0]
    table = np.vstack([weights, np.zeros((1, weights.shape[1]))])
    rows = graph.node(
        "LabelEncoder",
        [keys],
        domain=ML,
        keys_tensor=np.array(cells, dtype=np.int64),
        values_tensor=np.arange(len(cells)),
        default_tensor=np.array([len(table) - 1], dtype=np.int64),
    )
    gathered = graph.node("Gather", [graph.constant(table), rows], axis=0)
    return graph.node("ReduceSum", [gathered, graph.constant([1], np.int64)], keepdims=0)
