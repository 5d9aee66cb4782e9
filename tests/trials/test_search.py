"""The search over a simulated machine: fits take simulated seconds of a fake clock and leave simulated scores."""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.errors import SmeatonError
from smeaton.families import Choice, Range, Space
from smeaton.task.profile import Profile
from smeaton.task.task import Budget, Data, Privacy, Source, Task
from smeaton.task.types import Type
from smeaton.trials.attempt import trial_folder
from smeaton.trials.clock import Clock
from smeaton.trials.executors import Event, Job
from smeaton.trials.notice import Notice
from smeaton.trials.plan import Plan
from smeaton.trials.record import Candidate, Cost, Interval, Trial
from smeaton.trials.results import FitResult, read_fit
from smeaton.trials.search import PATIENCE, search
from smeaton.trials.setup import Result, Setup
from smeaton.trials.store import Store

STEP = 0.05  # simulated seconds a step of a fit takes, times the family's slowness

TASK = Task(
    data=Data(examples=Source(files=("rows.csv",))),
    inputs={"x": Type(type="number")},
    output={"y": Type(type="number")},
)
SPACES = {
    "baseline": Space(starts=({},), effort=0),
    "linear": Space(starts=({}, {"strength": 10.0}), params={"strength": Range(0.01, 100, log=True)}),
    "boosting": Space(
        starts=({}, {"leaves": 7}, {"leaves": 63}),
        params={"leaves": Range(4, 255, log=True, integer=True), "rate": Choice((0.03, 0.1))},
        effort=5,
    ),
    "blend": Space(starts=({},), needs_pool=2),
}


class Time:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclasses.dataclass
class Machine:
    """An executor whose fits take `cost(job)` seconds if not told to end sooner. `deaf` jobs ignore their soft limit;
    `lost` jobs are never heard of again, even when killed; `broken` jobs fail."""

    time: Time
    cost: Callable[[Job], float]
    slots: int = 2
    deaf: Callable[[Job], bool] = lambda job: False
    lost: Callable[[Job], bool] = lambda job: False
    broken: Callable[[Job], bool] = lambda job: False
    interrupt_after: int | None = None
    restart: float = 0.3
    jobs: list[Job] = dataclasses.field(default_factory=list)
    running: dict[str, tuple[float, Job]] = dataclasses.field(default_factory=dict)
    events: list[Event] = dataclasses.field(default_factory=list)
    idle_at: float = 0.0

    def start(self, folder: Path, log: Callable[[str], None]) -> None:
        pass

    def close(self) -> None:
        pass

    def submit(self, job: Job) -> None:
        assert len(self.running) < self.slots
        self.jobs.append(job)
        self.running[job.id] = (max(self.time.now, self.idle_at) + self._takes(job), job)

    def _takes(self, job: Job) -> float:
        natural = self.cost(job)
        if "_steps" in job.config:
            natural = min(natural, job.config["_steps"] * STEP)
        return natural if self.deaf(job) else min(natural, job.seconds)

    def wait(self, seconds: float) -> list[Event]:
        assert 0 <= seconds <= 600
        if self.interrupt_after is not None and len(self.jobs) > self.interrupt_after:
            self.interrupt_after = None
            raise KeyboardInterrupt
        if self.events:
            found, self.events = self.events, []
            return found
        end = self.time.now + seconds
        alive = {name: entry for name, entry in self.running.items() if not self.lost(entry[1])}
        name = min(alive, key=lambda key: alive[key][0], default=None)
        if name is None or alive[name][0] > end:
            self.time.now = end
            return []
        self.time.now, job = self.running.pop(name)
        if self.broken(job):
            return [Event(job=name, kind="failed", reason="it broke")]
        self._leave(job)
        return [Event(job=name, kind="progress", step=1, score=0.5), Event(job=name, kind="done", seconds=1)]

    def _leave(self, job: Job) -> None:
        steps = round(self._takes(job) / STEP, 6)
        result = FitResult(job=job, seconds=self._takes(job), fit_seconds=self._takes(job), steps=int(steps))
        folder = Path(job.out)
        folder.mkdir(parents=True)
        (folder / "result.json").write_bytes(msgspec.json.encode(result))

    def kill(self, job: str) -> None:
        if job in self.running and not self.lost(self.running[job][1]):
            del self.running[job]
            self.events.append(Event(job=job, kind="killed"))
            self.idle_at = self.time.now + self.restart
        else:
            self.running.pop(job, None)


