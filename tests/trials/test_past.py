"""What a finished build tried, read without its lock, without changing anything."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smeaton.errors import DataError
from smeaton.trials.past import open_past
from smeaton.trials.plan import Plan
from smeaton.trials.record import Candidate, Cost, Trial
from smeaton.trials.store import FILE, Started, Store

COST = Cost(p50=0.001, p95=0.002, cost_per_1k=None, size=10)


def trial(family: str, at: float) -> Trial:
    return Trial(key=f"{family}-1-0", candidate=Candidate(family=family), state="done", scores=(0.5,), at=at)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A build's folder with two trials, a cut one and what was said; its name is one that an address must quote."""
    root = tmp_path / "a #1 100% build?"
    with Store(root, "x") as store:
        store.set_plan(Plan(made=5, folds=3, ships="bag", reserve=1.0, rows=100, columns=4))
        for place, family in enumerate(("linear", "forest")):
            store.start(Started(key=f"{family}-1-0", candidate=Candidate(family=family), at=float(place)))
        store.finish(trial("forest", 2.5))
        store.finish(trial("linear", 4.0))
        store.cut(trial("network", 5.0))
        store.put_cost("linear-1-0", COST)
        store.say("note", "the search ended: <b>")
    return root


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir()}


def test_everything_is_there_in_its_order(root: Path) -> None:
    past = open_past(root)
    assert [(one.candidate.family, one.at) for one in past.trials] == [("forest", 2.5), ("linear", 4.0)]
    assert [one.candidate.family for one in past.cuts] == ["network"]
    assert [one.candidate.family for one in past.started] == ["linear", "forest"]
    assert past.costs == {"linear-1-0": COST}
    assert past.notices == (("note", "the search ended: <b>"),)
    assert past.plan is not None
    assert past.plan.folds == 3


def test_reading_changes_nothing(root: Path) -> None:
    before = files(root)
    open_past(root)
    assert files(root) == before


def test_a_build_that_is_still_running_is_read_to_its_last_trial(root: Path) -> None:
    with Store(root, "x") as store:
        store.finish(trial("boosting", 6.0))
        assert (root / f"{FILE}-wal").exists(), "the writer has the file open"
        assert [one.candidate.family for one in open_past(root).trials] == ["forest", "linear", "boosting"]
        store.finish(trial("catboost", 7.0))  # its lock and its file are as they were
        assert len(open_past(root).trials) == 4


def test_no_record_is_an_error_that_says_where(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        open_past(tmp_path)
    assert FILE in str(error.value.where)
    assert not (tmp_path / FILE).exists(), "asking for it must not make one"


@pytest.mark.parametrize("damage", [b"", b"this is no database, whatever it is called. " * 40])
def test_a_damaged_record_is_an_error(root: Path, damage: bytes) -> None:
    (root / FILE).write_bytes(damage)
    with pytest.raises(DataError, match="cannot be read"):
        open_past(root)


def test_a_record_of_another_form_is_an_error(root: Path) -> None:
    with closing(sqlite3.connect(root / FILE)) as base, base:
        base.execute('update trials set body = \'{"state": "no such state"}\'')
    with pytest.raises(DataError, match="cannot be read"):
        open_past(root)
