"""What each ingredient contributed: the best solution with it and without it."""

from collections.abc import Sequence
from typing import Any

from smeaton.leaderboard.ablation import Ablation, Piece
from smeaton.leaderboard.forms import Board
from smeaton.reporting.build import Build
from smeaton.reporting.forms import Fact, Figure, Grid, Head, Note, Section
from smeaton.reporting.sections._amounts import cell, gap, gaps, is_finite
from smeaton.trials.choose import MEMBERS
from smeaton.trials.record import Interval

_DRAWN = 14  # ingredients in the figure
_NAMED = 8  # ingredients named in a sentence
_SECONDS = 0.5  # below so much patience the ingredients are not taken apart
_KINDS = {
    "family": "{}",
    "encode": "{} encoding",
    "derive": "derived {}",
    "texts": "texts as {}",
    "slim": "slimming",
    "tuning": "tuning",
    "blend": "{}",
    "calibration": "calibration",
    "refit": "refit on all rows",
}
#: What kinds of ingredients are, for those who read the table.
_ABOUT = {
    "family": "a family of solutions",
    "encode": "how categories become numbers",
    "derive": "columns made of others",
    "texts": "how texts become numbers",
    "slim": "smaller forms of what was good",
    "tuning": "configurations beyond the first tries",
    "blend": "made of several finished solutions",
    "calibration": "probabilities set right on other folds",
    "refit": "fitted again, on all rows",
}


class AblationSection:
    """What the best would lose without each ingredient, with intervals."""

    order = 50
    title = "What made the difference"

    def applies(self, build: Build) -> str:
        """See the contract."""
        if build.board.winner is None:
            return "nothing was chosen, so there is nothing to take apart"
        if build.left() < _SECONDS:
            return "there was no time left to take the ingredients apart: smeaton board --ablation does"
        if not build.ablation.pieces:
            return "what was tried has no ingredients to take away"
        return ""

    def make(self, build: Build) -> Section:
        """See the contract."""
        board, found = build.board, build.ablation
        blended = MEMBERS in build.winner.config
        told = [(piece, worth) for piece in found.pieces if (worth := _worth(piece, blended)) is not None]
        moved = [(piece, worth) for piece, worth in told if worth.value != 0 or worth.low != worth.high]
        moved.sort(key=lambda entry: -entry[1].value)
        same = [_name(piece) for piece, worth in told if worth.value == 0 and worth.low == worth.high]
        return Section(
            id="ablation",
            title=self.title,
            shows=f"How much worse {_what(blended)} would be without each ingredient of the search.",
            do=_do(moved),
            teach=(
                "An ablation takes one ingredient away and looks at what is lost. Right of 0: it helped. An interval "
                "that holds 0 means that nobody can tell whether it helped. Ingredients stand in for each other, so "
                "the losses do not add up: without one, another does part of its work."
            ),
            facts=_facts(moved, board),
            notes=_notes(found, same),
            figures=tuple(_figure(moved, board, blended)),
            grids=(_grid(found, board),),
        )


def _what(blended: bool) -> str:
    return "the best blend" if blended else "the best single solution"


def _worth(piece: Piece, blended: bool) -> Interval | None:
    """What an ingredient brought to what was chosen, else to the other. Blends are compared with single solutions."""
    pair = (piece.single, piece.blend) if piece.kind == "blend" or not blended else (piece.blend, piece.single)
    return next((one for one in pair if is_finite(one)), None)


def _do(moved: Sequence[tuple[Piece, Interval]]) -> str:
    helped = [_name(piece) for piece, worth in moved if worth.low > 0]
    harmed = [_name(piece) for piece, worth in moved if worth.high < 0]
    if helped:
        return f"Keep what clearly helped ({', '.join(helped[:_NAMED])}); the rest you may do without to save time."
    if harmed:
        return f"Leave out what clearly did harm ({', '.join(harmed[:_NAMED])}): solutions.never names families."
    return "No single ingredient clearly made the difference: the simplest solution that ties will do as well."


