"""`Finish`: the state of finishing one build, and the board as it is then; what is measured, and what a row costs."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from smeaton.errors import SmeatonError
from smeaton.flow.prepare import Prepared
from smeaton.leaderboard.board import build_board
from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.outputs import output_words
from smeaton.llm.endpoint import LOCAL
from smeaton.runtime.check import externals
from smeaton.runtime.files import open_program
from smeaton.task.table import COST, take
from smeaton.trials.clock import Clock
from smeaton.trials.measure import Measure, measure
from smeaton.trials.notice import Listener, Notice
from smeaton.trials.purse import LEDGER_FILE
from smeaton.trials.record import Cost, Trial
from smeaton.trials.results import PROGRAM, fold_folder
from smeaton.trials.setup import Result
from smeaton.trials.ship import Shipped, assemble
from smeaton.trials.store import Store
from smeaton.trials.verdict import agreement, judge_words

MOST_SHOWN = 10  # programs measured at most, with those measured only to be compared


@dataclass(frozen=True, slots=True)
class Terms:
    """How a build is finished. `patient` measures whatever the clock says (a replay does); `measure` is how a program
    is measured (None: in a process of its own), `most` how many are at most: with 1 the best score ships, be there
    cheaper ones that tie with it. `insist`: the winner ships though it is not worth more than a constant answer, which
    is said all the same."""

    patient: bool = False
    measure: Measure | None = None
    most: int = MOST_SHOWN
    insist: bool = False


@dataclass(slots=True)
class Finish:
    """The state of finishing one build."""

    prepared: Prepared
    result: Result
    store: Store
    clock: Clock
    listen: Listener
    terms: "Terms"
    costs: dict[str, Cost] = field(default_factory=dict)
    shipped: dict[str, Shipped] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The build's folder."""
        return self.prepared.root

    def folder(self, key: str) -> Path:
        """Where the Program that would ship for a trial lies; assembled anew in each run, for a run may be killed."""
        folder = self.root / "ship" / key
        if key not in self.shipped:
            shutil.rmtree(folder, ignore_errors=True)
            trial = self.trial(key)
            self.shipped[key] = shipped = assemble(self.root, trial, self.prepared.task, folder)
            if shipped.note:
                self.listen(Notice("note", f"{trial.candidate.family}: {shipped.note}"))
        return folder

    def trial(self, key: str) -> Trial:
        """The trial of that key."""
        return next(trial for trial in self.result.trials if trial.key == key)


def board_now(work: Finish) -> Board:
    trials = [_withheld(work, trial) for trial in work.result.trials]
    trials = [
        msgspec.structs.replace(trial, cost=work.costs[trial.key]) if trial.key in work.costs else trial
        for trial in trials
    ]
    prepared = work.prepared
    board = build_board(work.root, prepared.dataset, prepared.metric, trials, prepared.seed)
    said = judge_words(prepared.task, agreement(prepared.task, None, work.root)) if prepared.task.judge else ()
    if board.winner is not None:
        said = (*said, *output_words(work.root, prepared.dataset, work.trial(board.winner), prepared.seed))
    return msgspec.structs.replace(board, reasons=(*board.reasons, *said))


def _withheld(work: Finish, trial: Trial) -> Trial:
    """A trial of an earlier run whose programs send rows away, where this run has no leave for that, as refused: it
    must not win what it may not do."""
    if trial.effect != "external" or trial.state != "done" or work.prepared.task.privacy.external:
        return trial
    away = {one.host for one in externals(open_program(fold_folder(work.root / trial.folder, 0) / PROGRAM))} - {LOCAL}
    if not away:
        return trial
    note = f"it sends rows to {', '.join(sorted(away))}, as an earlier run was allowed to; this one is not (--external)"
    return msgspec.structs.replace(trial, state="refused", score=None, note=note)


def measure_one(work: Finish, key: str) -> bool:
    """Assemble the Program that would ship for a trial and measure it in a process of its own; False where it cannot
    be measured (the money ran out, it hangs), which is said."""
    folder = work.folder(key)
    rows = take(work.prepared.dataset.table, work.prepared.train[:200])
    asks = bool(externals(open_program(folder)))
    seconds = max(0.5, 0.15 * work.result.plan.reserve) if asks and work.result.plan else 0.5
    paid = row_money(work, key) if asks else None
    try:
        ledger = work.root / LEDGER_FILE
        cost = (work.terms.measure or measure)(
            folder, work.prepared.task, rows, seconds=seconds, ledger=ledger, money=paid
        )
    except SmeatonError as error:
        family = work.trial(key).candidate.family
        work.listen(Notice("note", f"{family} cannot be chosen: {error.message}"))
        return False
    work.costs[key] = cost
    work.store.put_cost(key, cost)
    return True


def row_money(work: Finish, key: str) -> float | None:
    """The mean dollars of a row over all that were answered out of fold; NaN where a price is unknown, None where the
    trial kept no costs."""
    from smeaton.task.arrays import open_table
    from smeaton.trials.evaluate import OOF

    # A refit has no answers out of fold: what is known of its rows is what its parent's took.
    answers = open_table(work.root / "trials" / (work.trial(key).estimated_from or key) / OOF)
    return float(np.mean(answers[COST])) if COST in answers else None
