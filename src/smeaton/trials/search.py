"""The search: probe, settle the plan, try and race candidates, blend; always ending in time with the best so far."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from smeaton.task.units import show_range
from smeaton.trials.attempt import ALL, Attempt
from smeaton.trials.choose import BLEND_EVERY, Chooser, admit, chooser
from smeaton.trials.clock import Clock
from smeaton.trials.desk import Desk
from smeaton.trials.executors import Executor
from smeaton.trials.notice import Listener
from smeaton.trials.plan import Plan, worth_it
from smeaton.trials.proposers.tpe import best_first
from smeaton.trials.purse import LEDGER_FILE
from smeaton.trials.record import Candidate, Trial
from smeaton.trials.refit import parent_of, seconds_kept
from smeaton.trials.replay import repeat
from smeaton.trials.setup import Judge, Result, Setup, trial_key
from smeaton.trials.store import Store
from smeaton.trials.timing import TimeModel
from smeaton.trials.work import Work

PATIENCE = 40  # tries without a better score before the search gives up
_PROBE_SHARE = 0.5  # of the time for trying: after it the plan is settled with what is known
_PROBE_FIT = 0.45  # of the time left, that the fit of a probe may take
_PROBE_BASE, _PROBE_EFFORT = 0.04, 0.08  # the same at an effort of 0, and what each unit of it adds
_FIT_SHARE = 0.75  # of a job's time that its fit may take; the rest is for export, proof and answers
_MOST_SHARE = 0.75  # of the time left, that one candidate may take
_PART_FIT, _PART_FIT_HOLDOUT = 0.85, 0.8  # of its expected seconds, with which a candidate may still be begun
_LEAST_SHARE = 0.4  # of its expected seconds, below which a fit is not begun
_RESTART = 1.5  # seconds until a worker is back after its late job was killed
_SHORT = 0.3  # seconds of a job that are neither
_BETTER = 0.01  # a gain below this part of the score's interval is no gain
_WHOLE = 4  # candidates of the best family that must fit into the time left, for so many folds to be worth it
_MOST_WHOLE = 0.8  # of the time left, that these may take
_EARLY = 2  # families, until so many of which are tried little is kept to fit the best again
_MOST_BLENDING = 0.2  # of the time for trying, that may be kept for the last blends and what is taught by them
_LATE_BLEND = 0.4  # of the reserve, that the first blend may use
_CHEAP = 0.08  # a family's first start is fitted whole, even if it is worse, where it takes less of the time left
_APART = 0.4  # the same for families that say how many of their candidates are wanted whole
_MOST_FOR_BLEND = 0.15  # of the time left, that a candidate may need that is wanted for the blend alone
_RIVALS = 4  # of the best finished, whose mean a worse candidate must better to go on
_TIME_OVER = "the time for trying was used up"


def search(setup: Setup, plan: Plan, executor: Executor, store: Store, listen: Listener) -> Result:
    """Search until the plan's time is used, nothing improves, or everything was tried.

    Continues what `store` holds; with `setup.replay` repeats exactly what it recorded. The executor must be started and
    is left running. One KeyboardInterrupt ends the search with the best so far; another one is raised.
    """
    spaces, refused = admit(setup.task, setup.spaces, setup.refusals)
    work = _work(setup, plan, executor, store, listen)
    result = Result()
    try:
        if setup.replay:
            result.stopped = repeat(work)
        else:
            result.stopped = _explore(work, chooser(setup, spaces), refused)
    except KeyboardInterrupt:
        result.interrupted = True
        result.stopped = "you stopped it"
        _save_what_is_there(work)
    result.trials = [*work.trials, *work.cuts]
    result.plan = work.plan
    work.say("note", f"the search ended: {result.stopped}")
    return result


def _work(setup: Setup, plan: Plan, executor: Executor, store: Store, listen: Listener) -> Work:
    ledger = str(setup.root / LEDGER_FILE)
    former = store.plan()
    if former is not None:
        plan = former.renewed(setup.task, setup.clock, executor.slots)
    desk = Desk(executor, setup.clock, setup.root, ledger)
    work = Work(setup, plan, store, listen, desk, _judge(setup), TimeModel(setup.spaces, plan.size))
    desk.progress = work.progress
    store.set_plan(plan)
    work.trials = store.trials()
    for trial in work.trials:
        if trial.scores and trial.seconds > 0:
            work.model.learn(trial.candidate.family, trial.fidelity, trial.seconds / len(trial.scores))
    return work


def _judge(setup: Setup) -> Judge:
    if setup.judge is not None:
        return setup.judge
    if setup.dataset is None:
        raise ValueError("a search needs the dataset, or a judge")
    from smeaton.trials.judge import StoredJudge

    return StoredJudge(setup.root, setup.dataset, setup.metric, setup.seed)


def _explore(work: Work, choose: Chooser, refused: dict[str, str]) -> str:
    """All phases in turn. Returns why it ended."""
    work.store.uncut()
    work.store.end_replay()
    _refuse(work, refused)
    if any(trial.state != "refused" for trial in work.trials):
        work.say("note", f"{len(work.trials)} finished trials of an earlier run are kept and not repeated")
    known = {trial.key for trial in work.trials}
    for attempt in choose.opening():
        if attempt.key not in known:
            work.begin(attempt)
    trying = _Trying(work, choose, begun=work.setup.clock.elapsed())
    if not work.plan.settled:
        if work.plan.made > 1:
            work.drive(_Opening(work, choose, begun=trying.begun))
        _settle(work, trying)
    choose.folds = (work.plan.folds, work.plan.made)
    work.drive(trying)
    if not trying.done():
        grace = [attempt for attempt in work.active if attempt.role == "baseline"]
        work.halt(_TIME_OVER, trying, keep=grace)
        work.drive(_Rescue(work, choose, begun=trying.begun))
    work.halt(_TIME_OVER, trying)
    last = _Last(work, choose, begun=trying.begun)
    work.drive(last)
    work.halt(_TIME_OVER, last)
    return trying.ended or _TIME_OVER


def _refuse(work: Work, refused: dict[str, str]) -> None:
    known = {trial.key for trial in work.trials}
    for family, why in sorted(refused.items()):
        candidate = Candidate(family=family)
        key = trial_key(candidate, 1.0, work.setup.seed)
        if key not in known:
            work.freeze(Trial(key=key, candidate=candidate, state="refused", seed=work.setup.seed, note=why))


@dataclass(slots=True)
class _Trying:
    """The main phase: candidates race fold by fold, until the time for the last blend."""

    work: Work
    choose: Chooser
    begun: float
    lead: Attempt | None = None
    ended: str = ""
    stale: int = 0
    since_blend: int = 0
    best: Trial | None = field(default=None)

    @property
    def clock(self) -> Clock:
        return self.work.setup.clock

    @property
    def end(self) -> float:
        """The moment all trying must be over: then the best may be fitted again, and the build is finished."""
        return self.clock.before_end(self.work.plan.reserve + self.work.again)

    def until(self) -> float:
        """See `goal`."""
        return self.goal()

    def goal(self) -> float:
        """When candidates must be done: the last blend, where there will be one, is sure of its time."""
        judging = min(self.work.judging, 0.1 * self.work.setup.clock.budget)
        pool = len(self.choose.members(self.work.trials))
        wanted = [space.needs_pool for space in self.choose.blends.values()]
        probing = any(attempt.role == "probe" for attempt in self.work.active)
        if not wanted or pool < min(wanted) or probing:  # a family's first result is worth more than a blend
            return self.end - judging
        most = _MOST_BLENDING * max(0.0, self.end - self.begun)
        return self.end - min(most, self.blend_seconds() + 2 * judging + _RESTART)

    def enough(self) -> bool:
        """Never: the time or the ideas end it."""
        return False

    def more(self) -> Attempt | None:
        """A blend when one is due, else what the proposers say and there is time for."""
        work = self.work
        if self.stale >= PATIENCE:
            self.ended = f"nothing better was found in the last {self.stale} tries"
            return None
        running = [attempt.candidate for attempt in work.active]
        if any(self._sharing(attempt) for attempt in work.active):
            return None
        left = self.clock.until(self.goal())
        if self.since_blend >= BLEND_EVERY and self.blend_seconds(late=False) < _CHEAP * left:
            self.since_blend = 0
            blend = self.choose.blend([*work.trials, *work.cuts], running)
            if blend is not None:
                return blend
        found = self.choose.next([*work.trials, *work.cuts], running, self.fits)
        if found is None and not work.active:
            self.ended = _TIME_OVER if self.choose.out_of_time else "all was tried"
        return found

    def gate(self, attempt: Attempt) -> bool:
        """Race on the folds fitted so far against the best: clearly worse by the paired interval is stopped."""
        rival, shared = self._rival()
        if rival in ("", attempt.key) or self._cheap(attempt):
            attempt.allowed = ALL
            return True
        folds = attempt.allowed
        _, low, high = self.work.judge.paired(attempt.key, rival, range(min(folds, shared)))
        if low > 0 and not self._adds(attempt, rival, range(min(folds, shared))):
            worse = f"by {show_range(low, high)}"
            note = f"clearly worse than the best after {folds} of {self.work.plan.folds} folds ({worse})"
            self.work.stop(attempt, folds, note, self)
        else:
            attempt.allowed = 3 if folds < 3 < self.work.plan.folds else ALL
        return True

    def seconds(self, attempt: Attempt) -> tuple[float, float] | None:
        """A share of the time left that lets all folds of the candidate end in time; None if one fold would not."""
        left = self.clock.until(self.until())
        if left < _LEAST_SHARE * self.work.model.expect(attempt.candidate.family, attempt.fidelity).mean:
            return None
        folds = max(1, self.work.plan.folds - len(attempt.spent))
        share = left * min(_MOST_SHARE if attempt.role == "try" else 1.0, self.work.plan.slots / folds)
        soft = max(0.5, _FIT_SHARE * share - _SHORT)
        return soft, min(left, 3 * soft + 10)

    def judged(self, trial: Trial) -> None:
        """Freeze it, and keep count of what improves."""
        work = self.work
        work.freeze(trial)
        if trial.state == "done":
            self.choose.repeat(trial)
        if trial.candidate.family in self.choose.blends:
            self.since_blend = 0
        elif trial.candidate.family in self.choose.singles:
            self.stale += 1
            self.since_blend += trial.state == "done"
        ranked = best_first(work.trials, self.choose.sign)
        best, before = ranked[0] if ranked else None, self.best
        if best is not None and (before is None or _gain(best, before)):
            self.best, self.stale = best, 0
        parent = parent_of(work.setup.root, work.trials, self.choose.sign, work.plan)
        tried = {one.candidate.family for one in work.trials if one.state == "done"} & self.choose.singles.keys()
        early = len(tried) < min(_EARLY, len(self.choose.singles))
        left = self.clock.left() - work.plan.reserve
        work.again = seconds_kept(parent, left, self.clock.budget, early=early, blends=bool(self.choose.blends))

    def done(self) -> bool:
        """Whether any trial is done."""
        return any(trial.state == "done" for trial in self.work.trials)

    def blend_seconds(self, late: bool = True) -> float:
        """Seconds a blend over all folds should not pass: each has more members than those its time is known from.
        `late`: with those that have their turn at the end."""
        blends = self.choose.blends.items()
        each = [
            self.work.model.expect(name).high * max(1, len(space.starts))
            for name, space in blends
            if late or not space.late
        ]
        return sum(each) * math.ceil(self.work.plan.folds / self.work.plan.slots)

    def fits(self, family: str) -> bool:
        """Whether all folds of a new candidate can be expected to end in time, after what is under way."""
        plan, model = self.work.plan, self.work.model
        folds = plan.folds
        pending = 0.0
        if folds > 1:
            for attempt in self.work.active:
                open_folds = folds - len(attempt.spent) - 0.5 * len(attempt.running)
                pending += model.expect(attempt.candidate.family).mean * open_folds / plan.slots
        need = (
            model.expect(family).mean * max(1.0, folds / plan.slots) * (_PART_FIT if folds > 1 else _PART_FIT_HOLDOUT)
        )
        return pending + need + self.work.judging <= self.clock.until(self.goal())

    def _sharing(self, attempt: Attempt) -> bool:
        """Whether it does work now that later fits will share: the sooner that is done the better."""
        space = self.work.setup.spaces.get(attempt.candidate.family)
        return space is not None and space.shared and bool(attempt.running) and not attempt.spent

    def _rival(self) -> tuple[str, int]:
        """Whom to race against, and how many folds it has: the best finished one, before that the best probe."""
        singles = best_first(self.work.trials, self.choose.sign)
        for trial in singles:
            if trial.candidate.family in self.choose.singles:
                return trial.key, self.work.plan.folds
        lead = self.lead
        if lead is None or lead not in self.work.active or not lead.has(1):
            return "", 0
        return lead.key, next(fold for fold in range(ALL) if fold not in lead.spent)

    def _adds(self, attempt: Attempt, rival: str, folds: Sequence[int]) -> bool:
        """Whether the blend would be the better for a candidate that is worse than the best, and it costs little."""
        folds_left = self.work.plan.folds - len(attempt.spent)
        seconds = self.work.model.expect(attempt.candidate.family).mean * folds_left / self.work.plan.slots
        if not self.choose.blends or seconds > _MOST_FOR_BLEND * self.clock.until(self.goal()):
            return False
        whole = self.choose.members(self.work.trials)[:_RIVALS]
        return self.work.judge.adds(attempt.key, [trial.key for trial in whole] or [rival], folds)

    def _cheap(self, attempt: Attempt) -> bool:
        """Whether it is a family's first and takes little: the board then has a whole score, the blend a member."""
        folds = self.work.plan.folds - len(attempt.spent)
        family = attempt.candidate.family
        seconds = self.work.model.expect(family).mean * folds / self.work.plan.slots
        # Families that read texts in other ways are the better together, though one of them be worse.
        space = self.work.setup.spaces[family]
        apart = space.whole is not None
        # Of what asks others people want a whole row to compare with, be it worse: that comparison is why it was asked.
        asks = space.asked_rows > 0
        return (attempt.role == "probe" or asks) and seconds < (_APART if apart else _CHEAP) * self.clock.until(
            self.goal()
        )


