"""Pieces of one table below each other: pieces of one file, or files with the same columns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from smeaton.data.sources._columns import EXACT, moments, native, nearest
from smeaton.errors import DataError
from smeaton.task.table import Array, Table, rows_in


def same_columns(names: Sequence[str], others: Sequence[str], where: str, first: str) -> None:
    """Check that a file has the columns of the first one, in whatever order.

    Raises:
        DataError: it lacks some, or has others.
    """
    own, theirs = set(names), set(others)
    lacking = [name for name in names if name not in theirs]
    more = [name for name in others if name not in own]
    if not lacking and not more:
        return
    said = []
    if lacking:
        said.append(f"it lacks {_listed(lacking)}, which {Path(first).name} has")
    if more:
        said.append(f"it has {_listed(more)}, which {Path(first).name} lacks")
    near = nearest(lacking[0], more) if lacking and more else ""
    raise DataError(
        f"its columns differ from those of {first}: {'; '.join(said)}",
        where=where,
        fix=f"rename {more[0]!r} or {lacking[0]!r}: their names are nearly the same"
        if near.startswith("did you mean") and near.count("'") == 2 and repr(more[0]) in near
        else "give files with the same columns, or name those that belong together",
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def below(pieces: Sequence[Table]) -> dict[str, Array]:
    """Pieces as one table; a column that a piece lacks (a key of JSON lines) is null there."""
    if len(pieces) == 1:
        return dict(pieces[0])
    names = dict.fromkeys(name for piece in pieces for name in piece)
    counts = [rows_in(piece) for piece in pieces]
    empty = [np.full(count, None, dtype=object) for count in counts]
    return {name: joined([piece.get(name, null) for piece, null in zip(pieces, empty, strict=True)]) for name in names}


def joined(columns: Sequence[Array]) -> Array:
    """One column, as a whole read would give it: numbers stay numbers, what is mixed stays objects."""
    held = [column for column in columns if len(column)] or [columns[0]]
    kinds = {column.dtype.kind for column in held}
    if len(kinds) == 1 or (kinds == {"i", "f"} and all(_exact(column) for column in held)):
        return np.concatenate(held)
    return moments(native([value for column in held for value in _plain(column)]))


def _exact(column: Array) -> bool:
    return column.dtype.kind != "i" or bool(np.abs(column).max(initial=0) <= EXACT)


def _plain(column: Array) -> list[object]:
    values: list[object] = column.tolist()
    if column.dtype.kind == "f":
        return [None if value != value else value for value in values]  # noqa: PLR0124  NaN is null
    if column.dtype.kind == "M":
        return [None if gone else value for value, gone in zip(values, np.isnat(column).tolist(), strict=True)]
    return values
