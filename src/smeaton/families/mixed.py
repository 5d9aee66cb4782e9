"""Boosted trees over numbers, categories and what each string says: the scores of a linear model of its runs of words
and characters stand beside the other columns (`_scores.py`)."""

from smeaton.data.fold import Fold
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._boosted import Boosted, fit_boosted
from smeaton.families._parts import recipe, refuse
from smeaton.families._portfolio import boosting_starts
from smeaton.families._scores import MOST_LABELS, has_strings
from smeaton.task.profile import Profile
from smeaton.task.task import Task

_TEXTS = {"texts": "scores"}


class Mixed:
    """Fits boosted trees over numbers, categories and the scores of strings."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """The portfolio of boosted trees; only for tables with strings to read and something beside texts."""
        refused = refuse(task)
        if refused:
            return refused
        steps = recipe(task)
        if not has_strings(task, profile):
            return Refusal("there is no text, nor a category of very many values; `boosting` has the other columns")
        if not steps.numbers and not steps.categories:
            return Refusal("every input is text; `tfidf` reads it without trees")
        if len(task.labels) > MOST_LABELS:
            return Refusal(f"{len(task.labels)} labels are more than the {MOST_LABELS} it scores the texts for")
        params: dict[str, Choice | Range] = {
            "learning_rate": Range(0.01, 0.15, log=True),
            "num_leaves": Range(4, 63, log=True, integer=True),
            "min_data_in_leaf": Range(2, 100, log=True, integer=True),
            "feature_fraction": Range(0.3, 1.0),
            "lambda_l2": Range(1e-2, 50.0, log=True),
        }
        return Space(starts=boosting_starts(task, profile), params=params, fidelity="rows", effort=4.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Boosted:
        """Score the strings part by part, then boost until the loss on the stop rows no longer falls."""
        return fit_boosted(task, _TEXTS | dict(config), fold, run)


part = Mixed()
