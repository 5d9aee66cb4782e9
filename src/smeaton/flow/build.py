"""`build`: the whole story. A task in; trials, a board, the winner tested once, and a bundle out."""

import dataclasses
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from smeaton import plugins
from smeaton.bundle.write import check_place
from smeaton.errors import InputError
from smeaton.families import Space
from smeaton.flow._finishing import MOST_SHOWN, Terms
from smeaton.flow._guards import alone, check_disk, ledger_at
from smeaton.flow._inspecting import inspecting
from smeaton.flow._leaving import asks_others
from smeaton.flow._shipped import bundle_path
from smeaton.flow.consent import leaving, words
from smeaton.flow.finish import finish
from smeaton.flow.last_build import last_build
from smeaton.flow.live_html import fitting_listener
from smeaton.flow.local import served, wants
from smeaton.flow.outcome import Built
from smeaton.flow.pin import renew_lock
from smeaton.flow.prepare import Prepared, prepare, spaces
from smeaton.flow.request import TASK_FILE, Request, resolve
from smeaton.flow.unhurried import unhurried
from smeaton.flow.unserved import refuse_all, unserved
from smeaton.insight.evidence import read_board
from smeaton.insight.inspection import FILE as INSPECTION_FILE
from smeaton.leaderboard.forms import BOARD_FILE, Board
from smeaton.leaderboard.plot import plot
from smeaton.leaderboard.text import render
from smeaton.llm.ledger import Ledger
from smeaton.task.table import take
from smeaton.trials.choose import admit
from smeaton.trials.clock import Clock
from smeaton.trials.measure import EXTERNAL_CALLS
from smeaton.trials.notice import Listener, Notice
from smeaton.trials.plan import Plan, make_plan
from smeaton.trials.purse import LEDGER_FILE
from smeaton.trials.refit import refit
from smeaton.trials.seal import broken, seal
from smeaton.trials.search import search
from smeaton.trials.setup import Result, Setup
from smeaton.trials.store import Store
from smeaton.trials.timing import slowness
from smeaton.trials.verdict import agreement, pinned

if TYPE_CHECKING:
    from smeaton.trials.executors import Executor

#: Wall clock, or wall clock and money.
Limit = str | float | Mapping[str, Any] | None
#: Asked with what would leave this machine; True lets it.
Consent = Callable[[Any], bool]


def quiet(notice: Notice) -> None:
    """The listener that shows nothing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `build` was asked for; its arguments are explained there. The budget counts from `started`, a moment of
    `time.monotonic` (None: now). `test_share` of the rows of a data file or table are sealed (None: a fifth)."""

    what: Any = None
    target: str | None = None
    budget: Limit = None
    external: bool | Consent = False
    seed: int = 0
    out: str | Path | None = None
    replay: bool = False
    started: float | None = None
    test_share: float | None = None


def build(
    what: Any = None,
    *,
    target: str | None = None,
    budget: Limit = None,
    external: bool | Consent = False,
    seed: int = 0,
    out: str | Path | None = None,
    replay: bool = False,
    listen: Listener | None = None,
) -> Built:
    """Find, test and bundle the best solution to a task.

    Args:
        what: a Task, a mapping in the words of the task file, a path to a task file or to data, or a table (pandas,
            polars, Arrow, a mapping of columns).
        target: the column to predict, where `what` is data.
        budget: wall clock of the whole call, such as "60s" or seconds; or a mapping with `time` and `money` ("$1");
            default the task's.
        external: whether rows may leave this machine; or who decides: called once with what would leave
            (`smeaton.flow.consent.Leaving`), before anything does. Default: what the task says.
        seed: another split and another search.
        out: where trials and the bundle go; default the task's folder.
        replay: repeat the recorded trials exactly, whatever the clock says.
        listen: is told what happens (`smeaton.trials.notice`); default a live board in a notebook, nobody elsewhere.

    Raises:
        InputError: the task, the data or an argument is wrong, or what would leave was not agreed to; says what, where,
            and how to fix it.
    """
    listen = fitting_listener(quiet) if listen is None else listen
    return carry_out(Wanted(what, target, budget, external, seed, out, replay), listen)


