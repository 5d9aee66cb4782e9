"""The search: how the best score came about, what took the time, and what was given up."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from smeaton.leaderboard.forms import Board
from smeaton.reporting.build import Build
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._amounts import amount, axis, count, gap
from smeaton.reporting.sections._tries import FAILED, FINISHED, NEW_BEST, STOPPED, Tries, Try, tries, worst_shown
from smeaton.task.units import show_dollars, show_seconds

_FAMILIES = 12  # bars of what took the time
_DRAWN = 2_000  # tries in a figure
_LATE = 0.2  # of the search: who still gained in its last part may gain more with more time
_NOTABLE = 0.02  # of the width of the winner's interval: less is no gain worth a word
_ENDED = "the search ended: "
_PARTS = {FINISHED: "accent", STOPPED: "muted", FAILED: "bad"}


class SearchSection:
    """The score of each try over time, and the time each family took."""

    order = 40
    title = "The search"

    def applies(self, build: Build) -> str:
        """See the contract."""
        return "" if tries(build.past, build.board.better).found else "nothing was tried: every family refused"

    def make(self, build: Build) -> Section:
        """See the contract."""
        board, found = build.board, tries(build.past, build.board.better)
        return Section(
            id="search",
            title=self.title,
            shows="How the best score came about try by try, and what the time was spent on.",
            do=_do(found, board),
            teach=(
                "A search tries one configuration after the other and keeps the best. The line steps up whenever a "
                "try is better than all before it; long flat stretches mean that more tries find nothing. Tries that "
                "are clearly worse after some of the folds are stopped, so that the time goes to better ones. The best "
                "of many tries is partly the luckiest: that is why the sealed test is opened only once, for what ships."
            ),
            facts=_facts(found, board),
            notes=_notes(build, found),
            figures=(_path(found, board), *_time(found)),
            grids=tuple(_given_up(found)),
        )


def _do(found: Tries, board: Board) -> str:
    gain = found.late_gain(board.better, _LATE)
    if gain is None:
        return "Build again with a longer budget.time if you want more to choose from."
    score = board[board.winner].score if board.winner is not None else None
    if score is not None and gain > _NOTABLE * (score.high - score.low):
        return (
            f"The best single solution still gained {gap(gain, board.unit)} in the last fifth of the search: a longer "
            "budget.time may well find something better."
        )
    return (
        "The best single solution hardly gained in the last fifth of the search: more time will hardly help; better "
        "rows, more rows or other columns may."
    )


def _facts(found: Tries, board: Board) -> tuple[Fact, ...]:
    families = {one.trial.candidate.family for one in found.found}
    states = Counter(one.state for one in found.found)
    facts = [Fact(name="tried", value=count(len(found.found), "candidate"), note=f"of {_families(len(families))}")]
    gain = found.last_gain
    if gain is not None and gain.best is not None:
        when = f"after {show_seconds(gain.at)}" if found.timed else f"try {gain.at:.0f}"
        of = f"of {show_seconds(found.end)}" if found.timed else f"of {len(found.found)}"
        said = f"{gain.trial.candidate.family}, {board.metric} {amount(gain.best, board.unit)}; {of}"
        facts.append(Fact(name="the best came", value=when, note=said))
    work = sum(one.trial.seconds for one in found.found)
    facts.append(Fact(name="work", value=show_seconds(work), note="of all fits together; several run at a time"))
    given_up = states[STOPPED] + states[FAILED]
    if given_up:
        note = f"{states[FAILED]:,} of them failed" if states[FAILED] else "before they took more time"
        facts.append(Fact(name="given up", value=f"{given_up:,}", note=note, mood="warn" if states[FAILED] else ""))
    money = sum(one.trial.money for one in found.found)
    if money > 0:
        facts.append(Fact(name="spent on language models", value=show_dollars(money)))
    return tuple(facts)


def _families(number: int) -> str:
    return "1 family" if number == 1 else f"{number} families"


def _notes(build: Build, found: Tries) -> tuple[Note, ...]:
    said = [Note(text=f"The search ended: {line[len(_ENDED) :]}.") for _, line in _last(build) if line]
    plan = build.past.plan
    if plan is not None:
        said += [Note(text=f"The plan: {line}.") for line in plan.lines[:1]]
    if found.sittings > 1:
        said.append(Note(text=f"The tries are of {found.sittings} builds in this folder, one after the other."))
    if not found.timed:
        said.append(Note(text="This build did not note when its tries ended: they stand in their order."))
    return tuple(said)


def _last(build: Build) -> Sequence[tuple[str, str]]:
    """Why the last search ended, as it was said."""
    return [notice for notice in build.past.notices if notice[1].startswith(_ENDED)][-1:]


def _path(found: Tries, board: Board) -> Figure:
    shown = found.found[-_DRAWN:]
    worst = worst_shown(shown, board.better)
    options: dict[str, Any] = {"flip": board.better == "lower", "worst": worst, "end": found.end}
    if board.unit == "share":
        options["kind"] = "share"
    edge = "" if worst is None else f" What is worse than {amount(worst, board.unit)} stands on the lower edge."
    left = f" The last {len(shown):,} are drawn." if len(found.found) > len(shown) else ""
    return Figure(
        id="path",
        chart="best_so_far",
        title="How the best score came about",
        says=_seen(found, board),
        how=(
            f"Each try where it ended{'' if found.timed else ' in their order'}, with {board.metric} on the validation "
            "rows of all folds. The line is the best until then. A try that was stopped early or failed has no score "
            f"and stands on the lower edge.{edge}{left}"
        ),
        columns={
            "at": [round(one.at, 3) for one in shown],
            "score": [_score(one) for one in shown],
            "state": [one.state for one in shown],
            "name": [one.trial.candidate.family for one in shown],
            "best": [one.best for one in shown],
            "key": [one.trial.key for one in shown],
            "note": [one.trial.candidate.why for one in shown],
        },
        x="seconds since the build began" if found.timed else "number of the try",
        y=axis(board),
        options=options,
    )


def _score(one: Try) -> float | None:
    return one.trial.score.value if one.trial.score is not None and one.state not in (STOPPED, FAILED) else None


def _seen(found: Tries, board: Board) -> str:
    gains = [one for one in found.found if one.state == NEW_BEST]
    if not gains:
        return "No try has a score."
    first, last = gains[0], gains[-1]
    assert first.best is not None
    assert last.best is not None
    if len(gains) == 1:
        return f"{first.trial.candidate.family} came first with {amount(first.best, board.unit)}; nothing was better."
    when = f"after {show_seconds(last.at)}" if found.timed else f"with try {last.at:.0f} of {len(found.found)}"
    return (
        f"From {amount(first.best, board.unit)} ({first.trial.candidate.family}) to {amount(last.best, board.unit)} "
        f"({last.trial.candidate.family}) in {len(gains)} steps, the last one {when}."
    )


def _time(found: Tries) -> list[Figure]:
    """What the work was spent on, by family, and what came of it."""
    spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one in found.found:
        part = one.state if one.state in _PARTS else FINISHED
        spent[one.trial.candidate.family][part] += one.trial.seconds
    ordered = sorted(spent, key=lambda family: -sum(spent[family].values()))
    whole = sum(sum(parts.values()) for parts in spent.values())
    if len(ordered) < 2 or whole <= 0:
        return []
    others = f"{len(ordered) - _FAMILIES + 1} others"
    names = {family: family for family in ordered}
    if len(ordered) > _FAMILIES:
        names |= dict.fromkeys(ordered[_FAMILIES - 1 :], others)
    cells: dict[tuple[str, str], float] = defaultdict(float)
    for family in ordered:
        for part in _PARTS:
            cells[names[family], part] += spent[family].get(part, 0.0)
    kept = [(name, part, round(value, 3)) for (name, part), value in cells.items() if value > 0]
    tried = Counter(names[one.trial.candidate.family] for one in found.found)
    parts = {part: meaning for part, meaning in _PARTS.items() if any(part == kind for _, kind, _ in kept)}
    share = sum(spent[ordered[0]].values()) / whole
    lost = sum(value for _, part, value in kept if part != FINISHED) / whole
    return [
        Figure(
            id="time",
            chart="stacked_bars",
            title="What the time was spent on",
            says=f"{ordered[0]} took most: {share:.0%} of the work; {lost:.0%} went to tries that were given up.",
            how="Seconds that all fits of a family took together, by what came of the try; several run at a time.",
            columns={
                "name": [name for name, _, _ in kept],
                "value": [value for _, _, value in kept],
                "part": [part for _, part, _ in kept],
                "note": [count(tried[name], "candidate") for name, _, _ in kept],
            },
            x="seconds of work",
            options={"parts": parts, "unit": "seconds"},
        )
    ]


def _given_up(found: Tries) -> list[Grid]:
    """What was stopped or failed, by family, with the last reason."""
    groups: dict[tuple[str, str], list[Try]] = defaultdict(list)
    for one in found.found:
        if one.state in (STOPPED, FAILED):
            groups[one.state, one.trial.candidate.family].append(one)
    if not groups:
        return []
    rows = [
        (family, state, len(those), round(sum(one.trial.seconds for one in those), 3), those[-1].trial.note)
        for (state, family), those in sorted(groups.items())
    ]
    heads = (
        Head(name="family"),
        Head(name="what happened"),
        Head(name="candidates", kind="number"),
        Head(name="took", kind="seconds"),
        Head(name="why the last of them"),
    )
    return [Grid(id="given_up", title="What was given up, and why", heads=heads, rows=tuple(rows))]


part = SearchSection()
