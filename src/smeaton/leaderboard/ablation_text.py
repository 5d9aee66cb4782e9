"""What each ingredient contributed, in words."""

import textwrap

from smeaton.leaderboard.ablation import Ablation, Piece
from smeaton.leaderboard.text import number, range_of
from smeaton.trials.record import Interval

_KINDS = {
    "family": "{}",
    "encode": "{} encoding",
    "derive": "derived {}",
    "texts": "texts as {}",
    "slim": "slimming",
    "tuning": "tuning beyond the first tries",
    "blend": "{}",
    "calibration": "calibration",
    "refit": "the refit on all rows",
}


def render_ablation(found: Ablation, width: int = 110) -> str:
    """One sentence an ingredient, in lines no wider than `width`."""
    direction = "higher is better" if found.better == "higher" else "lower is better"
    lines = [f"{found.task}: what each ingredient contributed ({found.metric}, {direction})"]
    for piece in found.pieces:
        lines += textwrap.wrap(sentence(piece, found), max(width, 80), subsequent_indent="    ")
    for note in found.notes:
        lines += textwrap.wrap(f"-> {note}", max(width, 80), subsequent_indent="   ")
    return "\n".join(lines)


def sentence(piece: Piece, found: Ablation) -> str:
    """Such as `catboost: without it the blend would lose 0.004 (0.001 to 0.007); 12 s of 48 s`."""
    said = [part for part in (_lost(piece), piece.why) if part]
    if piece.seconds:
        tries = f" in {piece.tried} full tries" if piece.tried > 1 else ""
        said.append(f"{_seconds(piece.seconds)} of {_seconds(found.seconds)}{tries}")
    return f"{_KINDS[piece.kind].format(piece.name)}: {'; '.join(said)}"


def _lost(piece: Piece) -> str:
    if piece.kind == "blend":
        pairs = ((piece.single, "the best single solution"), (piece.blend, "the best made otherwise"))
        return ", ".join(filter(None, (_compared(*pair) for pair in pairs)))
    parts = [("the blend", piece.blend), ("the best single solution", piece.single)]
    losses = [f"{what} would lose {_range(lost)}" for what, lost in parts if lost is not None and lost.value > 0]
    same = [what for what, lost in parts if lost is not None and lost.value == 0]
    better = [
        f"{what} would gain {_range(_turned(lost))}" for what, lost in parts if lost is not None and lost.value < 0
    ]
    said = [*losses, *better, *(f"{what} would be the same" for what in same)]
    return f"without it {', '.join(said)}" if said else ""


def _compared(lead: Interval | None, what: str) -> str:
    if lead is None:
        return ""
    if lead.value >= 0:
        return f"better than {what} by {_range(lead)}"
    return f"behind {what} by {_range(_turned(lead))}"


def _turned(lost: Interval) -> Interval:
    return Interval(-lost.value, -lost.high, -lost.low)


def _range(one: Interval) -> str:
    certain = "" if one.low > 0 else ", not certain"
    return f"{number(one.value)} ({range_of(one)}{certain})"


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 10 else f"{value:.1f} s"
