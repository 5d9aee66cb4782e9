"""What both estimators share: from `X`, `y` to a bundle, and answers from it."""

import hashlib
import os
import shutil
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from smeaton.data.dataset import Dataset
from smeaton.errors import InputError
from smeaton.estimator.brought import brought, describe
from smeaton.estimator.columns import Learnt, array_columns, frame_columns, is_frame, learn_columns, settled
from smeaton.estimator.dataset import (
    Roles,
    Wanted,
    make_dataset,
    read_brought,
    read_budget,
    read_groups,
    read_solutions,
)
from smeaton.estimator.held import Held, temporary_folder
from smeaton.estimator.search import Wish, search_here
from smeaton.estimator.target import Target
from smeaton.extras import needs
from smeaton.flow.build import quiet
from smeaton.flow.live_html import fitting_listener
from smeaton.flow.model import Model
from smeaton.flow.outcome import Built
from smeaton.leaderboard.frame import board_frame
from smeaton.runtime.call import Call
from smeaton.runtime.files import passing
from smeaton.task.table import Array, Table
from smeaton.trials.notice import Notice

with needs("build"):
    from sklearn.base import BaseEstimator
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, validate_data
    from threadpoolctl import threadpool_limits

#: A row to fit on, one to stop on, one to judge by.
FEWEST = 3
_MARK = 2**31 - 1