class _Opening(_Trying):
    """The probe: the baseline whole, the first start of each family on fold 0. No slot waits: others begin fold 0."""

    def until(self) -> float:
        """Half of the time for trying."""
        return self.begun + _PROBE_SHARE * max(0.0, self.end - self.begun)

    def enough(self) -> bool:
        """Whether baseline and probes are where they should be."""
        plan = self.work.plan
        ready = (a.has(plan.made) if a.role == "baseline" else a.has(1) for a in self.work.active if a.role != "try")
        return all(ready)

    def more(self) -> Attempt | None:
        """Something to do beside a slow probe."""
        if sum(attempt.role == "try" for attempt in self.work.active) >= 2 * self.work.plan.slots:
            return None
        return _Trying.more(self)

    def gate(self, attempt: Attempt) -> bool:
        """Nobody passes before the plan is settled."""
        return False

    def seconds(self, attempt: Attempt) -> tuple[float, float] | None:
        """A probe may take what one fold of a holdout could: where it does, the plan will be a holdout."""
        left = self.clock.until(self.goal())
        space = self.work.setup.spaces[attempt.candidate.family]
        # What should be quick and is not may not keep the others waiting: it has rarely proved worth it.
        share = min(_PROBE_FIT, _PROBE_BASE + _PROBE_EFFORT * space.effort)
        if space.whole is not None or space.seconds is not None:  # it says itself how long it takes
            share = _PROBE_FIT
        return max(0.5, share * left - _SHORT), left


