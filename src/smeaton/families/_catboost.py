"""CatBoost as a trainer (Prokhorenkova et al. 2018): oblivious trees, which are hard to overfit, over numbers alone.

CatBoost's own categories are combined and hashed in ways that cannot be written exactly: the columns encode them.
"""

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.extras import needs
from smeaton.families._rounds import Grown, Lesson, Sample, Trainer
from smeaton.families._stopping import Rounds
from smeaton.task.table import Array

if TYPE_CHECKING:
    from smeaton.compile.trees import Forest

#: What a configuration may leave out. Names are CatBoost's, but for `rounds` (the most rounds), `log` (fit the
#: logarithm of a positive target) and `refit` (fit again on training and stopping rows with the rounds found).
DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.08, "depth": 6, "l2_leaf_reg": 3.0, "random_strength": 1.0, "bagging_temperature": 0.5,
    "rsm": 1.0, "border_count": 64, "leaf_estimation_iterations": 1, "rounds": 3_000, "log": False, "refit": False,
}  # fmt: skip
_OWN = ("rounds", "log", "refit")


def grow(lesson: Lesson, own: Sample, stop: Sample | None, rounds: Rounds) -> Grown:
    """Fit until `rounds.ended`."""
    with needs("boosting"):
        import catboost

    def pool(sample: Sample) -> Any:
        return catboost.Pool(sample.matrix, label=sample.label, weight=sample.weight, thread_count=lesson.threads)

    class Watch:
        def after_iteration(self, info: Any) -> bool:
            losses = info.metrics.get("validation")
            return not rounds.ended(float(next(iter(losses.values()))[-1]) if losses else None)

    model = catboost.CatBoost(_params(lesson, rounds.most))
    # It warns of labels without rows, which `ClassEnding` takes care of; errors are raised all the same.
    quiet = io.StringIO()
    judged = None if stop is None else pool(stop)
    model.fit(pool(own), eval_set=judged, callbacks=[Watch()], log_cout=quiet, log_cerr=quiet)
    return _Grown(model, lesson)


class _Grown:
    """A model; CatBoost sums its leaves in double."""

    def __init__(self, model: Any, lesson: Lesson) -> None:
        self.model, self.threads = model, lesson.threads

    def keep(self, rounds: int) -> None:
        """Forget later rounds."""
        self.model.shrink(ntree_end=rounds)

    def forest(self) -> "Forest":
        """The trees as CatBoost writes them."""
        from smeaton.compile.trees_catboost import read_catboost

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.json"
            self.model.save_model(str(path), format="json")
            return read_catboost(path.read_bytes())

    def margins(self, matrix: Array) -> Array:
        """What CatBoost sums up."""
        raw = self.model.predict(matrix, prediction_type="RawFormulaVal", thread_count=self.threads)
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), -1)


def _params(lesson: Lesson, most: int) -> dict[str, Any]:
    if not lesson.task.is_class:
        loss = "MAE" if lesson.absolute else "RMSE"
    else:
        loss = "Logloss" if lesson.trees == 1 else "MultiClass"
    own = {key: value for key, value in lesson.given.items() if key not in _OWN}
    if loss == "MAE":
        own.pop("leaf_estimation_iterations")  # its leaves are medians, found at once
    return own | {
        "loss_function": loss,
        "eval_metric": f"{loss}:hints=skip_train~true",
        "iterations": most,
        "boosting_type": "Plain",
        "bootstrap_type": "Bayesian",
        "use_best_model": False,
        "random_seed": lesson.seed,
        "thread_count": lesson.threads,
        "allow_writing_files": False,
        "logging_level": "Silent",
        **({"boost_from_average": True} if loss == "Logloss" else {}),
        **({"classes_count": lesson.trees} if loss == "MultiClass" else {}),
    }


TRAINER = Trainer(DEFAULTS, 6_000, grow)
