"""Columns as people have them: what becomes of each."""

from typing import Any

import numpy as np
import pytest

from smeaton.task.infer import infer_type
from smeaton.task.table import Array, object_column
from smeaton.task.values import parse_column, value_reader

DAY = np.datetime64("2024-01-05", "us")
CLOCK = np.datetime64("2024-01-05T14:30", "us")

#: Name of the column, its cells, type, form, the value of the first cell.
NUMBERS: list[tuple[str, list[Any], str, str | None, Any]] = [
    ("english", ["1,234.56", "12.5", "1,000"], "number", "1,234.5", 1234.56),
    ("english whole", ["1,234,567", "1,000", "7"], "integer", "1,234.5", 1234567),
    ("european", ["1.234,56", "12,5", "1.000"], "number", "1.234,5", 1234.56),
    ("european whole", ["1.234.567", "1.000", "7"], "integer", "1.234,5", 1234567),
    ("decimal comma", ["0,5", "12,25", "3"], "number", "1.234,5", 0.5),
    ("spaces", ["1 234,5", "12 345,75", "7"], "number", "1 234,5", 1234.5),
    ("no-break spaces", ["1\u00a0234,5", "12\u202f345,75"], "number", "1 234,5", 1234.5),
    ("spaces and a point", ["1 234.5", "12 345.75", "7"], "number", "1 234.5", 1234.5),
    ("swiss", ["1'234.50", "12'000", "7"], "number", "1'234.5", 1234.5),
    ("swiss typographic", ["1\u2019234.50", "12\u2019000"], "number", "1'234.5", 1234.5),
    ("indian", ["12,34,567.50", "1,00,000"], "number", "12,34,567.8", 1234567.5),
    ("percent", ["12%", "7.5%", "100%"], "number", "1234.5%", 12),
    ("percent apart", ["12,5 %", "7 %"], "number", "1.234,5 %", 12.5),
    ("dollars", ["$1,200", "$950", "$3.50"], "number", "$1,234.5", 1200),
    ("dollars alone", ["$1,200", "$1,950"], "number", "$1,234.5", 1200),
    ("dollars without groups", ["$12.50", "$7.00"], "number", "$1234.5", 12.5),
    ("negative dollars", ["-$1,200.00", "$-5.00", "$3.50"], "number", "$1,234.5", -1200),
    ("euros", ["1.200 EUR", "950 EUR", "12.300 EUR"], "number", "1.234,5 EUR", 1200),
    ("euro sign", ["1.200,50 €", "7,00 €"], "number", "1.234,5 €", 1200.5),
    ("euro in front", ["€ 1.200,50", "€ 7,00"], "number", "€1.234,5", 1200.5),
    ("pounds", ["£1,200", "£7"], "number", "£1,234.5", 1200),
    ("rupees", ["Rs. 500", "Rs. 1,500"], "number", "Rs.1,234.5", 500),
    ("accounting", ["(45.00)", "45.00", "1,000.00"], "number", "(1,234.5)", -45),
    ("accounting dollars", ["($45.00)", "$45.00", "$1,000.00"], "number", "($1,234.5)", -45),
    ("minus behind", ["45.00-", "1,045.00"], "number", "1,234.5", -45),
    ("typographic minus", ["\u22125.5", "1.5"], "number", "1234.5", -5.5),
    ("scientific", ["3.2e5", "-1E-3"], "number", None, 320000),
    ("plus", ["+7", "-3"], "integer", None, 7),
    ("kilograms", ["12 kg", "7.5 kg"], "number", "1234.5 kg", 12),
    ("glued unit", ["12kg", "7kg"], "number", "1234.5kg", 12),
    ("degrees", ["21.5°C", "-3°C"], "number", "1234.5°C", 21.5),
    ("square metres", ["120 m²", "1,200 m²", "80 m²"], "number", "1,234.5 m²", 120),
    ("litres", ["1.5L/100km", "7L/100km"], "number", "1234.5L/100km", 1.5),
    ("one year", ["1 year", "2 years", "3 years"], "number", "1234.5 year", 1),
    ("months", [" 36 months", " 60 months"], "number", "1234.5 month", 36),
    ("out of ten", ["7/10", "8.5/10"], "number", "1234.5/10", 7),
    ("time of day", ["14:30", "09:15"], "number", "h:m:s", 52200),
    ("time of day, half of it", ["2:30 PM", "9:15 a.m."], "number", "h:m:s", 52200),
    ("duration", ["1:23:45.5", "-0:00:10", "n/a"], "number", "h:m:s|n/a", 5025.5),
    ("missing among numbers", ["1,234.5", "n/a", "12.5", "#N/A"], "number", "1,234.5|#N/A|n/a", 1234.5),
    ("dash as missing", ["$5.00", "-", "$7.00"], "number", "$1234.5|-", 5),
    ("unknown as missing", ["5", "unknown", "7", "Missing", "NIL"], "integer", "plain|Missing|NIL|unknown", 5),
    ("spreadsheet", [5, 7.5, "n/a", None], "number", "plain|n/a", 5),
    ("spreadsheet texts", [5, 7.5, "8"], "number", None, 5),
]

