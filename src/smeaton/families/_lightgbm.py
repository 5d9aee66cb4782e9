"""One LightGBM fit on a matrix (Ke et al. 2017): the settings that can be written exactly, and a watch that ends it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from smeaton.data.fold import Rows
from smeaton.families import Run
from smeaton.families._ending import ABSOLUTE, ClassEnding, NumberEnding
from smeaton.families._lean import lightgbm
from smeaton.families._portfolio import MOST_TREES
from smeaton.families._stopping import Rounds
from smeaton.task.table import Array
from smeaton.task.task import Task

#: What a configuration may leave out. Names are LightGBM's, but for `rounds` (the most rounds), `log` (fit the
#: logarithm of a positive target), `refit` (fit again on training and stopping rows with the rounds found) and `slim`
#: (cut the trees back: as the stop rows ask for if True, by this complexity if a number). `rate` is "poisson" or
#: "tweedie" for numbers of 0 or more whose spread grows with their size, '' for the loss that follows from the metric.
DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.8, "bagging_fraction": 0.9,
    "lambda_l1": 0.0, "lambda_l2": 1.0, "path_smooth": 0.0, "extra_trees": False, "max_bin": 255, "cat_smooth": 10.0,
    "max_cat_threshold": 32, "rounds": 5_000, "log": False, "refit": False,
    "slim": False, "rate": "",
}  # fmt: skip
_OWN = ("rounds", "log", "refit", "slim", "rate")
_OWN_LOSS = ("mape", "smape", "rmsle", "poisson_deviance")
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

    stop = lightgbm().callback.EarlyStopException

    def watch(env: Any) -> None:
        found = env.evaluation_result_list
        if rounds.ended(float(found[0][2]) if found else None):
            raise stop(env.iteration, [])

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
    own, stop = parts
    judge = _judge(task, ending, stop)
    params = _params(task, given, len(own.rows), run) | ({} if judge is None else {"metric": "None"})
    if isinstance(ending, NumberEnding) and not ending.rate and given["rate"]:
        params["objective"] = "regression"  # a target below 0 has no logarithm
    data = lightgbm().Dataset(
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
    unit = 1.0 if isinstance(ending, ClassEnding) or ending.log or judge is not None else ending.scale
    rounds = Rounds(
        run, patience, min(limit or most, most), deadline, unit=unit, nats=task.is_class, limited=limit is not None
    )
    watch = [_watch(rounds)]
    booster = lightgbm().train(
        params, data, num_boost_round=rounds.most, valid_sets=valid, feval=judge, callbacks=watch
    )  # fmt: skip
    booster.free_dataset()
    return booster, rounds


def _label(ending: ClassEnding | NumberEnding, rows: Rows) -> Array:
    plain = isinstance(ending, ClassEnding) or ending.rate
    return rows.y.astype(np.float64) if plain else ending.start(rows.y)  # type: ignore[union-attr]


def _judge(task: Task, ending: ClassEnding | NumberEnding, stop: Part | None) -> Any:
    """What rounds are judged by where LightGBM has no such loss, or not of these answers; None where it has."""
    if isinstance(ending, ClassEnding) or stop is None or not len(stop.rows):
        return None
    if not ending.rate and ending.quantile is None and task.metric not in _OWN_LOSS:
        return None

    def judge(answers: Array, data: Any) -> tuple[str, float, bool]:
        # Of rates LightGBM hands out the exponential.
        scores = np.log(np.maximum(answers, 1e-300)) if ending.rate else answers
        return "loss", ending.loss(scores[:, None], stop.rows, task.metric), False

    return judge


def _of_numbers(task: Task, asked: str) -> dict[str, Any]:
    """The objective of numbers."""
    if task.output_type.quantile is not None:
        return {"objective": "quantile", "alpha": task.output_type.quantile, "metric": "quantile"}
    if asked:
        return {"objective": asked, "metric": "rmse"}
    absolute = task.metric in ABSOLUTE
    return {"objective": "regression_l1", "metric": "l1"} if absolute else {"objective": "regression", "metric": "rmse"}


def _params(task: Task, given: Mapping[str, Any], rows: int, run: Run) -> dict[str, Any]:
    labels = len(task.labels)
    objective: dict[str, Any]
    if not task.is_class:
        objective = _of_numbers(task, given["rate"])
    elif labels == 2:
        objective = {"objective": "binary", "metric": "binary_logloss"}
    else:
        objective = {"objective": "multiclass", "metric": "multi_logloss", "num_class": labels}
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
