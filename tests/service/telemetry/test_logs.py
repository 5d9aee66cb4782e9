"""One line an event, whole and in either form, without the values of rows."""

import json
import logging
import os
import re
import warnings
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import RowFault, RowsError
from smeaton.service.telemetry.logs import Form, LineFormatter, configure, told, write_json, write_text

NEEDLE = "zqneedlezq"
NAMES = ("", "smeaton", "uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")
Read = Callable[[], list[str]]


@pytest.fixture
def logs() -> Iterator[Callable[..., Read]]:
    """Configures logging to a pipe; calling what comes back gives the lines so far. All is put back afterwards."""
    loggers = [logging.getLogger(name) for name in NAMES]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    read, write = os.pipe()
    os.set_blocking(read, False)

    def start(form: Form, level: str = "info", worker: str = "") -> Read:
        configure(form, level, worker, write)

        def lines() -> list[str]:
            try:
                return os.read(read, 1 << 16).decode().splitlines()
            except BlockingIOError:
                return []

        return lines

    yield start
    logging.captureWarnings(False)
    for one, handlers, level, propagate in before:
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)
    os.close(read)
    os.close(write)


def test_an_event_is_one_json_object_with_what_belongs_to_it(logs: Callable[..., Read]) -> None:
    read = logs("json", worker="1")
    log = logging.getLogger("smeaton.service")
    log.warning("the journal\nis %s", "full", extra={"request": "r1", "trace": "ab" * 16, "model": "churn"})
    (line,) = read()
    event = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("at"))
    assert event == {
        "level": "warning",
        "event": "the journal\nis full",
        "logger": "smeaton.service",
        "request": "r1",
        "trace": "ab" * 16,
        "model": "churn",
        "worker": "1",
    }


def test_as_text_an_event_is_one_line_too(logs: Callable[..., Read]) -> None:
    read = logs("text")
    logging.getLogger("smeaton").error("took\nover", extra={"request": "a b=c", "model": "churn"})
    logging.getLogger("smeaton").info("plain words")
    first, second = read()
    assert first.split(" ", 1)[1] == r'error   "took\nover" logger=smeaton request="a b=c" model=churn'
    assert second.split(" ", 1)[1] == "info    plain words logger=smeaton"


def test_the_level_is_ours_and_libraries_are_quiet(logs: Callable[..., Read]) -> None:
    read = logs("json", "info")
    logging.getLogger("smeaton.service").debug("no")
    logging.getLogger("some.library").info("no")
    logging.getLogger("uvicorn.access").critical("no")
    assert read() == []
    logging.getLogger("uvicorn.error").warning("yes")
    logging.getLogger("some.library").warning("yes")
    assert [json.loads(line)["logger"] for line in read()] == ["uvicorn.error", "some.library"]
    read = logs("json", "debug")
    logging.getLogger("smeaton.service").debug("yes")
    assert len(read()) == 1


def test_a_warning_of_python_is_an_event(logs: Callable[..., Read]) -> None:
    read = logs("json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("this will go", FutureWarning, stacklevel=1)
    assert "this will go" in json.loads(read()[0])["event"]


def test_an_exception_is_one_field_with_types_and_places_but_no_values(logs: Callable[..., Read]) -> None:
    read = logs("json")
    try:
        try:
            float(NEEDLE)
        except ValueError as error:
            raise RuntimeError(NEEDLE) from error
    except RuntimeError:
        logging.getLogger("smeaton").exception("request failed", extra={"request": "r1"})
    (line,) = read()
    assert NEEDLE not in line
    exception = json.loads(line)["exception"]
    assert exception.index("builtins.ValueError") < exception.index("builtins.RuntimeError")
    assert "in test_an_exception_is_one_field" in exception
    assert os.path.basename(__file__) in exception


def test_what_our_own_errors_say_is_told() -> None:
    assert "a number was expected" in told(RowsError([RowFault(3, "age", "a number was expected")]))
    assert "No such file" in told(FileNotFoundError(2, "No such file", "x.bundle"))
    assert told(KeyError(NEEDLE)) == "builtins.KeyError"


def test_causes_that_go_round_end_and_the_innermost_part_is_kept() -> None:
    first, second = ValueError(), OSError("y" * 5000)
    first.__cause__, second.__cause__ = second, first
    assert len(told(first)) <= 2500
    assert told(first).endswith("builtins.ValueError")


def test_a_bad_record_is_no_fault_of_a_request(logs: Callable[..., Read], capsys: pytest.CaptureFixture[str]) -> None:
    read = logs("json")
    logging.getLogger("smeaton").warning("%d", "no number")
    assert read() == []
    assert "Logging error" in capsys.readouterr().err


@given(st.text(st.characters()), st.text(st.characters()))
def test_whatever_the_text_a_line_is_a_line(event: str, value: str) -> None:
    fields = {"at": "now", "level": "info", "event": event, "request": value}
    for line in (write_json(fields), write_text(fields)):
        assert len(line.encode("utf-8", "backslashreplace").splitlines()) == 1
        assert len(line.splitlines()) == 1
    assert json.loads(write_json(fields)) == fields


def test_a_formatter_can_be_used_alone() -> None:
    record = logging.LogRecord("smeaton", logging.INFO, __file__, 1, "up", (), None)
    assert json.loads(LineFormatter("json").format(record))["event"] == "up"