@dataclasses.dataclass
class FakeJudge:
    """Scores by a hash of the configuration, the steps of the fits and, for a blend, its members; `spread` is the half
    width of an interval."""

    root: Path
    time: Time
    takes: float = 0.1
    spread: float = 0.02
    helps: bool = False  # whether a candidate worse than the best would make a blend better

    def score(self, key: str, fold: int) -> float:
        fit = read_fit(trial_folder(self.root, key), fold)
        text = msgspec.json.encode([fit.job.family, {k: v for k, v in fit.job.config.items() if k[0] != "_"}, fold])
        luck = int(hashlib.sha256(text).hexdigest()[:6], 16) / 0xFFFFFF
        base = {"baseline": 1.0, "linear": 0.6, "boosting": 0.5, "blend": 0.45}.get(fit.job.family, 0.7)
        return base + 0.1 * luck + 0.1 / (1 + fit.steps)

    def trial(self, candidate: Candidate, fidelity: float, seed: int, folds: int, seconds: float) -> Trial:
        self.time.now += self.takes
        key = f"{candidate.key}-{fidelity:g}-{seed}"
        scores = tuple(self.score(key, fold) for fold in range(folds))
        mean = sum(scores) / folds
        interval = Interval(mean, mean - self.spread, mean + self.spread)
        return Trial(
            key=key, candidate=candidate, state="done", scores=scores, score=interval, seconds=seconds, seed=seed
        )

    def paired(self, one: str, other: str, folds: Sequence[int]) -> tuple[float, float, float]:
        gap = sum(self.score(one, fold) - self.score(other, fold) for fold in folds) / len(folds)
        return gap, gap - self.spread, gap + self.spread

    def adds(self, one: str, others: Sequence[str], folds: Sequence[int]) -> bool:
        return self.helps


@dataclasses.dataclass
class World:
    """One simulated build in a folder; `run` may be called again to resume it."""

    root: Path
    budget: float = 60.0
    plan: Plan = dataclasses.field(default_factory=lambda: make(5))
    cost: Callable[[Job], float] = lambda job: {"baseline": 0.2, "linear": 0.5, "boosting": 1.5}.get(job.family, 0.8)
    spaces: dict[str, Space] = dataclasses.field(default_factory=lambda: dict(SPACES))
    refusals: dict[str, str] = dataclasses.field(default_factory=dict)
    task: Task = TASK
    spread: float = 0.02
    late: float = 2.0
    helps: bool = False
    machine: dict[str, Any] = dataclasses.field(default_factory=dict)
    notices: list[Notice] = dataclasses.field(default_factory=list)

    def run(self, replay: bool = False, **machine: Any) -> tuple[Result, Machine, float]:
        time = Time()
        executor = Machine(time, self.cost, **{**self.machine, **machine})
        clock = Clock(self.budget, time.now, time)
        time.now += self.late
        judge = FakeJudge(self.root, time, spread=self.spread, helps=self.helps)
        profile = Profile(rows=self.plan.rows, columns=())
        setup = Setup(self.task, profile, None, self.root, self.spaces, self.refusals, 7, clock, "rmse", replay, judge)
        with Store(self.root) as store:
            result = search(setup, self.plan, executor, store, self.notices.append)
        return result, executor, clock.elapsed()


def make(folds: int, reserve: float = 4.0, rows: int = 1000) -> Plan:
    return Plan(
        made=folds,
        folds=folds,
        ships="bag" if folds > 1 else "holdout",
        reserve=reserve,
        rows=rows,
        columns=5,
        lines=("x",),
    )


