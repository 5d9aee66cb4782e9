"""After the search: measure what may win, choose, open the sealed test once, judge, and write the bundle."""

import json
import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from smeaton.bundle import manifest as form
from smeaton.bundle.write import write_bundle
from smeaton.data.split import open_folds
from smeaton.errors import NoSolution, OutOfMoney, SmeatonError
from smeaton.flow.outcome import Built
from smeaton.flow.prepare import Prepared
from smeaton.leaderboard.board import build_board, contenders, showpieces
from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.outcome import Outcome, decide
from smeaton.leaderboard.outputs import OF_INTERVALS, interval_scores, output_words
from smeaton.llm.endpoint import LOCAL
from smeaton.metrics._defaults import load_metric, usual
from smeaton.metrics._intervals import interval
from smeaton.runtime.call import Call
from smeaton.runtime.check import externals, tolerance_of
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import durable_write, open_program
from smeaton.runtime.ops._embed_memory import on_threads
from smeaton.task.table import COST, LOW, Table, take
from smeaton.task.task import Task
from smeaton.trials.clock import Clock
from smeaton.trials.damage import aside
from smeaton.trials.later import later_score
from smeaton.trials.measure import CASCADE_CALLS, Measure, measure
from smeaton.trials.notice import Listener, Notice
from smeaton.trials.purse import LEDGER_FILE
from smeaton.trials.record import Cost, Interval, Trial
from smeaton.trials.results import PROGRAM, fold_folder
from smeaton.trials.seal import seal
from smeaton.trials.setup import Result
from smeaton.trials.ship import Shipped, assemble
from smeaton.trials.spread import blunt, sharpen
from smeaton.trials.store import Store
from smeaton.trials.verdict import agreement, judge_words, models_of, salt_of, verdicts

MOST_MEASURED = 6  # programs assembled and measured; each takes a second or two
MOST_SHOWN = 10  # the same with those measured only to be compared
BOARD_FILE = "board.json"
SPREAD_FILE = "spread.json"  # keys of the trials whose intervals have a model of their own
UNSEALED = "no test was sealed (test.share: 0): nothing but the score on validation is known"


@dataclass(frozen=True, slots=True)
class Terms:
    """How a build is finished. `patient` measures whatever the clock says (a replay does), `measure` is how a program
    is measured, `most` how many are at most: with 1 the best score ships, be there cheaper ones that tie with it.
    `insist`: the winner ships though it is not worth more than a constant answer, which is said all the same."""

    patient: bool = False
    measure: Measure = measure
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


def finish(
    prepared: Prepared, result: Result, store: Store, clock: Clock, listen: Listener, terms: Terms | None = None
) -> Built:
    """Choose among the trials and ship the winner.

    Raises:
        NoSolution: not even the constant baseline could be scored.
    """
    work = Finish(prepared, result, store, clock, listen, terms or Terms(), dict(store.costs()))
    listen(Notice("phase", "measuring"))
    board = _measured_board(work)
    durable_write(work.root / BOARD_FILE, msgspec.json.encode(board))
    listen(Notice("board", "", {"board": board}))
    if board.winner is None or not work.costs:
        reasons = decide(board, prepared.task.bars).reasons if board.winner is None else ("nothing could be measured",)
        raise NoSolution(
            "; ".join(reasons),
            fix="read the reasons with: smeaton board; more time, more money or cleaner data may help",
            where=str(prepared.root),
        )
    listen(Notice("phase", "sealed test"))
    key = _to_ship(work, board, board.winner)
    board = _sharpened(work, board, key)
    test, opened, later = _open_test(work, key)
    if later is not None:
        board = msgspec.structs.replace(board, later=later)
        durable_write(work.root / BOARD_FILE, msgspec.json.encode(board))
    broken = _broken_promises(work, key)
    sealed = len(prepared.test) > 0
    if not test and sealed:
        broken.append("the money ran out in the sealed test: nobody knows the score; raise budget.money")
    ending = decide(board, prepared.task.bars, prepared.profile.suspects, test if sealed else None, broken)
    if not sealed:
        ending = msgspec.structs.replace(ending, notes=(*ending.notes, UNSEALED))
    listen(Notice("phase", "bundle"))
    bundle = _bundle(work, board, key, ending, test, opened)
    winner = board[key]
    return Built(
        outcome=ending.state,
        reasons=ending.reasons,
        bundle=bundle,
        winner=winner.family,
        metric=prepared.metric,
        validation=winner.score,
        test=test.get(prepared.metric),
        test_rows=len(prepared.test),
        opened=opened,
        seconds=clock.elapsed(),
        trials=sum(trial.state != "refused" for trial in result.trials),
        stopped=result.stopped,
        interrupted=result.interrupted,
        board=board,
        ending=ending,
    )


