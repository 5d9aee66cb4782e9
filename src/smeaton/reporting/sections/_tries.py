"""The tries of a search in the order they ended: when, with what score, and what was the best until then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smeaton.leaderboard.board import BASELINE
from smeaton.leaderboard.ties import oriented
from smeaton.metrics import Better
from smeaton.reporting.sections._amounts import is_finite
from smeaton.trials.choose import MEMBERS
from smeaton.trials.past import Past
from smeaton.trials.record import Trial

NEW_BEST, FINISHED, STOPPED, PART, FAILED = "new best", "finished", "stopped early", "part of the rows", "failed"
_USUAL = 0.2  # the share of the worst scores that the scale need not show
_ENOUGH = 4  # single solutions below which nobody can tell how the search went on
_ROOM = 1.3  # how much farther than the others the scale goes


@dataclass(frozen=True, slots=True)
class Try:
    """One try: `at` is when it ended, in seconds of the build or as its number; `best` the best score until then."""

    trial: Trial
    at: float
    state: str
    best: float | None


@dataclass(frozen=True, slots=True)
class Tries:
    """All of them. `timed`: `at` are seconds; else the build is older, and `at` counts. `sittings` is how many builds
    in this folder tried them."""

    found: tuple[Try, ...]
    timed: bool
    sittings: int

    @property
    def end(self) -> float:
        """When the last of them ended."""
        return max((one.at for one in self.found), default=0.0)

    def late_gain(self, better: Better, part: float) -> float | None:
        """By how much the best score of a single solution rose in the last part (a share) of their tries; None for
        fewer than four, or all at once. Blends always come last, and say nothing about what more tries would find."""
        scored = [one for one in self.found if one.state in (FINISHED, NEW_BEST) and one.trial.score is not None]
        singles = [one for one in scored if MEMBERS not in one.trial.candidate.config and not one.trial.barred]
        if len(singles) < _ENOUGH:
            return None
        since = singles[-1].at - part * (singles[-1].at - singles[0].at)
        values = [oriented(one.trial.score.value, better) for one in singles if one.trial.score is not None]
        before = [value for one, value in zip(singles, values, strict=True) if one.at < since]
        return max(values) - max(before) if before else None

    @property
    def last_gain(self) -> Try | None:
        """The try that found the best score."""
        return next((one for one in reversed(self.found) if one.state == NEW_BEST), None)


def tries(past: Past, better: Better) -> Tries:
    """What was tried, without what could not run, and without refits: they repeat a try."""
    trials = [trial for trial in past.trials if trial.state != "refused" and not trial.estimated_from]
    moments, timed, sittings = _moments(trials)
    found, best = [], None
    for trial, at in zip(trials, moments, strict=True):
        state = _state(trial)
        score = trial.score.value if state == FINISHED and trial.score is not None and not trial.barred else None
        if score is not None and (best is None or oriented(score, better) > oriented(best, better)):
            best, state = score, NEW_BEST
        found.append(Try(trial, at, state, best))
    cut = max(moments, default=0.0)
    found += [Try(trial, cut + (0 if timed else place + 1), STOPPED, best) for place, trial in enumerate(past.cuts)]
    return Tries(tuple(found), timed, sittings)


def worst_shown(found: Sequence[Try], better: Better) -> float | None:
    """The worst score that the scale has to show, so that one bad try does not hide what tells the good ones apart;
    None: it can show all."""
    values = [
        oriented(one.trial.score.value, better)
        for one in found
        if one.trial.score is not None and one.state in (FINISHED, NEW_BEST, PART)
    ]
    singles = [
        oriented(one.trial.score.value, better)
        for one in found
        if one.trial.score is not None and one.state in (FINISHED, NEW_BEST) and one.trial.candidate.family != BASELINE
    ]
    if len(singles) < 2:
        return None
    best = max(singles)
    edge = best - _ROOM * (best - float(np.quantile(singles, _USUAL)))
    return oriented(edge, better) if edge > min(values) and edge < best else None


def _state(trial: Trial) -> str:
    if trial.state == "failed":
        return FAILED
    if trial.state == "stopped" or trial.score is None or not is_finite(trial.score):
        return STOPPED
    return PART if trial.fidelity < 1 else FINISHED


def _moments(trials: Sequence[Trial]) -> tuple[list[float], bool, int]:
    """When each ended. A build that went on later began its clock anew: its seconds go on from those before."""
    if not all(trial.at > 0 for trial in trials):
        return [float(place + 1) for place in range(len(trials))], False, 1
    moments: list[float] = []
    before, last, sittings = 0.0, 0.0, 1
    for trial in trials:
        if trial.at < last:
            before, sittings = before + last, sittings + 1
        last = trial.at
        moments.append(before + trial.at)
    return moments, True, sittings
