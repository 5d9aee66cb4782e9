"""Tiny pretrained models for tests: a WordPiece tokenizer, an ONNX encoder, a table of token vectors, as folders."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.task.table import Array

WORDS = ("late", "early", "broken", "fine", "good", "bad", "slow", "fast", "the", "train", "was")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
DIM = 12
_NAMES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "uint8": "U8"}


def words_of(texts: Iterable[str | None]) -> list[str]:
    """The words of some texts, in order."""
    return sorted({word for text in texts if text for word in text.lower().split()})


def make_tokenizer(path: Path, words: Iterable[str] = WORDS, around: bool = True) -> int:
    """Write a WordPiece tokenizer.json of words and single letters; returns how many tokens it has."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing

    letters = [mark + letter for letter in "abcdefghijklmnopqrstuvwxyz" for mark in ("", "##")]
    vocabulary = {token: code for code, token in enumerate(dict.fromkeys([*SPECIAL, *letters, *words]))}
    made: Any = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = BertNormalizer(lowercase=True, strip_accents=False)
    made.pre_tokenizer = BertPreTokenizer()
    if around:
        special = [("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
        made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save(str(path))
    return len(vocabulary)


def make_encoder(path: Path, size: int, dim: int = DIM, seed: int = 0, pooled: bool = False) -> Array:
    """Write an encoder: hidden = (token + the mean of the row's tokens under the mask) @ W. Returns the token table."""
    from onnx import TensorProto, helper, numpy_helper, save

    rng = np.random.default_rng(seed)
    table = rng.normal(size=(size, dim)).astype(np.float32)
    constants = {
        "table": table,
        "W": np.linalg.qr(rng.normal(size=(dim, dim)))[0].astype(np.float32),
        "last": np.array([2], dtype=np.int64),
        "tokens": np.array([1], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["token"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["share"]),
        helper.make_node("Mul", ["token", "share"], ["known"]),
        helper.make_node("ReduceSum", ["known", "tokens"], ["total"], keepdims=1),
        helper.make_node("ReduceSum", ["share", "tokens"], ["count"], keepdims=1),
        helper.make_node("Div", ["total", "count"], ["mean"]),
        helper.make_node("Add", ["token", "mean"], ["both"]),
        helper.make_node("MatMul", ["both", "W"], ["last_hidden_state"]),
    ]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", "t", dim])
    if pooled:
        nodes[-1] = helper.make_node("MatMul", ["mean", "W"], ["wide"])
        nodes.append(helper.make_node("Squeeze", ["wide", "tokens"], ["sentence_embedding"]))
        output = helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["n", dim])
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"]) for name in ("input_ids", "attention_mask")
    ]
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "encoder", inputs, [output], stored)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return table


def write_safetensors(path: Path, tensors: Mapping[str, Array], brain: Iterable[str] = ()) -> None:
    """Write tensors; those named in `brain` are uint16 bit patterns of bfloat16."""
    head: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, value in tensors.items():
        kind = "BF16" if name in brain else _NAMES[str(value.dtype)]
        head[name] = {"dtype": kind, "shape": value.shape, "data_offsets": (len(body), len(body) + value.nbytes)}
        body += value.tobytes()
    data = json.dumps(head).encode()
    data += b" " * (-len(data) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(data).to_bytes(8, "little") + data + body)


def as_json(path: Path, value: Any) -> None:
    """Write a JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(value))


def encoder_folder(folder: Path, words: Iterable[str] = WORDS, dim: int = DIM, seed: int = 0) -> Path:
    """A folder as sentence-transformers exports it with an ONNX graph."""
    size = make_tokenizer(folder / "tokenizer.json", words)
    make_encoder(folder / "onnx" / "model.onnx", size, dim, seed)
    as_json(folder / "config.json", {"hidden_size": dim, "max_position_embeddings": 512, "model_type": "bert"})
    as_json(folder / "sentence_bert_config.json", {"max_seq_length": 64})
    as_json(
        folder / "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
    )
    as_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": dim, "pooling_mode_mean_tokens": True})
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n# Tiny\n", encoding="utf-8")
    return folder


def static_folder(folder: Path, words: Iterable[str] = WORDS, dim: int = DIM, normalize: bool = True) -> Path:
    """A folder as model2vec writes it."""
    size = make_tokenizer(folder / "tokenizer.json", words, around=False)
    table = np.random.default_rng(1).normal(size=(size, dim)).astype(np.float32)
    write_safetensors(folder / "model.safetensors", {"embeddings": table})
    as_json(folder / "config.json", {"model_type": "model2vec", "hidden_dim": dim, "normalize": normalize})
    return folder
