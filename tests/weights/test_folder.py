"""Weights in folders: the layouts of the tools that write them, what is taken of them, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_weights import DIM, as_json, encoder_folder, make_encoder, make_tokenizer, static_folder, write_safetensors

from smeaton.errors import InputError
from smeaton.weights import Weights, discover, is_reference, resolve


def found(folder: Path) -> Weights:
    return resolve(folder.name, folder.parent, folder / "cache", offline=True)


def torch_folder(folder: Path, **config: Any) -> Path:
    make_tokenizer(folder / "tokenizer.json")
    as_json(folder / "config.json", {"hidden_size": DIM, "max_position_embeddings": 512} | config)
    write_safetensors(folder / "model.safetensors", {f"layer.{i}": np.zeros((2, 2)) for i in range(5)})
    return folder


def test_a_sentence_transformers_folder_with_a_graph(tmp_path: Path) -> None:
    weights = found(encoder_folder(tmp_path / "tiny"))
    assert (weights.kind, weights.name, weights.dim, weights.max_tokens) == ("onnx", "tiny", DIM, 64)
    assert (weights.pooling, weights.normalise, weights.prefix, weights.licence) == ("mean", True, "", "mit")
    assert set(weights.files) == {"tokenizer", "model"}
    assert weights.files["model"].name == "model.onnx"
    assert weights.size == sum(path.stat().st_size for path in weights.files.values())


def test_the_tensors_beside_a_graph_are_kept_for_training(tmp_path: Path) -> None:
    folder = torch_folder(encoder_folder(tmp_path / "tiny"))
    weights = found(folder)
    assert weights.kind == "onnx"
    assert set(weights.files) == {"tokenizer", "model", "tensors", "config"}


def test_the_exact_graph_is_taken_before_its_quantised_copy(tmp_path: Path) -> None:
    folder = encoder_folder(tmp_path / "tiny")
    (folder / "onnx" / "model_quantized.onnx").write_bytes(b"other")
    assert found(folder).files["model"].name == "model.onnx"
    (folder / "onnx" / "model.onnx").unlink()
    assert found(folder).files["model"].name == "model_quantized.onnx"


def test_a_model2vec_folder(tmp_path: Path) -> None:
    weights = found(static_folder(tmp_path / "table", normalize=False))
    assert (weights.kind, weights.tensor, weights.dim, weights.normalise) == ("static", "embeddings", DIM, False)
    assert set(weights.files) == {"tokenizer", "table"}


def test_a_transformers_folder_needs_torch(tmp_path: Path) -> None:
    weights = found(torch_folder(tmp_path / "plain"))
    assert (weights.kind, weights.max_tokens, weights.pooling, weights.normalise) == ("torch", 512, "mean", True)
    assert set(weights.files) == {"tokenizer", "tensors", "config"}


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        ({"model_type": "bert"}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514}, 512),
        ({"max_position_embeddings": 10**30}, 512),
        ({"max_position_embeddings": 128}, 128),
    ],
)
def test_the_most_tokens_are_those_the_model_has_positions_for(
    config: dict[str, Any], tokens: int, tmp_path: Path
) -> None:
    folder = torch_folder(tmp_path / "plain", **config)
    as_json(folder / "tokenizer_config.json", {"model_max_length": 10**30})
    assert found(folder).max_tokens == tokens


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode": "cls"}, "cls"),
        ({"pooling_mode": "mean"}, "mean"),
        ({}, "mean"),
    ],
)
def test_pooling_is_read(pooling: dict[str, Any], expected: str, tmp_path: Path) -> None:
    folder = encoder_folder(tmp_path / "tiny")
    as_json(folder / "1_Pooling" / "config.json", pooling)
    assert found(folder).pooling == expected


def test_a_prompt_used_by_default_is_the_prefix(tmp_path: Path) -> None:
    folder = encoder_folder(tmp_path / "tiny")
    as_json(
        folder / "config_sentence_transformers.json",
        {"prompts": {"query": "query: ", "other": "x"}, "default_prompt_name": "query"},
    )
    as_json(folder / "modules.json", [{"type": "sentence_transformers.models.Transformer", "path": ""}])
    weights = found(folder)
    assert (weights.prefix, weights.normalise) == ("query: ", False)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), "there is no tokenizer.json"),
        (lambda folder: (folder / "onnx" / "model.onnx").unlink(), "there is no model"),
        (lambda folder: (folder / "config.json").write_text("[1]"), "it is no JSON object"),
        (lambda folder: (folder / "modules.json").write_text("{"), "it is no list of modules"),
        (
            lambda folder: as_json(folder / "1_Pooling" / "config.json", {"pooling_mode_max_tokens": True}),
            "it pools by pooling_mode_max_tokens",
        ),
        (
            lambda folder: as_json(folder / "modules.json", [{"type": "a.Pooling", "path": "../../x"}]),
            "modules.json leads to",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_says_why(change: Any, why: str, tmp_path: Path) -> None:
    folder = encoder_folder(tmp_path / "tiny")
    change(folder)
    with pytest.raises(InputError, match=why) as caught:
        found(folder)
    assert caught.value.fix


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder") as caught:
        resolve("nowhere", tmp_path, tmp_path)
    assert "hub:org/name" in (caught.value.fix or "")


def test_a_pin_holds_the_contents(tmp_path: Path) -> None:
    folder = encoder_folder(tmp_path / "tiny")
    weights = found(folder)
    pinned = f"{folder}#sha256={weights.hash}"
    assert resolve(pinned, tmp_path / "elsewhere", tmp_path).hash == weights.hash
    with pytest.raises(InputError, match=f"have the hash {weights.hash}, not 00ff"):
        resolve(f"{folder}#sha256=00ff", tmp_path, tmp_path)
    make_encoder(folder / "onnx" / "model.onnx", 80, seed=5)
    with pytest.raises(InputError, match="have the hash"):
        resolve(pinned, tmp_path, tmp_path)


def test_what_is_a_reference(tmp_path: Path) -> None:
    encoder_folder(tmp_path / "tiny")
    yes = ("tiny", "./tiny", str(tmp_path / "tiny"), "hub:org/name", "package:x", "tiny#sha256=00", "folder:tiny")
    no = ("quick.py:quick", "linear", "hub:", "", "nowhere", "#sha256=00")
    assert [text for text in yes if not is_reference(text, tmp_path)] == []
    assert [text for text in no if is_reference(text, tmp_path)] == []


def test_only_installed_packages_are_discovered(tmp_path: Path) -> None:
    encoder_folder(tmp_path / "tiny")
    assert all(name.startswith("package:") for name in discover())
