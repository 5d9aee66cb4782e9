"""The board: every solution with its score, how sure that is, what it costs, and why it stands where it stands."""

from collections.abc import Sequence
from typing import Any

from smeaton.leaderboard.forms import Board, Row
from smeaton.leaderboard.text import related
from smeaton.reporting.build import Build
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._amounts import amount, axis, cell, count, ends, gap, gaps, is_finite

_DRAWN = 15  # solutions in a figure
_LISTED = 50  # rows of the table; the cards hold all
_WHY = 140  # characters of a reason that are read aloud


class BoardSection:
    """Ranked solutions with intervals, their costs, and what did not run."""

    order = 20
    title = "The board"

    def applies(self, build: Build) -> str:
        """See the contract."""
        return "" if build.board.rows else "nothing was tried"

    def make(self, build: Build) -> Section:
        """See the contract."""
        board = build.board
        ranked = [row for row in board.rows if row.rank is not None and is_finite(row.score)]
        barred = [row for row in board.rows if row.rank is None and row.barred and is_finite(row.score)]
        figures = [*_scores(board, ranked), *_behind(board, ranked)]
        grids = [*_table(board, [*ranked, *barred]), *_did_not_run(board)]
        return Section(
            id="board",
            title=self.title,
            shows=f"All that was tried on {board.task}, the best first, judged by {board.metric} on the same rows.",
            do=_do(board, ranked),
            teach=(
                "A score measured on some rows is uncertain: on other rows of the same kind it would be a little "
                "different. The line through each dot is its 95 % interval, where the true score probably lies. Two "
                "solutions that answered the same rows are compared row by row (a paired difference), which tells "
                "much smaller differences apart than the two intervals do. Where even that cannot tell them apart "
                "they tie, and the cheaper one ships."
            ),
            facts=_facts(board, ranked),
            notes=_notes(board, ranked),
            figures=tuple(figures),
            grids=tuple(grids),
        )


def _do(board: Board, ranked: Sequence[Row]) -> str:
    ties = sum(row.tie and row.key != board.winner for row in ranked)
    if board.winner is None:
        return "Read below why nothing could be scored, and mend that first."
    if ties:
        others = "the one that ties" if ties == 1 else f"any of the {ties:,} that tie"
        return (
            f"Take what ships, or {others} with the best if it suits you better: nobody can tell them apart by their "
            "scores."
        )
    return "Take what ships; before you prefer another for its cost, look at how far behind it is."


def _facts(board: Board, ranked: Sequence[Row]) -> tuple[Fact, ...]:
    states = [row.state for row in board.rows]
    found = [Fact(name="judged on all folds", value=count(len(ranked), "solution"))]
    if board.winner is not None:
        ties = sum(row.tie and row.key != board.winner for row in ranked)
        found.append(Fact(name="tie with the best", value=f"{ties:,}", note="no worse for what anybody can tell"))
    early, refused = states.count("stopped"), states.count("refused")
    if early:
        found.append(Fact(name="stopped early", value=f"{early:,}", note="clearly worse after some of the folds"))
    if refused:
        found.append(Fact(name="could not run", value=f"{refused:,}", note="each says what it lacks, below"))
    return tuple(found)


def _notes(board: Board, ranked: Sequence[Row]) -> tuple[Note, ...]:
    said = [Note(text=reason) for reason in (*board.reasons, *related(board))]
    if len(ranked) > _LISTED:
        said.append(Note(text=f"The table holds the first {_LISTED} of {len(ranked):,}; the cards below hold all."))
    return tuple(said)


def _scores(board: Board, ranked: Sequence[Row]) -> list[Figure]:
    if not ranked:
        return []
    shown = ranked[:_DRAWN]
    first = shown[0]
    assert first.score is not None
    sure = ends(first.score, board.unit)
    says = f"{first.name} stands first with {board.metric} {amount(first.score.value, board.unit)} ({sure})"
    worst = shown[-1].score
    if len(shown) > 1 and worst is not None:
        says += f"; number {len(shown)} has {amount(worst.value, board.unit)}"
    left = f" of {len(ranked):,}" if len(ranked) > len(shown) else ""
    return [
        Figure(
            id="scores",
            chart="interval_bars",
            title="How good is each, and how sure is that?",
            says=f"{says}.",
            how=(
                f"{board.metric} of the answers to validation rows, each answered by a program not fitted on it; the "
                f"first {len(shown)}{left} of the board. Lines are 95 % intervals by resampling rows (bootstrap)"
                f"{'; ' + board.intervals if board.intervals else ''}."
            ),
            columns={
                "name": [_name(row) for row in shown],
                "value": [row.score.value if row.score else None for row in shown],
                "low": [row.score.low if row.score else None for row in shown],
                "high": [row.score.high if row.score else None for row in shown],
                "mood": [_mood(row, board) for row in shown],
                "note": [_said(row, board) for row in shown],
            },
            x=axis(board),
            options=_options(board),
        )
    ]


