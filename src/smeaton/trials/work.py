"""`Work`: the event loop of a search: fills the slots fold by fold, judges what is complete, freezes it in the store.

What is tried, and until when, is asked of `Rules`; `search.py` and `replay.py` each have their own.
"""

import math
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, Protocol

import msgspec

from smeaton.errors import SmeatonError, StorageError
from smeaton.metrics import Better
from smeaton.runtime.storage import trouble
from smeaton.trials.attempt import Attempt, trial_folder
from smeaton.trials.desk import Desk, Ended
from smeaton.trials.executors import Event
from smeaton.trials.memory import MEMORY
from smeaton.trials.notice import Listener, Notice, NoticeKind
from smeaton.trials.plan import Plan
from smeaton.trials.proposers.tpe import direction
from smeaton.trials.record import State, Trial
from smeaton.trials.results import read_fit
from smeaton.trials.setup import Judge, Setup
from smeaton.trials.store import Store
from smeaton.trials.timing import TimeModel

UNLIMITED = 1e6  # seconds; a replayed fit is never cut by the clock


class Rules(Protocol):
    """What a phase of the work does next."""

    def until(self) -> float:
        """The elapsed moment this phase ends."""
        ...

    def enough(self) -> bool:
        """Whether the phase has what it wanted, though fits may still run."""
        ...

    def more(self) -> Attempt | None:
        """The next candidate for a free slot, None if there is none now."""
        ...

    def gate(self, attempt: Attempt) -> bool:
        """Look at an attempt whose allowed folds are fitted: allow it more or stop it. Whether anything changed."""
        ...

    def seconds(self, attempt: Attempt) -> tuple[float, float] | None:
        """The soft limit of its next fit, and how long until it is killed; None if there is no time for it."""
        ...

    def judged(self, trial: Trial) -> None:
        """Take a judged trial: freeze it, now or when its turn comes."""
        ...