@dataclass(slots=True)
class _Last(_Trying):
    """The last blends, over all that finished."""

    last: list[Candidate] = field(default_factory=list)

    def until(self) -> float:
        """All of the time for trying, less the judgement. Where nothing was blended yet a part of the reserve too: a
        blend is worth more than the cost of what did not win."""
        blended = any(t.state == "done" and t.candidate.family in self.choose.blends for t in self.work.trials)
        more = 0.0 if blended else _LATE_BLEND * self.work.plan.reserve
        return self.end + more - min(self.work.judging, 0.1 * self.clock.budget)

    def more(self) -> Attempt | None:
        """Each blend once, if it is a new one or was cut short before; then what is late."""
        running = [*self.last, *(attempt.candidate for attempt in self.work.active)]
        found = self.choose.blend(self.work.trials, running) or self.choose.blend(self.work.trials, running, late=True)
        if found is not None:
            self.last.append(found.candidate)
        return found


class _Rescue(_Trying):
    """Nothing has finished: the baseline may use a part of the reserve, so that there is an answer at all."""

    def until(self) -> float:
        """Most of the budget."""
        return self.clock.before_end(0.3 * self.work.plan.reserve)

    def seconds(self, attempt: Attempt) -> tuple[float, float] | None:
        """Little to fit, and all that is left to wait: a late answer is worth more than none."""
        return 0.5, max(1.0, self.clock.left())

    def more(self) -> Attempt | None:
        """Nothing new."""
        return None


