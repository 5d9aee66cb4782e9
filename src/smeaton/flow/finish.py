"""After the search: measure what may win, choose, open the sealed test once, judge, and write the bundle."""

import msgspec

from smeaton.errors import NoSolution
from smeaton.flow._finishing import Finish, Terms, measure_one
from smeaton.flow._measured import measured_board
from smeaton.flow._sealed import open_test
from smeaton.flow._sharpened import sharpened
from smeaton.flow._shipped import ship
from smeaton.flow.outcome import Built
from smeaton.flow.prepare import Prepared
from smeaton.leaderboard.forms import BOARD_FILE, Board
from smeaton.leaderboard.outcome import decide
from smeaton.runtime.check import externals
from smeaton.runtime.files import durable_write, open_program
from smeaton.trials.clock import Clock
from smeaton.trials.notice import Listener, Notice
from smeaton.trials.record import Cost
from smeaton.trials.setup import Result
from smeaton.trials.store import Store

UNSEALED = "no test was sealed (test.share: 0): nothing but the score on validation is known"


def finish(
    prepared: Prepared, result: Result, store: Store, clock: Clock, listen: Listener, terms: Terms | None = None
) -> Built:
    """Choose among the trials and ship the winner.

    Raises:
        NoSolution: not even the constant baseline could be scored.
    """
    work = Finish(prepared, result, store, clock, listen, terms or Terms(), _costs(result, store))
    listen(Notice("phase", "measuring"))
    board, won = _measured(work)
    listen(Notice("phase", "sealed test"))
    key = _to_ship(work, board, won)
    board = sharpened(work, board, key)
    test, opened, later = open_test(work, key)
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
    bundle = ship(work, board, key, ending, test, opened)
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


def _costs(result: Result, store: Store) -> dict[str, Cost]:
    """What was measured of the trials that are there: a replay that was ended has not repeated all of them."""
    there = {trial.key for trial in result.trials}
    return {key: cost for key, cost in store.costs().items() if key in there}


def _measured(work: Finish) -> tuple[Board, str]:
    """The board with what was measured, written and told, and the key of what wins.

    Raises:
        NoSolution: nothing could be scored, or nothing measured.
    """
    board = measured_board(work)
    durable_write(work.root / BOARD_FILE, msgspec.json.encode(board))
    work.listen(Notice("board", "", {"board": board}))
    if board.winner is None or not work.costs:
        bars = work.prepared.task.bars
        reasons = decide(board, bars).reasons if board.winner is None else ("nothing could be measured",)
        raise NoSolution(
            "; ".join(reasons),
            fix="read the reasons with: smeaton board; more time, more money or cleaner data may help",
            where=str(work.root),
        )
    return board, board.winner


def _to_ship(work: Finish, board: Board, winner: str) -> str:
    """The winner; where it is not worth more than a constant answer, that answer."""
    if work.terms.insist or board.baseline is None or decide(board, {}).state != "no solution":
        return winner
    measured = board.baseline in work.costs or measure_one(work, board.baseline)
    return board.baseline if measured else winner


def _broken_promises(work: Finish, key: str) -> list[str]:
    """What the task asked for and this build did another way."""
    task = work.prepared.task
    found = []
    if task.limits.device != "cpu":
        found.append(f"limits.device {task.limits.device!r} was asked for, and it runs on the cpu")
    if task.limits.offline and any(not one.local for one in externals(open_program(work.folder(key)))):
        found.append("limits.offline was asked for, and it talks to other machines")
    return found
