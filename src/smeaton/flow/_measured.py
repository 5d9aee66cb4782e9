"""The board with the costs of all whose cost decides who wins, and of the best of each family where there is time."""

from smeaton.flow._finishing import Finish, board_now, measure_one, row_money
from smeaton.leaderboard.board import contenders, showpieces
from smeaton.leaderboard.forms import Board
from smeaton.trials.measure import CASCADE_CALLS
from smeaton.trials.notice import Notice
from smeaton.trials.purse import LEDGER_FILE

MOST_MEASURED = 6  # programs assembled and measured; each takes a second or two


def measured_board(work: Finish) -> Board:
    """The board, with the costs of all whose cost decides who wins."""
    board = board_now(work)
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
        if not measure_one(work, todo[0]):
            failed.add(todo[0])
        board = board_now(work)
    board = _showpieces_measured(work, board, failed)
    if not work.costs and failed:
        # Only what was measured may ship: the next best that can be.
        rest = [row.key for row in board.rows if row.rank is not None and row.key not in failed]
        next((key for key in rest if measure_one(work, key)), None)
        board = board_now(work)
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
        if measure_one(work, key):
            board = board_now(work)
        else:
            failed.add(key)
    return board


def _affordable(work: Finish, board: Board, key: str) -> bool:
    """Whether measuring a solution leaves enough money for the sealed test of the winner."""
    from smeaton.llm.ledger import Ledger

    call = row_money(work, key) or 0.0  # NaN, a price nobody knows, is affordable: it was asked before
    if not call > 0:
        return True
    tested = row_money(work, board.winner) or 0.0 if board.winner else 0.0
    ledger = Ledger(work.root / LEDGER_FILE)
    left = ledger.left
    ledger.close()
    return CASCADE_CALLS * call + len(work.prepared.test) * tested < left
