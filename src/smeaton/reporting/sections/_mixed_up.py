"""What is mixed up with what, and how well each label is found: the figures of `classes`."""

from dataclasses import dataclass

import numpy as np

from smeaton.reporting.charts._texts import cut, distinct
from smeaton.reporting.forms import Figure, Grid, Head
from smeaton.reporting.sections._found import Found, found
from smeaton.reporting.sections._judged import Judged
from smeaton.reporting.sections._shares import percent, plain, shares
from smeaton.task.table import Array

MOST_CELLS = 20  #: labels up to which all cells are shown
MOST_SCORES = 12  #: labels whose scores are drawn
MOST_ROWS = 20  #: labels in the table
MOST_PAIRS = 12
NONE = "no valid answer"
_LONG = 60  # characters of a label


@dataclass(frozen=True)
class Look:
    """What the figures read: labels by name, `cells` of the confusion in rows (see `Found.confusion`), and `worst`, the
    codes of labels that rows have, the lowest F1 first."""

    judged: Judged
    found: Found
    names: list[str]
    cells: Array
    worst: Array

    @property
    def one(self) -> bool:
        """Whether a row has one label."""
        return not self.found.many


def look_of(rows: Judged) -> Look:
    """What there is to look at; at least one row has a label."""
    labels = found(rows)
    true, said, both = labels.rows()
    f1 = 2 * both / np.maximum(true + said, 1)
    held = np.flatnonzero(true > 0)
    worst = held[np.lexsort((true[held], f1[held]))]
    return Look(rows, labels, distinct(rows.evidence.labels, _LONG), labels.confusion(), worst)


def confusion(look: Look) -> Figure:
    """All cells of the confusion, each row as shares of its label."""
    labels, mass = look.found.labels, look.found.mass()
    share = mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-300)
    wide = labels + int(look.cells[:, -1].any())
    across = [*look.names, NONE][:wide]
    held = [code for code in range(labels) if look.cells[code].any()]
    places = [(down, over) for down in held for over in range(wide)]
    counts = look.cells.sum(axis=1)
    return Figure(
        id="confusion",
        chart="heat",
        title="Where it is right, and what it mixes up",
        says=mixed(look),
        how=look.judged.how("Each row of the picture adds up to 100 %; the numbers in it are counts of rows"),
        columns={
            "row": [look.names[down] for down, _ in places],
            "column": [across[over] for _, over in places],
            "value": [float(share[place]) for place in places],
            "count": [int(look.cells[place]) for place in places],
            "note": [f"{look.cells[place]:,} of {counts[place[0]]:,} rows" for place in places],
        },
        x="answer",
        y="true label",
        options={"agree": True},
    )


def mixed(look: Look) -> str:
    """The commonest mistake in words."""
    wrong = look.cells.copy()
    np.fill_diagonal(wrong, 0)
    if not wrong.any():
        return "No row is answered with a wrong label."
    down, over = np.unravel_index(int(wrong.argmax()), wrong.shape)
    of = int(look.found.rows()[0][down])
    name = cut([*look.names, NONE][over], 40)
    return (
        f"The commonest mistake: {cut(look.names[down], 40)} answered as {name}, {int(wrong[down, over]):,} of "
        f"{of:,} rows ({percent(wrong[down, over] / of)})."
    )


