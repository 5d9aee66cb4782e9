"""One LightGBM fit on a matrix (Ke et al. 2017): the settings that can be written exactly, and a watch that ends it."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.data.fold import Rows
from smeaton.extras import needs
from smeaton.families import Run
from smeaton.families._ending import ABSOLUTE, ClassEnding, NumberEnding
from smeaton.families._portfolio import MOST_TREES
from smeaton.task.table import Array
from smeaton.task.task import Task

#: What a configuration may leave out. Names are LightGBM's, but for `rounds` (the most rounds), `log` (fit the
#: logarithm of a positive target), `refit` (fit again on training and stopping rows with the rounds found) and `slim`
#: (cut the trees back: as the stop rows ask for if True, by this complexity if a number).
DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.8, "bagging_fraction": 0.9,
    "lambda_l1": 0.0, "lambda_l2": 1.0, "path_smooth": 0.0, "extra_trees": False, "max_bin": 255, "cat_smooth": 10.0,
    "max_cat_threshold": 32, "rounds": 5_000, "log": False, "refit": False,
    "slim": False,
}  # fmt: skip
_OWN = ("rounds", "log", "refit", "slim")
#: Of the seconds a fit has, that its rounds may take.
FIT_SHARE = 0.9
_REPORT_EVERY = 10
_LEAST_ROUNDS = 40  # that a fit may have however many labels there are
_ROUNDS_WITHOUT_STOP = 200  # rounds where there are no rows to stop on, at a learning rate of 0.05
_NOTHING_LEFT = 1e-9  # the score of a fit that has nothing left to improve


@dataclass(frozen=True, slots=True)
class Part:
    """Rows as the trees see them: the matrix, the targets and weights, which columns are category codes."""

    matrix: Array
    rows: Rows
    categories: tuple[int, ...] = ()


class Watch:
    """A LightGBM callback: knows the best round, ends the fit when nothing improves, the clock or the limit says so."""

    def __init__(self, run: Run, patience: int, deadline: float, limit: int | None, unit: float) -> None:
        self.run, self.patience, self.deadline, self.limit, self.unit = run, patience, deadline, limit, unit
        self.best, self.best_round, self.rounds = math.inf, 0, 0
        self.clocked = False

    def __call__(self, env: Any) -> None:
        import lightgbm

        self.rounds = env.iteration + 1
        score = float(env.evaluation_result_list[0][2]) if env.evaluation_result_list else math.nan
        if score < self.best or not self.best_round:
            self.best, self.best_round = score, self.rounds
        late = time.monotonic() >= self.deadline
        limited = self.limit is not None and self.rounds >= self.limit
        stale = self.rounds - self.best_round >= self.patience or self.best <= _NOTHING_LEFT
        if math.isfinite(score) and (self.rounds % _REPORT_EVERY == 0 or late or stale):
            self.run.report(self.rounds, score * self.unit)
        if stale or limited or late:
            self.clocked = not stale
            raise lightgbm.callback.EarlyStopException(env.iteration, [])


def settings(task: Task, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the defaults, and no more rounds than the labels allow."""
    given = DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS}
    trees = len(task.labels) if len(task.labels) > 2 else 1
    given["rounds"] = min(given["rounds"], max(_LEAST_ROUNDS, MOST_TREES // trees))
    return given


def train(
    task: Task,
    given: Mapping[str, Any],
    parts: tuple[Part, Part | None],
    ending: ClassEnding | NumberEnding,
    run: Run,
    deadline: float,
    limit: int | None,
) -> tuple[Any, int, Watch]:
    """Fit on the first part, stopped on the second (None: `limit` rounds). The booster, its best round, the watch."""
    with needs("build"):
        import lightgbm
    own, stop = parts
    params = _params(task, given, len(own.rows), run)
    data = lightgbm.Dataset(
        own.matrix,
        label=_label(ending, own.rows),
        weight=own.rows.weight,
        categorical_feature=list(own.categories),
        params=params,
    )
    valid = []
    if stop is not None and len(stop.rows):
        valid.append(data.create_valid(stop.matrix, label=_label(ending, stop.rows), weight=stop.rows.weight))
    rounds = int(given["rounds"]) if valid or limit else round(_ROUNDS_WITHOUT_STOP * 0.05 / given["learning_rate"])
    patience = round(30 + 2 / given["learning_rate"]) if valid else rounds
    unit = 1.0 if isinstance(ending, ClassEnding) or ending.log else ending.scale
    watch = Watch(run, patience, deadline, limit, unit)
    booster = lightgbm.train(params, data, num_boost_round=rounds, valid_sets=valid, callbacks=[watch])
    booster.free_dataset()
    return booster, watch.best_round if valid else watch.rounds, watch


def _label(ending: ClassEnding | NumberEnding, rows: Rows) -> Array:
    return rows.y.astype(np.float64) if isinstance(ending, ClassEnding) else ending.start(rows.y)


def _params(task: Task, given: Mapping[str, Any], rows: int, run: Run) -> dict[str, Any]:
    labels = len(task.labels)
    if not task.is_class:
        objective = {"objective": "regression_l1", "metric": "l1"} if task.metric in ABSOLUTE else {
            "objective": "regression", "metric": "rmse"
        }  # fmt: skip
    elif labels == 2:
        objective = {"objective": "binary", "metric": "binary_logloss"}
    else:
        objective = {"objective": "multiclass", "metric": "multi_logloss", "num_class": labels}  # type: ignore[dict-item]
    own = {key: value for key, value in given.items() if key not in _OWN}
    return objective | own | {
        # LightGBM's 100 rows a group keeps small tables from using their categories at all.
        "min_data_per_group": int(np.clip(rows // 100, 5, 100)),
        "bagging_freq": 1 if given["bagging_fraction"] < 1 else 0,
        "seed": run.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": run.threads,
        "verbosity": -1,
    }  # fmt: skip