def _measured_board(work: Finish) -> Board:
    """The board, with the costs of all whose cost decides who wins."""
    board = _board(work)
    failed: set[str] = set()
    # Where language models stand on the board too, some of the time is theirs.
    compared = any(trial.effect == "external" for trial in work.result.trials)
    most = min(work.terms.most, MOST_MEASURED // 2 if compared else MOST_MEASURED)
    while todo := [key for key in contenders(board) if key not in work.costs and key not in failed]:
        reserve = work.result.plan.reserve if work.result.plan else 0.0
        hurried = not work.terms.patient and work.clock.left() < 0.4 * reserve
        if work.costs and (len(work.costs) >= most or hurried):
            names = ", ".join(sorted({board[key].family for key in todo}))
            work.listen(Notice("note", f"not measured for want of time, so not chosen: {len(todo)} more ({names})"))
            break
        if not _measure(work, todo[0]):
            failed.add(todo[0])
        board = _board(work)
    board = _showpieces_measured(work, board, failed)
    if not work.costs and failed:
        # Only what was measured may ship: the next best that can be.
        rest = [row.key for row in board.rows if row.rank is not None and row.key not in failed]
        next((key for key in rest if _measure(work, key)), None)
        board = _board(work)
    return board


def _showpieces_measured(work: Finish, board: Board, failed: set[str]) -> Board:
    """The board with the best of each family measured too, as far as time and money allow: who compares quality with
    cost wants to see what did not win. The money for the sealed test of what wins is not touched."""
    reserve = work.result.plan.reserve if work.result.plan else 0.0
    for key in showpieces(board):
        if len(work.costs) >= work.terms.most or (not work.terms.patient and work.clock.left() < 0.25 * reserve):
            break
        if key in work.costs or key in failed or not _affordable(work, board, key):
            continue
        if _measure(work, key):
            board = _board(work)
        else:
            failed.add(key)
    return board


def _affordable(work: Finish, board: Board, key: str) -> bool:
    """Whether measuring a solution leaves enough money for the sealed test of the winner."""
    from smeaton.llm.ledger import Ledger

    call = _row_money(work, key) or 0.0  # NaN, a price nobody knows, is affordable: it was asked before
    if not call > 0:
        return True
    tested = _row_money(work, board.winner) or 0.0 if board.winner else 0.0
    ledger = Ledger(work.root / LEDGER_FILE)
    left = ledger.left
    ledger.close()
    return CASCADE_CALLS * call + len(work.prepared.test) * tested < left


def _to_ship(work: Finish, board: Board, winner: str) -> str:
    """The winner; where it is not worth more than a constant answer, that answer."""
    if work.terms.insist or board.baseline is None or decide(board, {}).state != "no solution":
        return winner
    measured = board.baseline in work.costs or _measure(work, board.baseline)
    return board.baseline if measured else winner


def _sharpened(work: Finish, board: Board, key: str) -> Board:
    """The board after the intervals of what ships were made as wide as each row needs, where that is better, there is
    time, and it still wins. A replay does what was done."""
    note = work.root / SPREAD_FILE
    done = msgspec.json.decode(note.read_bytes(), type=list[str]) if note.exists() else []
    reserve = work.result.plan.reserve if work.result.plan else 0.0
    seconds = math.inf if work.terms.patient else work.clock.left() - 0.3 * reserve
    if key != board.winner or (work.terms.patient and key not in done):
        return board
    trial, prepared = work.trial(key), work.prepared
    home = work.root / "trials"
    folds = open_folds(work.root / "data")[: len(trial.scores)]
    try:
        if not sharpen(
            home / key, home / (trial.estimated_from or key), prepared.dataset, folds, prepared.seed, seconds
        ):
            return board
    except SmeatonError as error:
        work.listen(Notice("note", f"the intervals stay as they are: {error.message}"))
        return board
    _seal_anew(work, key)
    durable_write(note, msgspec.json.encode(sorted({*done, key})))
    before = work.costs.pop(key)
    work.shipped.pop(key, None)
    if _measure(work, key):
        found = _board(work)
        if found.winner == key:
            durable_write(work.root / BOARD_FILE, msgspec.json.encode(found))
            work.listen(Notice("board", "", {"board": found}))
            return found
    return _blunted(work, key, before)


def _seal_anew(work: Finish, key: str) -> None:
    """What a trial, and the one it has its answers from, hold now is as it should be."""
    for changed in dict.fromkeys((key, work.trial(key).estimated_from or key)):
        seal(work.root / "trials" / changed)


def _blunted(work: Finish, key: str, cost: Cost) -> Board:
    """The board with the intervals of a trial as they were."""
    trial, home = work.trial(key), work.root / "trials"
    folds = open_folds(work.root / "data")[: len(trial.scores)]
    blunt(home / key, home / (trial.estimated_from or key), work.prepared.dataset, folds)
    _seal_anew(work, key)
    work.shipped.pop(key, None)
    work.costs[key] = cost
    work.store.put_cost(key, cost)
    return _board(work)


def _board(work: Finish) -> Board:
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


def _measure(work: Finish, key: str) -> bool:
    """Assemble the Program that would ship for a trial and measure it in a process of its own; False where it cannot
    be measured (the money ran out, it hangs), which is said."""
    folder = work.folder(key)
    rows = take(work.prepared.dataset.table, work.prepared.train[:200])
    asks = bool(externals(open_program(folder)))
    seconds = max(0.5, 0.15 * work.result.plan.reserve) if asks and work.result.plan else 0.5
    paid = _row_money(work, key) if asks else None
    try:
        ledger = work.root / LEDGER_FILE
        cost = work.terms.measure(folder, work.prepared.task, rows, seconds=seconds, ledger=ledger, money=paid)
    except SmeatonError as error:
        family = work.trial(key).candidate.family
        work.listen(Notice("note", f"{family} cannot be chosen: {error.message}"))
        return False
    work.costs[key] = cost
    work.store.put_cost(key, cost)
    return True


def _row_money(work: Finish, key: str) -> float | None:
    """The mean dollars of a row over all that were answered out of fold; NaN where a price is unknown, None where the
    trial kept no costs."""
    from smeaton.task.arrays import open_table
    from smeaton.trials.evaluate import OOF

    # A refit has no answers out of fold: what is known of its rows is what its parent's took.
    answers = open_table(work.root / "trials" / (work.trial(key).estimated_from or key) / OOF)
    return float(np.mean(answers[COST])) if COST in answers else None


def _broken_promises(work: Finish, key: str) -> list[str]:
    """What the task asked for and this build did another way."""
    task = work.prepared.task
    found = []
    if task.limits.device != "cpu":
        found.append(f"limits.device {task.limits.device!r} was asked for, and it runs on the cpu")
    if task.limits.offline and any(not one.local for one in externals(open_program(work.folder(key)))):
        found.append("limits.offline was asked for, and it talks to other machines")
    return found


def _open_test(work: Finish, key: str) -> tuple[dict[str, Interval], int, Interval | None]:
    """Score the Program that ships on the sealed rows, count the opening, and say where a later score will lie for rows
    with a group or a time. No scores where the money ran out, or where no row was sealed."""
    from smeaton.llm.ledger import Ledger

    prepared = work.prepared
    if not len(prepared.test):
        return {}, 0, None
    folder = work.folder(key)
    rows = take(prepared.dataset.table, prepared.test)
    program = open_program(folder)
    hosts = {external.host for external in externals(program) if external.local or prepared.task.privacy.external}
    with Engine(
        program,
        folder,
        work.root / "ship" / f"{key}.state",
        types=prepared.task.input_types,
        allow_external=hosts,
        trust=program.files() if prepared.task.solutions.add else (),
    ) as engine:
        opened = _count_opening(work)
        try:
            with on_threads(os.cpu_count() or 1):
                ledger = Ledger(work.root / LEDGER_FILE)
                answers = engine.run(rows, Call(purse=ledger))
                if prepared.task.checks or prepared.task.judge is not None:
                    known = {prepared.task.target: prepared.dataset.target[prepared.test]}
                    answers = verdicts(
                        prepared.task,
                        {**rows, **(known if prepared.task.answer == "text" else {})},
                        answers,
                        purse=ledger,
                        reference=models_of(program),
                        salt=salt_of(program),
                    )
        except OutOfMoney:
            return {}, opened, None
    names = dict.fromkeys([prepared.metric, *prepared.task.bars, *usual(prepared.task)])
    if LOW in answers:
        names |= dict.fromkeys(OF_INTERVALS)
    scores = {name: _score(work, name, answers) for name in names}
    later = later_score(
        work.root, work.trial(key), prepared.dataset, prepared.metric, prepared.test, answers, prepared.seed
    )
    return scores, opened, later


def _score(work: Finish, name: str, answers: Table) -> Interval:
    prepared = work.prepared
    dataset, test = prepared.dataset, prepared.test
    metric = load_metric(name, prepared.task)
    weight = None if dataset.weight is None else dataset.weight[test]
    group = None if dataset.group is None else dataset.group[test]
    time = None if dataset.time is None else dataset.time[test]
    stats = metric.rows(answers, dataset.target[test], prepared.task.labels, weight, group)
    return Interval(*interval(metric, stats, weight, group, prepared.seed, time))


def _count_opening(work: Finish) -> int:
    """How often these test rows were opened, across all builds in this folder."""
    path = work.root.parent / "openings.json"
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, int]) if path.exists() else {}
    except msgspec.DecodeError:
        kept = aside(path.parent, [path.name], "damaged")
        said = f"the count of openings is damaged; it was moved to {path.parent / kept} and begins anew"
        work.listen(Notice("note", said))
        known = {}
    rows = work.prepared.dataset.rows_hash(work.prepared.test)
    known[rows] = known.get(rows, 0) + 1
    durable_write(path, json.dumps(known, indent=1).encode())
    return known[rows]


