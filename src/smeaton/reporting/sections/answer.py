"""The answer: what was chosen, how good it is, what it costs, how fast it is, and what to worry about."""

from collections.abc import Iterator

from smeaton.leaderboard.forms import Row
from smeaton.metrics._defaults import load_metric
from smeaton.reporting.build import Build
from smeaton.reporting.forms import Fact, Figure, Mood, Section
from smeaton.reporting.sections._amounts import amount, axis, count, ends, gap, gaps, unit_of
from smeaton.reporting.sections._compared import (
    WORDS,
    Lead,
    baseline_of,
    compare,
    evidence_key,
    own_of,
    plain_metric,
    runner_up,
)
from smeaton.reporting.sections._solutions import family_words, own_rows
from smeaton.reporting.sections._worries import as_interval, asked, ranking_score, worries
from smeaton.task.arrays import open_table
from smeaton.task.units import show_bytes, show_dollars, show_seconds
from smeaton.trials.evaluate import OOF, ROW
from smeaton.trials.record import Interval

_SHIPS = {
    "bag": "what ships averages the programs of all folds",
    "holdout": "what ships is the very program that was judged",
    "fold": "what ships is the program of the first fold",
    "refit": "what ships is fitted again on all rows",
}
_OUTCOMES: dict[str, tuple[str, Mood, str]] = {
    "ready": ("ready", "good", "no limit, bar or suspect stands in the way"),
    "not ready": ("not ready", "bad", "read below what stands in the way"),
    "no solution": ("no solution", "bad", "nothing beats the simplest answer for certain"),
    "unknown": ("unknown", "warn", "no bundle of this build is there"),
}


class AnswerSection:
    """The answer first: facts to be read from afar, one figure, and what to worry about."""

    order = 10
    title = "The answer"

    def applies(self, build: Build) -> str:
        """See the contract."""
        return "" if build.board.winner is not None else "nothing could be scored, so nothing was chosen"

    def make(self, build: Build) -> Section:
        """See the contract."""
        task, manifest = build.task, build.manifest
        outcome = manifest.outcome if manifest is not None else "unknown"
        goal = f" ({task.goal.strip().rstrip('.')})" if task.goal and task.goal.strip() else ""
        base, own = baseline_of(build.board), own_of(build)
        against = compare(build, base, plain_metric(task, build.board)) if base is not None else None
        mine = None if own[0] is None or _is_own(build) else compare(build, own[0], build.board.metric)
        return Section(
            id="answer",
            title=self.title,
            shows=f"What was chosen to answer `{task.target}`{goal}, how good it is, and what it costs.",
            do=_do(outcome, build),
            teach=(
                "The sealed test is a part of the rows that was put away before anything was tried, and opened once "
                "for what was chosen: nobody tuned anything on it, so its score is what to expect on new rows of the "
                "same kind. Validation rows chose the winner, which flatters it a little. A 95 % interval says where "
                "the true score probably lies. The simplest answer always says the same, without looking at the row: "
                "what is not clearly better than that is worth nothing."
            ),
            facts=(_outcome(outcome), _chosen(build), *_quality(build, against, own, mine), *_costs(build)),
            notes=worries(build),
            figures=(_figure(build, base, own[0]),),
            grids=tuple(asked(build)),
        )


def _do(outcome: str, build: Build) -> str:
    name = build.bundle.name
    if outcome == "ready":
        return f"Look at where it is wrong, further down; then serve it with `smeaton serve {name}`."
    if outcome == "not ready":
        return (
            "Deal with each reason marked below, or accept what you have looked at, and build again before you use it."
        )
    if outcome == "no solution":
        return "Do not use it: look for columns that say more about the answer, or for more rows, and build again."
    return "Build again to have a bundle that can be served and whose sealed test is known."


def _outcome(outcome: str) -> Fact:
    value, mood, note = _OUTCOMES[outcome]
    return Fact(name="outcome", value=value, mood=mood, note=note)