def _facts(moved: Sequence[tuple[Piece, Interval]], board: Board) -> tuple[Fact, ...]:
    sure = [(piece, worth) for piece, worth in moved if worth.low > 0]
    facts = [Fact(name="clearly helped", value=f"{len(sure)} of {len(moved)}", note="their intervals lie right of 0")]
    if sure:
        piece, worth = sure[0]
        said = f"worth {gap(worth.value, board.unit)} {board.metric} ({gaps(worth, board.unit)})"
        facts.append(Fact(name="what helped most", value=_name(piece), note=said, mood="good"))
    return tuple(facts) if moved else ()


def _notes(found: Ablation, same: Sequence[str]) -> tuple[Note, ...]:
    said = [Note(text=f"{note[:1].upper()}{note[1:]}.") for note in found.notes]
    if same:
        more = f" and {len(same) - _NAMED} more" if len(same) > _NAMED else ""
        said.append(Note(text=f"Without these nothing would have changed: {', '.join(same[:_NAMED])}{more}."))
    return tuple(said)


def _figure(moved: Sequence[tuple[Piece, Interval]], board: Board, blended: bool) -> list[Figure]:
    if not moved:
        return []
    shown = list(moved)
    if len(shown) > _DRAWN:  # both ends: what helped most, and what did harm
        half = _DRAWN // 2
        shown = [*moved[:half], *moved[-half:]]
    piece, worth = shown[0]
    sure = "clearly" if worth.low > 0 else "perhaps"
    options: dict[str, Any] = {"kind": "share"} if board.unit == "share" else {}
    left = f" {len(moved) - len(shown)} between them are in the table." if len(moved) > len(shown) else ""
    return [
        Figure(
            id="worth",
            chart="interval_bars",
            title="What would be lost without it?",
            says=(
                f"{_name(piece)} brought most: {sure} {gap(worth.value, board.unit)} "
                f"({gaps(worth, board.unit)}) {board.metric}."
            ),
            how=(
                f"{board.metric} of {_what(blended)} of all that was tried, against that of all that does without the "
                "ingredient, put together again from stored answers to validation rows and compared row by row "
                "(paired); lines are 95 % intervals by resampling rows. Blends, and what is made of them, are compared "
                f"with the best single solution. Nothing was fitted anew.{left}"
            ),
            columns={
                "name": [_name(one) for one, _ in shown],
                "value": [lost.value for _, lost in shown],
                "low": [lost.low for _, lost in shown],
                "high": [lost.high for _, lost in shown],
                "mood": ["good" if lost.low > 0 else "bad" if lost.high < 0 else "muted" for _, lost in shown],
                "note": [_ABOUT[one.kind] for one, _ in shown],
            },
            x=f"{board.metric} lost without it",
            options={**options, "rule": 0.0, "zero": True},
        )
    ]


def _grid(found: Ablation, board: Board) -> Grid:
    heads = (
        Head(name="ingredient"),
        Head(name="kind"),
        Head(name="the best blend loses", kind="interval", note="of blends: how much better than the best of others"),
        Head(name="the best single loses", kind="interval", note="of blends: how much better than the best single"),
        Head(name=f"best {board.metric}", kind="interval"),
        Head(name="judged on all folds", kind="number"),
        Head(name="took", kind="seconds", note="of all fits that have it"),
        Head(name="to know"),
    )
    rows = tuple(
        (
            _name(piece),
            _ABOUT[piece.kind],
            cell(piece.blend),
            cell(piece.single),
            cell(piece.best),
            piece.tried,
            piece.seconds,
            piece.why,
        )
        for piece in found.pieces
    )
    how = "Differences are paired on the same validation rows; positive: worse without it. Empty: nobody can tell."
    return Grid(id="ingredients", title="Every ingredient", heads=heads, rows=rows, how=how)


def _name(piece: Piece) -> str:
    return _KINDS[piece.kind].format(piece.name)


part = AblationSection()
