"""`explain`: what each input column adds to a bundle's answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smeaton.errors import InputError
from smeaton.explain.explainer import MOST, Explanation
from smeaton.flow.model import load
from smeaton.runtime.answers import plain
from smeaton.task.table import rows_in

#: Rows of reference that are taken from a file.
MOST_REFERENCES = 100


def explain_rows(
    bundle: str | Path,
    rows: Sequence[Mapping[str, Any]],
    *,
    label: Any = None,
    reference: Sequence[Mapping[str, Any]] | None = None,
    most: int = MOST,
) -> list[Explanation]:
    """Explain the answers to plain rows; see `smeaton.explain.explainer`.

    Raises:
        InputError: as `Explainer` and its `explain` do.
    """
    with load(bundle) as model:
        found: list[Explanation] = model.explain(list(rows), label=label, reference=reference, most=most)
        return found


def rows_of(bundle: str | Path, file: str | Path, first: int) -> list[dict[str, Any]]:
    """The first rows of a file, with the columns that the bundle reads.

    Raises:
        DataError: the file cannot be read. InputError: it lacks a column, or has no rows.
    """
    from smeaton.bundle.read import open_bundle
    from smeaton.data.read import read_chunks

    names = open_bundle(Path(bundle)).program.inputs
    table = next(read_chunks(Path(file), rows=first)).table
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(f"it has no column {missing[0]!r}", where=str(file), fix="give every input column of the task")
    if not rows_in(table):
        raise InputError("it has no rows", where=str(file), fix="give a file with rows")
    cells = [plain(table[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]
