"""What is wanted: types with their parsing and checking, limits, Table, the profile's form, the file form."""

from smeaton.task.profile import ColumnProfile, Profile, Suspect
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table, concat, object_column, rows_in, take
from smeaton.task.task import (
    Accept,
    Bar,
    Budget,
    Data,
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
