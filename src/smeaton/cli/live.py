"""How a build shows itself: a live board on a terminal, plain lines elsewhere, nothing but errors with --json."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from smeaton.cli._standard import silence
from smeaton.trials.notice import Listener, Notice
from smeaton.trials.record import Trial


@contextmanager
def listener(quiet: bool) -> Iterator[Listener]:
    """The listener that suits where the output goes. Long work never looks dead: lines come at least every few s."""
    if quiet:
        yield lambda notice: None
    elif sys.stdout.isatty():
        with _live() as listen:
            yield listen
    else:
        yield _Lines()


class _Lines:
    """Plain lines with the seconds since the start."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.hinted = False

    def __call__(self, notice: Notice) -> None:
        if notice.kind in ("started", "progress"):
            return
        seconds = time.monotonic() - self.started
        lines = [f"{seconds:6.1f}s  {line}" for line in notice.text.splitlines()[:1]]
        lines += [f"         {line}" for line in notice.text.splitlines()[1:]]
        if seconds > 10 and not self.hinted and notice.kind == "trial":
            self.hinted = True
            lines.append("         (Ctrl-C stops the search and keeps the best so far)")
        try:
            print("".join(f"{line}\n" for line in lines), end="", flush=True)
        except OSError:
            silence()  # nobody reads on (`| head`), or the log's disk is full: the bundle is what a build is for


@contextmanager
def _live() -> Iterator[Listener]:
    from smeaton.extras import needs

    with needs("build"):
        from rich.console import Console
        from rich.live import Live
    console = Console()
    board = _LiveBoard(console)
    with Live(get_renderable=board.render, console=console, refresh_per_second=4, transient=True) as live:
        board.live = live
        yield board


@contextmanager
def paused(listen: Listener) -> Iterator[None]:
    """Nothing is drawn meanwhile, so that a question can be read and answered. The build's clock runs on."""
    live = listen.live if isinstance(listen, _LiveBoard) else None
    if live is not None:
        live.stop()
    try:
        yield
    finally:
        if live is not None:
            live.start()


class _LiveBoard:
    """The best trials so far under the lines of the story."""

    def __init__(self, console: Any) -> None:
        self.console = console
        self.live: Any = None
        self.started = time.monotonic()
        self.trials: dict[str, Trial] = {}
        self.lower = True
        self.running: dict[str, str] = {}
        self.phase = ""

    def __call__(self, notice: Notice) -> None:
        if notice.kind == "started":
            self.running[str(notice.data.get("key", ""))] = notice.text
        elif notice.kind == "trial":
            trial: Trial = notice.data["trial"]
            self.running.pop(trial.key, None)
            self.trials[trial.key] = trial
            self.lower = notice.data.get("better", "lower") == "lower"
        elif notice.kind == "phase":
            self.phase = notice.text
        elif notice.kind != "progress":
            self.console.print(notice.text, highlight=False)

    def render(self) -> Any:
        """The board as a rich table, drawn four times a second."""
        from rich.table import Table

        seconds = time.monotonic() - self.started
        title = f"{seconds:.0f} s  {self.phase}   Ctrl-C stops and keeps the best"
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for name in ("", "family", "score", "95 % interval", "seconds", "note"):
            table.add_column(name, justify="right" if name in ("score", "seconds") else "left")
        done = [trial for trial in self.trials.values() if trial.score is not None and trial.fidelity == 1]
        done.sort(key=lambda trial: trial.score.value if trial.score else 0.0, reverse=not self.lower)
        for rank, trial in enumerate(done[:8], 1):
            score = trial.score
            if score is not None:
                interval = f"{score.low:.4g} to {score.high:.4g}"
                name = trial.candidate.family
                table.add_row(str(rank), name, f"{score.value:.4g}", interval, f"{trial.seconds:.1f}", trial.note[:60])
        for text in list(self.running.values())[:2]:
            table.add_row("…", text, "", "", "", "running")
        return table