def done(result: Result, family: str | None = None) -> list[Trial]:
    return [t for t in result.trials if t.state == "done" and family in (None, t.candidate.family)]


def test_baseline_then_probes_then_more_and_a_last_blend(tmp_path: Path) -> None:
    result, machine, seconds = World(tmp_path, budget=40).run()
    assert machine.jobs[0].family == "baseline"
    families = [job.family for job in machine.jobs]
    assert {"linear", "boosting"} <= set(families[:8])
    assert result.trials[0].candidate.family == "baseline"
    assert len(done(result, "boosting")) >= 3
    assert done(result)[-1].candidate.family == "blend"
    assert all(len(trial.scores) == 5 for trial in done(result))
    assert 30 <= seconds <= 37
    assert result.plan is not None
    assert result.plan.ships == "bag"


def test_clearly_worse_is_stopped_and_not_continued(tmp_path: Path) -> None:
    result, machine, _ = World(tmp_path, spread=0.001).run()
    stopped = [trial for trial in result.trials if trial.state == "stopped" and trial.scores]
    assert stopped
    for trial in stopped:
        assert "clearly worse" in trial.note
        assert trial.score is None
        assert sum(job.id.startswith(trial.key) for job in machine.jobs) < 5


def test_clearly_worse_goes_on_where_the_blend_gains(tmp_path: Path) -> None:
    alone, _, _ = World(tmp_path / "alone", spread=0.001).run()
    result, _, _ = World(tmp_path / "helps", spread=0.001, helps=True).run()
    assert len(done(result, "boosting")) > 2 * len(done(alone, "boosting"))
    # Late in the search it costs too much of the time that is left.
    stopped = [place for place, trial in enumerate(result.trials) if trial.state == "stopped" and trial.scores]
    assert not stopped or min(stopped) > 5


def test_what_is_late_has_its_turn_once_at_the_end(tmp_path: Path) -> None:
    student = Space(starts=({}, {"leaves": 4}), effort=0.5, needs_pool=2, late=True)
    result, _, seconds = World(tmp_path, spaces={**SPACES, "student": student}).run()
    late = [place for place, trial in enumerate(result.trials) if trial.candidate.family == "student"]
    assert len(late) == 2
    others = [place for place, trial in enumerate(result.trials) if trial.state == "done"]
    assert set(late) == set(others[-2:])
    members = {tuple(result.trials[place].candidate.config["members"]) for place in late}
    last = done(result, "blend")[-1]
    assert members == {tuple(last.candidate.config["members"])}
    assert seconds <= 57


def test_dear_probe_turns_folds_into_a_holdout(tmp_path: Path) -> None:
    world = World(tmp_path, cost=lambda job: 20.0 if job.family == "boosting" else 0.5)
    result, _, seconds = world.run()
    assert result.plan is not None
    assert (result.plan.folds, result.plan.made, result.plan.ships) == (1, 5, "holdout")
    assert done(result, "boosting")
    assert all(len(trial.scores) == 1 for trial in done(result))
    assert seconds <= 57
    assert any("holdout" in notice.text for notice in world.notices if notice.kind == "plan")


def test_resume_repeats_no_trial_and_no_fold(tmp_path: Path) -> None:
    world = World(tmp_path, budget=30)
    first, machine, _ = world.run(interrupt_after=12)
    assert first.interrupted
    second, again, _ = world.run()
    finished = {job.id for job in machine.jobs if (Path(job.out) / "result.json").exists()}
    fitted = [job.id for job in again.jobs]
    ran_twice = finished & set(fitted)
    assert not {name for name in ran_twice if name.split("/")[0] in {t.key for t in first.trials if t.state == "done"}}
    assert len(fitted) == len(set(fitted))
    frozen = [trial for trial in first.trials if trial.state == "done"]
    assert second.trials[: len(frozen)] == frozen
    assert any("not repeated" in notice.text for notice in world.notices)


