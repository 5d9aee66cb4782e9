"""A build in a folder where one was done: trials are kept, bars and limits judged anew, openings counted."""

import shutil
from pathlib import Path

import pytest
from tests.conftest import TASK, as_csv, client_rows

import smeaton
from smeaton.errors import InputError
from smeaton.task.lock import read_lock
from smeaton.trials.notice import Notice


def rebuild(folder: Path, text: str = TASK, **options: object) -> tuple[smeaton.Built, list[str]]:
    (folder / "smeaton.yaml").write_text(text)
    said: list[str] = []

    def listen(notice: Notice) -> None:
        said.append(notice.text)

    return smeaton.build(folder, listen=listen, **options), said


def test_the_lock_stands_beside_the_task(copied: Path) -> None:
    lock = read_lock(copied / "smeaton.lock")
    assert lock is not None
    assert list(lock.inputs) == ["age", "plan", "spend"]
    assert lock.inputs["spend"].optional
    assert lock.output["churned"].labels == (False, True)
    assert set(lock.vocabularies) == {"plan"}
    assert "basic" not in (copied / "smeaton.lock").read_text(), "hashes of values, not the values"
    assert len(lock.data) == 64
    assert lock.split
    assert lock.plan
    assert lock.versions["smeaton"] == smeaton.__version__


def test_trials_are_kept_and_openings_counted(copied: Path) -> None:
    first = (copied / "smeaton.lock").read_text()
    built, said = rebuild(copied, TASK + 'bars: {accuracy: ">= 0.5"}\n')
    assert "2 finished trials of an earlier run are kept and not repeated" in said
    assert (built.outcome, built.exit_code, built.opened) == ("ready", 0, 2)
    assert "opened 2 times so far" in built.summary()
    assert not [line for line in said if "smeaton.lock" in line]
    assert (copied / "smeaton.lock").read_text() == first


@pytest.mark.parametrize(
    ("line", "reason"),
    [('bars: {accuracy: ">= 0.999"}', "accuracy"), ("limits: {p95: 1us}", "p95"), ("limits: {size: 1KB}", "size")],
)
def test_bars_and_limits_missed(line: str, reason: str, copied: Path) -> None:
    built, _ = rebuild(copied, TASK + line + "\n")
    assert (built.outcome, built.exit_code) == ("not ready", 3)
    assert any(reason in why for why in built.reasons), built.reasons
    assert built.bundle is not None
    with smeaton.load(built.bundle) as model:
        assert model.bundle.manifest.outcome == "not ready"


def test_a_lock_that_was_pinned_is_used_while_the_data_is_what_it_was(copied: Path) -> None:
    """The data is the same, but what is inferred of it is not (as after an upgrade): the lock's types stand."""
    file = copied / "smeaton.lock"
    text = file.read_text()
    file.write_text(text.replace('"spend": {', '"spend": {\n   "about": "as pinned",'))
    assert file.read_text() != text
    _, said = rebuild(copied)
    assert any("the types of the columns are those of smeaton.lock" in line for line in said)
    lock = read_lock(file)
    assert lock is not None
    assert lock.inputs["spend"].about == "as pinned"


def test_other_data_is_inferred_anew_and_said(copied: Path) -> None:
    rows = client_rows(60)
    rows[5]["age"] = 40.5
    (copied / "clients.csv").write_text(as_csv(rows))
    _, said = rebuild(copied)
    assert "since smeaton.lock was written: input 'age' was integer, is number" in said
    assert "since smeaton.lock was written: the data changed" in said
    lock = read_lock(copied / "smeaton.lock")
    assert lock is not None
    assert lock.inputs["age"].type == "number"


def test_a_damaged_lock_is_refused(copied: Path) -> None:
    (copied / "smeaton.lock").write_text("{")
    with pytest.raises(InputError, match="lock") as refused:
        rebuild(copied)
    assert "remove the file" in refused.value.fix
    assert (copied / "clients.bundle").is_dir()


def test_something_else_in_the_bundle_s_place(copied: Path) -> None:
    shutil.rmtree(copied / "clients.bundle")
    (copied / "clients.bundle").mkdir()
    (copied / "clients.bundle" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not a bundle"):
        rebuild(copied)
    assert (copied / "clients.bundle" / "mine.txt").read_text() == "mine"
