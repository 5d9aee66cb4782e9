"""A summary in Markdown for a pull request: how it ended, how good it is, the best of the board, what to worry about.

It has fewer than 60 lines whatever the build, and no text of the user's is markup in it.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from smeaton.insight.forms import Report
from smeaton.leaderboard.forms import Board
from smeaton.leaderboard.text import costs, marks, number, related
from smeaton.reporting.build import Build
from smeaton.reporting.exports._files import write_file
from smeaton.reporting.exports._plain import between, code, safe
from smeaton.reporting.forms import BuildReport
from smeaton.task.units import show_bytes, show_dollars, show_seconds

_ROWS, _WORRIES, _FOUND = 5, 8, 8
_MARKS = "`*` ships, `=` ties with the best, `P` on the Pareto front, `!` breaks a limit or a bar."


class Markdown:
    """`report.md`."""

    name = "report.md"

    def write(self, report: BuildReport, build: Build, out: Path) -> Path:
        """See the contract."""
        return write_file(out, summary(report, build, out.parent).encode())


def summary(report: BuildReport, build: Build, folder: Path) -> str:
    """The summary as Markdown. Links are relative to `folder`, where it lies; of one that lies outside the task's
    folder to that, for it will be read elsewhere."""
    within = folder.resolve().is_relative_to(build.folder.resolve())
    parts = [
        [f"# {safe(report.task, 80)}: {report.outcome}", "", *_head(report, build)],
        _scores(build),
        _board(build.board),
        _list("What to worry about", islice(_worries(build), _WORRIES)),
        _list("What the answers say about the data", islice(_found(report.found), _FOUND)),
        list(_links(build, folder if within else build.folder)),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _head(report: BuildReport, build: Build) -> Iterator[str]:
    if report.goal:
        yield safe(report.goal)
        yield ""
    if not report.trial:
        yield "No solution could be scored."
        return
    board, row = build.board, build.winner
    told = f"It answers {code(report.target)} with {safe(report.solution)}"
    if row.score is not None:
        told += f": {code(board.metric)} {number(row.score.value)} ({between(row.score)}, 95 %) on held-out rows"
        told += f", {report.better} is better"
    yield f"{told}."
    if board.lead is not None:
        lead = board.lead
        sure = "better" if lead.low > 0 else "worse" if lead.high < 0 else "not surely better"
        yield f"That is {sure} than the constant baseline: by {number(lead.value)} ({between(lead)}), row by row."


def _scores(build: Build) -> list[str]:
    """The sealed test and what it costs to run."""
    manifest = build.manifest
    if manifest is None:
        return []
    times = "once" if manifest.data.test_opened == 1 else f"{manifest.data.test_opened} times"
    lines = [f"| sealed test (opened {times}) | value | 95 % interval |", "|---|---|---|"]
    for score in manifest.test[:6]:
        ends = between(score)
        lines.append(f"| {code(score.metric)} on {score.rows:,} rows | {number(score.value)} | {ends} |")
    running = manifest.running
    dollars = "unknown" if running.cost_per_1k is None else show_dollars(running.cost_per_1k)
    said = f"One call: {show_seconds(running.p95)} (p95). 1,000 calls: {dollars}. Size: {show_bytes(running.size)}."
    return [*(lines if manifest.test else []), *([""] if manifest.test else []), said]


def _board(board: Board) -> list[str]:
    ranked = [row for row in board.rows if row.rank is not None]
    if not ranked:
        return []
    lines = [
        f"## Board ({safe(board.metric, 60)}, {board.better} is better)",
        "",
        "| | solution | score | 95 % interval | p95 | per 1,000 calls | size | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in ranked[:_ROWS]:
        score = ("", "") if row.score is None else (number(row.score.value), between(row.score))
        cells = (str(row.rank), safe(row.name, 60), *score, *costs(row.cost), marks(row, board).replace("*", "\\*"))
        lines.append(f"| {' | '.join(cells)} |")
    more = len(ranked) - _ROWS
    return [*lines, "", _MARKS + (f" {more:,} more were ranked." if more > 0 else "")]


def _worries(build: Build) -> Iterator[str]:
    """What stands in the way, then what the build noticed."""
    board, manifest = build.board, build.manifest
    if board.winner is not None and manifest is None:
        yield "no bundle of this build was found, so the sealed test is not known"
    if manifest is not None:
        yield from (safe(reason) for reason in manifest.reasons)
        told = " ".join(manifest.reasons)
        for one in manifest.profile.suspects:
            if one.why not in told:
                yield safe(f"{one.kind}: {one.why}" + (" (accepted)" if one.accepted else ""))
        yield from (safe(note) for note in manifest.profile.notes if note not in build.dataset.notes)
    yield from (safe(line) for line in related(board))


def _found(found: Report | None) -> Iterator[str]:
    if found is None:
        return
    for near in found.near:
        of = f"{near.rows:,} of {near.of:,} rows have a near-copy between {near.between}"
        yield safe(f"{of}, {near.same:.0%} with the same answer: a score on a copy is memory")
    if found.conflicting:
        yield f"{found.conflicting:,} training rows have the same inputs as a row with another answer"
    for drift in found.drifts:
        if drift.shifts:
            names = ", ".join(code(shift.column, 40) for shift in drift.shifts[:3])
            more = f" and {len(drift.shifts) - 3:,} more" if len(drift.shifts) > 3 else ""
            yield f"{names}{more}: other values in {drift.second} than in {drift.first}"
        elif drift.p is not None and drift.p <= 0.05 and drift.auc is not None:
            yield f"a classifier tells {drift.second} from {drift.first} (AUC {drift.auc:.2f})"
    if found.suspected:
        chance = f"about {found.expected:,.0f} would by chance, rare and right"
        first = ", ".join(f"{one.example.row:,}" for one in found.suspects[:5])
        of = f"{found.suspected:,} of {found.rows:,} held-out rows"
        yield f"{of} look mislabelled ({chance}); first of all rows {first}"
    if found.confusions:
        mixed = found.confusions[0]
        of = f"{mixed.rows:,} of {mixed.of:,} rows"
        yield f"{code(mixed.given, 40)} is taken for {code(mixed.said, 40)} most: {of} ({mixed.share:.0%})"


def _list(title: str, lines: Iterator[str]) -> list[str]:
    found = [f"- {line}" for line in lines]
    return [f"## {title}", "", *found] if found else []


def _links(build: Build, folder: Path) -> Iterator[str]:
    """Where to read on; only what is there."""
    named = (
        ("the card", build.bundle / "card.md"),
        ("the report", folder / "report.html"),
        ("the task", build.folder / "smeaton.yaml"),
    )
    links = [f"[{name}]({_address(path, folder)})" for name, path in named if path.is_file()]
    if links:
        yield f"Read on: {', '.join(links)}."


def _address(path: Path, folder: Path) -> str:
    """A relative link that holds no character with a meaning in Markdown."""
    from urllib.parse import quote

    return quote(Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix())


part = Markdown()
