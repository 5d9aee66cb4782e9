"""A build says how long reading took where that is a good part of its budget."""

from smeaton.flow.prepare import _about_reading


def test_a_long_reading_is_said() -> None:
    (line,) = _about_reading(41.46, 60)
    assert line.startswith("reading took 41.5 s of the 60 s in all")
    assert "budget.time" in line
    assert "Parquet" in line


def test_a_short_one_is_not() -> None:
    assert _about_reading(19.9, 60) == []
    assert _about_reading(20.0, 60)
