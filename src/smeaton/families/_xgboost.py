"""XGBoost as a trainer (Chen and Guestrin 2016): the settings that can be written exactly, categories split by sets."""

from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.extras import needs
from smeaton.families._rounds import Grown, Lesson, Sample, Trainer
from smeaton.families._stopping import Rounds
from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.compile.trees import Forest
    from smeaton.compile.trees_xgboost import Saved

_CHUNK = 8_192  # rows whose leaves are looked up at once
#: What a configuration may leave out. Names are XGBoost's, but for `rounds` (the most rounds), `log` (fit the
#: logarithm of a positive target) and `refit` (fit again on training and stopping rows with the rounds found).
#: `reg_lambda` and `min_child_weight` are those for two labels.
DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.05, "max_depth": 6, "max_leaves": 0, "grow_policy": "depthwise", "min_child_weight": 1.0,
    "subsample": 0.8, "colsample_bytree": 1.0, "colsample_bynode": 0.6, "reg_lambda": 1.0, "reg_alpha": 0.0,
    "gamma": 0.0, "max_bin": 256, "max_cat_to_onehot": 4, "max_cat_threshold": 32, "rounds": 5_000, "log": False,
    "refit": False,
}  # fmt: skip
_OWN = ("rounds", "log", "refit")


def grow(lesson: Lesson, own: Sample, stop: Sample | None, rounds: Rounds) -> Grown:
    """Fit until `rounds.ended`."""
    with needs("boosting"):
        import xgboost
    bins = int(lesson.given["max_bin"])

    def data(sample: Sample, like: Any) -> Any:
        label = sample.label.astype(np.float64)
        return xgboost.QuantileDMatrix(
            sample.matrix, label=label, weight=sample.weight, nthread=lesson.threads, max_bin=bins, ref=like,
            feature_types=_types(sample), enable_categorical=True,
        )  # fmt: skip

    class Watch(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            losses = next(iter(evals_log["stop"].values())) if evals_log else None
            return rounds.ended(None if losses is None else float(losses[-1]))

    first = data(own, None)
    judged = [] if stop is None else [(data(stop, first), "stop")]
    booster = xgboost.train(
        _params(lesson),
        first,
        num_boost_round=rounds.most,
        evals=judged,
        verbose_eval=False,
        callbacks=[Watch()],
    )
    return _Grown(booster, own, lesson)


class _Grown:
    """A booster; leaves are found by XGBoost and summed in double."""

    def __init__(self, booster: Any, own: Sample, lesson: Lesson) -> None:
        self.booster = booster
        self.types, self.codes, self.threads = _types(own), own.codes, lesson.threads
        self._saved: Saved | None = None

    def keep(self, rounds: int) -> None:
        """Forget later rounds."""
        self.booster, self._saved = self.booster[:rounds], None

    @property
    def saved(self) -> "Saved":
        """The model as XGBoost writes it, read once."""
        from smeaton.compile.trees_xgboost import open_xgboost

        if self._saved is None:
            self._saved = open_xgboost(bytes(self.booster.save_raw("json")))
        return self._saved

    def forest(self) -> "Forest":
        """The trees as XGBoost writes them."""
        from smeaton.compile.trees_xgboost import to_forest

        return to_forest(self.saved, self.codes)

    def margins(self, matrix: Array) -> Array:
        """Sums of the leaves that XGBoost says each row falls into."""
        import xgboost

        saved = self.saved
        values = np.concatenate([tree.values for tree in saved.trees]).astype(np.float64)
        offsets = np.cumsum([0, *(len(tree.split_type) for tree in saved.trees[:-1])])
        sums = np.tile(saved.starts, (len(matrix), 1))
        for begin in range(0, len(matrix), _CHUNK):
            rows = xgboost.DMatrix(
                matrix[begin : begin + _CHUNK], nthread=self.threads, feature_types=self.types, enable_categorical=True
            )
            found = self.booster.predict(rows, pred_leaf=True).reshape(rows.num_row(), -1).astype(np.int64)
            reached = values[found + offsets]
            for target in range(sums.shape[1]):
                sums[begin : begin + _CHUNK, target] += reached[:, np.equal(saved.targets, target)].sum(axis=1)
        return sums


def _types(sample: Sample) -> list[str]:
    return ["c" if place in sample.codes else "q" for place in range(sample.matrix.shape[1])]


def _params(lesson: Lesson) -> dict[str, Any]:
    if not lesson.task.is_class:
        objective = {"objective": "reg:absoluteerror", "eval_metric": "mae"} if lesson.absolute else {
            "objective": "reg:squarederror", "eval_metric": "rmse"
        }  # fmt: skip
    elif lesson.trees == 1:
        objective = {"objective": "binary:logistic", "eval_metric": "logloss"}
    else:
        objective = {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": lesson.trees}  # type: ignore[dict-item]
    own = {key: value for key, value in lesson.given.items() if key not in _OWN}
    if lesson.trees > 1:
        # Each label has its own trees, on smaller curvature: the same bounds would stop them from learning.
        for key in ("reg_lambda", "min_child_weight"):
            own[key] *= 2 / lesson.trees
    return objective | own | {
        "tree_method": "hist", "seed": lesson.seed, "nthread": lesson.threads, "verbosity": 0,
    }  # fmt: skip


TRAINER = Trainer(DEFAULTS, 10_000, grow)