def carry_out(wanted: Wanted, listen: Listener = quiet) -> Built:
    """Do what `build` says. Raises as it does."""
    start = time.monotonic() if wanted.started is None else wanted.started
    leave = bool(wanted.external)
    request = resolve(
        wanted.what, wanted.target, wanted.budget, wanted.out, external=leave, test_share=wanted.test_share
    )
    why = unserved(request.task)
    if why:
        refuse_all(request.task, request.folder, BOARD_FILE, why)
    clock = Clock(request.task.budget.time, start)
    # Workers know the server by their environment: it runs before they do.
    with alone(request.folder), served(wants(request.task), lambda line: listen(Notice("note", line))):
        return _built(wanted, request, clock, listen)


def _built(wanted: Wanted, request: Request, clock: Clock, listen: Listener) -> Built:
    seed, replay = wanted.seed, wanted.replay
    executor: Executor = plugins.load("executors", "local")()
    try:
        executor.start(request.folder / ".smeaton" / "log", lambda line: listen(Notice("note", line)))
        prepared = _prepared(request, seed, listen)
        check_disk(prepared)
        found, refused = spaces(prepared)
        _agreed(prepared, found, refused, wanted.external, listen)
        with Store(prepared.root) as store:
            for note in store.notes:
                listen(Notice("note", note))
            terms = _terms(store, replay)
            _open_ledger(prepared, _kept_money(prepared, found), listen)
            prepared = _with_judge(prepared)
            plan = _plan(prepared, found, store, (clock, executor.slots), listen)
            for line in plan.lines:
                listen(Notice("plan", line, {"plan": plan}))
            for change in renew_lock(request.folder, prepared.dataset, prepared.test, plan.lines[:1]):
                listen(Notice("note", f"since smeaton.lock was written: {change}"))
            setup = Setup(
                task=prepared.task.with_(budget=request.task.budget),
                profile=prepared.profile,
                dataset=prepared.dataset,
                root=prepared.root,
                spaces=found,
                refusals=refused,
                seed=seed,
                clock=clock,
                metric=prepared.metric,
                replay=replay,
            )
            result = search(setup, plan, executor, store, listen)
            with inspecting(prepared.root, prepared.dataset):
                _fit_again(setup, result, executor, listen)
                # The workers' cores are needed for measuring, and nothing is fitted any more.
                executor.close()
                _open_ledger(prepared, 0.0, listen)
                with unhurried(listen, result.interrupted):
                    return finish(prepared, result, store, clock, listen, terms)
    finally:
        executor.close()


def _terms(store: Store, replay: bool) -> Terms:
    """How the build is finished. A replay chooses among what was measured then: what was not, for want of time, could
    win now."""
    return Terms(patient=replay, most=len(store.costs()) or MOST_SHOWN) if replay else Terms()


def _fit_again(setup: Setup, result: Result, executor: "Executor", listen: Listener) -> None:
    """Fit the best of a holdout once more, on all rows, if there is time."""
    again, why_not = refit(setup, result, executor)
    if again is not None:
        result.trials.append(again)
        listen(Notice("trial", f"{again.candidate.family}: fitted again on all rows", {"trial": again}))
    elif why_not:
        listen(Notice("note", why_not))


def _agreed(
    prepared: Prepared,
    found: Mapping[str, Space],
    refused: Mapping[str, str],
    external: bool | Consent,
    listen: Listener,
) -> None:
    """Say what would leave this machine, and ask whether it may where somebody is there to ask.

    Raises:
        InputError: it may not.
    """
    allowed, _ = admit(prepared.task, found, refused)
    judge = prepared.task.judge.model if prepared.task.judge is not None else ""
    if not asks_others(allowed, judge):
        return
    rows = take(prepared.dataset.table, prepared.train)
    would = leaving(prepared.task, prepared.profile, rows, allowed, test_rows=len(prepared.test), judge=judge)
    if would is None:
        return
    if callable(external):
        if not external(would):
            raise InputError("nothing was sent and nothing was built", fix="leave --external out to build without it")
        return
    for line in words(would):
        listen(Notice("note", line))


