"""`assemble`: all sections that a build has, in their order, as one report."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from operator import itemgetter

from smeaton import __version__, plugins
from smeaton.errors import DataError, SmeatonError
from smeaton.insight.forms import Report
from smeaton.leaderboard.forms import BOARD_FILE
from smeaton.reporting.build import Build
from smeaton.reporting.forms import BuildReport, Section
from smeaton.reporting.sections import Part


def assemble(build: Build, made: Callable[[Section], object] = lambda section: None) -> BuildReport:
    """The report of a build. A section that does not apply, or whose files are gone, is left out and says why; `made`
    is told of each of the others as soon as it is there.

    Raises:
        DataError: there is no readable board, or no column of a name that the reader gave.
    """
    board, task = build.board, build.task
    if board.winner is not None:
        for name in build.wish.across:
            build.column(name)
    sections: list[tuple[int, Section]] = []
    left_out: dict[str, str] = {}
    first, *others = parts()
    for part in (*others, first):  # the first one sums the others up, and waits for what is looked for beside
        why = part.applies(build)
        try:
            if not why:
                section = part.make(build)
                sections.append((part.order, section))
                made(section)
        except SmeatonError as error:
            why = f"{error.where}: {error.message}" if error.where else error.message
        if why:
            left_out[part.title] = why
    chosen = None if board.winner is None else board[board.winner]
    manifest = build.manifest
    return BuildReport(
        version=__version__,
        task=board.task,
        goal=task.goal or "",
        target=task.target,
        metric=board.metric,
        better=board.better,
        outcome="no solution" if chosen is None else manifest.outcome if manifest is not None else "unknown",
        solution="" if chosen is None else chosen.name,
        trial="" if chosen is None else chosen.key,
        built=_ended(build),
        sections=tuple(section for _, section in sorted(sections, key=itemgetter(0))),
        left_out=left_out,
        found=_found(build, left_out),
        seconds=round(time.monotonic() - build.start, 3),
    )


def parts() -> list[Part]:
    """All sections, in their order."""
    found: list[Part] = [plugins.load("sections", name) for name in plugins.names("sections")]
    return sorted(found, key=lambda part: part.order)


def _found(build: Build, left_out: dict[str, str]) -> Report | None:
    try:
        return build.found
    except DataError as error:
        left_out.setdefault("What the answers say about the data", error.message)
        return None


def _ended(build: Build) -> str:
    """When the board was last written."""
    moment = (build.root / BOARD_FILE).stat().st_mtime
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
