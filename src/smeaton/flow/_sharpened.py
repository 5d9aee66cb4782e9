"""Intervals of what ships, made as wide as each row needs where that is better."""

import math

import msgspec

from smeaton.data.split import open_folds
from smeaton.errors import SmeatonError
from smeaton.flow._finishing import Finish, board_now, measure_one
from smeaton.leaderboard.forms import BOARD_FILE, Board
from smeaton.runtime.files import durable_write
from smeaton.trials.notice import Notice
from smeaton.trials.record import Cost
from smeaton.trials.seal import seal
from smeaton.trials.spread import blunt, sharpen

SPREAD_FILE = "spread.json"  # keys of the trials whose intervals have a model of their own


def sharpened(work: Finish, board: Board, key: str) -> Board:
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
    before = work.costs[key]
    work.shipped.pop(key, None)
    if not work.terms.patient:  # the cost a replay knows is that of the sharpened program
        work.costs.pop(key)
    if key in work.costs or measure_one(work, key):
        found = board_now(work)
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
    return board_now(work)
