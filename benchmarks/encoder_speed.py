"""Speed of the `embed` op beside a bare onnxruntime loop over the same token batches, on one thread.

The loop is given the tokens and batches for nothing, so the share lost is what tokenising, windows, pooling and the
deadline cost. Target: within 5 %. Encoders: one of MiniLM's form with random weights, its 8-bit copy (asked one row at
a time), and the installed ones that are known (`smeaton.weights.discover`).

    python benchmarks/encoder_speed.py [--texts 400] [--rounds 5]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.families._encoding import encoder_embedding, quantised
from smeaton.runtime.call import Call
from smeaton.runtime.ops._embed import BATCH_TOKENS, OnnxEncoder, batches
from smeaton.task.table import object_column
from smeaton.weights import Weights, discover, resolve

WIDTH, HEADS, INNER, LAYERS, POSITIONS, WORDS = 384, 12, 1536, 6, 512, 5_000


class Bert:
    """Writes a transformer encoder with random weights, node by node."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.nodes: list[Any] = []
        self.stored: list[Any] = []

    def constant(self, value: Any) -> str:
        """A stored array."""
        from onnx import numpy_helper

        self.stored.append(numpy_helper.from_array(np.asarray(value), f"c{len(self.stored)}"))
        return f"c{len(self.stored) - 1}"

    def node(self, kind: str, inputs: list[str], name: str = "", **attributes: Any) -> str:
        """An operator."""
        from onnx import helper

        name = name or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def dense(self, value: str, inner: int, outer: int) -> str:
        """A matrix and a bias."""
        matrix = self.rng.normal(0, inner**-0.5, (inner, outer)).astype(np.float32)
        product = self.node("MatMul", [value, self.constant(matrix)])
        return self.node("Add", [product, self.constant(np.zeros(outer, np.float32))])

    def norm(self, value: str, name: str = "") -> str:
        """Layer normalisation."""
        ones, zeros = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
        return self.node("LayerNormalization", [value, self.constant(ones), self.constant(zeros)], name, axis=-1)

    def heads(self, value: str, order: tuple[int, ...]) -> str:
        """(rows, tokens, width) as one matrix a head."""
        shape = self.constant(np.array([0, 0, HEADS, WIDTH // HEADS]))
        return self.node("Transpose", [self.node("Reshape", [value, shape])], perm=list(order))

    def layer(self, value: str, mask: str, name: str = "") -> str:
        """Attention, then two dense layers."""
        q, k, v = (self.dense(value, WIDTH, WIDTH) for _ in range(3))
        likeness = self.node("MatMul", [self.heads(q, (0, 2, 1, 3)), self.heads(k, (0, 2, 3, 1))])
        scaled = self.node("Mul", [likeness, self.constant(np.float32((WIDTH // HEADS) ** -0.5))])
        share = self.node("Softmax", [self.node("Add", [scaled, mask])], axis=-1)
        mixed = self.node("Transpose", [self.node("MatMul", [share, self.heads(v, (0, 2, 1, 3))])], perm=[0, 2, 1, 3])
        mixed = self.node("Reshape", [mixed, self.constant(np.array([0, 0, WIDTH]))])
        value = self.norm(self.node("Add", [value, self.dense(mixed, WIDTH, WIDTH)]))
        raised = self.dense(value, WIDTH, INNER)
        bell = self.node("Erf", [self.node("Mul", [raised, self.constant(np.float32(0.5**0.5))])])
        half = self.node("Mul", [raised, self.constant(np.float32(0.5))])
        gelu = self.node("Mul", [half, self.node("Add", [bell, self.constant(np.float32(1.0))])])
        return self.norm(self.node("Add", [value, self.dense(gelu, INNER, WIDTH)]), name)

    def save(self, path: Path, size: int) -> None:
        """Token ids and mask to hidden states."""
        from onnx import TensorProto, helper, save

        words = self.constant(self.rng.normal(size=(size, WIDTH)).astype(np.float32))
        places = self.constant(self.rng.normal(size=(POSITIONS, WIDTH)).astype(np.float32))
        value = self.node("Gather", [words, "input_ids"])
        end = self.node("Shape", ["input_ids"], start=1, end=2)
        shown = self.node("Slice", [places, self.constant(np.array([0])), end])
        value = self.norm(self.node("Add", [value, shown]))
        mask = self.node("Unsqueeze", ["attention_mask", self.constant(np.array([1, 2]))])
        mask = self.node("Cast", [mask], to=TensorProto.FLOAT)
        mask = self.node(
            "Mul", [self.node("Sub", [mask, self.constant(np.float32(1))]), self.constant(np.float32(1e4))]
        )
        for number in range(LAYERS):
            value = self.layer(value, mask, "last_hidden_state" if number == LAYERS - 1 else "")
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
            for name in ("input_ids", "attention_mask")
        ]
        output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", "t", WIDTH])
        graph = helper.make_graph(self.nodes, "bert", inputs, [output], self.stored)
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def tokenizer(path: Path, words: list[str]) -> int:
    """Write a word-piece tokenizer of these words; returns its number of tokens."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing

    vocabulary = {token: code for code, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    made: Any = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    made.save(str(path))
    return len(vocabulary)


def generated(words: list[str], texts: int) -> list[str]:
    """Different texts of 5 to 200 words; most are short."""
    rng = np.random.default_rng(1)
    sizes = np.clip(rng.lognormal(2.8, 0.8, texts), 5, 200).astype(int)
    return [" ".join(rng.choice(words, size)) for size in sizes.tolist()]


def compared(weights: Weights, cache: Path, texts: list[str], rounds: int, model: Path | None) -> tuple[float, ...]:
    """Tokens a second of the bare loop and of the op, and the median share that the op needs more."""
    embedding = encoder_embedding(weights, cache, 256, 1, model)
    runner = embedding.runner()
    tokens, encoder = runner._model._tokens, OnnxEncoder(embedding.home / embedding.files[1])
    room = 256 - len(tokens.before) - len(tokens.after)
    rows = [[*tokens.before, *tokens(text)[:room], *tokens.after] for text in texts]
    budget = 1 if embedding.args["alone"] else BATCH_TOKENS
    dealt = [[rows[row] for row in batch] for batch in batches([len(row) for row in rows], budget)]
    feeds = [fed(encoder, batch) for batch in dealt]
    columns = {"text:text": object_column(texts)}

    def bare() -> None:
        for feed in feeds:
            encoder._run([encoder._output], feed, None)

    seconds = [(clock(bare), clock(lambda: runner(columns, Call()))) for _ in range(rounds + 1)][1:]
    total = sum(map(len, rows))
    more = statistics.median(op / plain for plain, op in seconds) - 1
    return total / min(plain for plain, _ in seconds), total / min(op for _, op in seconds), more


def fed(encoder: OnnxEncoder, batch: list[list[int]]) -> dict[str, Any]:
    """A batch as the session takes it."""
    lengths = np.array([len(row) for row in batch])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.zeros(mask.shape, dtype=np.int64)
    ids[mask] = np.concatenate([np.asarray(row) for row in batch])
    given = {"input_ids": ids, "attention_mask": mask.astype(np.int64), "token_type_ids": np.zeros_like(ids)}
    return {name: given[name].astype(encoder._integer[name]) for name in encoder._names}


def clock(work: Callable[[], Any]) -> float:
    """Processor seconds of this process, which other processes do not change."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Print one line an encoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    words = [f"word{number}" for number in range(WORDS)]
    known = [
        [
            "the",
            "committee",
            "will",
            "decide",
            "on",
            "a",
            "second",
            "proposal",
            "after",
            "summer",
            "once",
            "costs",
            "of",
            "transport",
            "are",
            "known",
        ]
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = tokenizer(folder / "tokenizer.json", words)
        Bert().save(folder / "model.onnx", size)
        own = resolve(name, folder, folder / "cache")
        found = [(resolve(one, folder, folder / "cache", offline=True), known[0]) for one in discover()]
        for weights, vocabulary in [(own, words), *((one, some) for one, some in found if one.kind == "onnx")]:
            texts = generated(vocabulary, options.texts)
            for copy in (None, quantised(weights, folder / "cache")):
                plain, op, more = compared(weights, folder / "cache", texts, options.rounds, copy)
                label = f"{'random' if weights is own else weights.name}{' 8-bit' if copy else ''}"
                print(f"{label:28} bare {plain:8,.0f} tokens/s   embed {op:8,.0f} tokens/s   {more:+.1%}")


if __name__ == "__main__":
    main()