KEPT: list[tuple[str, list[Any], str, str | None, Any]] = [
    ("either way", ["1,234", "5,678"], "category", None, "1,234"),
    ("two units", ["12 kg", "7 lb"], "category", None, "12 kg"),
    ("some units", ["12 kg", "7"], "category", None, "12 kg"),
    ("codes with a letter", ["A12", "A13"], "category", None, "A12"),
    ("rooms", ["12A", "14A"], "category", None, "12A"),
    ("zip", ["01234", "02345"], "category", None, "01234"),
    ("phone", ["555-1234", "555-9876"], "category", None, "555-1234"),
    ("address of a machine", ["10.0.0.1", "192.168.1.20"], "category", None, "10.0.0.1"),
    ("version", ["1.2.3", "1.10.0"], "category", None, "1.2.3"),
    ("range", ["18-25", "26-35"], "category", None, "18-25"),
    ("footnotes", ["(1)", "(2)"], "category", None, "(1)"),
    ("a score", ["2:1", "3:0"], "category", None, "2:1"),
    ("country", ["NA", "US", "DE"], "category", None, "NA"),
    ("mark or blank", ["x", "", "x"], "category", None, "x"),
    ("spreadsheet codes", [7, "A12", 7.0], "category", "mixed", "7"),
    ("spreadsheet flags", [True, "maybe", 7], "category", "mixed", "true"),
    ("american or not", ["1/2/2020", "3/4/2020"], "category", None, "1/2/2020"),
    ("eastern", ["2024-01-05 10:00 EST", "2024-01-06 11:00 EST"], "text", None, "2024-01-05 10:00 EST"),
]

BOOLEANS: list[tuple[str, list[Any], str, str | None, Any]] = [
    ("yes no", ["yes", "no"], "boolean", "yes/no", True),
    ("any case", ["Yes", "NO", "yes", "no"], "boolean", "yes/no", True),
    ("capital", ["No", "Yes"], "boolean", "Yes/No", False),
    ("german", ["ja", "nein", "Ja"], "boolean", "ja/nein", True),
    ("french", ["Oui", "Non"], "boolean", "oui/non", True),
    ("spanish", ["sí", "no"], "boolean", "sí/no", True),
    ("spanish plain", ["si", "no"], "boolean", "si/no", True),
    ("switch", ["ON", "off"], "boolean", "on/off", True),
    ("letters", ["t", "f", "T"], "boolean", "t/f", True),
    ("filled in by hand", ["yes", "Y", "no", "N", "TRUE"], "boolean", "words", True),
    ("with gaps", ["yes", "unknown", "no"], "boolean", "yes/no|unknown", True),
    ("spreadsheet booleans", [True, "no", "yes"], "boolean", "words", True),
    ("true", ["True", "true", "FALSE"], "boolean", "true/false", True),
]

MOMENTS: list[tuple[str, list[Any], str, str | None, Any]] = [
    ("iso", ["2024-01-05", "2024-02-06"], "timestamp", None, DAY),
    ("offset", ["2024-01-05T15:30:00+01:00", "2024-01-06T10:00:00-05:00"], "timestamp", None, CLOCK),
    ("utc", ["2024-01-05 14:30 UTC", "2024-01-06 10:00 UTC"], "timestamp", "Y-m-d", CLOCK),
    ("named zone", ["2024-01-05 15:30 Europe/Berlin", "2024-07-06 10:00 Europe/Berlin"], "timestamp", "Y-m-d", CLOCK),
    ("iso and zone", ["2024-01-05T15:30:00+01:00[Europe/Berlin]"], "timestamp", "Y-m-d", CLOCK),
    ("american words", ["Jan 5, 2024", "Feb 16, 2024"], "timestamp", "b d, Y", DAY),
    ("american long", ["January 5, 2024 at 2:30 PM"], "timestamp", "b d, Y", CLOCK),
    ("english words", ["5 January 2024", "16 February 2024"], "timestamp", "d b Y", DAY),
    ("german words", ["5. Januar 2024", "16. März 2024"], "timestamp", "d. b Y", DAY),
    ("spanish words", ["5 de enero de 2024"], "timestamp", "d de b de Y", DAY),
    ("compact", ["20240105", "20240206", "20240307"], "timestamp", "Ymd", DAY),
    ("compact numbers", [20240105, 20240206, 20240307], "timestamp", "Ymd", DAY),
    ("compact with time", ["20240105T143000Z", "20240206T100000Z"], "timestamp", "Ymd", CLOCK),
    ("month", ["2024-01", "2024-02"], "timestamp", "Y-m", np.datetime64("2024-01-01", "us")),
    ("month in front", ["01/2024", "12/2023"], "timestamp", "m/Y", np.datetime64("2024-01-01", "us")),
    ("quarter", ["2024-Q2", "2024-Q1"], "timestamp", "Y-q", np.datetime64("2024-04-01", "us")),
    ("german", ["05.01.2024 14:30", "16.02.2024 09:00"], "timestamp", "d.m.Y", CLOCK),
    ("german short", ["05.01.24", "16.02.24"], "timestamp", "d.m.y", DAY),
    ("american clock", ["1/5/2024, 2:30:00 PM", "1/16/2024, 9:00:00 AM"], "timestamp", "m/d/Y", CLOCK),
    ("dotted clock", ["05/01/2024 2:30 p.m.", "16/01/2024 9:00 a.m."], "timestamp", "d/m/Y", CLOCK),
    ("mail", ["Fri, 05 Jan 2024 15:30:00 +0100"], "timestamp", "a, d b Y", CLOCK),
    ("browser", ["Fri Jan 05 2024 15:30:00 GMT+0100 (CET)"], "timestamp", "a b d Y", CLOCK),
    ("unix tools", ["Fri Jan  5 14:30:00 2024"], "timestamp", "a b d T Y", CLOCK),
    ("created_at", [1704465000, 1704551400], "timestamp", "unix", CLOCK),
    ("event_time_ms", ["1704465000000", "1704551400000"], "timestamp", "unix_ms", CLOCK),
    ("hours of a match", ["2024-01-05 14:30", "2024-01-05 9:05"], "timestamp", "Y-m-d", CLOCK),
    ("days with gaps", ["2024-01-05", "unknown", "-"], "timestamp", "iso|-|unknown", DAY),
]


