"""The hub without a network: what is asked of its client, what is kept, and what is said where it fails."""

from pathlib import Path
from typing import Any

import pytest
from tiny_weights import DIM, encoder_folder

from smeaton.errors import ExtraMissing, InputError
from smeaton.weights import hub, resolve

COMMIT = "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a"


class Fake:
    """In place of the download: writes a folder as the client's cache has it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.error = error

    def __call__(self, name: str, revision: str | None, cache: Path, offline: bool) -> Path:
        self.asked.append((name, revision, cache, offline))
        if self.error is not None:
            raise self.error
        folder = cache / "hub" / "snapshots" / COMMIT
        return folder if folder.is_dir() else encoder_folder(folder)


def test_a_model_is_fetched_at_a_commit_that_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake()
    monkeypatch.setattr(hub, "download", fake)
    weights = resolve("hub:org/tiny@main", tmp_path, tmp_path / "cache")
    assert fake.asked == [("org/tiny", "main", tmp_path / "cache", False)]
    assert (weights.reference, weights.name, weights.dim) == (f"hub:org/tiny@{COMMIT}", "org/tiny", DIM)
    again = resolve(f"{weights.reference}#sha256={weights.hash}", tmp_path, tmp_path / "cache", offline=True)
    assert again == weights
    assert fake.asked[1] == ("org/tiny", COMMIT, tmp_path / "cache", True)
    with pytest.raises(InputError, match="have the hash"):
        resolve("hub:org/tiny#sha256=11", tmp_path, tmp_path / "cache")
    assert fake.asked[2][1] is None


@pytest.mark.parametrize("name", ["tiny", "a/b/c", "org/", "org/na me", "../..//x"])
def test_a_wrong_name_is_not_asked_for(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake()
    monkeypatch.setattr(hub, "download", fake)
    with pytest.raises(InputError, match="is no name of a model"):
        resolve(f"hub:{name}", tmp_path, tmp_path)
    assert not fake.asked


@pytest.mark.parametrize(("offline", "fix"), [(False, "where there is a network"), (True, "limits.offline forbids")])
def test_a_download_that_fails_says_what_to_do(
    offline: bool, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "download", Fake(OSError("no route to host\nmore")))
    with pytest.raises(InputError, match="org/tiny could not be fetched: no route to host") as caught:
        resolve("hub:org/tiny", tmp_path, tmp_path, offline=offline)
    assert fix in (caught.value.fix or "")
    assert "more" not in caught.value.message


def test_a_missing_client_is_said_as_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "download", Fake(ExtraMissing("the package 'x' is not installed", fix="run: pip ...")))
    with pytest.raises(ExtraMissing, match="'x' is not installed"):
        resolve("hub:org/tiny", tmp_path, tmp_path)


def test_nothing_that_runs_is_fetched() -> None:
    from fnmatch import fnmatch

    for name in ("model.py", "pytorch_model.bin", "model.pkl", "onnx/run.py", "modeling_tiny.py", "a.pt"):
        assert not any(fnmatch(name, pattern) for pattern in hub.PATTERNS), name
    for name in ("tokenizer.json", "config.json", "modules.json", "1_Pooling/config.json", "model.safetensors"):
        assert any(fnmatch(name, pattern) for pattern in hub.PATTERNS), name
