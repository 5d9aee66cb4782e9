"""`Judged`: the rows a section judges the answers by, and the words that say which rows those are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from smeaton.errors import SmeatonError
from smeaton.insight.evidence import Evidence
from smeaton.metrics._read import answered
from smeaton.reporting.build import Build
from smeaton.reporting.sections._shares import Units, units_of
from smeaton.task.arrays import open_table
from smeaton.task.table import ERROR, PREDICTION, Array, rows_in
from smeaton.trials.evaluate import OOF, ROW

_KINDS = {
    "class": "one label",
    "many": "any number of labels",
    "number": "a number",
    "structure": "a structure",
    "text": "a text",
    "other": "of another kind",
}


@dataclass(frozen=True)
class Judged:
    """Answers to rows that no fit has seen. `more` are further columns of the answers, of the same rows."""

    evidence: Evidence
    more: dict[str, Array]
    units: Units
    known: int

    @cached_property
    def weighted(self) -> bool:
        """Whether rows weigh differently."""
        return self.evidence.dataset.weight is not None

    @cached_property
    def answers(self) -> dict[str, Array]:
        """The answers as metrics read them."""
        errors = {ERROR: self.more[ERROR]} if ERROR in self.more else {}
        return {PREDICTION: self.evidence.prediction, **errors}

    @cached_property
    def valid(self) -> Array:
        """Which rows were answered with probabilities that are ones, (rows,) bool."""
        chance = self.evidence.probability
        found = answered(self.answers, len(self.evidence.rows))
        return found if chance is None else found & np.isfinite(chance).all(axis=1)

    def how(self, what: str, counted: bool = False) -> str:
        """How values were computed: `what`, on which rows, with what weight. `counted`: rows count alike in them."""
        evidence, dataset = self.evidence, self.evidence.dataset
        some = "" if self.known == len(evidence.rows) else f" (evenly chosen of {self.known:,})"
        asked = f"{len(evidence.rows):,} rows{some}, each answered by a program that was not fitted on it"
        said = [f"{what}. Measured on {asked}"]
        roles = dataset.task.rows
        if self.weighted and not counted:
            said.append(f"rows weigh by {roles.weight!r}")
        if dataset.group is not None:
            said.append(f"rows with the same {roles.group!r} count as one in the intervals")
        if dataset.time is not None:
            said.append("neighbours in time are taken together in the intervals")
        return "; ".join(said) + "."


def judged(build: Build, columns: Sequence[str] = ()) -> Judged:
    """The rows of a build's evidence, with those of the named columns that its answers have.

    Raises:
        SmeatonError: the build chose nothing, or its answers are gone.
    """
    evidence = build.evidence
    table = open_table(build.root / "trials" / evidence.trial / OOF)
    every = np.asarray(table[ROW])
    order = np.argsort(every, kind="stable")
    place = order[np.searchsorted(every[order], evidence.rows)]
    more = {name: np.asarray(table[name])[place] for name in (ERROR, *columns) if name in table}
    return Judged(evidence, more, units_of(evidence.dataset, evidence.rows), rows_in(table))


def lacks(build: Build, answers: Sequence[str], what: str, probability: bool = False) -> str:
    """Why a build has no answers of these kinds (with probabilities), '' if it has. `what` is what would be shown."""
    kind = build.task.answer
    if kind not in answers:
        wanted = " or ".join(_KINDS[one] for one in answers)
        return f"the answer is {_KINDS[kind]}; {what} is for answers that are {wanted}"
    try:
        evidence = build.evidence
    except SmeatonError as error:
        return error.message
    if not len(evidence.rows):
        return "no row was answered by a program that was not fitted on it"
    if probability and evidence.probability is None:
        return f"the answers hold no probabilities; {what} is made of those"
    return ""