def test_interrupt_returns_the_best_so_far_and_the_second_is_raised(tmp_path: Path) -> None:
    result, _, _ = World(tmp_path).run(interrupt_after=15)
    assert result.interrupted
    assert done(result)
    assert "stopped it" in result.stopped

    class Twice(Machine):
        def wait(self, seconds: float) -> list[Event]:
            raise KeyboardInterrupt

        def kill(self, job: str) -> None:
            raise KeyboardInterrupt

    time = Time()
    clock = Clock(60, time.now, time)
    setup = Setup(
        TASK,
        Profile(rows=9, columns=()),
        None,
        tmp_path / "b",
        SPACES,
        {},
        7,
        clock,
        "rmse",
        False,
        FakeJudge(tmp_path, time),
    )
    with Store(tmp_path / "b") as store, pytest.raises(KeyboardInterrupt):
        search(setup, make(5), Twice(time, lambda job: 1.0), store, lambda notice: None)


def test_stops_early_when_nothing_improves(tmp_path: Path) -> None:
    result, _, seconds = World(tmp_path, budget=2000, spread=1.0).run()
    assert f"last {PATIENCE} tries" in result.stopped
    assert seconds < 1000


def test_stops_when_all_was_tried(tmp_path: Path) -> None:
    spaces = {name: dataclasses.replace(space, params={}) for name, space in SPACES.items()}
    result, _, seconds = World(tmp_path, spaces=spaces).run()
    assert result.stopped == "all was tried"
    assert seconds < 40
    assert len(done(result)) + sum(t.state == "stopped" for t in result.trials) >= 7


def test_failed_and_refused_are_rows_with_reasons(tmp_path: Path) -> None:
    spaces = {**SPACES, "chat": Space(starts=({},), external=("api.example.com",))}
    world = World(tmp_path, spaces=spaces, refusals={"vision": "there are no images"})
    result, _, _ = world.run(broken=lambda job: job.family == "linear")
    notes = {trial.candidate.family: trial for trial in result.trials if trial.state in ("refused", "failed")}
    assert notes["vision"].note == "there are no images"
    assert "api.example.com" in notes["chat"].note
    assert "it broke" in notes["linear"].note
    assert done(result, "boosting")


def test_external_family_needs_leave_and_money(tmp_path: Path) -> None:
    spaces = {**SPACES, "chat": Space(starts=({},), external=("api.example.com",))}
    allowed = TASK.with_(privacy=Privacy(external=True))
    result, _, _ = World(tmp_path / "a", spaces=spaces, task=allowed).run()
    assert next("costs money" in t.note for t in result.trials if t.candidate.family == "chat")
    paid = allowed.with_(budget=Budget(money=1.0))
    result, machine, _ = World(tmp_path / "b", spaces=spaces, task=paid).run()
    assert any(trial.candidate.family == "chat" for trial in result.trials)
    assert all(job.ledger for job in machine.jobs)


def test_not_repeatable_families_run_with_more_seeds(tmp_path: Path) -> None:
    spaces = {"baseline": SPACES["baseline"], "chat": Space(starts=({},), repeats=3)}
    result, _, _ = World(tmp_path, spaces=spaces).run()
    assert sorted(trial.seed for trial in done(result, "chat")) == [7, 8, 9]


def test_replay_gives_the_same_board(tmp_path: Path) -> None:
    slow = lambda job: 9.0 if job.family == "boosting" else 0.5  # noqa: E731
    world = World(tmp_path, budget=40, plan=make(1), cost=slow, spread=0.005)
    first, _, _ = world.run()
    cut = [t for t in done(first) if read_fit(trial_folder(tmp_path, t.key), 0).fit_seconds < 8.9]
    assert [t for t in cut if t.candidate.family == "boosting"], "some fit must have been cut by the clock"
    again, machine, _ = world.run(replay=True)
    assert [_facts(trial) for trial in again.trials] == [_facts(trial) for trial in first.trials]
    assert "same scores" in again.stopped
    assert all(job.seconds > 1e5 for job in machine.jobs)
    third, _, _ = world.run(replay=True, interrupt_after=3)
    assert third.interrupted
    fourth, _, _ = world.run(replay=True)
    assert [_facts(trial) for trial in fourth.trials] == [_facts(trial) for trial in first.trials]


