"""Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kegl: Algorithms for Hyper-Parameter Optimization,
NeurIPS 2011): propose where good trials are dense and bad ones are not.

Trials of a family are split into a good part (the best share, at most 25) and the rest; each parameter gets one
density from either, l and g; of some draws from l the one with the largest l/g is proposed. The family is drawn by the
rank of its best trial. All randomness comes from the trials themselves, so the same trials give the same proposal.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from smeaton.families import Choice, Range, Space
from smeaton.metrics._defaults import default_metric, load_metric
from smeaton.task.table import Array
from smeaton.task.task import Task
from smeaton.trials.record import Candidate, Trial

_GOOD_SHARE = 0.2
_MOST_GOOD = 25
_DRAWS = 24
_WIDE_DRAWS = 200  # tries at random once every draw from l was tried before
_DIGITS = 4  # significant digits of a proposed number: people read them
#: Why a candidate of this proposer was tried: it tells tuned ones from starts.
TUNED = "around the best tries of its family"
_LATER_FAMILY = 0.35  # weight of each next family in rank


class Tpe:
    """Proposes around the best trials of each family."""

    def propose(
        self, task: Task, spaces: Mapping[str, Space], trials: Sequence[Trial], running: Sequence[Candidate]
    ) -> Candidate | None:
        """A new configuration of a family that has a finished trial, None if all it can think of was tried."""
        tried = {trial.candidate.key for trial in trials} | {candidate.key for candidate in running}
        rng = np.random.default_rng(_seed(trials, running))
        ranked = best_first(trials, direction(task))
        names = [name for name in dict.fromkeys(trial.candidate.family for trial in ranked) if _tunable(spaces, name)]
        weights = [_LATER_FAMILY**place for place in range(len(names))]
        while names:
            chosen = int(rng.choice(len(names), p=np.array(weights) / sum(weights)))
            weights.pop(chosen)
            name = names.pop(chosen)
            bad = [trial for trial in trials if trial.candidate.family == name and trial.state in ("stopped", "failed")]
            config = _draw(spaces[name], [t for t in ranked if t.candidate.family == name], bad, name, tried, rng)
            if config is not None:
                return Candidate(family=name, config=config, why=TUNED)
        return None


def direction(task: Task) -> float:
    """What a score of the task's metric is multiplied with so that less is better."""
    better = load_metric(task.metric or default_metric(task), task).better
    return -1.0 if better == "higher" else 1.0


def best_first(trials: Sequence[Trial], sign: float) -> list[Trial]:
    """Finished full trials that may be chosen, best first; equal scores in the order they finished."""
    whole = [trial for trial in trials if trial.state == "done" and trial.fidelity == 1.0 and not trial.barred]
    scored = [(sign * trial.score.value, trial) for trial in whole if trial.score]
    return [trial for _, trial in sorted(scored, key=lambda entry: entry[0])]


def _tunable(spaces: Mapping[str, Space], name: str) -> bool:
    return name in spaces and bool(spaces[name].params) and not spaces[name].needs_pool


def _seed(trials: Sequence[Trial], running: Sequence[Candidate]) -> list[int]:
    keys = sorted(trial.key for trial in trials) + sorted(candidate.key for candidate in running)
    digest = hashlib.sha256("\n".join(keys).encode()).digest()
    return [int.from_bytes(digest[:8], "big"), max((trial.seed for trial in trials), default=0)]


def _draw(
    space: Space, ranked: Sequence[Trial], bad: Sequence[Trial], family: str, tried: set[str], rng: np.random.Generator
) -> dict[str, Any] | None:
    """The best untried draw. Keys of the best configuration that are no parameters are kept as they are."""
    most = min(_MOST_GOOD, max(1, math.ceil(_GOOD_SHARE * len(ranked))))
    good = [trial.candidate.config for trial in ranked[:most]]
    rest = [trial.candidate.config for trial in (*ranked[most:], *bad)]
    gains: Array = np.zeros(_DRAWS)
    columns: dict[str, list[Any]] = {}
    for name, param in space.params.items():
        seen, unseen = ([c[name] for c in configs if name in c] for configs in (good, rest))
        columns[name], gain = (_choices if isinstance(param, Choice) else _numbers)(param, seen, unseen, rng)  # type: ignore[arg-type]
        gains += gain
    kept = {name: value for name, value in good[0].items() if name not in {*space.params, *space.smaller}}
    for draw in np.argsort(-gains, kind="stable"):
        config = kept | {name: values[draw] for name, values in columns.items()}
        if Candidate(family=family, config=config).key not in tried:
            return config
    return _wide(space, kept, family, tried, rng)


