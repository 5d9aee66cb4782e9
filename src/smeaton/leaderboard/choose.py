"""Which solution ships, and why: the best score among what fits, or of those that tie with it the cheapest."""

from collections.abc import Sequence
from dataclasses import dataclass

from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.ties import cheapest, oriented, savings
from smeaton.metrics import Better
from smeaton.task.units import show_number, show_range


@dataclass(frozen=True, slots=True)
class Choice:
    """The key of what ships (None: nothing has a score), the reasons in words, and whether it fits every limit and
    bar on validation."""

    key: str | None
    reasons: tuple[str, ...]
    fits: bool = True


def choose(board: Board) -> Choice:
    """Choose from rows whose `behind` and `tie` are known.

    A row that breaks a limit or misses a bar wins only where none fits.
    """
    scored = scored_rows(board.rows)
    best = best_row(scored, board.better)
    if best is None:
        return Choice(None, ("no candidate has a score",), False)
    pool = pool_of(scored)
    tied = [best, *(row for row in pool if row.tie and row.key != best.key)]
    key = cheapest([(row.key, _good(row, board), row.cost) for row in tied])
    winner = next(row for row in tied if row.key == key)
    # What ties with a fit that was made again on all rows has itself seen fewer of them.
    heirs = [(row, heir) for row in (winner, *tied) if (heir := _refit_of(row, scored)) is not None]
    winner, heir = heirs[0] if heirs else (winner, None)
    reasons = [_said(winner, best, pool, board)]
    if heir is not None:
        reasons.append(f"what ships is this {winner.family} fitted again on all rows; the score is of the first fit")
        winner = heir
    out = [row for row in scored if not row.fits and _good(row, board) > _good(winner, board)]
    if not winner.fits:
        reasons.append(f"no solution measured fits: {'; '.join((*winner.limits, *winner.bars))}")
    elif out:
        first = max(out, key=lambda row: _good(row, board))
        more = f" (and {len(out) - 1} more with a better score)" if len(out) > 1 else ""
        reasons.append(f"{first.family} cannot win{more}: {'; '.join((*first.limits, *first.bars))}")
    return Choice(winner.key, tuple(reasons), winner.fits)


def _refit_of(winner: Row, rows: Sequence[Row]) -> Row | None:
    """The winner fitted again on all rows, if there is one that may ship in its place."""
    heirs = (row for row in rows if row.estimated_from == winner.key and row.cost is not None)
    return next((row for row in heirs if row.fits or not winner.fits), None)


def scored_rows(rows: Sequence[Row]) -> list[Row]:
    """Rows of full trials, those that can be ranked."""
    return [row for row in rows if row.state == "done" and row.score is not None and not row.barred]


def worth(row: Row, better: Better) -> float:
    """A row's score without what it owes to luck, as higher = better."""
    return oriented(row.score.value if row.score else 0.0, better) - row.luck


def best_of(rows: Sequence[Row], better: Better) -> Row | None:
    """The row worth most; of equal ones the first by key."""
    ordered = sorted(rows, key=lambda row: (-worth(row, better), row.key))
    return ordered[0] if ordered else None


def pool_of(rows: Sequence[Row]) -> list[Row]:
    """What can win: full trials with a score of their own that fit every limit and bar, or all if none fits; of these
    only measured ones, once anything is measured, for only what was measured is shipped."""
    scored = [row for row in scored_rows(rows) if row.estimated_from is None]
    scored = [row for row in scored if row.cost is not None] or scored
    return [row for row in scored if row.fits] or scored


def best_row(rows: Sequence[Row], better: Better) -> Row | None:
    """The best score among what can win."""
    return best_of(pool_of(rows), better)


def _good(row: Row, board: Board) -> float:
    return worth(row, board.better)


def _said(winner: Row, best: Row, pool: list[Row], board: Board) -> str:
    if winner.key != best.key:
        return f"{best.family} is not better by its interval; {winner.family} is {savings(winner.cost, best.cost)}"
    score = winner.score
    assert score is not None
    ends = show_range(score.low, score.high, 4)
    text = f"{winner.family} has the best {board.metric}: {show_number(score.value, 4)} ({ends})"
    others = [row for row in pool if row.family != winner.family and row.behind is not None]
    if not others:
        return text
    second = max(others, key=lambda row: _good(row, board))
    behind = second.behind
    assert behind is not None
    if behind.value < 0:
        return (
            f"{text}; the best {second.family} scores {show_number(-behind.value)} better, as the best of many: picked "
            f"on other folds than it is scored on, it would be {show_number(second.luck)} worse than that"
        )
    if second.tie:
        saved = savings(winner.cost, second.cost)
        return f"{text}; it ties with {second.family}" + (f" and is {saved}" if saved else "")
    ahead = f"ahead of {second.family} by {show_number(behind.value)} ({show_range(behind.low, behind.high)})"
    if behind.low <= 0:
        ahead += ", which is not certain"
        cheaper = savings(second.cost, winner.cost)
        if cheaper:
            ahead += f"; {second.family} is {cheaper}"
    return f"{text}, {ahead}"
