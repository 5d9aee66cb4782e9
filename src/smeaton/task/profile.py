"""The form of a data profile: what is known of each column. Computed in `data/profile.py`; the bundle keeps it."""

import msgspec


class ColumnProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input column of the training rows (the sealed test is never looked at).

    `quantiles` are the values at 0, 1, 5, 25, 50, 75, 95, 99, 100 % (timestamps in unix seconds). `values` are the
    commonest categories seen in at least 5 rows with their counts; `rare` counts the rows with other values.
    """

    name: str
    type: str
    missing: int = 0
    distinct: int = 0
    quantiles: tuple[float, ...] = ()
    mean: float = 0.0
    sd: float = 0.0
    values: tuple[tuple[str, int], ...] = ()
    rare: int = 0
    mean_length: float = 0.0


class Suspect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that may make the score a lie. `accept` is the line to add to the task once it was looked at."""

    kind: str
    columns: tuple[str, ...]
    why: str
    accept: str
    accepted: bool = False


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the training rows. `shares` are the label frequencies in label order (of classes they sum to 1;
    empty for numbers and structures)."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    shares: tuple[float, ...] = ()
    target_quantiles: tuple[float, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> ColumnProfile:
        return next(column for column in self.columns if column.name == name)
