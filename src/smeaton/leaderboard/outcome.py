"""How a build ended: ready, not ready, or no solution, each with its reasons and exit code."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.limits import missed
from smeaton.task.profile import Suspect
from smeaton.task.task import Bar
from smeaton.task.units import show_number, show_range
from smeaton.trials.record import Interval

Ending = Literal["ready", "not ready", "no solution"]
EXIT_CODES: dict[Ending, int] = {"ready": 0, "not ready": 3, "no solution": 4}


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a build ended. `reasons` say what stands in the way (empty when ready); `notes` what to know besides."""

    state: Ending
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """Exit code of the command line."""
        return EXIT_CODES[self.state]


def decide(
    board: Board,
    bars: Mapping[str, Bar],
    suspects: Sequence[Suspect] = (),
    test: Mapping[str, Interval] | None = None,
    broken_promises: Sequence[str] = (),
) -> Outcome:
    """Judge what a build came to.

    Args:
        board: limits and bars were judged on validation when it was made.
        bars: the task's bars, judged again on the sealed test.
        suspects: those without `accepted` stand in the way.
        test: the winner's scores on the sealed test by metric; None = it was not opened.
        broken_promises: what the task asked for and was done another way.
    """
    problems: list[str] = []
    if board.winner is not None:
        winner = board[board.winner]
        problems += [*winner.limits, *winner.bars]
    if test is not None:
        problems += missed(bars, test, "the sealed test")
    problems += [f"{suspect.kind}: {suspect.why}; {suspect.accept}" for suspect in suspects if not suspect.accepted]
    problems += broken_promises
    nothing = _no_solution(board)
    if nothing:
        return Outcome(state="no solution", reasons=(nothing, *problems), notes=_notes(board))
    return Outcome(state="not ready" if problems else "ready", reasons=tuple(problems), notes=_notes(board))


def _no_solution(board: Board) -> str:
    """Why nothing was found; empty if something was."""
    if board.winner is None:
        refused = [f"{row.family}: {row.why}" for row in board.rows if row.state in ("refused", "failed")]
        return "no candidate could be scored" + (f" ({'; '.join(refused)})" if refused else "")
    if board.winner == board.baseline:
        others = [row for row in board.rows if row.rank is not None and row.key != board.baseline]
        barred = "; ".join(f"{row.name}: {row.barred}" for row in board.rows if row.barred)
        if others:
            return "nothing beats the constant baseline"
        return "only the constant baseline could run" if not barred else f"nothing else may be chosen ({barred})"
    lead = board.lead
    if lead is not None and lead.low <= 0:
        family = board[board.winner].family
        by = f"{board.metric} is {show_number(abs(lead.value))} {'better' if lead.value >= 0 else 'worse'}"
        interval = show_range(lead.low, lead.high)
        return f"{family} does not beat the constant baseline at its interval: {by} ({interval})"
    return ""


def _notes(board: Board) -> tuple[str, ...]:
    if board.winner is not None and board.baseline is None:
        return ("no constant baseline could run, so nobody knows what the score is worth",)
    return ()
