"""Forests: extremely randomised trees (Geurts, Ernst and Wehenkel 2006) and random forests (Breiman 2001), by
scikit-learn; their answers are means over the trees."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.errors import InputError
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._columns import COLUMNS, Columns, MatrixModel, column_choices, learn_columns
from smeaton.families._ending import ABSOLUTE, ClassEnding, NumberEnding, class_ending, number_ending
from smeaton.families._grove import Cut, Grown, Seed, best_cut, default_size, judged_rows, mean_of, sizes_of
from smeaton.families._parts import STEPS, Features, join_rows, outdone, refuse, some_rows
from smeaton.families._portfolio import SMALL, wants_log
from smeaton.task.profile import Profile
from smeaton.task.table import Array
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph

#: `kind`: "extra" or "random"; `trees`: how many; `max_features` and `min_samples_leaf` are scikit-learn's; `least`:
#: rows below which a node does not split, and `shrinkage` of its answer toward its parent's (None: chosen on the stop
#: rows); `log`: fit the logarithm of a positive target; `refit`: grow again on training and stopping rows.
DEFAULTS: dict[str, Any] = {
    "kind": "extra", "trees": 100, "max_features": 0.5, "min_samples_leaf": 1, "least": None, "shrinkage": None,
    "log": False, "refit": False,
}  # fmt: skip
_FIT_SHARE = 0.8  # of the seconds a fit has, that growing may take
_MOST_LABELS = 100


class ForestModel(MatrixModel):
    """Trees over the columns whose answers are averaged."""

    def __init__(self, task: Task, columns: Columns, ending: ClassEnding | NumberEnding, grown: Grown) -> None:
        super().__init__(task, columns, ending)
        self.grown = grown
        self.cut: Cut = grown.cut(0.0, 0.0)

    def scores(self, matrix: Array) -> Array:
        """Means over the trees (rows, values): standardised numbers, probabilities of each label, or of the second."""
        from smeaton.compile._single import to_single

        return mean_of(self.cut, self.grown.leaves(to_single(matrix)))

    def write_scores(self, graph: "Graph", matrix: str) -> str:
        """The trees as one operator; leaves that hold several values are a table beside them."""
        from smeaton.compile.trees import add_forest
        from smeaton.compile.trees_forest import add_numbered

        grove, width = self.grown.grove, self.columns.width
        values = self.cut.values / len(self.grown.trees)
        if values.shape[1] == 1:
            return add_forest(graph, grove.forest(self.cut.splits, values[:, 0], width), matrix)
        forest, leaves = grove.numbered(self.cut.splits, width)
        return add_numbered(graph, forest, values[leaves], matrix)

    def answers(self, features: Features) -> Array:
        """Probabilities, or numbers."""
        return self.finish(self.scores(self.columns.matrix(features)))

    def finish(self, scores: Array) -> Array:
        """Answers from means: those of labels are mixed with a share of the prior, so that none is ever ruled out."""
        if isinstance(self.ending, NumberEnding):
            return self.ending.finish(scores)
        known = scores if scores.shape[1] > 1 else np.hstack([1.0 - scores, scores])
        mixed: Array = (1.0 - self.ending.share) * known + self.ending.share * self.ending.prior
        return mixed

    def write(self, graph: "Graph") -> str:
        """Columns, trees, and what `finish` does."""
        scores = self.write_scores(graph, self.columns.write(graph))
        if isinstance(self.ending, NumberEnding):
            return self.ending.write(graph, scores)
        if self.cut.values.shape[1] == 1:
            other = graph.node("Sub", [graph.constant(1.0), scores])
            scores = graph.node("Concat", [other, scores], axis=1)
        kept = graph.node("Mul", [graph.constant(1.0 - self.ending.share), scores])
        return graph.node("Add", [kept, graph.constant(self.ending.share * self.ending.prior)])

    def loss(self, scores: Array, rows: Rows) -> float:
        """Weighted log-loss, or the error of numbers that the metric asks for."""
        if isinstance(self.ending, NumberEnding):
            return self.ending.loss(scores, rows, self.task.metric)
        right = self.finish(scores)[np.arange(len(rows)), rows.y]
        return float(np.average(-np.log(np.maximum(right, 1e-15)), weights=rows.weight))


class ForestFamily:
    """Grows forests."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Extremely randomised trees first, then a random forest."""
        refused = refuse(task) or outdone(task, "forest")
        if refused:
            return refused
        if len(task.labels) > _MOST_LABELS:
            return Refusal(f"leaves that hold {len(task.labels)} shares each would be too many to ship")
        shape: dict[str, Any] = {"encode": "target", "refit": profile.rows < SMALL}
        if any(column.type == "text" for column in profile.columns):
            shape["texts"] = "scores"
        starts: list[dict[str, Any]] = [
            {"kind": "extra", "max_features": 0.6, **shape},
            {"kind": "random", "max_features": 0.4, "min_samples_leaf": 2, **shape},
        ]
        params: dict[str, Choice | Range] = {
            "kind": Choice(("extra", "random")),
            "max_features": Range(0.1, 1.0),
            "min_samples_leaf": Range(1, 10, log=True, integer=True),
        }
        if wants_log(task, profile):
            starts.insert(1, {**starts[0], "log": True})
            params["log"] = Choice((False, True))
        if "derive" in (found := column_choices(task)):
            params["derive"] = found["derive"]
        return Space(starts=tuple(starts), params=params, fidelity="rows", effort=5.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> ForestModel:
        """Grow trees until there are `trees`, or the clock says so; then choose their size on the stop rows.

        Fits that end by themselves depend on nothing but rows, configuration and seed.

        Raises:
            InputError: the categories are to be read as codes, which have no order that a threshold could use.
        """
        deadline = time.monotonic() + _FIT_SHARE * run.seconds
        given = DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS}
        shape = {"encode": "target"} | {key: value for key, value in config.items() if key in COLUMNS}
        if shape["encode"] == "codes":
            raise InputError("a forest cannot read category codes", fix='use `encode` "target" or "onehot"')
        limit = config.get(STEPS)
        fit = _Fit(task, given, shape, run, deadline)
        model = fit.on(some_rows(fold.train, run.fidelity, run.seed, task.is_class), fold.stop, limit)
        clocked = len(model.grown.trees) < (limit or given["trees"])
        steps = len(model.grown.trees)
        if len(fold.stop):
            run.report(steps, fit.judged)
        if given["refit"] and run.other_folds and run.fidelity == 1 and not clocked and limit is None:
            found = given | {"least": model.cut.least, "shrinkage": model.cut.shrinkage}
            joined = join_rows(fold.train, fold.stop)
            again = _Fit(task, found, shape, run, deadline).on(joined, None, None)
            clocked = len(again.grown.trees) < given["trees"]
            if not clocked:
                if isinstance(again.ending, NumberEnding) and isinstance(model.ending, NumberEnding):
                    again.ending = again.ending.with_factor(model.ending.factor)
                model = again
        if not given["log"]:  # whose answers are corrected by what the stop rows say
            model.refit = {STEPS: steps, "least": model.cut.least, "shrinkage": model.cut.shrinkage}
        if clocked:
            model.steps = steps
            model.note = f"the clock ended it after {steps} trees"
        return model