def _chosen(build: Build) -> Fact:
    how = "" if build.manifest is None else f"; {_SHIPS.get(build.manifest.winner.how, build.manifest.winner.how)}"
    return Fact(
        name="chosen", value=build.winner.name, note=f"{family_words(build.winner, build.board, build.task)}{how}"
    )


def _quality(
    build: Build, against: Lead | None, own: tuple[Row | None, Row | None], mine: Lead | None
) -> Iterator[Fact]:
    board = build.board
    yield from _sealed(build)
    if board.winner == board.baseline:
        said = "nothing that was tried is better than always giving the same answer"
        yield Fact(name="against the simplest answer", value="no better", note=said, mood="bad")
    elif board.lead is not None:
        sure: Mood = "good" if board.lead.low > 0 else "bad"
        side = "better" if board.lead.value >= 0 else "worse"
        paired = f"{gap(board.lead.value, board.unit)} {side} (95 % interval {gaps(board.lead, board.unit)})"
        said = f"{board.metric} on validation is {paired}"
        if against is not None and against.metric != board.metric:
            said = f"{against.long()}; {said}"
        value = said if against is None else _short(against, build)
        yield Fact(name="against the simplest answer", value=value, note=said, mood=sure)
    yield from _own(build, own, mine)


def _short(lead: Lead, build: Build) -> str:
    better = load_metric(lead.metric, build.task).better
    return f"{lead.short(better)} {WORDS.get(lead.metric, lead.metric)}" if better == "lower" else lead.short(better)


def _sealed(build: Build) -> Iterator[Fact]:
    """The sealed test in the metric that ranks, and in one that people understand; validation where there is none."""
    board, manifest, task = build.board, build.manifest, build.task
    test = None if manifest is None else ranking_score(manifest, board)
    if manifest is None or test is None:
        score = build.winner.score
        if score is not None:
            said = f"{ends(score, board.unit)} (95 % interval), on the rows that chose it: no sealed test is known"
            yield Fact(
                name=f"{board.metric} on validation", value=amount(score.value, board.unit), note=said, mood="warn"
            )
        return
    opened = manifest.data.test_opened
    times = "once" if opened == 1 else f"{opened} times"
    rows = f"{count(test.rows, 'row')} that nobody tuned on; opened {times}"
    plain = plain_metric(task, board)
    easy = next((score for score in manifest.test if score.metric == plain and plain != board.metric), None)
    if easy is not None:
        unit = unit_of(plain, board, task)
        said = f"{plain}, {ends(as_interval(easy), unit)} (95 % interval) on {rows}"
        yield Fact(name=f"{WORDS.get(plain, plain)}, sealed test", value=amount(easy.value, unit), note=said)
    said = f"{ends(as_interval(test), board.unit)} (95 % interval), {board.better} is better; {rows}"
    yield Fact(name=f"{board.metric}, sealed test", value=amount(test.value, board.unit), note=said)


def _own(build: Build, own: tuple[Row | None, Row | None], mine: Lead | None) -> Iterator[Fact]:
    """Against what the user brought along: what is used today, where that is it."""
    best, without = own
    if _is_own(build):
        yield Fact(name="against your own", value="it is your own", note="nothing that was tried is better and fits")
    elif mine is not None:
        mood: Mood = "good" if mine.lead.low > 0 else ""
        value = f"{gap(mine.lead.value, mine.unit)} {'better' if mine.lead.value >= 0 else 'worse'}"
        yield Fact(name=f"against your own {mine.other.name}", value=value, note=mine.long(), mood=mood)
    elif best is None and without is not None:
        note = without.why or without.state
        yield Fact(name=f"against your own {without.name}", value="not known", note=note, mood="warn")


def _is_own(build: Build) -> bool:
    """Whether what ships is what the user brought along."""
    return any(row.key == build.winner.key for row in own_rows(build.board, build.task))


