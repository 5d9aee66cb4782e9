"""LightGBM, XGBoost and CatBoost in the form scikit-learn gives them, from the models they write themselves."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.compile._single import to_single
from smeaton.compile.estimators.cells import Cell, Flow, NotCompiled, class_of
from smeaton.compile.estimators.final import Final
from smeaton.compile.links import add_link, answers
from smeaton.compile.trees import Forest, add_forest, read_lightgbm
from smeaton.compile.trees_catboost import read_catboost
from smeaton.compile.trees_xgboost import Saved, open_xgboost, to_forest
from smeaton.errors import ProgramError
from smeaton.extras import needs
from smeaton.task.table import PREDICTION, PROBABILITY, Array

_CHUNK = 8_192  # rows whose leaves are looked up at once
BOOSTERS = frozenset({
    "LGBMClassifier", "LGBMRegressor", "XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor",
    "CatBoostClassifier", "CatBoostRegressor",
})  # fmt: skip


def booster_final(estimator: Any) -> Final:
    """The form of an estimator whose class is among `BOOSTERS`.

    Raises:
        NotCompiled: its trees have no exact form.
    """
    kind = {"LGBM": LightGBMFinal, "XGB": XGBoostFinal}.get(class_of(estimator)[:4].removesuffix("C").removesuffix("R"))
    try:
        return (kind or CatBoostFinal)(estimator)
    except NotCompiled:
        raise
    except ProgramError as error:
        raise NotCompiled(f"{class_of(estimator)}: not compiled: {error.message}", fix=error.fix) from error


class ForestFinal(Final):
    """Trees as one operator, then their link."""

    forest: Forest

    def write(self, flow: Flow, cells: Sequence[Cell]) -> str:
        """The trees, and the link."""
        scores = add_forest(flow.graph, self.forest, flow.matrix(cells, self.name))
        return add_link(flow.graph, scores, self.forest.link, self.forest.slope)


class LightGBMFinal(ForestFinal):
    """Trees by LightGBM."""

    def __init__(self, estimator: Any) -> None:
        super().__init__(estimator)
        self.forest = read_lightgbm(estimator.booster_.model_to_string())
        if any(node.members is not None for tree in self.forest.trees for node in tree.nodes):
            raise NotCompiled(f"{self.name}: not compiled with categorical features; encode them in a step before it")


class XGBoostFinal(ForestFinal):
    """Trees by XGBoost. Its own sums are of single precision: the answers are its leaves summed in double."""

    def __init__(self, estimator: Any) -> None:
        super().__init__(estimator)
        if not np.isnan(estimator.missing):
            raise NotCompiled(f"{self.name}: not compiled with missing={estimator.missing}")
        self.booster = estimator.get_booster()
        self.saved = open_xgboost(bytes(self.booster.save_raw("json")))
        self.forest = to_forest(self.saved, {})

    def asked(self, matrix: Any) -> Array:
        """Sums of the leaves that XGBoost says each row falls into, and the link."""
        plain = matrix.toarray() if hasattr(matrix, "toarray") else matrix
        return linked(leaf_sums(self.booster, self.saved, np.asarray(plain, dtype=np.float64)), self.forest)


class CatBoostFinal(ForestFinal):
    """Symmetric trees by CatBoost."""

    def __init__(self, estimator: Any) -> None:
        super().__init__(estimator)
        with tempfile.TemporaryDirectory(prefix="smeaton-catboost-") as folder:
            path = Path(folder, "model.json")
            estimator.save_model(str(path), format="json")
            self.forest = read_catboost(path.read_bytes())

    def asked(self, matrix: Any) -> Array:
        """CatBoost's own answers to numbers of single precision."""
        plain = matrix.toarray() if hasattr(matrix, "toarray") else matrix
        single = to_single(np.asarray(plain, dtype=np.float64))
        named = single if not hasattr(plain, "columns") else type(plain)(single, columns=plain.columns)
        return super().asked(named)


def leaf_sums(booster: Any, saved: Saved, matrix: Array) -> Array:
    """Scores (rows, targets) in double from the leaves that an XGBoost booster finds for each row."""
    with needs("boosting"):
        import xgboost
    values = np.concatenate([tree.values for tree in saved.trees]).astype(np.float64)
    offsets = np.cumsum([0, *(len(tree.split_type) for tree in saved.trees[:-1])])
    sums = np.tile(saved.starts, (len(matrix), 1))
    for begin in range(0, len(matrix), _CHUNK):
        some = to_single(matrix[begin : begin + _CHUNK])
        rows = xgboost.DMatrix(some, nthread=1, feature_names=booster.feature_names)
        found = booster.predict(rows, pred_leaf=True).reshape(len(some), -1).astype(np.int64)
        reached = values[found + offsets]
        for target in range(sums.shape[1]):
            sums[begin : begin + _CHUNK, target] += reached[:, np.equal(saved.targets, target)].sum(axis=1)
    return sums


def linked(scores: Array, forest: Forest) -> Array:
    """Probabilities (rows, classes), or numbers (rows, 1)."""
    found = answers(scores, forest.link, forest.slope)
    return found[PROBABILITY] if PROBABILITY in found else found[PREDICTION].reshape(-1, 1)
