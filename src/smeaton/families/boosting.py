"""Gradient-boosted trees by LightGBM (Ke et al. 2017), early stopping on the fold's stop rows, native categories.

Every configuration here can be written exactly as a graph: no linear trees, no averaged output.
"""

from typing import Any

from smeaton.data.fold import Fold
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._boosted import Boosted, fit_boosted
from smeaton.families._columns import column_choices, derivations
from smeaton.families._parts import outdone, refuse
from smeaton.families._portfolio import boosting_starts, rates, wants_log
from smeaton.task.profile import Profile
from smeaton.task.task import Task

_PLAIN = 2  # starts on the columns as they are that come before those with derived ones


class Boosting:
    """Fits boosted trees."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """A portfolio by the size of the table and of the budget, then ranges to search."""
        refused = refuse(task, quantile=True) or outdone(task, "boosting")
        if refused:
            return refused
        params: dict[str, Choice | Range] = {
            "learning_rate": Range(0.01, 0.15, log=True),
            "num_leaves": Range(4, 255 if profile.rows > 10_000 else 63, log=True, integer=True),
            "min_data_in_leaf": Range(2, 100, log=True, integer=True),
            "feature_fraction": Range(0.3, 1.0),
            "bagging_fraction": Range(0.5, 1.0),
            "lambda_l1": Range(1e-3, 10.0, log=True),
            "lambda_l2": Range(1e-2, 50.0, log=True),
            "extra_trees": Choice((False, True)),
            "cat_smooth": Range(1.0, 100.0, log=True),
        }
        if wants_log(task, profile):
            params["log"] = Choice((False, True))
        asked = rates(task, profile)
        if asked:
            params["rate"] = Choice(("", *asked))
        params |= column_choices(task)
        starts = _with_columns(task, boosting_starts(task, profile))
        return Space(starts=starts, params=params, fidelity="rows", effort=5.0, smaller={"slim": True})

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Boosted:
        """Fit until the loss on the stop rows no longer falls, at most `rounds` or until the clock says so."""
        return fit_boosted(task, config, fold, run)


def _with_columns(task: Task, starts: tuple[Config, ...]) -> tuple[Config, ...]:
    """The starts, and behind the first two of them the same with what can be derived from the columns."""
    can = derivations(task)
    of_numbers = [name for name in can if name in ("pairs", "gaps")]
    of_categories = [name for name in can if name in ("counts", "cross")]
    more: list[dict[str, Any]] = []
    if of_numbers:
        more.append({"derive": of_numbers})
    if of_categories:
        more.append({"encode": "target", "derive": of_categories})
    if of_numbers and of_categories:
        more.append({"derive": can})
    further = [{**starts[i % _PLAIN % len(starts)], **one} for i, one in enumerate(more)]
    return (*starts[:_PLAIN], *further, *starts[_PLAIN:])


part = Boosting()
