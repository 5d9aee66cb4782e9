import re
from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.task.moments import LAYOUTS, iso_column, moment_of_number, moment_reader, read_iso


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


def written(moment: datetime, layout: str, clock: str = "") -> str:
    """A moment as a layout describes it."""

    def part(found: re.Match[str]) -> str:
        mark = found[0]
        return {"q": f"Q{(moment.month + 2) // 3}", "T": clock, "de": "de"}.get(mark) or moment.strftime("%" + mark)

    text = re.sub("de|[YymdbaqT]", part, layout)
    return text if "T" in layout or not clock else f"{text} {clock}"


@given(st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31)), st.sampled_from(LAYOUTS))
def test_every_layout_reads_what_it_describes(moment: datetime, layout: str) -> None:
    day = moment if "d" in layout.replace("de", "") else moment.replace(day=1)
    if "q" in layout:
        day = day.replace(month=(moment.month + 2) // 3 * 3 - 2)
    expected = np.datetime64(day.replace(microsecond=0), "us")
    reader = moment_reader(layout, strict=True)
    for clock in ("%H:%M:%S", "%I:%M:%S %p", "%I:%M:%S%p"):
        assert reader(written(moment, layout, moment.strftime(clock))) == expected
    ahead = written(moment, layout, moment.strftime("%H:%M:%S") + " +02:00")
    assert reader(ahead) == expected - np.timedelta64(2, "h")
    if "T" not in layout:
        assert moment_reader(layout)(written(moment, layout)) == expected.astype("datetime64[D]")
    assert moment_reader(layout)(moment.isoformat()) == np.datetime64(moment, "us")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-01-05 15:30 Europe/Berlin", "2024-01-05T14:30"),
        ("2024-07-05 15:30 Europe/Berlin", "2024-07-05T13:30"),
        ("2024-10-27 02:30 Europe/Berlin", "2024-10-27T00:30"),  # shown twice: the first
        ("2024-03-31 02:30 Europe/Berlin", "2024-03-31T01:30"),  # left out
        ("2024-01-05 15:30 [America/New_York]", "2024-01-05T20:30"),
        ("2024-01-05 15:30 UTC", "2024-01-05T15:30"),
        ("2024-01-05 15:30 GMT+0530", "2024-01-05T10:00"),
        ("2024-01-05 15:30 -05", "2024-01-05T20:30"),
        ("2024-01-05 15:30 EST", None),
        ("2024-01-05 15:30 Mars/Olympus_Mons", None),
        ("2024-01-05 15:30 +25:00", None),
        ("2024-01-05 Europe/Berlin", None),
    ],
)
def test_zones(text: str, utc: str | None) -> None:
    found = _read(moment_reader("Y-m-d"), text)
    assert found == (None if utc is None else np.datetime64(utc, "us"))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)))
def test_numbers_are_read_as_their_texts(moment: datetime) -> None:
    day = int(moment.strftime("%Y%m%d"))
    assert moment_of_number("Ymd", day) == moment_reader("Ymd", strict=True)(str(day))
    seconds = int(np.datetime64(moment, "s").astype(np.int64))
    assert moment_of_number("unix", seconds) == np.datetime64(moment, "s")
    assert moment_of_number("unix_ms", 1000 * seconds) == moment_reader("unix_ms", strict=True)(f"{1000 * seconds}")
    assert moment_reader("Ymd")(moment.strftime("%Y%m%d%H%M%S")) == np.datetime64(moment, "s")


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
