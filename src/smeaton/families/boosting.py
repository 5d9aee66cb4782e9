"""Gradient-boosted trees by LightGBM (Ke et al. 2017), early stopping on the fold's stop rows, native categories.

Every configuration here can be written exactly as a graph: no linear trees, no averaged output.
"""

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.extras import needs
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._ending import ABSOLUTE, ClassEnding, NumberEnding, class_ending, number_ending
from smeaton.families._parts import STEPS, Features, Model, join_rows, refuse, some_rows
from smeaton.families._portfolio import MOST_TREES, boosting_starts, wants_log
from smeaton.task.profile import Profile
from smeaton.task.table import Array
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.encode import Vocabulary
    from smeaton.compile.graph import Graph

#: What a configuration may leave out. Names are LightGBM's, but for `rounds` (the most rounds), `log` (fit the
#: logarithm of a positive target) and `refit` (fit again on training and stopping rows with the rounds found).
DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.8, "bagging_fraction": 0.9,
    "lambda_l1": 0.0, "lambda_l2": 1.0, "path_smooth": 0.0, "extra_trees": False, "max_bin": 255, "cat_smooth": 10.0,
    "max_cat_threshold": 32, "rounds": 5_000, "log": False, "refit": False,
}  # fmt: skip
_OWN = ("rounds", "log", "refit")
_FIT_SHARE = 0.9  # of the seconds a fit has, that its rounds may take
_REPORT_EVERY = 10
_LEAST_ROUNDS = 40  # that a fit may have however many labels there are
_ROUNDS_WITHOUT_STOP = 200  # rounds where there are no rows to stop on, at a learning rate of 0.05
_NOTHING_LEFT = 1e-9  # the score of a fit that has nothing left to improve


class Boosted(Model):
    """Trees over one matrix of numbers, category codes and words. `ending` turns their sums into answers."""

    def __init__(self, task: Task, vocabulary: "Vocabulary", ending: ClassEnding | NumberEnding) -> None:
        super().__init__(task)
        self.vocabulary = vocabulary
        self.ending = ending
        self.booster: Any = None
        self.rounds = 0

    def matrix(self, features: Features) -> Array:
        """What the trees are asked with."""
        return self.recipe.layout.matrix(features, self.vocabulary)

    def scores(self, matrix: Array) -> Array:
        """Sums of the leaves, (rows, targets)."""
        raw = self.booster.predict(matrix, raw_score=True, num_iteration=self.rounds)
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), -1)

    def answers(self, features: Features) -> Array:
        """Probabilities, or numbers."""
        return self.ending.finish(self.scores(self.matrix(features)))

    def write(self, graph: "Graph") -> str:
        """The trees as one operator, then the ending."""
        from smeaton.compile.encode import add_matrix
        from smeaton.compile.trees import add_forest, read_lightgbm

        layout = self.recipe.layout
        forest = read_lightgbm(self.booster.model_to_string(num_iteration=self.rounds))
        codes = {layout.numbers + i: self.vocabulary.to_shared(i) for i in range(layout.categories)}
        scores = add_forest(graph, forest.recode(codes), add_matrix(graph, layout, self.vocabulary))
        return self.ending.write(graph, scores)


class _Watch:
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


class Boosting:
    """Fits boosted trees."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """A portfolio by the size of the table and of the budget, then ranges to search."""
        refused = refuse(task)
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
        return Space(starts=boosting_starts(task, profile), params=params, fidelity="rows", effort=5.0)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Boosted:
        """Fit until the loss on the stop rows no longer falls, at most `rounds` or until the clock says so.

        Fits that end by themselves depend on nothing but rows, configuration and seed.
        """
        deadline = time.monotonic() + _FIT_SHARE * run.seconds
        given = DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS}
        trees = len(task.labels) if len(task.labels) > 2 else 1
        given["rounds"] = min(given["rounds"], max(_LEAST_ROUNDS, MOST_TREES // trees))
        limit = config.get(STEPS)
        train = some_rows(fold.train, run.fidelity, run.seed, task.is_class)
        model, watch = _fit(task, given, (train, fold.stop), run, deadline, limit)
        model.ending = _corrected(model, fold.stop)
        clocked = watch.clocked and watch.rounds < given["rounds"]
        # The stop rows may be fitted on too where other folds judge and calibrate, so that nothing else needs them.
        if given["refit"] and run.other_folds and run.fidelity == 1 and not clocked and limit is None:
            again = _refitted(task, given, (fold.train, fold.stop), run, deadline, model)
            clocked = again is None
            model = again or model
        if not given["log"]:  # whose answers are corrected by what the stop rows say
            model.refit = {STEPS: model.rounds}
        if clocked:
            model.steps = watch.rounds
            model.note = f"the clock ended it after {watch.rounds} rounds; the best was {model.rounds}"
        return model


def _fit(
    task: Task, given: Mapping[str, Any], rows: tuple[Rows, Rows | None], run: Run, deadline: float, limit: int | None
) -> tuple[Boosted, _Watch]:
    """One fit on the first rows, stopped on the second (None: `limit` rounds)."""
    with needs("build"):
        import lightgbm
    from smeaton.compile.encode import learn
    from smeaton.runtime.ops._features import CATEGORIES

    train, stop = rows
    ending = class_ending(task, train) if task.is_class else number_ending(train, bool(given["log"]))
    model = Boosted(task, learn(np.empty((0, 0), dtype=object)), ending)
    features = model.recipe.features(train.x)
    if CATEGORIES in features:
        model.vocabulary = learn(features[CATEGORIES])
    params = _params(task, given, len(train), run)
    layout = model.recipe.layout
    data = lightgbm.Dataset(
        model.matrix(features),
        label=_label(ending, train),
        weight=train.weight,
        categorical_feature=[layout.numbers + i for i in range(layout.categories)],
        params=params,
    )
    valid = []
    if stop is not None and len(stop):
        matrix = model.matrix(model.recipe.features(stop.x))
        valid.append(data.create_valid(matrix, label=_label(ending, stop), weight=stop.weight))
    rounds = int(given["rounds"]) if valid or limit else round(_ROUNDS_WITHOUT_STOP * 0.05 / given["learning_rate"])
    patience = round(30 + 2 / given["learning_rate"]) if valid else rounds
    unit = 1.0 if isinstance(ending, ClassEnding) or ending.log else ending.scale
    watch = _Watch(run, patience, deadline, limit, unit)
    model.booster = lightgbm.train(params, data, num_boost_round=rounds, valid_sets=valid, callbacks=[watch])
    model.booster.free_dataset()
    model.rounds = watch.best_round if valid else watch.rounds
    return model, watch


def _refitted(
    task: Task, given: Mapping[str, Any], rows: tuple[Rows, Rows], run: Run, deadline: float, model: Boosted
) -> Boosted | None:
    """The model fitted on training and stopping rows with the rounds found; None if the clock ends it first."""
    again, watch = _fit(task, given, (join_rows(*rows), None), run, deadline, model.rounds)
    if watch.rounds < model.rounds:
        return None
    if isinstance(again.ending, NumberEnding) and isinstance(model.ending, NumberEnding):
        again.ending = again.ending.with_factor(model.ending.factor)
    return again


def _corrected(model: Boosted, stop: Rows) -> ClassEnding | NumberEnding:
    if isinstance(model.ending, ClassEnding) or not model.ending.log or not len(stop):
        return model.ending
    return model.ending.corrected(model.scores(model.matrix(model.recipe.features(stop.x))), stop)


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


part = Boosting()
