import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smeaton.errors import InputError
from smeaton.trials.damage import digest_of
from smeaton.trials.plan import Plan
from smeaton.trials.record import Candidate, Cost, Interval, Trial
from smeaton.trials.seal import seal
from smeaton.trials.store import FILE, FOLDER, Recorded, Started, Store

PLAN = Plan(made=5, folds=5, ships="bag", reserve=3.0, rows=100, columns=4, lines=("a", "b"))


def trial(number: int) -> Trial:
    candidate = Candidate(family="linear", config={"strength": number})
    score = Interval(0.1 * number, 0.0, 1.0)
    return Trial(key=f"{candidate.key}-1-0", candidate=candidate, state="done", scores=(0.1, 0.2), score=score)


def started(number: int) -> Started:
    return Started(key=trial(number).key, candidate=trial(number).candidate, pool=("a",), at=1.5)


def test_keeps_everything_in_order(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for number in (3, 1, 2):
            store.start(started(number))
        for number in (1, 3):
            store.finish(trial(number))
        store.start(started(3))
        store.set_plan(PLAN)
        store.set_plan(PLAN.settle(1))
        store.say("note", "hello")
        store.put_cost("k", Cost(p50=1.0, p95=2.0, cost_per_1k=None, size=3))
        store.put_cost("k", Cost(p50=1.5, p95=2.0, cost_per_1k=None, size=3))
        store.cut(trial(2))
    with Store(tmp_path) as store:
        assert store.notes == ()
        assert store.trials() == [trial(1), trial(3)]
        assert store.started() == [started(3), started(1), started(2)]
        assert store.plan() == PLAN.settle(1)
        assert store.notices() == [("note", "hello")]
        assert store.costs()["k"].p50 == 1.5
        assert store.cuts() == [trial(2)]
        store.uncut("another")
        assert store.cuts() == [trial(2)]
        store.uncut()
        assert store.cuts() == []


def test_a_finished_trial_is_frozen(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.finish(trial(1))
        with pytest.raises(ValueError, match="already finished"):
            store.finish(trial(1))


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(InputError, match=f"another build.*process {os.getpid()}"):
        Store(tmp_path)
    Store(tmp_path).close()


def filled(root: Path) -> None:
    with Store(root, "mine") as store:
        store.set_plan(PLAN)
        for number in range(50):
            store.finish(trial(number))
    (root / FOLDER / trial(1).key).mkdir(parents=True)


def test_other_data_is_moved_aside_and_said(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store(tmp_path, "another") as store:
        assert "other data" in store.notes[0]
        assert "aside-1" in store.notes[0]
        assert store.trials() == []
        assert store.plan() is None
    assert not (tmp_path / FOLDER).exists()
    assert (tmp_path / "aside-1" / FOLDER).is_dir()


def damaged(root: Path, how: str) -> None:
    path = root / FILE
    body = bytearray(path.read_bytes())
    if how == "header":
        body[:16] = b"not a database !"
    elif how == "middle":
        body[4096 * 2 : 4096 * 3] = b"\x5a" * 4096
    elif how == "record":
        place = body.index(b'"strength":7')
        body[place + 11] = ord("8")
    elif how == "cut":
        del body[len(body) // 2 :]
    else:
        body = bytearray(b"hello")
    path.write_bytes(bytes(body))


@pytest.mark.parametrize("how", ["header", "middle", "record", "cut", "nonsense"])
def test_damage_is_found_moved_aside_and_said(tmp_path: Path, how: str) -> None:
    filled(tmp_path)
    damaged(tmp_path, how)
    with Store(tmp_path, "mine") as store:
        assert "damaged" in store.notes[0]
        kept = store.trials()
        store.finish(trial(77))
    assert (tmp_path / "damaged-1" / FILE).exists()
    with Store(tmp_path, "mine") as store:
        assert store.notes == ()
        assert store.trials() == [*kept, trial(77)]


def test_the_build_goes_on_from_what_is_whole(tmp_path: Path) -> None:
    filled(tmp_path)
    damaged(tmp_path, "record")
    with Store(tmp_path, "mine") as store:
        assert store.trials() == [trial(number) for number in range(50) if number != 7]
        assert store.plan() == PLAN
        assert "49 trials in it that are whole go on" in store.notes[0]
    assert (tmp_path / FOLDER / trial(1).key).is_dir()


def test_without_its_plan_nothing_is_whole(tmp_path: Path) -> None:
    filled(tmp_path)
    change(tmp_path, "update meta set body = 'x' where name = 'plan'")
    with Store(tmp_path, "mine") as store:
        assert store.trials() == []
    assert (tmp_path / "damaged-1" / FOLDER).is_dir()


def change(root: Path, statement: str, *values: object) -> None:
    base = sqlite3.connect(root / FILE, isolation_level=None)
    base.execute(statement, values)
    base.close()


def test_records_of_another_version(tmp_path: Path) -> None:
    """They are as they were written, and yet nothing that can be read."""
    filled(tmp_path)
    body = b'{"key": 5}'
    change(tmp_path, "update trials set body = ?, digest = ? where position = 3", body, digest_of(body))
    with Store(tmp_path, "mine") as store:
        assert "another version" in store.notes[0]
        assert len(store.trials()) == 49
    body = b'{"folds": "many"}'
    change(tmp_path, "update meta set body = ?, digest = ? where name = 'plan'", body, digest_of(body))
    with Store(tmp_path, "mine") as store:
        assert "plan in this folder was made by another version" in store.notes[0]
        assert store.trials() == []
        assert store.plan() is None


def with_files(root: Path, numbers: range) -> None:
    """Trials with fits; the last is made of the first two."""
    with Store(root, "mine") as store:
        store.set_plan(PLAN)
        for number in numbers:
            made_of = () if number < numbers[-1] else (trial(0).key, trial(1).key)
            store.start(Started(key=trial(number).key, candidate=trial(number).candidate, pool=made_of))
            fold = root / FOLDER / trial(number).key / "fold0"
            fold.mkdir(parents=True)
            (fold / "c0.npy").write_bytes(b"0123456789" * 50)
            seal(fold)
            (fold.parent / "oof").mkdir()
            (fold.parent / "oof" / "c0.npy").write_bytes(b"answers")
            store.finish(trial(number))


@pytest.mark.parametrize(
    ("name", "how"), [("fold0/c0.npy", "cut"), ("fold0/c0.npy", "flip"), ("oof/c0.npy", "gone"), ("seal.json", "flip")]
)
def test_damaged_fits_are_moved_aside_with_what_was_made_of_them(name: str, how: str, tmp_path: Path) -> None:
    with_files(tmp_path, range(5))
    path = tmp_path / FOLDER / trial(1).key / name
    body = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(body[:-1] if how == "cut" else b"x" + body[1:])
    with Store(tmp_path, "mine") as store:
        assert store.trials() == [trial(0), trial(2), trial(3)]
        assert "1 trials on disk are damaged" in store.notes[0]
        assert "2 were moved" in store.notes[0]
    assert sorted(path.name for path in (tmp_path / "damaged-1" / FOLDER).iterdir()) == sorted(
        [trial(1).key, trial(4).key]
    )
    with Store(tmp_path, "mine") as store:
        assert store.notes == ()


def test_a_fit_that_was_never_finished_is_checked_too(tmp_path: Path) -> None:
    with_files(tmp_path, range(3))
    fold = tmp_path / FOLDER / "open" / "fold1"
    fold.mkdir(parents=True)
    (fold / "result.json").write_text("{}")
    seal(fold)
    (fold / "result.json").write_text("{")
    with Store(tmp_path, "mine") as store:
        assert len(store.trials()) == 3
        assert "open: fold1/result.json has changed" in store.notes[0]
    assert not (tmp_path / FOLDER / "open").exists()


def test_replay_sweeps_the_fits_even_after_a_crash_in_between(tmp_path: Path) -> None:
    filled(tmp_path)
    entry = Recorded(started=started(1), trial=trial(1), folds=2, limits=(None, 7))
    with Store(tmp_path, "mine") as store:
        store.begin_replay([entry])
        assert store.record() == [entry]
        assert store.trials() == []
        assert store.plan() == PLAN
    assert not (tmp_path / FOLDER).exists()
    (tmp_path / FOLDER).mkdir()
    with sqlite3.connect(tmp_path / FILE) as base:
        base.execute("insert into meta select 'sweep', body, digest from meta where name = 'plan'")
    base.close()
    with Store(tmp_path, "mine") as store:
        assert not (tmp_path / FOLDER).exists()
        assert store.record() == [entry]
        store.end_replay()
        assert store.record() == []


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from smeaton.trials.record import Candidate, Trial
from smeaton.trials.store import Started, Store
with Store(Path(sys.argv[1])) as store:
    number = len(store.trials())
    print("open", flush=True)
    while True:
        candidate = Candidate(family="linear", config={"n": number})
        store.start(Started(key=f"t{number}", candidate=candidate))
        store.finish(Trial(key=f"t{number}", candidate=candidate, state="done"))
        print(number, flush=True)
        number += 1
"""


@pytest.mark.slow
def test_survives_kill_in_a_loop(tmp_path: Path) -> None:
    source = str(Path(__file__).parents[2] / "src")
    confirmed = -1
    for turn in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), source], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            time.sleep(0.003 * turn)
            process.send_signal(signal.SIGKILL)
            lines = process.stdout.read().split("\n")
        confirmed = max([confirmed, *(int(line) for line in lines[:-1])])
        with Store(tmp_path) as store:
            assert store.notes == ()
            keys = [trial.key for trial in store.trials()]
            assert keys == [f"t{number}" for number in range(len(keys))]
            assert len(keys) >= confirmed + 1, "a confirmed trial was lost"
            assert [line.key for line in store.started()][: len(keys)] == keys
    assert confirmed > 0