def _behind(board: Board, ranked: Sequence[Row]) -> list[Figure]:
    """How much worse than the best each is, paired: what decides who ties."""
    able = [row for row in ranked if is_finite(row.behind) and row.behind and row.behind.value != 0]
    shown = [row for row in able if row.key != board.baseline][:_DRAWN] or able
    if not shown:
        return []
    sure = [row for row in shown if row.behind and row.behind.low > 0]
    near = shown[0]
    assert near.behind is not None
    says = (
        f"{near.name} is {gap(near.behind.value, board.unit)} {'behind' if near.behind.value > 0 else 'ahead'} "
        f"({gaps(near.behind, board.unit)}); {count(len(sure), 'solution is', 'solutions are')} clearly worse than the "
        "best."
    )
    return [
        Figure(
            id="behind",
            chart="interval_bars",
            title="How far behind the best is each?",
            says=says,
            how=(
                f"The difference in {board.metric} to the best that can win, row by row on the same validation rows "
                "(paired), with its 95 % interval by resampling rows. Right of 0: worse. An interval that holds 0: "
                "nobody can tell. Only the first of the board are compared so."
            ),
            columns={
                "name": [_name(row) for row in shown],
                "value": [row.behind.value if row.behind else None for row in shown],
                "low": [row.behind.low if row.behind else None for row in shown],
                "high": [row.behind.high if row.behind else None for row in shown],
                "mood": [_mood(row, board) for row in shown],
                "note": [_said(row, board) for row in shown],
            },
            x=f"worse by so much {board.metric}",
            options={**_options(board), "rule": 0.0, "rule_name": "the best", "zero": True},
        )
    ]


def _options(board: Board) -> dict[str, Any]:
    return {"kind": "share"} if board.unit == "share" else {}


def _name(row: Row) -> str:
    return row.name if row.rank is None else f"{row.rank}. {row.name}"


def _mood(row: Row, board: Board) -> str:
    if row.key == board.winner:
        return ""
    return "warn" if not row.fits else "muted"


def _said(row: Row, board: Board) -> str:
    said = f"ships; {row.why}" if row.key == board.winner else row.why
    return said if len(said) <= _WHY else said[: _WHY - 1] + "…"


def _table(board: Board, rows: Sequence[Row]) -> list[Grid]:
    shown = rows[:_LISTED]
    if not shown:
        return []
    return [
        Grid(
            id="ranked",
            title="Every solution with a score",
            heads=(
                Head(name="#", kind="number"),
                Head(name="solution"),
                Head(name=board.metric, kind="interval", note=f"on validation, {board.better} is better"),
                Head(name="p95", kind="seconds", note="95 of 100 single calls answer within this"),
                Head(name="1,000 calls", kind="dollars", note="computing time, and what language models ask"),
                Head(name="size", kind="bytes", note="of the files that ship"),
                Head(name="means"),
                Head(name="why it stands here"),
                Head(name="candidate", note="its key; leads to its card"),
            ),
            rows=tuple(_cells(row, board) for row in shown),
            how=(
                "p95, cost and size are measured on the program that would ship, in a process of its own with one "
                "caller and one thread; empty: not measured, as it could not win, or its cost is unknown."
            ),
            strong=tuple(place for place, row in enumerate(shown) if row.key == board.winner),
        )
    ]


def _cells(row: Row, board: Board) -> tuple[Any, ...]:
    cost = row.cost
    return (
        row.rank,
        row.name,
        cell(row.score),
        cost.p95 if cost else None,
        cost.cost_per_1k if cost else None,
        cost.size if cost else None,
        _meaning(row, board),
        row.why,
        row.key,
    )


def _meaning(row: Row, board: Board) -> str:
    flags = (
        ("ships", row.key == board.winner),
        ("ties with the best", row.tie and row.key != board.winner),
        ("on the Pareto front", row.pareto),
        ("breaks a limit or a bar", not row.fits),
        ("must not be chosen", bool(row.barred)),
    )
    return ", ".join(word for word, holds in flags if holds)


def _did_not_run(board: Board) -> list[Grid]:
    """Refused and failed solutions; those with one reason in one row."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in board.rows:
        if row.state in ("refused", "failed"):
            reasons.setdefault((row.state, row.why), []).append(row.name)
    if not reasons:
        return []
    rows = [
        ("could not run" if state == "refused" else "failed", ", ".join(dict.fromkeys(names)), why)
        for (state, why), names in sorted(reasons.items(), key=lambda entry: entry[0][0])
    ]
    heads = (Head(name="what happened"), Head(name="solution"), Head(name="why"))
    return [Grid(id="did_not_run", title="What did not run, and why", heads=heads, rows=tuple(rows))]


part = BoardSection()