def _gain(new: Trial, old: Trial) -> bool:
    """Whether the new best is better by more than a small part of its interval."""
    if new.score is None or old.score is None:
        return False
    return abs(new.score.value - old.score.value) > _BETTER * (new.score.high - new.score.low)


def _settle(work: Work, trying: _Trying) -> None:
    """Decide after the probe how many folds every candidate gets, and whose turn is next."""
    probes = [attempt for attempt in work.active if attempt.role == "probe" and attempt.spent]
    for attempt in probes:
        lead = trying.lead
        if lead is None or work.judge.paired(attempt.key, lead.key, [0])[0] < 0:
            trying.lead = attempt
    plan, folds, line = work.plan, 1, ""
    if plan.folds > 1:
        folds = _affordable(work, trying, plan)
        line = f"the probe took too long for {plan.made} folds: one holdout, the first of them" if folds == 1 else ""
        if 1 < folds < plan.made:
            line = f"the probe took too long for {plan.made} folds: the first {folds} of them"
    work.plan = plan.settle(folds, line)
    work.store.set_plan(work.plan)
    if line:
        work.say("plan", line, plan=work.plan)
    if trying.lead is not None:
        trying.lead.allowed = ALL
        work.active.sort(key=lambda attempt: (attempt.role != "baseline", attempt is not trying.lead))


