"""Gradient-boosted trees by XGBoost (Chen and Guestrin 2016): columns drawn anew at each node, categories split by
sets; early stopping on the fold's stop rows."""

from typing import Any

from smeaton.data.fold import Fold
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._columns import column_choices
from smeaton.families._parts import outdone, refuse
from smeaton.families._portfolio import SMALL, lowest_rate, tree_starts, wants_log
from smeaton.families._rounds import GrownModel, absent, fit_rounds
from smeaton.families._xgboost import TRAINER
from smeaton.task.profile import Profile
from smeaton.task.task import Task


def _start(depth: int, rate: float, columns: float, rows: float, weight: float, l2: float, **more: Any) -> Config:
    return {
        "max_depth": depth,
        "learning_rate": rate,
        "colsample_bynode": columns,
        "subsample": rows,
        "min_child_weight": weight,
        "reg_lambda": l2,
        **more,
    }


_SMALL_STARTS = (
    _start(4, 0.05, 0.5, 0.8, 2.0, 3.0),
    _start(6, 0.06, 0.3, 0.7, 3.0, 5.0),
    _start(2, 0.08, 0.5, 0.8, 1.0, 1.0),
    _start(0, 0.06, 0.6, 0.8, 4.0, 2.0, grow_policy="lossguide", max_leaves=16, max_bin=64, encode="target"),
)
_LARGE_STARTS = (
    _start(6, 0.07, 0.6, 0.8, 2.0, 2.0),
    _start(9, 0.05, 0.4, 0.8, 4.0, 5.0),
    _start(0, 0.07, 0.5, 0.9, 5.0, 2.0, grow_policy="lossguide", max_leaves=48, max_bin=128, encode="target"),
    _start(4, 0.1, 0.6, 0.9, 5.0, 1.0),
)


class XGBoost:
    """Fits trees by XGBoost."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """A portfolio by the size of the table and of the budget, then ranges to search."""
        refused = refuse(task) or outdone(task, "xgboost") or absent("xgboost")
        if refused:
            return refused
        params: dict[str, Choice | Range] = {
            "learning_rate": Range(0.01, 0.2, log=True),
            "max_depth": Range(2, 10, integer=True),
            "min_child_weight": Range(0.1, 30.0, log=True),
            "subsample": Range(0.5, 1.0),
            "colsample_bynode": Range(0.2, 1.0),
            "reg_lambda": Range(1e-2, 30.0, log=True),
            "reg_alpha": Range(1e-3, 10.0, log=True),
        }
        if wants_log(task, profile):
            params["log"] = Choice((False, True))
        params |= column_choices(task)
        return Space(starts=_starts(task, profile), params=params, fidelity="rows", effort=6.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> GrownModel:
        """Fit until the loss on the stop rows no longer falls, at most `rounds` or until the clock says so.

        Raises:
            ExtraMissing: xgboost is not installed.
        """
        return fit_rounds(TRAINER, task, config, fold, run)


def _starts(task: Task, profile: Profile) -> tuple[Config, ...]:
    """Diverse rather than similar: depth-wise with few columns a node, deep and regularised, shallow, best-first."""
    starts = _SMALL_STARTS if profile.rows < SMALL else _LARGE_STARTS
    return tree_starts(starts, task, profile, lowest_rate(task, profile), 2)


part = XGBoost()
