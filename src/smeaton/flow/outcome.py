"""`Built`: what a build came to, for people and as JSON."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.frame import board_frame
from smeaton.leaderboard.html import board_html, list_html
from smeaton.leaderboard.outcome import Outcome
from smeaton.leaderboard.text import number, render
from smeaton.trials.record import Interval


@dataclass(frozen=True, slots=True)
class Built:
    """What a build came to. `bundle` is None only if nothing could be scored at all."""

    outcome: str
    reasons: tuple[str, ...]
    bundle: Path | None
    winner: str
    metric: str
    validation: Interval | None
    test: Interval | None
    test_rows: int
    opened: int
    seconds: float
    trials: int
    stopped: str
    interrupted: bool
    board: Board
    ending: Outcome

    @property
    def exit_code(self) -> int:
        """Exit code of the command line: 5 if the user stopped the search and a bundle came of it."""
        return 5 if self.interrupted else self.ending.code

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; scripts rely on these names."""
        return {
            "outcome": self.outcome,
            "reasons": list(self.reasons),
            "bundle": str(self.bundle) if self.bundle else None,
            "winner": self.winner,
            "metric": self.metric,
            "validation": _interval(self.validation),
            "test": _interval(self.test),
            "later": _interval(self.board.later),
            "test_rows": self.test_rows,
            "test_opened": self.opened,
            "seconds": round(self.seconds, 3),
            "trials": self.trials,
            "stopped": self.stopped,
            "interrupted": self.interrupted,
            "board": self.board.as_dict(),
        }

    def summary(self) -> str:
        """The board, the winner and why, the sealed test, the bundle: a screen for people."""
        return "\n".join([render(self.board, rows=8), "", self._headline(), *(f"  {line}" for line in self._facts())])

    def frame(self) -> Any:
        """The board as a pandas frame, one row for each solution; a list of dicts where pandas is not installed."""
        return board_frame(self.board)

    def _headline(self) -> str:
        return f"{self.outcome}: {self.winner or 'nothing'} after {self.trials} trials in {self.seconds:.1f} s"

    def _facts(self) -> list[str]:
        lines = [*self.reasons, *self.ending.notes]
        if self.test is not None:
            score = f"{self.metric} {number(self.test.value)} (95 % interval {number(self.test.low)} to "
            times = "once" if self.opened == 1 else f"{self.opened} times so far"
            lines.append(f"sealed test: {score}{number(self.test.high)}) on {self.test_rows:,} rows, opened {times}")
        if self.bundle is not None:
            lines.append(f"bundle: {_near(self.bundle)}")
        return lines

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self._headline())}</b></p>{list_html(self._facts())}{board_html(self.board, rows=8)}"


def _near(path: Path) -> Path:
    """A path as a person standing here would write it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _interval(found: Interval | None) -> dict[str, float] | None:
    return None if found is None else {"value": found.value, "low": found.low, "high": found.high}
