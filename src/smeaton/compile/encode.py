"""Features inside the graph: category maps, imputed and scaled numbers, and the matrix a tree model is trained on.

A category is a text. `Vocabulary.codes` is what trainers see: 0, 1, 2, ... within its column, commonest first, NaN for
a value the map does not hold. The graph maps all columns by one encoder with codes of its own (`shared`): a value that
two columns have in common has one shared code, and one no column knows has `UNSEEN`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from smeaton.compile.graph import ML, Graph
from smeaton.runtime.ops._features import CATEGORIES, NULL_TEXT, NUMBERS, words_output
from smeaton.task.table import Array

#: Values seen in fewer rows are not kept: they say little, and they might name a person.
LEAST_ROWS = 5
#: The shared code of a value that no column's map holds.
UNSEEN = -1


@dataclass(frozen=True)
class Vocabulary:
    """The known values of each category column, in the order of their codes."""

    columns: tuple[tuple[str, ...], ...] = ()

    @cached_property
    def maps(self) -> tuple[dict[str, int], ...]:
        """Value to code, for each column."""
        return tuple({value: code for code, value in enumerate(values)} for values in self.columns)

    @cached_property
    def shared(self) -> dict[str, int]:
        """Value to shared code. Commonest first across columns: small codes are the fast ones in onnxruntime."""
        longest = max((len(values) for values in self.columns), default=0)
        ordered = (values[i] for i in range(longest) for values in self.columns if i < len(values))
        return {value: code for code, value in enumerate(dict.fromkeys(ordered))}

    def codes(self, categories: Array) -> Array:
        """Codes of a text matrix, float64 of the same shape; NaN where the value is not in the column's map."""
        codes = np.empty(categories.shape, dtype=np.float64)
        for i, known in enumerate(self.maps):
            codes[:, i] = [known.get(value, np.nan) for value in categories[:, i].tolist()]
        return codes

    def to_shared(self, column: int) -> Array:
        """The shared code of each of a column's own codes, int64."""
        return np.array([self.shared[value] for value in self.columns[column]], dtype=np.int64)


def learn(categories: Array, least: int = LEAST_ROWS, most: int | None = None) -> Vocabulary:
    """The vocabulary of a text matrix: per column the values seen in at least `least` rows, commonest first (ties by
    text), at most `most` of them. A null (`NULL_TEXT`) is a value like any other."""
    columns = []
    for i in range(categories.shape[1]):
        counts = Counter(categories[:, i].tolist())
        kept = sorted((value for value in counts if counts[value] >= least), key=lambda value: (-counts[value], value))
        columns.append(tuple(kept[:most]))
    return Vocabulary(tuple(columns))


@dataclass(frozen=True)
class Layout:
    """The features of a program, in matrix order: `numbers`, then `categories` (by column), then each text's words.

    `texts` maps the name of a text column to its number of buckets.
    """

    numbers: int = 0
    categories: int = 0
    texts: Mapping[str, int] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Columns of the whole matrix."""
        return self.numbers + self.categories + sum(self.texts.values())

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns a graph with all these features reads, in order."""
        names = (NUMBERS,) * bool(self.numbers) + (CATEGORIES,) * bool(self.categories)
        return names + tuple(words_output(name) for name in self.texts)

    def matrix(self, features: Mapping[str, Array], vocabulary: Vocabulary) -> Array:
        """The matrix a tree model is trained on and asked with: float64 (n, width), NaN for nulls and unseen."""
        parts = []
        if self.numbers:
            parts.append(features[NUMBERS])
        if self.categories:
            parts.append(vocabulary.codes(features[CATEGORIES]))
        parts.extend(features[words_output(name)].astype(np.float64) for name in self.texts)
        return np.hstack(parts)


def add_codes(graph: Graph, vocabulary: Vocabulary) -> str:
    """Shared codes of the input `categories`: float64, `UNSEEN` for values in no map."""
    text = graph.input(CATEGORIES, "string", len(vocabulary.columns))
    return encode_text(graph, text, vocabulary.shared, np.float64)


def encode_text(graph: Graph, text: str, codes: Mapping[str, int], dtype: type[np.generic]) -> str:
    """Map texts to numbers of a dtype, `UNSEEN` where the map has none."""
    # An empty map is not allowed in a LabelEncoder: NULL_TEXT -> UNSEEN says the same.
    known = codes or {NULL_TEXT: UNSEEN}
    return graph.node(
        "LabelEncoder",
        [text],
        domain=ML,
        keys_strings=list(known),
        values_tensor=np.array(list(known.values()), dtype=dtype),
        default_tensor=np.array([UNSEEN], dtype=dtype),
    )


def add_words(graph: Graph, layout: Layout) -> list[str]:
    """The words of each text in float64."""
    double = 11  # TensorProto.DOUBLE
    return [
        graph.node("Cast", [graph.input(words_output(name), "float", width)], to=double)
        for name, width in layout.texts.items()
    ]


def add_matrix(graph: Graph, layout: Layout, vocabulary: Vocabulary) -> str:
    """The matrix of a tree model with *shared* codes in its category columns (see `Forest.recode`)."""
    parts = []
    if layout.numbers:
        parts.append(graph.input(NUMBERS, "double", layout.numbers))
    if layout.categories:
        parts.append(add_codes(graph, vocabulary))
    parts.extend(add_words(graph, layout))
    return parts[0] if len(parts) == 1 else graph.node("Concat", parts, axis=1)


@dataclass(frozen=True)
class Numbers:
    """How a linear model sees numbers: null -> `fill`, clipped to [`low`, `high`], then (x - `mean`) / `scale`; and
    the columns `missing` get a further 0/1 column that says where they were null.

    All are vectors with one entry a number; `scale` is never 0.
    """

    fill: Array
    low: Array
    high: Array
    mean: Array
    scale: Array
    missing: Sequence[int] = ()

    def apply(self, numbers: Array) -> Array:
        """The same in numpy: (n, numbers + missing), float64."""
        null = np.isnan(numbers)
        clipped = np.minimum(np.maximum(np.where(null, self.fill, numbers), self.low), self.high)
        scaled = (clipped - self.mean) / self.scale
        return np.hstack([scaled, null[:, list(self.missing)].astype(np.float64)])


def add_numbers(graph: Graph, numbers: Numbers) -> str:
    """The numbers as a linear model sees them."""
    raw = graph.input(NUMBERS, "double", len(numbers.fill))
    null = graph.node("IsNaN", [raw])
    filled = graph.node("Where", [null, graph.constant(numbers.fill), raw])
    clipped = graph.node("Max", [filled, graph.constant(numbers.low)])
    clipped = graph.node("Min", [clipped, graph.constant(numbers.high)])
    centred = graph.node("Sub", [clipped, graph.constant(numbers.mean)])
    scaled = graph.node("Div", [centred, graph.constant(numbers.scale)])
    if not numbers.missing:
        return scaled
    columns = graph.constant(list(numbers.missing), np.int64)
    flags = graph.node("Cast", [graph.node("Gather", [null, columns], axis=1)], to=11)
    return graph.node("Concat", [scaled, flags], axis=1)
