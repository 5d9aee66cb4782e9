"""Changing the file of keys: one writer at a time, whole or not at all, readable by its owner alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from smeaton.errors import InputError
from smeaton.service.auth.keychange import change_keys
from smeaton.service.auth.keyfile import new_key, render
from smeaton.service.auth.keyring import read_keys

WRITER = """
import sys
from pathlib import Path
from smeaton.flow.key import make_key

for number in range(10):
    make_key(Path(sys.argv[1]), f"{sys.argv[2]}-{number}", ["predict"])
"""


def names(path: Path) -> list[str]:
    return [key.name for key in read_keys(path)[0]]


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    before = os.umask(0)
    try:
        change_keys(path, lambda keys: [*keys, new_key("one", ["predict"])[1]])
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.toml"]


def test_two_writers_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), f"w{number}"]) for number in range(2)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert sorted(names(path)) == sorted(f"w{number}-{key}" for number in range(2) for key in range(10))


def test_a_fault_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.toml"
    change_keys(path, lambda keys: [new_key("one", ["predict"])[1]])
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        change_keys(path, lambda keys: [])
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.toml"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    link = tmp_path / "link.toml"
    link.symlink_to(real)
    for name in ("one", "two"):
        change_keys(link, lambda keys, name=name: [*keys, new_key(name, ["predict"])[1]])  # type: ignore[misc]
    assert link.is_symlink()
    assert names(real) == ["one", "two"]


def test_an_empty_file_may_be_filled(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.touch()
    change_keys(path, lambda keys: [*keys, new_key("one", ["predict"])[1]])
    assert names(path) == ["one"]


def test_what_is_not_touched(tmp_path: Path) -> None:
    plain = tmp_path / "keys"
    plain.write_text("a-long-enough-key-1\n")
    plain.chmod(0o600)
    open_to_all = tmp_path / "open.toml"
    open_to_all.write_text(render([]))
    open_to_all.chmod(0o644)
    cases = {plain: "plain keys", open_to_all: "others may read", tmp_path / "no" / "keys.toml": "no such folder"}
    for path, word in cases.items():
        with pytest.raises(InputError, match=word):
            change_keys(path, lambda keys: [])
    assert plain.read_text() == "a-long-enough-key-1\n"


def test_the_owner_stays_the_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.toml"
    change_keys(path, lambda keys: [])
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
        change_keys(path, lambda keys: [new_key("one", ["predict"])[1]])
        assert path.stat().st_uid == 12345

    def refuse(descriptor: int, user: int, group: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    if os.geteuid() == 0:
        with pytest.raises(InputError, match="another user"):
            change_keys(path, lambda keys: [])
        assert names(path) == ["one"]
    else:
        change_keys(path, lambda keys: [])
        assert names(path) == []