@dataclass(slots=True)
class Work:
    """One search in progress. `trials` are frozen, `cuts` were cut short by the clock, `active` are in between."""

    setup: Setup
    plan: Plan
    store: Store
    listen: Listener
    desk: Desk
    judge: Judge
    model: TimeModel
    trials: list[Trial] = field(default_factory=list)
    cuts: list[Trial] = field(default_factory=list)
    active: list[Attempt] = field(default_factory=list)
    again: float = 0.0  #: seconds kept to fit the best again on all rows
    judging: float = 0.2  #: seconds one judgement takes, as seen so far

    @property
    def better(self) -> Better:
        """The metric's good direction, for who shows trials in order."""
        return "lower" if direction(self.setup.task.with_(metric=self.setup.metric)) > 0 else "higher"

    def say(self, kind: NoticeKind, text: str, **data: Any) -> None:
        """Tell people, and keep what was told (progress is not kept)."""
        if kind != "progress":
            self.store.say(kind, text)
        self.listen(Notice(kind, text, data))

    def begin(self, attempt: Attempt) -> None:
        """Take a candidate in hand; folds that were fitted before are taken over."""
        self.cuts = [trial for trial in self.cuts if trial.key != attempt.key]
        self.store.uncut(attempt.key)
        self.store.start(attempt.started(self.desk.clock.elapsed()))
        attempt.resume(self.setup.root, self.plan.made)
        self.active.append(attempt)
        text = f"{attempt.candidate.family}: {attempt.candidate.why or 'started'}"
        self.say("started", text, key=attempt.key, candidate=attempt.candidate)

    def drive(self, rules: Rules) -> None:
        """Work until the phase has enough, nothing is left to do, or its time is over."""
        while True:
            self._fill(rules)
            if self._judge_next(rules):
                continue
            if rules.enough() or not self.desk.busy or self.desk.clock.elapsed() >= rules.until():
                return
            for ended in self.desk.wait(rules.until()):
                self._ended(ended, rules)

    def halt(self, why: str, rules: Rules, keep: Sequence[Attempt] = ()) -> None:
        """End all fits but those of `keep`, and cut what is incomplete. Bounded: what does not die is given up."""
        self.desk.kill(lambda attempt: attempt not in keep, why)
        while any(attempt not in keep for attempt, _ in self.desk.running()):
            for ended in self.desk.wait(self.desk.clock.elapsed() + 1.0):
                self._ended(ended, rules)
        while self._judge_next(rules):
            pass
        for attempt in [a for a in self.active if a not in keep]:
            self.cut(attempt, why)

    def freeze(self, trial: Trial) -> None:
        """Write a trial for good and tell of it."""
        trial = msgspec.structs.replace(trial, at=round(self.desk.clock.elapsed(), 3))
        self.store.finish(trial)
        self.trials.append(trial)
        self.say("trial", sentence(trial), trial=trial, better=self.better)

    def stop(self, attempt: Attempt, folds: int, note: str, rules: Rules) -> None:
        """Give a candidate up after `folds` folds; its scores so far are kept, but no score over all rows."""
        self.active.remove(attempt)
        try:
            judged = self.judge.trial(attempt.candidate, attempt.fidelity, attempt.seed, folds, _spent(attempt))
            scores = judged.scores
        except (SmeatonError, OSError):
            scores = ()
        rules.judged(_ended_trial(attempt, "stopped", note, scores))

    def cut(self, attempt: Attempt, why: str) -> None:
        """Give a candidate up for want of time: it may be tried again by a build with more."""
        self.active.remove(attempt)
        note = f"{why}: {len(attempt.spent)} of {self.plan.folds} folds were fitted"
        trial = _ended_trial(attempt, "stopped", note)
        self.cuts.append(trial)
        self.store.cut(trial)
        self.say("trial", sentence(trial), trial=trial)

    def progress(self, attempt: Attempt, event: Event) -> None:
        """Pass on what a fit reports of itself."""
        text = f"{attempt.candidate.family}: step {event.step}, {event.score:.4g}"
        self.say("progress", text, key=attempt.key, job=event.job, step=event.step, score=event.score)

    def _fill(self, rules: Rules) -> None:
        while self.desk.free > 0 and self.desk.clock.elapsed() < rules.until():
            if self._submit(rules) or any(rules.gate(attempt) for attempt in self._at_gate()):
                continue
            new = rules.more()
            if new is None:
                return
            self.begin(new)

    def _submit(self, rules: Rules) -> bool:
        """Start one fold of the first attempt that waits and has the time."""
        for attempt in self.active:
            waiting = attempt.waiting(self.plan.folds)
            limits = rules.seconds(attempt) if waiting else None
            if limits is not None:
                self.desk.submit(attempt, waiting[0], *limits, asked=self._asked(attempt, waiting[0]))
                return True
        return False

    def _asked(self, attempt: Attempt, fold: int) -> int:
        """How many held-out rows of a fold it answers, 0 for all: a family whose answers cost much says so. What is put
        together of others answers no more than they did: they may have begun when there were to be more folds."""
        space = self.setup.spaces.get(attempt.candidate.family)
        own = math.ceil(space.asked_rows / self.plan.folds) if space is not None else 0
        members = attempt.pool if own else ()
        parts = [read_fit(trial_folder(self.setup.root, key), fold).job.asked for key in members]
        return min(filter(None, (own, *parts)), default=0)

    def _at_gate(self) -> list[Attempt]:
        folds = self.plan.folds
        return [a for a in self.active if a.allowed < folds and a.has(a.allowed) and not a.has(folds)]

    def _judge_next(self, rules: Rules) -> bool:
        """Judge one complete attempt, if there is any; the slots are filled again between two."""
        attempt = next((a for a in self.active if a.has(self.plan.folds)), None)
        if attempt is None or not self.plan.settled:
            return False
        begun = self.desk.clock.elapsed()
        self.active.remove(attempt)
        trial = self.judged(attempt)
        self.judging = 0.5 * self.judging + 0.5 * (self.desk.clock.elapsed() - begun)
        rules.judged(trial)
        return True

    def judged(self, attempt: Attempt) -> Trial:
        """The record of a complete attempt, of a failed one where it cannot be judged."""
        try:
            return self.judge.trial(attempt.candidate, attempt.fidelity, attempt.seed, self.plan.folds, _spent(attempt))
        except Exception as error:  # noqa: BLE001 - the boundary: a metric of the user's may raise anything
            if trouble("what the build tries", self.setup.root, error):
                self._give_out(str(error))
            self._log(attempt)
            kind = "" if isinstance(error, SmeatonError) else f"{type(error).__name__}: "
            return _ended_trial(attempt, "failed", f"it could not be judged: {kind}{error}")

    def _log(self, attempt: Attempt) -> None:
        """Keep the traceback of what is being handled where those of failed fits are."""
        folder = self.setup.root.parent / "log"
        folder.mkdir(exist_ok=True)
        with (folder / "judge.log").open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{attempt.key}: {attempt.candidate.family}\n{traceback.format_exc()}\n")

    def _ended(self, ended: Ended, rules: Rules) -> None:
        attempt = ended.attempt
        if attempt not in self.active:
            return
        if ended.kind == "done":
            own = max(0.0, ended.seconds - self._shared(attempt, ended.fold))
            self.model.learn(attempt.candidate.family, attempt.fidelity, own)
            return
        self.desk.kill(lambda other: other is attempt, "another fold of it ended")
        if ended.kind == "killed" and ended.reason:
            self.cut(attempt, ended.reason)
        else:
            self.active.remove(attempt)
            reason = ended.reason or "its worker ended without a word"
            if ended.cause == "storage":
                self._give_out(reason)
            cause = MEMORY if ended.cause == MEMORY else ""
            rules.judged(_ended_trial(attempt, "failed", f"fold {ended.fold}: {reason}", cause=cause))

    def _give_out(self, reason: str) -> NoReturn:
        """End the search where nothing more can be kept: every further candidate would fail the same way.

        Raises:
            StorageError: always; the build's folder is full, read-only or gone.
        """
        data = self.setup.root / "data"  # a fit may have made the folders above its own again
        raise trouble("what the build tries", self.setup.root if data.is_dir() else data) or StorageError(
            f"a fit could not be kept: {reason}",
            where=str(self.setup.root),
            fix="make room; the same command then goes on where it stopped",
        )

    def _shared(self, attempt: Attempt, fold: int) -> float:
        """Seconds of a fit that later ones need not spend again."""
        try:
            return read_fit(trial_folder(self.setup.root, attempt.key), fold).shared
        except SmeatonError:
            return 0.0  # it left no result, as a scripted fit does


def sentence(trial: Trial) -> str:
    """One line on what came of a trial."""
    family = trial.candidate.family
    if trial.state == "done" and trial.score is not None:
        low, high = trial.score.low, trial.score.high
        return f"{family}: {trial.score.value:.5g} ({low:.5g} to {high:.5g}) in {trial.seconds:.1f} s"
    return f"{family} {trial.state}: {trial.note}"


def _spent(attempt: Attempt) -> float:
    return sum(attempt.spent.values())


def _ended_trial(
    attempt: Attempt, state: Literal["stopped", "failed"], note: str, scores: tuple[float, ...] = (), cause: str = ""
) -> Trial:
    state_: State = state
    return Trial(
        key=attempt.key,
        candidate=attempt.candidate,
        state=state_,
        fidelity=attempt.fidelity,
        seed=attempt.seed,
        scores=scores,
        seconds=_spent(attempt),
        note=note,
        cause=cause,
    )
