"""What to worry about before a solution is used, from what a build knows: the worst first."""

from collections.abc import Iterator, Sequence

from smeaton.bundle.manifest import Manifest, Score
from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.limits import missed
from smeaton.leaderboard.ties import oriented
from smeaton.reporting.build import Build
from smeaton.reporting.forms import Grid, Head, Note
from smeaton.reporting.sections._amounts import amount, count, ends, gap, is_finite, unit_of
from smeaton.runtime.check import externals
from smeaton.task.units import show_bytes, show_dollars, show_seconds
from smeaton.trials.later import later_words
from smeaton.trials.record import Interval

_MOST = 3  # notes of the data that are shown here
_FEW_ROWS = 200  # sealed rows below which an interval is wide whatever is done
_RANK = {"bad": 0, "warn": 1, "": 2, "good": 3}


def worries(build: Build) -> tuple[Note, ...]:
    """Everything that stands in the way, that should be looked at, or that a user of the solution should know."""
    found = [*_ending(build), *_sealed(build), *_accepted(build), *_chance(build), *_data(build)]
    return tuple(sorted(found, key=lambda note: _RANK[note.mood]))


def _ending(build: Build) -> Iterator[Note]:
    manifest = build.manifest
    if manifest is None:
        yield Note(
            text=f"No bundle of this build lies at {build.bundle.name}, so its sealed test and its costs are not known "
            "here: run `smeaton build` again.",
            mood="warn",
        )
        winner = build.winner
        yield from (Note(text=reason, mood="bad") for reason in (*winner.limits, *winner.bars))
        return
    yield from (Note(text=reason, mood="bad") for reason in manifest.reasons)
    for external in externals(manifest.program):
        if not external.local:
            said = f"Each answer may send a row to {external.host}, at most {show_dollars(external.price)} a call."
            yield Note(text=said, mood="warn")


def _sealed(build: Build) -> Iterator[Note]:
    """What the sealed test says beside its score."""
    manifest, board = build.manifest, build.board
    if manifest is None:
        return
    test = ranking_score(manifest, board)
    if test is None:
        said = "No rows were sealed for a test" if not manifest.data.test_rows else "The sealed test was not opened"
        yield Note(text=f"{said}: nothing but validation is known, and validation chose what ships.", mood="warn")
        return
    opened, rows = manifest.data.test_opened, manifest.data.test_rows
    if opened > 1:
        said = f"The sealed test of these rows was opened {opened} times, by builds in this folder"
        yield Note(text=f"{said}: choosing by its score would use it up, as if it were validation.", mood="warn")
    score = build.winner.score
    if score is not None and is_finite(score) and not build.winner.estimated_from:
        worst = score.low if board.better == "higher" else score.high
        if oriented(test.value, board.better) < oriented(worst, board.better):
            less = gap(test.value - score.value, board.unit)
            said = f"The sealed test is {less} worse than validation, outside the interval of validation"
            yield Note(text=f"{said}: expect what the sealed test says.", mood="warn")
    if rows < _FEW_ROWS:
        yield Note(text=f"The sealed test has only {count(rows, 'row')}: its interval is wide.")


def _accepted(build: Build) -> Iterator[Note]:
    manifest = build.manifest
    for suspect in manifest.profile.suspects if manifest is not None else ():
        if suspect.accepted:
            yield Note(text=f"Accepted by you ({suspect.kind}): {suspect.why}.", mood="warn")


def _chance(build: Build) -> Iterator[Note]:
    """What the score owes to luck, and what may come."""
    board, winner = build.board, build.winner
    if winner.luck > 0:
        said = f"About {gap(winner.luck, board.unit)} of its validation {board.metric} is the luck of the best of many"
        yield Note(text=f"{said}: picked on other folds than it is scored on, it would be that much worse.")
    lead = board.lead
    if lead is not None and is_finite(lead) and lead.low <= 0:
        yield Note(text="Its lead over the constant answer is not certain: the interval holds 0.", mood="bad")
    if board.later is not None and is_finite(board.later):
        yield Note(
            text=f"{later_words(board.metric, board.later)[:1].upper()}{later_words(board.metric, board.later)[1:]}."
        )


def _data(build: Build) -> Iterator[Note]:
    more = build.manifest.profile.notes if build.manifest is not None else ()
    notes = tuple(dict.fromkeys((*build.dataset.notes, *more)))
    for text in notes[:_MOST]:
        yield Note(text=f"Of the data: {text}.")
    if len(notes) > _MOST:
        yield Note(text=f"{count(len(notes) - _MOST, 'more note')} of the data: see the sections about it.")


def ranking_score(manifest: Manifest, board: Board) -> Score | None:
    """The sealed score in the metric that ranks; None where there is none."""
    return next((score for score in manifest.test if score.metric == board.metric), None)


def as_interval(score: Score) -> Interval:
    """A score of a bundle as a board's."""
    return Interval(score.value, score.low, score.high)


def asked(build: Build) -> list[Grid]:
    """The limits and bars that the task states, and whether they are held."""
    rows = [*_limits(build, build.winner), *_bars(build, build.winner)]
    if not rows:
        return []
    heads = (
        Head(name="", kind="mark"),
        Head(name="you asked for"),
        Head(name="on validation, or measured"),
        Head(name="on the sealed test"),
    )
    how = (
        "Limits are measured on the program that ships. A bar holds where the worse end of the 95 % interval does, on "
        "validation and on the sealed test."
    )
    return [Grid(id="asked", title="What you asked for, and what you get", heads=heads, rows=tuple(rows), how=how)]


def _limits(build: Build, winner: Row) -> Iterator[tuple[str, ...]]:
    limits, cost = build.task.limits, winner.cost
    for name, part, show in (
        ("p95", "p95", show_seconds),
        ("1,000 calls", "cost_per_1k", show_dollars),
        ("size", "size", show_bytes),
        ("memory", "memory", show_bytes),
    ):
        limit: float | None = getattr(limits, part)
        value: float | None = getattr(cost, part, None)
        if limit is not None:
            found = "not known" if value is None else show(value)
            holds = value is not None and value <= limit
            yield "ok" if holds else "bad", f"{name}: at most {show(limit)}", found, ""


def _bars(build: Build, winner: Row) -> Iterator[tuple[str, ...]]:
    manifest = build.manifest
    sealed = {score.metric: as_interval(score) for score in manifest.test} if manifest is not None else {}
    for name, bar in build.task.bars.items():
        unit = unit_of(name, build.board, build.task)
        parts: Sequence[Interval | None] = (winner.judged.get(name), sealed.get(name))
        held = [not missed({name: bar}, {name: part}) for part in parts if part is not None]
        mark = "ok" if held and all(held) else "bad"
        said = ["not known" if part is None else f"{amount(part.value, unit)} ({ends(part, unit)})" for part in parts]
        yield mark, f"{name} {bar.op} {bar.value:g}", *said
