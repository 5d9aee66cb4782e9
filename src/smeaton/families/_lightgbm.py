"""One LightGBM fit on a matrix (Ke et al. 2017): the settings that can be written exactly, and a watch that ends it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.data.fold import Rows
from smeaton.extras import needs
from smeaton.families import Run
from smeaton.families._ending import ABSOLUTE, ClassEnding, NumberEnding
from smeaton.families._portfolio import MOST_TREES
from smeaton.families._stopping import Rounds
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
_LEAST_ROUNDS = 40  # that a fit may have however many labels there are
_ROUNDS_WITHOUT_STOP = 200  # rounds where there are no rows to stop on, at a learning rate of 0.05


@dataclass(frozen=True, slots=True)
class Part:
    """Rows as the trees see them: the matrix, the targets and weights, which columns are category codes."""

    matrix: Array
    rows: Rows
    categories: tuple[int, ...] = ()


def _watch(rounds: Rounds) -> Callable[[Any], None]:
    """A LightGBM callback that asks `rounds` after each round."""

    def watch(env: Any) -> None:
        import lightgbm

        found = env.evaluation_result_list
        if rounds.ended(float(found[0][2]) if found else None):
            raise lightgbm.callback.EarlyStopException(env.iteration, [])

    return watch


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
) -> tuple[Any, Rounds]:
    """Fit on the first part, stopped on the second (None: `limit` rounds): the booster and its rounds."""
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
    most = int(given["rounds"]) if valid or limit else round(_ROUNDS_WITHOUT_STOP * 0.05 / given["learning_rate"])
    patience = round(30 + 2 / given["learning_rate"]) if valid else most
    unit = 1.0 if isinstance(ending, ClassEnding) or ending.log else ending.scale
    rounds = Rounds(
        run, patience, min(limit or most, most), deadline, unit=unit, nats=task.is_class, limited=limit is not None
    )
    booster = lightgbm.train(params, data, num_boost_round=rounds.most, valid_sets=valid, callbacks=[_watch(rounds)])
    booster.free_dataset()
    return booster, rounds


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
