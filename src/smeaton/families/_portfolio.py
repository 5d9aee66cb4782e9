"""Configurations of boosted trees known to be strong together: what to try first on which table.

Diverse rather than similar: slow and regularised, randomised splits (Geurts et al. 2006), shallow, deep. The rates are
raised where the rows times the labels are so many that slow learning could not end within the budget.
"""

from typing import Any

from smeaton.families import Config
from smeaton.task.profile import Profile
from smeaton.task.task import Task

SMALL = 3_000  # rows below which trees are kept small
#: Seconds of one round for each row, column and tree, on the machine it was measured on.
_CELL = 7e-9
_FIT_SHARE = 0.1  # of the budget that one fit should take
_LEAST_ROUNDS = 6.0  # rounds x rate that boosting needs for most of its work
#: Trees of one model, over all labels: more would be slow to answer and large to ship.
MOST_TREES = 12_000
_NEEDED = 30.0  # rounds x rate with which many labels are learnt to the end
_COARSE = 0.15  # a lowest rate from which on fewer leaves and bins save time
_MANY = 10  # labels from which on randomised splits come first


def _start(rate: float, leaves: int, least: int, columns: float, rows: float = 0.9, **more: Any) -> dict[str, Any]:
    return {
        "learning_rate": rate,
        "num_leaves": leaves,
        "min_data_in_leaf": least,
        "feature_fraction": columns,
        "bagging_fraction": rows,
        **more,
    }


_SMALL_STARTS = (
    _start(0.04, 10, 10, 0.5, 0.8, lambda_l2=5.0),
    _start(0.05, 24, 5, 0.7, extra_trees=True),
    _start(0.06, 4, 8, 0.4, 0.8),
    _start(0.03, 40, 3, 0.3, 0.7, lambda_l2=10.0),
    _start(0.03, 8, 3, 0.4, extra_trees=True, lambda_l2=0.1, cat_smooth=30.0),
    _start(0.05, 31, 20, 0.8),
)
_LARGE_STARTS = (
    _start(0.06, 40, 15, 0.7),
    _start(0.06, 64, 8, 0.8, extra_trees=True),
    _start(0.03, 127, 5, 0.5, 0.8, lambda_l2=3.0),
    _start(0.08, 10, 20, 0.6),
    _start(0.03, 63, 40, 0.4, 0.7, lambda_l2=20.0, cat_smooth=50.0),
    _start(0.04, 200, 3, 0.9, extra_trees=True, lambda_l2=5.0),
    _start(0.03, 24, 5, 0.9, path_smooth=5.0),
)


def boosting_starts(task: Task, profile: Profile) -> tuple[Config, ...]:
    """The portfolio for a table, strongest first."""
    small = profile.rows < SMALL
    floor, labels = lowest_rate(task, profile), len(profile.shares)
    starts = []
    for start in _SMALL_STARTS if small else _LARGE_STARTS:
        config = {**start, "learning_rate": round(max(start["learning_rate"], floor), 4), "refit": small}
        if labels > 2:
            # Each label has its own trees, on smaller curvature: the same penalty would stop them from learning.
            config["lambda_l2"] = round(config.get("lambda_l2", 1.0) * 2 / labels, 4)
        if floor >= _COARSE:
            config |= {"num_leaves": min(config["num_leaves"], 31), "max_bin": 63}
        starts.append(config)
    if labels >= _MANY:
        starts.sort(key=lambda config: not config.get("extra_trees", False))
    if wants_log(task, profile):
        starts.insert(1, {**starts[0], "log": True})
        starts.insert(4, {**starts[3], "log": True})
    return tuple(dict(start) for start in starts)


def lowest_rate(task: Task, profile: Profile) -> float:
    """The lowest learning rate with which a fit can end within its share of the budget."""
    trees = len(profile.shares) if len(profile.shares) > 2 else 1
    columns = sum({"text": 100, "timestamp": 8}.get(column.type, 1) for column in profile.columns)
    seconds = _CELL * profile.rows * (columns + 5) * trees
    slowest = _LEAST_ROUNDS * seconds / (_FIT_SHARE * task.budget.time)
    return min(0.3, max(slowest, _NEEDED * trees / MOST_TREES if trees > 1 else 0.0))


def wants_log(task: Task, profile: Profile) -> bool:
    """Whether a number is positive and so skewed that fitting its logarithm deserves a try."""
    if task.is_class or len(profile.target_quantiles) < 9:
        return False
    low, _, _, _, middle, _, high, _, _ = profile.target_quantiles
    return low > 0 and high > 3 * middle