def confused(look: Look) -> Figure | None:
    """The labels that are mixed up most, where all cells are too many to look at."""
    wrong = look.cells[:, : look.found.labels].copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
    pairs = [(int(one), int(other)) for one, other in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    pairs = [pair for pair in pairs if wrong[pair]]
    if not pairs:
        return None
    above, below = [], []
    for one, other in pairs:
        true, said = look.found.columns([one, other])
        mistaken = true[:, 0] & said[:, 1]
        above.append(mistaken & ~said[:, 0] & ~true[:, 1])
        below.append(true[:, 0])
    share = shares(np.stack(above, axis=1), np.stack(below, axis=1), look.found.units)
    said_as = "answered as" if look.one else "missed, instead"
    names = [f"{cut(look.names[one], 40)} → {cut(look.names[other], 40)}" for one, other in pairs]
    left = int((wrong > 0).sum()) - len(pairs)
    return Figure(
        id="pairs",
        chart="captioned_bars",
        title="What it mixes up most",
        says=mixed(look) + (f" {left:,} other pairs are mixed up less." if left else ""),
        how=look.judged.how(f"The share of the rows of the first label that were {said_as} the second"),
        columns={
            "name": names,
            "value": [float(one) for one in share[:, 0]],
            "low": [float(one) for one in share[:, 1]],
            "high": [float(one) for one in share[:, 2]],
            "note": [f"{wrong[pair]:,} rows" for pair in pairs],
        },
        x="share of the first label's rows",
        options={"kind": "share", "warn": True},
    )


def found_each(look: Look) -> Figure:
    """Recall, precision and F1 of each label, or of the worst."""
    chosen = np.sort(look.worst) if len(look.worst) <= MOST_SCORES else look.worst[:MOST_SCORES]
    scores, count = look.found.scores(chosen), look.found.rows()[0]
    columns: dict[str, list[object]] = {name: [] for name in ("name", "series", "value", "low", "high", "note")}
    for place, code in enumerate(chosen.tolist()):
        for series, values in scores.items():
            value, low, high = plain(values[place])
            row = (look.names[code], series, value, low, high, f"{count[code]:,} rows")
            for name, cell in zip(columns, row, strict=True):
                columns[name].append(cell)
    weakest = int(look.worst[0])
    recall = look.found.scores([weakest])["recall"][0]
    some = f", the {len(chosen)} weakest of {len(look.worst)}" if len(chosen) < len(look.worst) else ""
    return Figure(
        id="scores",
        chart="grouped_intervals",
        title=f"How well each label is found{some}",
        says=f"The weakest is {cut(look.names[weakest], 40)}: {percent(recall[0])} of its rows are found.",
        how=look.judged.how("Recall, precision and F1 of each label with 95 % intervals (Wilson 1927)"),
        columns=columns,
        options={"kind": "share", "domain": [0, 1]},
    )


def each_label(look: Look) -> Grid:
    chosen = np.sort(look.worst) if len(look.worst) <= MOST_ROWS else look.worst[:MOST_ROWS]
    scores, (true, said, _) = look.found.scores(chosen), look.found.rows()
    wrong = look.cells.copy()
    np.fill_diagonal(wrong, 0)
    rows = []
    for place, code in enumerate(chosen.tolist()):
        values = [plain(scores[name][place]) for name in ("recall", "precision", "F1")]
        cells = [None if None in value else value for value in values]
        most = int(wrong[code].argmax())
        mistake = f"{[*look.names, NONE][most]} ({wrong[code, most]:,})" if wrong[code, most] else ""
        rows.append((look.names[code], int(true[code]), int(said[code]), *cells, mistake))
    some = f": the {len(chosen)} weakest of {len(look.worst)}" if len(chosen) < len(look.worst) else ""
    return Grid(
        id="labels",
        title=f"Each label{some}",
        heads=(
            Head(name="label"),
            Head(name="rows", kind="number", note="rows that have the label"),
            Head(name="answered", kind="number", note="rows answered with the label"),
            Head(name="recall", kind="interval", note="share of the label's rows that are answered with it"),
            Head(name="precision", kind="interval", note="share of the rows answered with it that have it"),
            Head(name="F1", kind="interval", note="the harmonic mean of both"),
            Head(name="commonest mistake", note="what its rows are answered with instead, and how often"),
        ),
        rows=tuple(rows),
        how=look.judged.how("Counts are of rows"),
        strong=(int(np.flatnonzero(chosen == look.worst[0])[0]),) if len(chosen) > 2 else (),
    )