def _affordable(work: Work, trying: _Trying, plan: Plan) -> int:
    """The most folds on which the first candidates of the families that may be worth it and more of the best can be
    fitted in time. With fewer ideas than that, one holdout that tries more and a refit on all rows serve better."""
    lead, model = trying.lead, work.model
    roles = {attempt.role for attempt in work.active}
    if lead is None and ("probe" in roles or "own" not in roles):
        return 1
    ages = {attempt.key: age for attempt, age in work.desk.running()}
    best, others, together = 0.0, list[float](), 0.0
    for attempt in work.active:
        fitted = bool(attempt.spent)
        worse = lead is not None and fitted and work.judge.paired(attempt.key, lead.key, [0])[1] > 0
        if attempt.role == "own" or (attempt.role == "probe" and not worse):
            space = work.setup.spaces[attempt.candidate.family]
            expected = model.expect(attempt.candidate.family).mean
            # What it shares with later fits makes it old, and not dear.
            seconds = expected if fitted or space.shared else max(expected, ages.get(attempt.key, 0.0))
            if attempt is lead and space.whole is None:
                best = seconds
            elif space.whole is None:
                others.append(seconds)
            else:
                together += space.whole * seconds
    left = work.setup.clock.until(trying.until())
    for folds in sorted((few for few in {plan.made, 3} - {1} if worth_it(few, plan.rows)), reverse=True):
        wanted = max(_WHOLE * best + sum(others), together)
        if folds <= plan.made and wanted * folds / plan.slots <= _MOST_WHOLE * left:
            return folds
    return 1


def _save_what_is_there(work: Work) -> None:
    """After Ctrl-C: end the fits without waiting for them; if nothing is done yet, judge what one fold can show.

    A replay only keeps what is frozen: the rest is repeated when it goes on.
    """
    work.desk.kill(lambda attempt: True, "you stopped it")
    work.trials = work.store.trials()
    if work.setup.replay:
        return
    if not any(trial.state == "done" for trial in work.trials):
        if not work.plan.settled:
            work.plan = work.plan.settle(1)
            work.store.set_plan(work.plan)
        for attempt in [attempt for attempt in work.active if attempt.has(work.plan.folds)]:
            work.active.remove(attempt)
            work.freeze(work.judged(attempt))
    for attempt in list(work.active):
        work.cut(attempt, "you stopped it")
