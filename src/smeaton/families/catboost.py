"""Gradient-boosted oblivious trees by CatBoost (Prokhorenkova et al. 2018), early stopping on the fold's stop rows;
categories stand as what the target was like there, or as 0/1 columns."""

from typing import Any

from smeaton.data.fold import Fold
from smeaton.errors import InputError
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._catboost import TRAINER
from smeaton.families._columns import column_choices
from smeaton.families._parts import outdone, refuse
from smeaton.families._portfolio import SMALL, lowest_rate, tree_starts, wants_log
from smeaton.families._rounds import GrownModel, absent, fit_rounds
from smeaton.task.profile import Profile
from smeaton.task.task import Task

_MOST_LABELS = 60  # each has its own copy of every tree
_NEEDED = 30.0  # rounds x rate with which many labels are learnt to the end


def _start(depth: int, rate: float, l2: float, columns: float, borders: int, encode: str, **more: Any) -> Config:
    return {
        "depth": depth,
        "learning_rate": rate,
        "l2_leaf_reg": l2,
        "rsm": columns,
        "border_count": borders,
        "encode": encode,
        **more,
    }


_SMALL_STARTS = (
    _start(6, 0.06, 3.0, 1.0, 64, "target"),
    _start(4, 0.08, 2.0, 0.7, 64, "target", random_strength=2.0),
    _start(8, 0.08, 10.0, 0.5, 32, "target"),
    _start(5, 0.1, 5.0, 0.5, 64, "onehot"),
)
_LARGE_STARTS = (
    _start(6, 0.1, 3.0, 1.0, 64, "target"),
    _start(8, 0.1, 5.0, 0.5, 128, "target"),
    _start(5, 0.12, 2.0, 0.7, 64, "onehot"),
)


class CatBoost:
    """Fits trees by CatBoost."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """A portfolio by the size of the table and of the budget, then ranges to search."""
        refused = refuse(task) or outdone(task, "catboost") or absent("catboost")
        if refused:
            return refused
        if len(task.labels) > _MOST_LABELS:
            return Refusal(f"{len(task.labels)} labels are more than the {_MOST_LABELS} its trees stay small with")
        params: dict[str, Choice | Range] = {
            "learning_rate": Range(0.02, 0.25, log=True),
            "depth": Range(3, 8, integer=True),
            "l2_leaf_reg": Range(0.3, 30.0, log=True),
            "random_strength": Range(0.1, 5.0, log=True),
            "bagging_temperature": Range(0.0, 1.5),
            "rsm": Range(0.4, 1.0),
            "border_count": Choice((32, 64, 128, 254)),
        }
        if wants_log(task, profile):
            params["log"] = Choice((False, True))
        params |= column_choices(task)
        if "encode" in params:
            params["encode"] = Choice(("target", "onehot"))
        return Space(starts=_starts(task, profile), params=params, fidelity="rows", effort=8.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> GrownModel:
        """Fit until the loss on the stop rows no longer falls, at most `rounds` or until the clock says so.

        Raises:
            ExtraMissing: catboost is not installed.
            InputError: the configuration encodes categories as codes, which are no numbers.
        """
        given = {"encode": "target", **config}
        if given["encode"] == "codes":
            raise InputError("catboost reads numbers, not codes of categories", fix="use encode: target, or onehot")
        return fit_rounds(TRAINER, task, given, fold, run)


def _starts(task: Task, profile: Profile) -> tuple[Config, ...]:
    """Diverse rather than similar: the usual depth, shallow, deep with few columns a tree."""
    floor = lowest_rate(task, profile)
    if len(task.labels) > 2:
        floor = max(floor, min(0.3, _NEEDED * len(task.labels) / TRAINER.most_trees))
    starts = _SMALL_STARTS if profile.rows < SMALL else _LARGE_STARTS
    return tree_starts(starts, task, profile, floor, 1)


part = CatBoost()
