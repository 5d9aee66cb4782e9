from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.task.moments import LAYOUTS, iso_column, moment_reader, read_iso


@given(st.datetimes())
def test_iso_is_read_in_bulk_as_one_by_one(moment: datetime) -> None:
    texts = [
        moment.isoformat(),
        str(moment),
        moment.isoformat(timespec="microseconds") + "Z",
        moment.isoformat(timespec="milliseconds"),
        moment.isoformat(timespec="minutes"),
        str(moment.date()),
    ]
    column, read = iso_column(texts)
    assert read.all()
    for text, value in zip(texts, column, strict=True):
        assert value == read_iso(text)
    assert column[0] == np.datetime64(moment, "us")


@given(
    st.lists(
        st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?Z?)?", fullmatch=True)
    )
)
def test_the_bulk_path_takes_nothing_that_is_no_moment(texts: list[str]) -> None:
    column, read = iso_column(texts)
    for text, value, done in zip(texts, column, read, strict=True):
        try:
            expected = read_iso(text)
        except ValueError:
            assert not done
            assert np.isnat(value)
        else:
            assert done
            assert value == expected


@given(st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31)), st.sampled_from(LAYOUTS))
def test_every_layout_reads_what_it_describes(moment: datetime, layout: str) -> None:
    form = "".join("%" + mark if mark in "Yymdb" else mark for mark in layout)
    expected = np.datetime64(moment.replace(microsecond=0), "us")
    for clock in ("%H:%M:%S", "%I:%M:%S %p", "%I:%M:%S%p"):
        assert moment_reader(layout, strict=True)(moment.strftime(f"{form} {clock}")) == expected
    assert moment_reader(layout)(moment.strftime(form)) == expected.astype("datetime64[D]")
    assert moment_reader(layout)(moment.isoformat()) == np.datetime64(moment, "us")


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("m/d/Y", "13/1/2024"), ("m/d/Y", "2/30/2024"), ("m/d/Y", "1/2/24"), ("m/d/Y", "1-2-2024"), ("m/d/Y", ""),
        ("m/d/Y", "1/2/2024 25:00"), ("m/d/Y", "1/2/2024 1:60"), ("m/d/Y", "1/2/2024 0:10 AM"), ("m/d/Y", "1/2/2024 x"),
        ("m/d/Y", "1/2/2024  10:00"), ("m/d/Y", "2024-01-02"), ("m/d/Y", "1/2/0000"), ("m/d/y", "1/2/2024"),
        ("b d Y", "Foo 1 2024"), ("b d Y", "Jun 31 2024"), ("b d Y", "Jun 1, 2024"), ("b d, Y", "Jun 1 2024"),
        ("m/d/Y", "١/2/2024"),
    ],
)  # fmt: skip
def test_what_a_layout_does_not_read(layout: str, text: str) -> None:
    reader = moment_reader(layout, strict=True)
    assert _read(reader, text) is None


def _read(reader: Callable[[str], np.datetime64], text: str) -> np.datetime64 | None:
    try:
        return reader(text)
    except ValueError:
        return None


def test_two_digit_years_are_of_the_century_posix_says() -> None:
    assert moment_reader("m/d/y")("1/1/69") == np.datetime64("1969-01-01")
    assert moment_reader("m/d/y")("1/1/68") == np.datetime64("2068-01-01")
