"""What does not outlive this process is not put on disk for good; all else is."""

import os
from pathlib import Path

import pytest

from smeaton.runtime.files import durable_write, flush_tree, is_kept, passing


def test_only_what_is_kept_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with passing():
        assert not is_kept()
        durable_write(tmp_path / "one", b"1")
        flush_tree(tmp_path)
        assert synced == []
    assert is_kept()
    assert (tmp_path / "one").read_bytes() == b"1"
    durable_write(tmp_path / "two", b"2")
    assert synced


def test_a_failure_inside_ends_it_too() -> None:
    with pytest.raises(ValueError, match="odd"), passing():
        raise ValueError("odd")
    assert is_kept()
