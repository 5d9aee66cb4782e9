"""Interrupts while the bundle is made: the first is answered in words, the second ends it."""

import os
import signal
import threading

import pytest

from smeaton.flow.unhurried import unhurried
from smeaton.trials.notice import Notice


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_is_answered_and_the_second_ends_it() -> None:
    said: list[Notice] = []
    before = signal.getsignal(signal.SIGINT)

    def twice() -> None:
        interrupt()
        assert len(said) == 1
        assert "Ctrl-C again" in said[0].text
        interrupt()

    with pytest.raises(KeyboardInterrupt), unhurried(said.append, asked=False):
        twice()
    assert signal.getsignal(signal.SIGINT) is before


def test_after_one_in_the_search_the_next_ends_it() -> None:
    with pytest.raises(KeyboardInterrupt), unhurried(lambda notice: None, asked=True):
        interrupt()


def test_an_interrupt_that_an_extension_turned_into_something_else() -> None:
    def load() -> None:
        try:
            interrupt()
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    with pytest.raises(KeyboardInterrupt), unhurried(lambda notice: None, asked=True):
        load()


def test_other_faults_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match="a fault"), unhurried(lambda notice: None, asked=True):
        raise ValueError("a fault")


def test_in_another_thread_nothing_is_changed() -> None:
    done: list[bool] = []

    def work() -> None:
        before = signal.getsignal(signal.SIGINT)
        with unhurried(lambda notice: None, asked=False):
            done.append(signal.getsignal(signal.SIGINT) is before)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