@dataclass(slots=True)
class _Fit:
    """What is the same for both fits of a candidate. `judged` is the last loss on stop rows."""

    task: Task
    given: Mapping[str, Any]
    shape: Mapping[str, Any]
    run: Run
    deadline: float
    judged: float = float("nan")

    def on(self, rows: Rows, stop: Rows | None, limit: int | None) -> ForestModel:
        """One fit on the first rows, judged on the second."""
        from smeaton.compile._single import to_single

        task, given = self.task, self.given
        ending = class_ending(task, rows) if task.is_class else number_ending(rows, bool(given["log"]), task)
        columns, matrix = learn_columns(task, self.shape, rows, ending, self.run.seed)
        y = rows.y if isinstance(ending, ClassEnding) else ending.start(rows.y)
        own = Seed(to_single(matrix), y, rows.weight, len(task.labels), given, self.run.seed, self.run.threads)
        grown = own.grow(limit or int(given["trees"]), self.deadline if limit is None else float("inf"))
        model = ForestModel(task, columns, ending, grown)
        self._choose(model, own, stop if stop is not None and len(stop) else None)
        if stop is not None and len(stop) and isinstance(ending, NumberEnding) and ending.log:
            model.ending = ending.corrected(model.scores(columns.matrix(columns.encode(stop.x))), stop)
        return model

    def _choose(self, model: ForestModel, own: Seed, stop: Rows | None) -> None:
        """Give the model the size that is best on the stop rows."""
        from smeaton.compile._single import to_single

        grown, task = model.grown, self.task
        absolute = not task.is_class and task.metric in ABSOLUTE
        reached = grown.leaves(own.matrix) if absolute else None

        def make(least: float, shrinkage: float) -> Cut:
            cut = grown.cut(least, shrinkage)
            return cut if reached is None else grown.medians(cut, reached, own.y, own.weight)

        sizes = sizes_of(grown, self.given, absolute)
        if stop is None:
            model.cut = make(*default_size(sizes))
            return
        some = stop.take(judged_rows(len(stop)))
        ends = grown.leaves(to_single(model.columns.matrix(model.encode(some.x))))

        def judge(cut: Cut) -> float:
            return model.loss(mean_of(cut, ends), some)

        model.cut = best_cut(sizes, make, judge)
        self.judged = judge(model.cut)


part = ForestFamily()
