"""`Painter`: pictures drawn in a process of its own while the next sections are made, for the engine that draws holds
Python's lock.

    python -m smeaton.reporting.painter

reads a section as JSON a line and writes its pictures as JSON a line.
"""

import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import msgspec

from smeaton.reporting.forms import Section
from smeaton.reporting.svg import Drawn, pictures, warm
from smeaton.trials.process import command, environment

PAINTED = "html"  #: the format that wants pictures
Pictures = dict[str, Drawn]


class Painter:
    """Draws sections one after another. What it could not draw is missing in what it made: whoever wants that draws it
    where the reason is seen."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            command("smeaton.reporting.painter"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        self._queue = ThreadPoolExecutor(1)
        self._begun: dict[str, Future[Pictures | None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the process; with an error at once."""
        if error is not None:
            self._process.kill()
        self._queue.shutdown(cancel_futures=True)
        self._process.kill()
        self._process.communicate()

    def begin(self, section: Section) -> None:
        """Have the figures of a section drawn."""
        self._begun[section.id] = self._queue.submit(self._ask, section)

    def made(self) -> dict[str, Pictures]:
        """The pictures of all sections, by section and figure, when the last one is drawn."""
        done = {name: one.result() for name, one in self._begun.items()}
        return {name: one for name, one in done.items() if one is not None}

    def _ask(self, section: Section) -> Pictures | None:
        given, answers = self._process.stdin, self._process.stdout
        if given is None or answers is None:
            return None
        try:
            given.write(msgspec.json.encode(section) + b"\n")
            given.flush()
            return msgspec.json.decode(answers.readline(), type=Pictures)
        except (OSError, UnicodeError, msgspec.MsgspecError):  # whoever draws the section next sees why
            return None


def main() -> None:
    """Draw what is asked for until nothing more is."""
    warm()
    for line in sys.stdin.buffer:
        made = pictures(msgspec.json.decode(line, type=Section))
        sys.stdout.buffer.write(msgspec.json.encode(made) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