class SmeatonEstimator(BaseEstimator):  # type: ignore[misc]
    """The estimators' common part; see `SmeatonClassifier` for the parameters."""

    def __init__(
        self,
        budget: float = 20.0,
        *,
        metric: str | None = None,
        solutions: Wanted = None,
        random_state: Any = 0,
        folder: str | Path | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.budget = budget
        self.metric = metric
        self.solutions = solutions
        self.random_state = random_state
        self.folder = folder
        self.n_jobs = n_jobs
        self.verbose = verbose

    # -- fitting ----------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Search for the best solution, and keep it as a bundle.

        Args:
            X: a 2-D array, or a table of pandas, polars or Arrow, (rows, columns). NaN and null are missing values.
            y: an answer for each row.
            sample_weight: a weight >= 0 for each row; one of weight 0 is not used.
            groups: a value for each row; rows of one group are never both fitted and judged on.

        Raises:
            ValueError, TypeError: rows or parameters that cannot be used; says which.
        """
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        X = settled(X)
        raw = self._columns(X, reset=True)
        check_consistent_length(X, y, sample_weight, groups)
        try:
            lenient = not read_solutions(self.solutions).add
            return self._fit(learn_columns(X, raw, lenient), y, sample_weight, groups)
        except InputError as error:
            raise ValueError(str(error)) from error

    def _fit(self, learnt: Learnt, y: Any, sample_weight: Any, groups: Any) -> Self:
        for line in learnt.left:
            if "left out: an id" in line or "of no one shape" in line:
                warnings.warn(line, UserWarning, stacklevel=4)
        dataset, target = self._dataset(learnt, y, sample_weight, groups)
        own = read_brought(self.solutions)
        folder = self._folder(dataset, own)
        if own:
            dataset = replace(dataset, task=dataset.task.with_(folder=str(folder)))
        wish, listen = self._wish(folder), fitting_listener(_print) if self.verbose else quiet
        try:
            kept = nullcontext() if self.folder is not None else passing()
            with kept, brought(own, folder), threadpool_limits(wish.threads):
                built = search_here(dataset, wish, listen)
        except BaseException:
            if self.folder is None:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        if built.outcome == "not ready":  # there are no bars and no limits: a column may give the answer away
            for reason in built.reasons:
                warnings.warn(reason, UserWarning, stacklevel=4)
        self._keep(built, folder, target, (*learnt.left, *built.reasons, *built.ending.notes))
        return self

    def _dataset(self, learnt: Learnt, y: Any, sample_weight: Any, groups: Any) -> tuple[Dataset, Target]:
        """The rows of weight, typed, and their target."""
        weight, used = None, None
        if sample_weight is not None:
            weight = self._weights(sample_weight, y)
            used = np.flatnonzero(weight > 0)
            y, weight, groups = _some(y, used), weight[used], None if groups is None else _some(groups, used)
        target = self._target(y, frozenset(learnt.types))
        rows = len(target.values)
        if rows < FEWEST:
            raise ValueError(f"n_samples={rows}: at least {FEWEST} rows are needed, to fit, to stop and to judge by")
        terms = {
            "metric": self.metric,
            "budget": read_budget(self.budget),
            "solutions": read_solutions(self.solutions),
        }
        return make_dataset(learnt, target, Roles(weight, read_groups(groups)), used, terms), target

    def _target(self, y: Any, taken: frozenset[str]) -> Target:
        raise NotImplementedError

    def _weights(self, sample_weight: Any, y: Any) -> Array:
        weight: Array = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        if not weight.any():
            raise ValueError("Sample weights must contain at least one non-zero number: all are 0")
        return weight

    def _wish(self, folder: Path) -> Wish:
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(_MARK)
        jobs = 1 if self.n_jobs is None else int(self.n_jobs)
        if jobs == 0:
            raise ValueError("n_jobs must not be 0: give how many threads a fit may use, -1 for all")
        threads = jobs if jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + jobs)
        return Wish(folder, float(self.budget), int(seed), threads)

    def _folder(self, dataset: Dataset, own: Mapping[str, Any]) -> Path:
        """Where this fit works: a temporary folder, or one under `folder` that equal fits share."""
        if self.folder is None:
            return temporary_folder()
        task = dataset.task
        what = [dataset.hash, repr(task.inputs), repr(task.output), task.metric, repr(task.solutions)]
        what += [describe(model) for model in own.values()]
        name = hashlib.sha256(repr([*what, self.random_state]).encode()).hexdigest()[:12]
        return Path(self.folder) / f"{type(self).__name__}-{name}"

    def _keep(self, built: Built, folder: Path, target: Target, notes: tuple[str, ...]) -> None:
        assert built.bundle is not None
        if self.folder is None:
            shutil.rmtree(folder / ".smeaton", ignore_errors=True)
        self._held = Held(built.bundle, folder if self.folder is None else None)
        self._held.model()
        self._board = built.board
        self.winner_ = built.winner
        self.notes_ = notes
        if len(target.classes):
            self.classes_ = target.classes

    # -- answering --------------------------------------------------------------------------------------------------

    def _answers(self, X: Any) -> Table:
        check_is_fitted(self)
        raw = self._columns(settled(X), reset=False)
        model: Model = self._held.model()
        try:
            return model.engine.run({name: raw[name] for name in model.engine.program.inputs}, Call())
        except InputError as error:
            raise ValueError(str(error)) from error

    def _columns(self, X: Any, *, reset: bool) -> dict[str, Array]:
        """The columns of X, after scikit-learn's own checks of its form.

        Raises:
            ValueError, TypeError: it has the wrong form.
        """
        if is_frame(X):
            validate_data(self, X, skip_check_array=True, reset=reset)
            rows, columns = X.shape
            if not rows or not columns:
                which = "0 sample(s)" if not rows else "0 feature(s)"
                raise ValueError(f"Found {which} (shape=({rows}, {columns})) while a minimum of 1 is required.")
            try:
                return frame_columns(X)
            except InputError as error:
                raise ValueError(str(error)) from error
        checked = validate_data(self, X, dtype=None, ensure_all_finite="allow-nan", reset=reset)
        try:
            return array_columns(checked)
        except InputError as error:
            raise TypeError(str(error)) from error

    # -- what was found -----------------------------------------------------------------------------------------------

    @property
    def bundle_(self) -> Path:
        """Where the bundle stands: ready to be served. It goes with this object, unless `folder` was given."""
        check_is_fitted(self)
        return self._held.path

    @property
    def board_(self) -> Any:
        """Everything that was tried, ranked: a pandas frame where pandas is installed, else a list of dicts."""
        check_is_fitted(self)
        return board_frame(self._board)

    def save(self, path: str | Path) -> Path:
        """Copy the bundle to `path`, such as `churn.bundle`: `smeaton serve` and `smeaton.load` take it.

        Raises:
            BundleError: something that is no bundle is there, or it cannot be written.
        """
        check_is_fitted(self)
        return self._held.save(Path(path))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_held")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = False
        return tags


def _print(notice: Notice) -> None:
    """Plain lines, where there is no notebook."""
    if notice.kind not in ("started", "progress", "board"):
        print(notice.text)


def _some(values: Any, rows: Array) -> Any:
    """Some of a Series or an array, its name kept."""
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    if hasattr(values, "gather"):
        return values.gather(rows)
    return np.asarray(values)[rows]
