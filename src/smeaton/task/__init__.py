"""What is wanted: types with their parsing and checking, limits, Table, the profile's form, the file form."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smeaton.task.profile import ColumnProfile, Profile, Suspect
    from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table, concat, object_column, rows_in, take
    from smeaton.task.task import (
        Accept,
        Bar,
        Budget,
        Data,
        Judge,
        Limits,
        Privacy,
        RowRoles,
        Solutions,
        Source,
        Task,
        TestShare,
        Tools,
    )
    from smeaton.task.types import KINDS, Label, Type, label_text

__all__ = [
    "ERROR",
    "KINDS",
    "PREDICTION",
    "PROBABILITY",
    "Accept",
    "Array",
    "Bar",
    "Budget",
    "ColumnProfile",
    "Data",
    "Judge",
    "Label",
    "Limits",
    "Privacy",
    "Profile",
    "RowRoles",
    "Solutions",
    "Source",
    "Suspect",
    "Table",
    "Task",
    "TestShare",
    "Tools",
    "Type",
    "concat",
    "label_text",
    "object_column",
    "rows_in",
    "take",
]

_TABLE = ("ERROR", "PREDICTION", "PROBABILITY", "Array", "Table", "concat", "object_column", "rows_in", "take")
_HOMES = {
    **dict.fromkeys(("ColumnProfile", "Profile", "Suspect"), "profile"),
    **dict.fromkeys(_TABLE, "table"),
    **dict.fromkeys(("KINDS", "Label", "Type", "label_text"), "types"),
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: whoever needs a unit need not load NumPy."""
    if name not in __all__:
        raise AttributeError(f"module 'smeaton.task' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"smeaton.task.{_HOMES.get(name, 'task')}"), name)
    globals()[name] = value
    return value
