"""What is drawn in a process of its own is what is drawn here, and what cannot be is left to be drawn here."""

import os
import signal

import msgspec
import pytest
from tests.reporting.made import BROKEN, HOSTILE, TURNED, bars, pareto

from smeaton.reporting.forms import Section
from smeaton.reporting.painter import Painter
from smeaton.reporting.svg import pictures

BARS = Section(id="bars", title="t", shows="s", do="d", figures=(bars("a", HOSTILE, ("linear", TURNED)),))


@pytest.mark.slow
def test_the_pictures_are_those_that_are_drawn_here() -> None:
    with Painter() as painter:
        for section in (BARS, pareto()):
            painter.begin(section)
        made = painter.made()
    assert made == {section.id: pictures(section) for section in (BARS, pareto())}
    assert painter._process.returncode is not None


@pytest.mark.slow
def test_a_section_that_cannot_be_drawn_is_missing_and_so_are_the_next() -> None:
    wrong = msgspec.structs.replace(BARS, id="wrong", figures=(msgspec.structs.replace(bars("a", "t"), chart="no"),))
    with Painter() as painter:
        for section in (BARS, wrong, pareto()):
            painter.begin(section)
        assert list(painter.made()) == ["bars"]


@pytest.mark.slow
def test_text_that_no_pipe_carries_is_left_out_alone() -> None:
    odd = msgspec.structs.replace(BARS, id="odd", figures=(bars("a", f"{BROKEN}\ud800"),))
    with Painter() as painter:
        for section in (odd, BARS):
            painter.begin(section)
        assert list(painter.made()) == ["bars"]


def test_without_its_process_nothing_is_made_and_nothing_fails() -> None:
    with Painter() as painter:
        os.kill(painter._process.pid, signal.SIGKILL)
        painter.begin(BARS)
        assert painter.made() == {}


def test_an_error_ends_it_at_once() -> None:
    painter = Painter()
    painter.begin(BARS)
    with pytest.raises(ZeroDivisionError), painter:
        _ = 1 // 0
    assert painter._process.returncode == -signal.SIGKILL