def _costs(build: Build) -> Iterator[Fact]:
    cost = build.winner.cost
    if cost is None:
        yield Fact(name="cost, speed, size", value="not measured", mood="warn")
        return
    if cost.cost_per_1k is None:
        yield Fact(name="1,000 answers", value="price unknown", note="the price of a model is not known", mood="warn")
    else:
        million = f"a million cost {show_dollars(1_000 * cost.cost_per_1k)}"
        yield Fact(
            name="1,000 answers", value=show_dollars(cost.cost_per_1k), note=f"{million}; computing time and models"
        )
    half = f"half of them within {show_seconds(cost.p50)}; 95 of 100 single calls, one caller"
    yield Fact(name="one answer (p95)", value=show_seconds(cost.p95), note=half)
    memory = "" if cost.memory is None else f"needs {show_bytes(cost.memory)} of memory"
    yield Fact(name="size", value=show_bytes(cost.size), note=memory)


def _figure(build: Build, base: Row | None, own: Row | None) -> Figure:
    """What ships on both kinds of rows, beside the others."""
    board, manifest, winner = build.board, build.manifest, build.winner
    lines: list[tuple[str, Interval, str, str]] = []
    test = None if manifest is None else ranking_score(manifest, board)
    if test is not None:
        lines.append(("chosen, sealed test", as_interval(test), "", f"{test.rows:,} rows nobody tuned on"))
    if winner.score is not None:
        lines.append(("chosen, validation", winner.score, "", winner.name))
    if board.later is not None:
        lines.append(("chosen, later rows", board.later, "warn", "where it will probably lie"))
    second = runner_up(board, winner)
    if second is not None and second.score is not None and second is not own:
        lines.append((f"next: {second.name}", second.score, "muted", second.why))
    if own is not None and own.score is not None and not _is_own(build):
        lines.append((f"yours: {own.name}", own.score, "muted", own.why))
    if base is not None and base.score is not None:
        lines.append(("always the same answer", base.score, "muted", "the simplest answer"))
    return Figure(
        id="standing",
        chart="interval_bars",
        title="How good is it, against what?",
        says=_says(build, lines, test is not None, base),
        how=_how(build, test is not None),
        columns={
            "name": [name for name, *_ in lines],
            "value": [score.value for _, score, *_ in lines],
            "low": [score.low for _, score, *_ in lines],
            "high": [score.high for _, score, *_ in lines],
            "mood": [mood for *_, mood, _ in lines],
            "note": [note[:140] for *_, note in lines],
        },
        x=axis(board),
        options={"kind": "share"} if board.unit == "share" else {},
    )


def _says(build: Build, lines: list[tuple[str, Interval, str, str]], sealed: bool, base: Row | None) -> str:
    board = build.board
    if not lines:
        return "There is no score to draw."
    score = lines[0][1]
    said = f"{build.winner.name} has {board.metric} {amount(score.value, board.unit)} ({ends(score, board.unit)}) on "
    said += "the sealed test" if sealed else "validation"
    if base is None or base.score is None:
        return f"{said}."
    return f"{said}; always the same answer has {amount(base.score.value, board.unit)}."


def _how(build: Build, sealed: bool) -> str:
    board, plan = build.board, build.past.plan
    held = len(open_table(build.root / "trials" / evidence_key(build.winner) / OOF)[ROW])
    folds = plan.folds if plan is not None else len(build.folds)
    split = f"{folds} folds" if folds > 1 else "one holdout"
    said = (
        f"Validation: {board.metric} of answers to {count(held, 'row')}, each by a program not fitted on it ({split})."
    )
    if sealed:
        said += " Sealed test: the program that ships, on rows put away before anything was tried."
    said += " Lines are 95 % intervals by resampling rows (bootstrap)"
    return f"{said}{'; ' + board.intervals if board.intervals else ''}. Scores on different rows are not paired."


part = AnswerSection()
