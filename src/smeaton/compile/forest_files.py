"""Files of boosted trees as their trainers save them: XGBoost (`.json`, `.ubj`), LightGBM (`.txt`), CatBoost (`.json`,
and `.cbm` where CatBoost is installed). They are read without their trainers; where one is installed it can be asked
what it answers."""

import importlib.util
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.compile._single import to_single
from smeaton.compile._ubjson import read_ubjson
from smeaton.compile.estimators.boosters import leaf_sums
from smeaton.compile.forest_scores import check_forest, forest_scores
from smeaton.compile.trees import Forest, read_lightgbm
from smeaton.compile.trees_catboost import read_catboost
from smeaton.compile.trees_xgboost import Saved, open_document, to_forest
from smeaton.errors import ProgramError
from smeaton.extras import needs
from smeaton.task.table import Array

MOST_BYTES = 1_000_000_000
Scores = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class StoredForest:
    """Trees with what their file says of them. `features` are the names of the columns in their order ('' where it has
    none), `classes` those of the labels (() where it has none); `trainer` is the package that wrote it.

    `scores` answers float64 rows (n, features) with scores (n, targets): by the trainer where it is installed
    (`by_trainer`), else by our own reading of the trees.
    """

    forest: Forest
    features: tuple[str, ...]
    classes: tuple[str, ...]
    trainer: str
    scores: Scores
    by_trainer: bool


def read_forest_file(path: Path) -> StoredForest:
    """Read a file by its ending and its content.

    Raises:
        ProgramError: it is no such model, or one that cannot be written exactly.
        ExtraMissing: it is a `.cbm` file, and CatBoost is not installed.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ProgramError(f"it has more than {MOST_BYTES:,} bytes", fix="use fewer trees", where=path.name)
    try:
        if path.suffix == ".cbm":
            return _catboost(path, _as_json(path))
        if path.suffix == ".txt":
            return _lightgbm(path)
        if path.suffix == ".ubj":
            return _xgboost(path, read_ubjson(path.read_bytes()))
        document = json.loads(path.read_bytes())
        if isinstance(document, dict) and "learner" in document:
            return _xgboost(path, document)
        return _catboost(path, path.read_bytes())
    except ProgramError as error:
        raise type(error)(error.message, fix=error.fix, where=error.where or path.name) from error
    except (ValueError, KeyError, TypeError, IndexError, msgspec.MsgspecError) as error:
        raise ProgramError(
            f"it is no model of XGBoost, LightGBM or CatBoost: {type(error).__name__}: {error}",
            fix="save it again with the trainer's save_model",
            where=path.name,
        ) from error


def _xgboost(path: Path, document: Any) -> StoredForest:
    saved = open_document(document)
    learner = document["learner"]
    kept, rounds = _best_rounds(saved, learner)
    names = tuple(learner.get("feature_names") or ())

    def scores(matrix: Array) -> Array:
        import xgboost

        booster = xgboost.Booster(model_file=str(path))
        return leaf_sums(booster[:rounds] if rounds else booster, kept, matrix)

    return _with_trainer("xgboost", to_forest(kept, {}), names, (), scores)


def _best_rounds(saved: Saved, learner: Any) -> tuple[Saved, int]:
    """Without the rounds behind the best one, where training ended early: scikit-learn's form answers without them. And
    how many are left, 0 for all."""
    best = (learner.get("attributes") or {}).get("best_iteration")
    ends = learner["gradient_booster"]["model"].get("iteration_indptr")
    if best is None or not ends or int(best) + 2 > len(ends):
        return saved, 0
    count = int(ends[int(best) + 1])
    return msgspec.structs.replace(saved, trees=saved.trees[:count], targets=saved.targets[:count]), int(best) + 1


def _lightgbm(path: Path) -> StoredForest:
    text = path.read_text(encoding="utf-8")
    if not text.startswith("tree\n"):
        raise ProgramError("it is no model of LightGBM", fix="save it with Booster.save_model")
    forest = read_lightgbm(text)
    if any(node.members is not None for tree in forest.trees for node in tree.nodes):
        raise ProgramError("a LightGBM model with categorical features is not compiled", fix="encode them first")
    line = next((line for line in text.split("\n") if line.startswith("feature_names=")), "feature_names=")
    names = tuple(line.removeprefix("feature_names=").split(" "))
    plain = all(name == f"Column_{place}" for place, name in enumerate(names))  # it was given none

    def scores(matrix: Array) -> Array:
        import lightgbm

        booster = lightgbm.Booster(model_file=str(path))
        found = booster.predict(matrix, raw_score=True, num_threads=1)
        return np.asarray(found, dtype=np.float64).reshape(len(matrix), -1)

    return _with_trainer("lightgbm", forest, () if plain else names, (), scores)


def _as_json(path: Path) -> bytes:
    """What CatBoost writes of a file of its own form."""
    with needs("boosting"):
        import catboost
    with tempfile.TemporaryDirectory(prefix="smeaton-catboost-") as folder:
        model = catboost.CatBoost()
        model.load_model(str(path), format="cbm")
        target = Path(folder, "model.json")
        model.save_model(str(target), format="json")
        return target.read_bytes()


def _catboost(path: Path, text: bytes) -> StoredForest:
    forest, document = read_catboost(text), msgspec.json.decode(text)
    named = {one["feature_index"]: one.get("feature_id", "") for one in document["features_info"]["float_features"]}
    names = tuple(named.get(place) or str(place) for place in range(forest.features))
    plain = all(name == str(place) for place, name in enumerate(names))
    classes = tuple(map(str, (document["model_info"].get("class_params") or {}).get("class_names", ())))

    def scores(matrix: Array) -> Array:
        import catboost

        model = catboost.CatBoost()
        model.load_model(str(path), format=path.suffix[1:])
        found = model.predict(to_single(matrix), prediction_type="RawFormulaVal", thread_count=1)
        return np.asarray(found, dtype=np.float64).reshape(len(matrix), -1)

    return _with_trainer("catboost", forest, () if plain else names, classes, scores)


def _with_trainer(
    trainer: str, forest: Forest, names: tuple[str, ...], classes: tuple[str, ...], scores: Scores
) -> StoredForest:
    check_forest(forest)
    there = importlib.util.find_spec(trainer) is not None
    own: Scores = scores if there else lambda matrix: forest_scores(forest, matrix)
    return StoredForest(forest, names or ("",) * forest.features, classes, trainer, own, there)