def column(cells: list[Any]) -> Array:
    return object_column([cell or None if cell == "" else cell for cell in cells])


@pytest.mark.parametrize("case", [*NUMBERS, *KEPT, *BOOLEANS, *MOMENTS], ids=lambda case: str(case[0]))
def test_a_column_becomes(case: tuple[str, list[Any], str, str | None, Any]) -> None:
    name, cells, kind, form, first = case
    raw = column(cells)
    found = infer_type(raw, name)
    assert (found.type, found.form) == (kind, form), found.about
    parsed, faults = parse_column(raw, found, name)
    assert not faults
    assert parsed[0] == first
    again, faults = parse_column(parsed, found, name)  # what was read reads the same once more
    assert not faults
    assert [str(cell) for cell in again.tolist()] == [str(cell) for cell in parsed.tolist()]


@pytest.mark.parametrize("case", [*NUMBERS, *BOOLEANS, *MOMENTS], ids=lambda case: str(case[0]))
def test_a_service_reads_what_training_read(case: tuple[str, list[Any], str, str | None, Any]) -> None:
    name, cells, *_ = case
    kind = infer_type(column(cells), name)
    read = value_reader(kind)
    for cell, value in zip(cells, parse_column(column(cells), kind, name)[0].tolist(), strict=True):
        if cell is not None:
            one = read(cell)
            assert one is None or one == (np.datetime64(value, "us") if kind.type == "timestamp" else value)


@pytest.mark.parametrize(
    ("cells", "about"),
    [
        (["1,234", "5,678"], "state the form: 1,234.5 or 1.234,5"),
        (["1.234", "5.678", "9.120"], "may be whole numbers grouped by points"),
        (["1/2/2020", "3/4/2020"], "state the form: m/d/Y or d/m/Y"),
        (["2024-01-05 10:00 EST", "2024-01-06 11:00 EST"], "zone EST, which stands for several"),
    ],
)
def test_what_nobody_can_tell_is_said(cells: list[str], about: str) -> None:
    assert about in (infer_type(column(cells), "c").about or "")


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["1,234", "950"], None),  # 950 alone does not decide ...
        (["1,230", "950"], "1,234.5"),  # ... a zero at the end beside it does: 1.230 would have been 1.23
        (["1,234", "1234567"], "1.234,5"),  # whole numbers are not grouped here
        (["1,234", "0,123"], "1.234,5"),
        (["1,234", "1,234,567"], "1,234.5"),
        (["1.230", "950", "12.300"], "1.234,5"),
        (["1.459 €", "1.519 €"], None),  # prices of fuel have three decimals
        ([f"{i},{i + 500}" for i in range(1, 60)] + ["7"], "1,234.5"),
    ],
)
def test_the_rest_of_the_column_decides(cells: list[str], form: str | None) -> None:
    assert infer_type(column(cells), "c").form == form


def test_seconds_need_a_name_that_says_a_time() -> None:
    assert infer_type(np.array([1704465000, 1704551400]), "amount").type == "integer"
    assert infer_type(np.array([1704465000, 1704551400]), "updated_at").form == "unix"
    assert infer_type(np.array([1704465000, 12]), "updated_at").type == "integer"
    assert infer_type(np.array([20240105, 20241305, 20240307]), "day").type == "integer"
