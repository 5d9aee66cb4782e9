"""A build in a notebook: the board as HTML that grows while the search goes on.

Only the notebook's own display is used (`IPython.display`, an output that is updated in place): no widgets, no script.
"""

import sys
import time
from html import escape
from typing import Any, Protocol

from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.html import board_html, list_html, table_html
from smeaton.leaderboard.text import number, range_of
from smeaton.metrics import Better
from smeaton.trials.notice import Listener, Notice
from smeaton.trials.record import Trial

_EVERY = 0.5  # seconds between two updates: more often nobody can read, and each is kept in the notebook's traffic
_SHOWN = 8
_NOTES = 6  # the last ones


class Handle(Protocol):
    """An output of a notebook that can be changed."""

    def update(self, shown: Any) -> None:
        """Show something else in its place."""
        ...


class _Html:
    """What a notebook shows by `_repr_html_`, and other places as text."""

    def __init__(self, html: str, text: str) -> None:
        self.html = html
        self.text = text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def in_notebook() -> bool:
    """Whether this code runs in the kernel of a notebook, whose outputs are HTML. Imports nothing."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None
    return shell is not None and getattr(shell, "kernel", None) is not None


def fitting_listener(otherwise: Listener) -> Listener:
    """The live board in a notebook, `otherwise` elsewhere."""
    return notebook_listener() if in_notebook() else otherwise


def notebook_listener() -> Listener:
    """The listener for a notebook. Call it only `in_notebook`."""
    from IPython.display import display

    return LiveHtml(display(_Html("<p>starting …</p>", "starting …"), display_id=True))


class LiveHtml:
    """Gathers what a build tells and shows it, at most twice a second; the end is always shown."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._started = time.monotonic()
        self._last = -_EVERY
        self._trials: dict[str, Trial] = {}
        self._running: dict[str, str] = {}
        self._lines: list[str] = []
        self._phase = ""
        self._board: Board | None = None
        self._better: Better = "lower"

    def __call__(self, notice: Notice) -> None:
        """Take a notice in, and show what is new when it is time."""
        self._take(notice)
        now = time.monotonic()
        if now - self._last >= _EVERY or notice.kind in ("board", "phase", "done"):
            self._last = now
            self._handle.update(_Html(self.render(), notice.text))

    def _take(self, notice: Notice) -> None:
        data = notice.data
        if notice.kind == "started":
            self._running[str(data.get("key", ""))] = notice.text
        elif notice.kind == "trial":
            trial: Trial = data["trial"]
            self._running.pop(trial.key, None)
            self._trials[trial.key] = trial
            self._better = data.get("better", self._better)
        elif notice.kind == "phase":
            self._phase = notice.text
        elif notice.kind == "board":
            self._board = data["board"]
            self._running.clear()
        elif notice.kind != "progress":
            self._lines += notice.text.splitlines()

    def render(self) -> str:
        """The state as HTML."""
        seconds = time.monotonic() - self._started
        head = f"<p><b>{seconds:.0f} s</b> {escape(self._phase)}</p>"
        body = self._race() if self._board is None else board_html(self._board, _SHOWN)
        return f"<div>{head}{body}{list_html(self._lines[-_NOTES:])}</div>"

    def _race(self) -> str:
        """The best so far, and what is being fitted."""
        done = [trial for trial in self._trials.values() if trial.score is not None and trial.fidelity == 1]
        done.sort(key=lambda trial: trial.score.value if trial.score else 0.0, reverse=self._better == "higher")
        rows = [
            (
                str(rank),
                trial.candidate.family,
                number(trial.score.value),
                range_of(trial.score),
                f"{trial.seconds:.1f}",
            )
            for rank, trial in enumerate(done[:_SHOWN], 1)
            if trial.score is not None
        ]
        rows += [("…", text, "", "", "") for text in list(self._running.values())[:2]]
        return table_html("", ("", "solution", "score", "95 % interval", "seconds"), rows, {0, 2, 4})
