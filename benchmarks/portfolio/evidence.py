"""What the runs say: how good a blend of some candidates is on a table, and what its fits cost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from benchmarks.portfolio.candidates import CANDIDATES, REFERENCE
from benchmarks.portfolio.results import Array, Results
from benchmarks.portfolio.tables import sources

_PICKS = 12  # of a blend
_MOST_ROWS = 2_000  # rows a blend is judged on
_SURE = 600  # held-out rows from which on a table is fully trusted
_BOUND = 0.35  # of a log ratio: a table answered nearly perfectly shall not decide alone
_NOTHING = 0.2  # what no model at all counts as: a blend is grown from it
_OVERHEAD = 0.4  # seconds of a fit for export, proof and answers, on small tables


@dataclass
class Evidence:
    """One table: for each candidate that could be fitted its answers (rows, candidates) and the seconds of one fit.

    `tried` names these and those that were refused or are the same as others here: of the rest nothing is known.
    `half` deals the rows in two: a blend's weights for one half are learnt on the other.
    """

    table: str
    kind: str
    rows: int
    names: list[str]
    answers: Array
    seconds: Array
    target: Array | None
    half: Array
    tried: frozenset[str]
    _known: dict[frozenset[str], float] = field(default_factory=dict)

    @property
    def trust(self) -> float:
        """Weight of what the table says: less where few rows were held out."""
        return float(min(1.0, len(self.half) / _SURE) ** 0.5)

    @property
    def origin(self) -> str:
        """The table without its size."""
        return self.table.split("@")[0]

    def gain(self, chosen: Collection[str]) -> float:
        """Logarithm of the blend's loss over the reference's: below 0 is better. 0 for no candidate at all."""
        key = frozenset(chosen) & set(self.names)
        if not key:
            return _NOTHING
        if key not in self._known:
            self._known[key] = self._ratio(self._blend(sorted(self.names.index(name) for name in key)))
        return self._known[key]

    def single(self, chosen: Collection[str]) -> float:
        """The same of the best single candidate, the best for one half of the rows being told by the other."""
        members = [place for place, name in enumerate(self.names) if name in chosen]
        if not members:
            return _NOTHING
        losses = self._losses(self.answers[:, members])
        total = 0.0
        for side in (0, 1):
            best = int(losses[self.half != side].mean(axis=0).argmin())
            total += float(losses[self.half == side, best].sum())
        return self._ratio(total)

    def cost(self, name: str, scale: float = 1.0) -> float:
        """Seconds of one fit with what goes with it, on `scale` times the rows; 0 where it can't be fitted."""
        return float(self.seconds[self.names.index(name)]) * scale + _OVERHEAD if name in self.names else 0.0

    def in_time(self, order: Sequence[str], seconds: float, scale: float = 1.0) -> list[str]:
        """Those of an order whose fits, one after the other, end in time. One too long is left out, not waited for."""
        left, taken = seconds, []
        for name in order:
            if name in self.names and self.cost(name, scale) <= left:
                left -= self.cost(name, scale)
                taken.append(name)
        return taken

    def _ratio(self, total: float) -> float:
        """Logarithm of a loss, given as its sum over the rows, over the reference's."""
        reference = float(self._losses(self.answers[:, self.names.index(REFERENCE)]).sum())
        found = float(np.log(max(total, 1e-9) / max(reference, 1e-9)))
        return float(np.clip(found if self.target is None else found / 2, -_BOUND, _BOUND))  # the root is compared

    def _losses(self, answers: Array, rows: Array | slice = slice(None)) -> Array:
        """Log-loss or squared error of answers (rows, ...)."""
        if self.target is None:
            return np.asarray(-np.log(np.maximum(answers, 1e-15)))
        return np.asarray(np.square((answers.T - self.target[rows]).T))

    def _blend(self, members: list[int]) -> float:
        """Sum of the losses of the weighted mean, by greedy selection with replacement (Caruana et al. 2004)."""
        total = 0.0
        for side in (0, 1):
            own, other = self.half == side, self.half != side
            weights = self._select(self.answers[other][:, members], other)
            total += float(self._losses(self.answers[own][:, members] @ weights, own).sum())
        return total

    def _select(self, answers: Array, rows: Array) -> Array:
        """Weights (members,) with sum 1: each pick lowers the loss of the mean the most, until none does."""
        counts, mixed, now = np.zeros(answers.shape[1]), np.zeros(len(answers)), np.inf
        for pick in range(1, _PICKS + 1):
            means = self._losses((mixed[:, None] + answers) / pick, rows).mean(axis=0)
            best = int(means.argmin())
            if means[best] >= now:
                break
            counts[best], mixed, now = counts[best] + 1, mixed + answers[:, best], means[best]
        return counts / counts.sum()


def gather(results: Results) -> list[Evidence]:
    """The evidence of every table that has the reference's answers, over the folds that all its candidates have."""
    found = []
    for table in sources():
        own = [line for line in results.lines.values() if line["table"] == table and line["candidate"] in CANDIDATES]
        tried = frozenset(line["candidate"] for line in own)
        lines = [line for line in own if "loss" in line]
        folds = {name: {line["fold"] for line in lines if line["candidate"] == name} for name in CANDIDATES}
        names = [name for name in CANDIDATES if 0 in folds[name]]
        if REFERENCE not in names:
            continue
        shared = sorted(set.intersection(*(folds[name] for name in names)))
        stored = results.answers(table)
        answers = np.column_stack([np.concatenate([stored[f"{name} {fold}"] for fold in shared]) for name in names])
        first = lines[0]
        target = np.concatenate([stored[f"target {n}"] for n in shared]) if first["kind"] == "number" else None
        spent = [
            np.mean([line["seconds"] for line in lines if line["candidate"] == name and line["fold"] in shared])
            for name in names
        ]
        some = np.random.default_rng(5).permutation(len(answers))[:_MOST_ROWS]
        target = None if target is None else target[some]
        half = np.arange(len(some)) % 2
        seen = Evidence(
            table,
            first["kind"],
            first["rows"],
            names,
            answers[some].astype(float),
            np.array(spent),
            target,
            half,
            tried,
        )
        found.append(seen)
    return found