def _prepared(request: Request, seed: int, listen: Listener) -> Prepared:
    """The rows, accepted; only then is a new task written to its file."""
    # Known now, not after the whole budget.
    check_place(bundle_path(request.folder, request.task))
    prepared = prepare(request, seed, listen)
    if request.new:
        from smeaton.task.yaml import write_task

        file = request.folder / TASK_FILE
        # Leave given on the command line is leave for this once.
        once = msgspec.structs.replace(request.task.privacy, external=False)
        write_task(request.task.with_(privacy=once), file)
        listen(Notice("note", f"the task is written to {file}: edit it to say more"))
    return prepared


def _open_ledger(prepared: Prepared, kept: float, listen: Listener) -> None:
    """The one file that workers, measuring and the sealed test draw on, without a part that is kept for later. What
    earlier runs of this build spent stays spent."""
    ledger_at(prepared.root / LEDGER_FILE, prepared.task.budget.money * (1.0 - kept), listen).close()


def _with_judge(prepared: Prepared) -> Prepared:
    """With what is known of the judge, where the task has one and answers that people judged."""
    if prepared.task.judge is None:
        return prepared
    ledger = Ledger(prepared.root / LEDGER_FILE)
    try:
        task = pinned(prepared.task, agreement(prepared.task, ledger, prepared.root))
    finally:
        ledger.close()
    return dataclasses.replace(prepared, task=task, dataset=dataclasses.replace(prepared.dataset, task=task))


def _kept_money(prepared: Prepared, found: Mapping[str, Space]) -> float:
    """The part of the money kept for measuring and the sealed test: enough to test what is tried but once."""
    after = len(prepared.test) + 2 * EXTERNAL_CALLS
    rows = len(prepared.train)
    asked = [min(space.asked_rows, rows) for space in found.values() if space.external and space.asked_rows]
    return after / (after + max(asked, default=rows))


def _plan(
    prepared: Prepared, found: Mapping[str, Space], store: Store, given: tuple[Clock, int], listen: Listener
) -> Plan:
    """The plan of an earlier run of this build, or a new one; the folds of either are on disk afterwards. `given` are
    the clock and how many workers there are."""
    clock, slots = given
    former = store.plan()
    if former is not None:
        why = _damaged_rows(prepared.root / "data")
        if why:
            listen(Notice("note", f"the prepared rows on disk are damaged ({why}): they are written anew"))
            _save_rows(prepared, former.made)
        return former.renewed(prepared.task, clock, slots)
    group = prepared.dataset.group
    groups = None if group is None else len(set(group[prepared.train].tolist()))
    plan = make_plan(prepared.task, prepared.profile, found, clock, slots=slots, slowness=slowness(), groups=groups)
    made = _save_rows(prepared, plan.made)
    if made == plan.made:
        return plan
    line = f"the rows allow only {made} folds"
    return msgspec.structs.replace(plan, made=made, lines=plan.lines).settle(made, line)


def _save_rows(prepared: Prepared, wanted: int) -> int:
    """Put the rows and their folds where workers open them: whole, or not at all. Returns how many folds there are."""
    from smeaton.data.split import make_folds, save_folds

    new = prepared.root / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    prepared.dataset.save(new)
    folds = make_folds(prepared.dataset, prepared.train, wanted, prepared.seed)
    save_folds(folds, new)
    seal(new)
    (prepared.root / INSPECTION_FILE).unlink(missing_ok=True)
    shutil.rmtree(prepared.root / "data", ignore_errors=True)
    new.rename(prepared.root / "data")
    return len(folds)


def _damaged_rows(folder: Path) -> str:
    """What is wrong with the rows of an earlier run, '' if nothing is."""
    return broken(folder) if folder.is_dir() else "they are not there"


def board(where: Path) -> Board:
    """The board of the last build in a folder, or the one a bundle was chosen from.

    Raises:
        DataError: nothing was built there, or the board is damaged.
    """
    return read_board(last_build(where)[1] / BOARD_FILE)


def board_text(found: Board) -> str:
    """A board as lines for a terminal."""
    return render(found)


def board_plot(found: Board, by: str = "cost") -> str:
    """A board's quality against `cost` or `p95` as a picture in plain text."""
    return plot(found, by)
