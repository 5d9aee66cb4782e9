import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.task import units


@pytest.mark.parametrize(
    ("text", "value"), [("20us", 20e-6), ("50ms", 0.05), ("0.1s", 0.1), ("3s", 3.0), ("2 m", 120.0), ("1.5h", 5400.0)]
)
def test_seconds(text: str, value: float) -> None:
    assert units.seconds(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("0B", 0), ("512B", 512), ("3MB", 3_000_000), ("1.5KB", 1500), ("2GiB", 2**31), ("1KiB", 1024), ("1GB", 10**9)],
)
def test_sizes(text: str, value: int) -> None:
    assert units.size_bytes(text) == value


@pytest.mark.parametrize(("text", "value"), [("$5", 5.0), ("$0.20", 0.2), ("$0", 0.0)])
def test_dollars(text: str, value: float) -> None:
    assert units.dollars(text) == value


@pytest.mark.parametrize(
    "text", ["", "50", "ms", "50 msec", "-5s", "1h30m", "1e3s", "5d", "inf s", "٣s", "1.s", 50, None]
)
def test_wrong_times(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time such as 50ms"):
        units.seconds(text)


@pytest.mark.parametrize("text", ["", "3", "3MBit", "1.5B", "0.0001KB", "3 M", True])
def test_wrong_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="expected a"):
        units.size_bytes(text)


@pytest.mark.parametrize("text", ["", "5", "5$", "€5", "$-1", "$1,000", "$ 5", "$1e3", 5])
def test_wrong_dollars(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected dollars such as \$5"):
        units.dollars(text)


def test_the_case_of_a_unit_is_pointed_out() -> None:
    with pytest.raises(ValueError, match="write the unit MB"):
        units.size_bytes("3mb")


@given(st.floats(0, 1e12))
def test_exact_times_and_money_read_back(value: float) -> None:
    for exact, read in ((units.exact_seconds, units.seconds), (units.exact_dollars, units.dollars)):
        text = exact(value)
        try:
            assert read(text) == value
        except ValueError:
            assert value < 1e-2  # more than 18 digits behind the point: nobody writes such a limit


@given(st.integers(0, 10**15))
def test_exact_sizes_read_back(value: int) -> None:
    assert units.size_bytes(units.exact_bytes(value)) == value


@pytest.mark.parametrize(
    ("value", "text"), [(0.05, "50ms"), (600.0, "10m"), (3.0, "3s"), (3600.0, "1h"), (1.5, "1.5s"), (90.0, "90s")]
)
def test_exact_times_are_short(value: float, text: str) -> None:
    assert units.exact_seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(3_000_000, "3MB"), (2**20, "1MiB"), (1500, "1500B"), (0, "0B")])
def test_exact_sizes_are_short(value: int, text: str) -> None:
    assert units.size_bytes(units.exact_bytes(value)) == value
    assert len(units.exact_bytes(value)) <= len(text)


@pytest.mark.parametrize(("value", "text"), [(0.2, "$0.20"), (5.0, "$5"), (0.0012, "$0.0012")])
def test_exact_money_is_readable(value: float, text: str) -> None:
    assert units.exact_dollars(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 us"), (45.3e-6, "45.3 us"), (0.0123, "12.3 ms"), (0.9999, "1 s"), (2.5, "2.5 s"), (59.99, "1 m"),
     (125, "2 m 05 s"), (4200, "1 h 10 m")],
)  # fmt: skip
def test_times_for_people(value: float, text: str) -> None:
    assert units.show_seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(12, "12 B"), (3_210_000, "3.21 MB"), (999_900, "1 MB"), (5e12, "5000 GB")]
)
def test_sizes_for_people(value: float, text: str) -> None:
    assert units.show_bytes(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "$0.00"), (0.2, "$0.20"), (0.00123, "$0.0012"), (1234.5, "$1,234.50")])
def test_money_for_people(value: float, text: str) -> None:
    assert units.show_dollars(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.012345, 3, "0.0123"), (-999.4, 3, "-999"), (3950.4, 3, "3,950"), (-12345.6, 4, "-12,346"), (2e15, 3, "2e+15")],
)
def test_numbers_for_people(value: float, digits: int, text: str) -> None:
    assert units.show_number(value, digits) == text
    assert units.show_range(value, 0.5, digits) == f"{text} to 0.5"