def _bundle(work: Finish, board: Board, key: str, ending: Outcome, test: Mapping[str, Interval], opened: int) -> Path:
    prepared = work.prepared
    row, trial = board[key], work.trial(key)
    folder = work.folder(key)
    dataset = prepared.dataset
    trained, tested = len(prepared.train), len(prepared.test)
    validation = {prepared.metric: row.score, **row.judged, **interval_scores(work.root, dataset, trial, prepared.seed)}
    manifest = form.Manifest(
        name=prepared.task.name,
        outcome=ending.state,
        reasons=ending.reasons,
        task=prepared.task,
        program=open_program(folder),
        profile=prepared.profile,
        metric=prepared.metric,
        validation=tuple(_form_score(work, name, score, trained) for name, score in validation.items() if score),
        test=tuple(_form_score(work, name, score, tested) for name, score in test.items()),
        winner=form.Winner(
            family=row.family,
            key=key,
            config=row.config,
            how="refit" if trial.estimated_from else work.shipped[key].kind,
            why=row.why,
            seed=trial.seed,
        ),
        board=tuple(
            form.Entry(
                rank=entry.rank,
                family=entry.family,
                state=entry.state,
                score=entry.score.value if entry.score else None,
                low=entry.score.low if entry.score else None,
                high=entry.score.high if entry.score else None,
                p95=entry.cost.p95 if entry.cost else None,
                size=entry.cost.size if entry.cost else None,
                why=entry.why,
            )
            for entry in board.rows
        ),
        running=form.Running(**msgspec.structs.asdict(work.costs[key])),
        proof=_proof(work, trial),
        data=form.Facts(
            hash=dataset.hash,
            train_rows=trained,
            test_rows=tested,
            test_opened=opened,
            notes=dataset.notes,
        ),
    )
    return write_bundle(bundle_path(prepared.folder, prepared.task), manifest, folder).path


def bundle_path(folder: Path, task: Task) -> Path:
    """Where a task's bundle stands."""
    return folder / f"{task.name}.bundle"


def _form_score(work: Finish, name: str, score: Interval, rows: int) -> form.Score:
    better = load_metric(name, work.prepared.task).better
    return form.Score(metric=name, value=score.value, low=score.low, high=score.high, rows=rows, better=better)


def _proof(work: Finish, trial: Trial) -> form.Proof | None:
    """How the fold programs were compared with what was trained; None for programs that cannot be replayed."""
    from smeaton.trials.results import read_fit

    if trial.parity is None:
        return None
    tolerance = tolerance_of(work.shipped[trial.key].program)
    fits = [read_fit(work.root / trial.folder, fold) for fold in range(len(trial.scores))]
    held = int(np.sum([fit.parity_held for fit in fits]))
    adversarial = int(np.sum([fit.parity_rows for fit in fits])) - held
    return form.Proof(held_rows=held, adversarial_rows=adversarial, largest=trial.parity, tolerance=tolerance)
