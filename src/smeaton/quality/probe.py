"""`probe`: all probes for leaks over one split of the rows, in the order that keeps one suspicion a column."""

from smeaton import plugins
from smeaton.data.dataset import Dataset
from smeaton.quality.leaks import Case, Finding
from smeaton.task.profile import Suspect
from smeaton.task.table import Array

#: The surest first: what is found by its values is not suspected again for how it is written.
_FIRST = ("value", "missing", "future", "ahead", "means", "order", "written", "copies")


def probe(dataset: Dataset, train: Array, test: Array) -> tuple[list[Suspect], list[str]]:
    """Suspects, and notes that are worth saying but no suspicion. Deterministic; the test's target is used only to
    tell copies and means that were taken over it."""
    notes: list[str] = []
    found: list[Finding] = []
    known = plugins.names("leaks")
    for name in sorted(known, key=lambda one: (_FIRST.index(one) if one in _FIRST else len(_FIRST), one)):
        found += plugins.load("leaks", name).look(Case(dataset, train, test, tuple(found), notes))
    if dataset.task.answer not in ("class", "number"):
        what = {"many": "lists of labels", "text": "free text"}.get(dataset.task.answer, "structures")
        notes.append(f"no column was probed for giving the target away: it holds {what}")
    accepted = set(dataset.task.accept.leak)
    return [_suspect(finding, accepted) for finding in found], notes


def _suspect(finding: Finding, accepted: set[str]) -> Suspect:
    names = finding.columns or (finding.name,)
    line = "accept: {leak: [" + ", ".join(map(_written, names)) + "]}"
    return Suspect(
        kind=finding.kind, columns=finding.columns, why=finding.why, accept=line, accepted=accepted.issuperset(names)
    )


def _written(name: str) -> str:
    plain = name.replace("_", "").isalnum() and not name[0].isdigit()
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
