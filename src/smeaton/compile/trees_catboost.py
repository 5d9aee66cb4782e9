"""Oblivious trees from CatBoost's own JSON (`save_model(format="json")`) into a `Forest`, read without CatBoost.

The rules are those of CatBoost 1.2 (`catboost/libs/model/cpu/evaluator_impl.cpp`): a split answers yes if
float32(x) > border; the leaf of a tree has the yes of split k as its bit k; a null answers no, or yes where the feature
says so (`AsTrue`); leaf values are double, those of the classes side by side; `scale_and_bias` is applied to the sum.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import msgspec
import numpy as np

from smeaton.compile._single import last_at_most
from smeaton.compile.trees import Forest, Node, Tree
from smeaton.errors import ProgramError
from smeaton.task.table import Array

_LINKS = {"Logloss": "sigmoid", "CrossEntropy": "sigmoid", "MultiClass": "softmax", "Poisson": "exp", "Tweedie": "exp"}
_IDENTITY = ("RMSE", "MAE", "Quantile", "Huber", "Expectile", "MAPE", "LogCosh")

#: One question of a tree: the column, the last double that answers no, and whether a null answers no.
_Split = tuple[int, float, bool]
#: A leaf value, or a question with what lies behind no and yes.
_Part: TypeAlias = "float | tuple[_Split, _Part, _Part]"


def read_catboost(text: str | bytes) -> Forest:
    """Read a model saved as JSON.

    Raises:
        ProgramError: the model does what cannot be written exactly (categories of CatBoost's own, texts, trees that
            are not symmetric, other losses).
    """
    model = msgspec.json.decode(text)
    if "oblivious_trees" not in model:
        raise ProgramError("trees that are not symmetric are not supported", fix="train with grow_policy=SymmetricTree")
    features = model["features_info"]
    other = sorted(key for key in features if key.endswith("_features") and key != "float_features" and features[key])
    if other:
        raise ProgramError(
            f"a CatBoost model with {', '.join(other)} cannot be written exactly", fix="encode them first"
        )
    scale, bias = model["scale_and_bias"]
    numbers = {entry["feature_index"]: entry for entry in features["float_features"]}
    trees: list[Tree] = []
    for stored in model["oblivious_trees"]:
        splits = [_split(split, numbers) for split in stored["splits"] or ()]
        values = np.array(stored["leaf_values"], dtype=np.float64).reshape(1 << len(splits), -1) * scale
        trees.extend(_cut(splits, values[:, target], target) for target in range(values.shape[1]))
    targets = len(bias)
    trees.extend(Tree((), (float(start),), target) for target, start in enumerate(bias) if start)
    return Forest(max(numbers, default=-1) + 1, targets, tuple(trees), _link(model))


def _link(model: Mapping[str, Any]) -> str:
    loss = model["model_info"]["params"]["loss_function"]["type"]
    if loss in _LINKS:
        return _LINKS[loss]
    if loss in _IDENTITY:
        return "identity"
    raise ProgramError(
        f"the CatBoost loss {loss!r} has no exact form here", fix=f"use one of: {', '.join((*_LINKS, *_IDENTITY))}"
    )


def _split(stored: Mapping[str, Any], numbers: Mapping[int, Mapping[str, Any]]) -> _Split:
    if stored["split_type"] != "FloatFeature":
        raise ProgramError(f"a split of type {stored['split_type']!r} cannot be written exactly", fix="encode it first")
    feature = stored["float_feature_index"]
    last = float(last_at_most(np.array([stored["border"]], dtype=np.float32))[0])
    return feature, last, numbers[feature]["nan_value_treatment"] != "AsTrue"


def _cut(splits: list[_Split], values: Array, target: int) -> Tree:
    """The oblivious tree as nodes, without what no row reaches (another split of the path answers for the same column)
    and without questions whose answer changes nothing."""

    def grow(depth: int, leaf: int, low: Mapping[int, float], high: Mapping[int, float]) -> "_Part":
        """What lies behind the first `depth` answers. `low`: the last number of a column that went the other way."""
        if depth == len(splits):
            return float(values[leaf])
        feature, last, _ = splits[depth]
        if feature in low and last <= low[feature]:
            return grow(depth + 1, leaf | 1 << depth, low, high)
        if feature in high and last >= high[feature]:
            return grow(depth + 1, leaf, low, high)
        no = grow(depth + 1, leaf, low, {**high, feature: last})
        yes = grow(depth + 1, leaf | 1 << depth, {**low, feature: last}, high)
        return no if no == yes else (splits[depth], no, yes)

    nodes: list[Node] = []
    leaves: list[float] = []

    def place(part: "_Part") -> int:
        """The child number of a part."""
        if isinstance(part, float):
            leaves.append(part)
            return ~(len(leaves) - 1)
        (feature, last, null_no), no, yes = part
        number = len(nodes)
        nodes.append(Node(feature, last, None, null_no, False, 0, 0))
        nodes[number] = replace(nodes[number], left=place(no), right=place(yes))
        return number

    place(grow(0, 0, {}, {}))
    return Tree(tuple(nodes), tuple(leaves), target)
