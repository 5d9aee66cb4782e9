"""Nearest centroids: each class (or tenth of the numbers) is the mean of its rows, and a row belongs to the nearest.

Distances on scaled numbers, category values and words become shares by a softmax; a number is answered with the mean
of its groups, weighted by these shares. The squared distance to a fixed point is linear in the row but for a term that
all centroids share, so the program is one matrix product (Hastie, Tibshirani and Friedman 2009, section 4.3).
"""

from typing import TYPE_CHECKING

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Config, Range, Refusal, Run, Space
from smeaton.families._parts import Features, Model, recipe, refuse
from smeaton.runtime.ops._features import CATEGORIES, NUMBERS
from smeaton.task.profile import Profile
from smeaton.task.table import PROBABILITY, Array
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph
    from smeaton.compile.linear import Linear

#: `sharpness`: how fast a share falls with the distance. `groups`: into how many a target of numbers is cut.
DEFAULTS: dict[str, float] = {"sharpness": 1.0, "groups": 10}


class Centroids(Model):
    """What was fitted: `distances` scores each centroid; `means` (groups,) are their numbers, None for classes."""

    def __init__(self, task: Task, distances: "Linear", means: Array | None) -> None:
        super().__init__(task)
        self.distances = distances
        self.means = means

    def answers(self, features: Features) -> Array:
        """Shares of the labels, (rows, labels), or numbers, (rows,)."""
        shares = self.distances.predict(features)[PROBABILITY]
        return shares if self.means is None else shares @ self.means

    def write(self, graph: "Graph") -> str:
        """The same as a value of the program's graph. The build compares both and fails a fit where they differ."""
        from smeaton.compile.linear import add_scores
        from smeaton.compile.links import add_link

        shares = add_link(graph, add_scores(graph, self.distances), "softmax")
        return shares if self.means is None else graph.node("MatMul", [shares, graph.constant(self.means[:, None])])


class CentroidFamily:
    """Fits centroids."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Why it does not run on a task, or what to try: the starts in order, then `params` by search."""
        refused = refuse(task)  # inputs or an output that tables of numbers, categories and texts do not have
        if refused:
            return refused
        starts = ({"sharpness": 1.0}, {"sharpness": 0.3})
        return Space(starts=starts, params={"sharpness": Range(0.03, 3.0, log=True)}, effort=1.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Centroids:
        """Fit on `fold.train`. `fold.stop` would tell when to stop; `fold.held` has no targets to be seen."""
        from smeaton.compile.encode import Vocabulary, learn
        from smeaton.compile.linear import Design, Linear
        from smeaton.families._curves import learn_numbers

        given = DEFAULTS | dict(config)
        steps = recipe(task)
        features = steps.features(fold.train.x)
        numbers = learn_numbers(features[NUMBERS]) if NUMBERS in features else None
        vocabulary = learn(features[CATEGORIES]) if CATEGORIES in features else Vocabulary()
        design = Design(numbers, vocabulary, steps.layout.texts)
        member, means = _groups(task, fold.train, int(given["groups"]))
        size = member.sum(axis=0)
        centroids = (design.matrix(features).T @ member) / np.maximum(size, 1e-9)
        sharpness = given["sharpness"]
        bias = np.log(size + 0.5) - 0.5 * sharpness * np.square(centroids).sum(axis=0)
        return Centroids(task, Linear(design, sharpness * centroids, bias, "softmax"), means)


def _groups(task: Task, rows: Rows, most: int) -> tuple[Array, Array | None]:
    """How much each row belongs to each group, (rows, groups), and the groups' mean targets (None for classes)."""
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight / rows.weight.mean()
    if task.is_class:
        group, count = rows.y, len(task.labels)
    else:
        edges = np.unique(np.quantile(rows.y, np.linspace(0, 1, most + 1)[1:-1]))
        group, count = np.searchsorted(edges, rows.y), len(edges) + 1
    member = np.zeros((len(rows), count))
    member[np.arange(len(rows)), group] = weight
    if task.is_class:
        return member, None
    member = member[:, member.sum(axis=0) > 0]
    return member, (rows.y @ member) / member.sum(axis=0)


part = CentroidFamily()