def _wide(
    space: Space, kept: dict[str, Any], family: str, tried: set[str], rng: np.random.Generator
) -> dict[str, Any] | None:
    """Any untried configuration, None if it seems that there is none."""
    for _ in range(_WIDE_DRAWS):
        config = kept | {name: _anywhere(param, rng) for name, param in space.params.items()}
        if Candidate(family=family, config=config).key not in tried:
            return config
    return None


def _anywhere(param: Choice | Range, rng: np.random.Generator) -> Any:
    if isinstance(param, Choice):
        return param.values[int(rng.integers(len(param.values)))]
    return _value(param, float(rng.random()))


def _choices(
    param: Choice, good: Sequence[Any], rest: Sequence[Any], rng: np.random.Generator
) -> tuple[list[Any], Array]:
    """Draws of a choice with log l - log g: counts plus one prior count spread evenly."""
    options = len(param.values)

    def shares(seen: Sequence[Any]) -> Array:
        counts = np.full(options, 1.0 / options)
        for value in seen:
            if value in param.values:
                counts[param.values.index(value)] += 1.0
        total: Array = counts / counts.sum()
        return total

    likely, usual = shares(good), shares(rest)
    picks = rng.choice(options, size=_DRAWS, p=likely)
    return [param.values[pick] for pick in picks], np.log(likely[picks]) - np.log(usual[picks])


def _numbers(
    param: Range, good: Sequence[Any], rest: Sequence[Any], rng: np.random.Generator
) -> tuple[list[Any], Array]:
    """Draws of a number with log l - log g: truncated Gaussians around what was seen, and one wide prior."""
    means, widths = _kernels(param, good)
    picks = rng.integers(len(means), size=_DRAWS)
    spots = means[picks] + widths[picks] * rng.standard_normal(_DRAWS)
    spots = np.where((spots < 0) | (spots > 1), rng.random(_DRAWS), spots)
    values = [_value(param, float(spot)) for spot in spots]
    at = np.array([_unit(param, value) for value in values])
    return values, _log_density(at, means, widths) - _log_density(at, *_kernels(param, rest))


def _kernels(param: Range, seen: Sequence[Any]) -> tuple[Array, Array]:
    """Centres and widths in [0, 1]; a width is the larger distance to a neighbour, within bounds that narrow slowly."""
    centres = np.sort([_unit(param, float(value)) for value in seen])
    edges = np.concatenate([[0.0], centres, [1.0]])
    gaps = np.diff(edges)
    widths = (
        np.clip(np.maximum(gaps[:-1], gaps[1:]), 1.0 / min(100, 3 + len(centres)), 0.5) if len(centres) else centres
    )
    return np.append(centres, 0.5), np.append(widths, 1.0)


def _log_density(at: Array, means: Array, widths: Array) -> Array:
    """Log density of the equal mixture of the Gaussians, each cut off at 0 and 1 and scaled to mass 1."""
    mass = np.array([_normal((1 - m) / w) - _normal(-m / w) for m, w in zip(means, widths, strict=True)])
    z = (at[:, None] - means) / widths
    density: Array = (np.exp(-0.5 * z * z) / (widths * mass * math.sqrt(2 * math.pi))).mean(axis=1)
    logs: Array = np.log(density + 1e-300)
    return logs


def _normal(x: float) -> float:
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def _unit(param: Range, value: float) -> float:
    """A value's place in [0, 1], on the log scale if the range is."""
    low, high = param.low, param.high
    value = min(max(value, low), high)
    if high <= low:
        return 0.5
    if param.log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _value(param: Range, unit: float) -> float | int:
    """The value at a place in [0, 1]: whole where asked, else rounded to a few digits, never outside the range."""
    low, high = param.low, param.high
    value = low * (high / low) ** unit if param.log else low + (high - low) * unit
    if param.integer:
        return int(min(max(round(value), math.ceil(low)), math.floor(high)))
    return min(max(float(f"{value:.{_DIGITS}g}"), low), high)


part = Tpe()
