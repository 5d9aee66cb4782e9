"""Looking keys up: every entry is compared, expired ones never match, and changes of the file are taken up."""

import hmac
import logging
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from smeaton.errors import InputError
from smeaton.service.auth import keyring as module
from smeaton.service.auth.keyfile import Key, new_key, render
from smeaton.service.auth.keyring import KeyRing


def write(path: Path, *keys: Key) -> None:
    path.touch(0o600)
    path.write_text(render(keys))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets two seconds pass for the ring."""
    passed = [0.0]
    real = module.time.monotonic
    monkeypatch.setattr(module.time, "monotonic", lambda: real() + passed[0])

    def step() -> None:
        passed[0] += 2.0

    return step


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


def test_a_key_is_found_by_its_text(path: Path) -> None:
    one, first = new_key("one", ["predict"])
    two, second = new_key("two", ["learn", "admin"])
    write(path, first, second)
    ring = KeyRing.read(path)
    assert ring.keys == (first, second)
    assert ring.find(one) == first
    assert ring.find(two) == second
    for wrong in ("", one[:-1], one + "x", one.upper(), "smk_", "\ud800", "é", first.digest.hex()):
        assert ring.find(wrong) is None


@pytest.mark.parametrize("which", [0, 4, 9, None])
def test_every_entry_is_compared_whichever_matches(
    path: Path, monkeypatch: pytest.MonkeyPatch, which: int | None
) -> None:
    made = [new_key(f"k{number}", ["predict"]) for number in range(10)]
    write(path, *(key for _, key in made))
    ring = KeyRing.read(path)
    compared: list[bytes] = []

    def counting(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(module, "compare_digest", counting)
    found = ring.find("smk_unknown" if which is None else made[which][0])
    assert (found.name if found else None) == (None if which is None else f"k{which}")
    assert compared == [key.digest for _, key in made]


def test_an_expired_key_does_not_match_but_is_known(path: Path) -> None:
    old, key = new_key("old", ["predict"], timedelta(days=1))
    past = Key(key.name, key.digest, key.scopes, key.created - timedelta(days=3), key.created - timedelta(days=2))
    new, valid = new_key("new", ["predict"], timedelta(days=1))
    write(path, past, valid)
    ring = KeyRing.read(path)
    assert ring.find(old) is None
    assert ring.match(old.encode()) == past
    assert ring.find(new) == valid


def test_rotation_while_running(path: Path, later: Callable[[], None]) -> None:
    one, first = new_key("one", ["predict"])
    two, second = new_key("two", ["predict"])
    write(path, first)
    ring = KeyRing.read(path)
    write(path, first, second)
    later()
    assert ring.refresh()
    assert ring.find(one)
    assert ring.find(two)
    write(path, second)
    later()
    assert ring.refresh()
    assert ring.find(one) is None
    assert ring.find(two)
    write(path)
    later()
    assert ring.refresh()
    assert ring.find(two) is None, "the last key was revoked"
    later()
    assert not ring.refresh()


def test_the_file_is_looked_at_once_a_second(
    path: Path, monkeypatch: pytest.MonkeyPatch, later: Callable[[], None]
) -> None:
    write(path, new_key("one", ["predict"])[1])
    ring = KeyRing.read(path)
    looked: list[object] = []
    real = os.stat

    def counting(name: object, **more: object) -> os.stat_result:
        looked.append(name)
        return real(name, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(module.os, "stat", counting)
    later()
    for _ in range(100):
        assert not ring.refresh()
    assert looked == [path]


@pytest.mark.parametrize("fault", ["torn", "empty", "missing", "open"])
def test_a_broken_file_keeps_the_keys_and_says_so_once(
    path: Path, later: Callable[[], None], caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    one, first = new_key("one", ["predict"])
    two, second = new_key("two", ["predict"])
    write(path, first)
    ring = KeyRing.read(path)
    if fault == "missing":
        path.unlink()
    elif fault == "open":
        path.chmod(0o644)
    else:
        path.write_text(render([second])[: -30 if fault == "torn" else 0])
    for _ in range(3):
        later()
        assert not ring.refresh()
    assert ring.find(one)
    assert ring.find(two) is None
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    assert "stay valid" in told[0].getMessage()
    path.unlink(missing_ok=True)
    write(path, second)
    later()
    assert ring.refresh(), "a mended file is taken up"
    assert ring.find(one) is None
    assert ring.find(two)


def test_a_file_that_was_away_comes_back_as_it_was(path: Path, later: Callable[[], None]) -> None:
    one, first = new_key("one", ["predict"])
    write(path, first)
    ring = KeyRing.read(path)
    path.rename(path.with_suffix(".away"))
    later()
    assert not ring.refresh()
    path.with_suffix(".away").rename(path)
    later()
    assert ring.refresh()
    assert ring.find(one)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o601])
def test_a_file_others_may_read_is_refused_with_the_command_that_mends_it(path: Path, mode: int) -> None:
    write(path, new_key("one", ["predict"])[1])
    path.chmod(mode)
    with pytest.raises(InputError, match="others may read") as refused:
        KeyRing.read(path)
    assert refused.value.fix == f"run: chmod 600 {path}"


def test_files_that_are_no_key_files(tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.touch(0o600)
    odd.write_bytes(b"\xff" * 40)
    large = tmp_path / "large"
    large.touch(0o600)
    large.write_bytes(b"#" * 1_000_001)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    cases = {odd: "not UTF-8", large: "at most", pipe: "no regular file", tmp_path: "no regular file"}
    for path, word in (cases | {tmp_path / "none": "no such key file"}).items():
        with pytest.raises(InputError, match=word) as refused:
            KeyRing.read(path)
        assert refused.value.where == str(path)
        assert refused.value.fix