def test_replay_of_races_and_blends(tmp_path: Path) -> None:
    world = World(tmp_path, spread=0.003)
    first, _, _ = world.run()
    assert {trial.state for trial in first.trials} >= {"done", "stopped"}
    again, _, _ = world.run(replay=True)
    assert [_facts(trial) for trial in again.trials] == [_facts(trial) for trial in first.trials]


def test_replay_keeps_the_costs_of_what_comes_out_the_same(tmp_path: Path) -> None:
    world = World(tmp_path)
    first, _, _ = world.run()
    one, two = (trial.key for trial in done(first)[:2])
    with Store(tmp_path) as store:
        for key in (one, two):
            store.put_cost(key, Cost(p50=0.1, p95=0.2, cost_per_1k=None, size=3))
    world.run(replay=True)
    with Store(tmp_path) as store:
        assert set(store.costs()) == {one, two}
    world.spread *= 2
    again, _, _ = world.run(replay=True)
    assert "came out differently" in again.stopped
    with Store(tmp_path) as store:
        assert store.costs() == {}, "another program costs something else"


def test_replay_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SmeatonError, match="no earlier build"):
        World(tmp_path).run(replay=True)


def _facts(trial: Trial) -> tuple[Any, ...]:
    return trial.key, trial.state, trial.scores, trial.score, trial.note


costs = st.fixed_dictionaries({name: st.floats(0.01, 60) for name in ("baseline", "linear", "boosting", "blend")})
SCENARIO = {
    "costs": costs,
    "budget": st.sampled_from([8.0, 20.0, 30.0, 60.0, 240.0]),
    "folds": st.sampled_from([1, 3, 5, 8]),
    "late": st.floats(0.1, 6),
    "spread": st.sampled_from([0.001, 0.02, 0.5]),
    "odd": st.integers(0, 2**32),
    "slots": st.integers(1, 4),
}


@settings(max_examples=20, deadline=None)
@given(**SCENARIO)
def test_deadlines_are_kept(tmp_path_factory: pytest.TempPathFactory, **scenario: Any) -> None:
    check_deadline(tmp_path_factory.mktemp("w"), **scenario)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(**SCENARIO)
def test_deadlines_are_kept_whatever_happens(tmp_path_factory: pytest.TempPathFactory, **scenario: Any) -> None:
    check_deadline(tmp_path_factory.mktemp("w"), **scenario)


def check_deadline(
    root: Path, costs: dict[str, float], budget: float, folds: int, late: float, spread: float, odd: int, slots: int
) -> None:
    def chance(job: Job, word: str, share: float) -> bool:
        digest = hashlib.sha256(f"{odd} {word} {job.id}".encode()).digest()
        return job.family != "baseline" and digest[0] < 256 * share

    plan = make(folds, reserve=min(4.0, 0.3 * budget))
    world = World(root, budget, plan, lambda job: costs[job.family], spread=spread, late=late)
    result, _, seconds = world.run(
        slots=slots,
        deaf=lambda job: chance(job, "deaf", 0.1) or job.family == "baseline",
        lost=lambda job: chance(job, "lost", 0.05),
        broken=lambda job: chance(job, "broken", 0.1),
    )
    assert seconds <= budget + 1.0
    assert result.stopped
    keys = [trial.key for trial in result.trials]
    assert len(keys) == len(set(keys))
    if math.ceil(folds / slots) * costs["baseline"] < 0.2 * budget - late:  # a fold is not split over slots
        assert done(result, "baseline")
    if not any(notice.kind == "trial" for notice in world.notices):
        assert costs["baseline"] > 1
