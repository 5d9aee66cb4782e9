"""Do Python and TypeScript agree on the text specification (docs/text_op.md)? Tokens and hashes of made-up texts.

    cd clients/typescript/text && npm install && npx tsc
    python benchmarks/text_parity.py [--texts 1000000] [--seed 0] [--write benchmarks/results/text_parity.json]

The texts are drawn from the whole code space, with weight on the ranges where normalising and case folding are hard.
Both sides reduce the tokens and hashes of a text to a digest (SHA-256). Exit code 1 where a digest differs; the first
such texts are printed. One difference is by design and left out: Python can hold a surrogate pair as two code points,
JavaScript cannot.
"""

import argparse
import hashlib
import json
import platform
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.runtime.ops._words import ngram_hashes, tokens
from smeaton.task.table import Array

WORDS, CHARS = [1, 2], [2, 3]
SCRIPT = Path(__file__).resolve().parents[1] / "clients/typescript/text/test/parity.mjs"
BATCH = 5000
SHOWN = 5

#: First and last code point of a range, and its weight.
RANGES = [
    (0x00, 0x1F, 2), (0x20, 0x20, 12), (0x21, 0x7E, 20), (0x7F, 0xBF, 3), (0xC0, 0x24F, 8), (0x250, 0x2FF, 2),
    (0x300, 0x36F, 8), (0x370, 0x52F, 5), (0x530, 0x5FF, 3), (0x600, 0x77F, 4), (0x900, 0xDFF, 6), (0xE00, 0xFFF, 4),
    (0x1000, 0x109F, 1), (0x10A0, 0x10FF, 2), (0x1100, 0x11FF, 5), (0x13A0, 0x13FF, 2), (0x1C80, 0x1CBF, 2),
    (0x1D00, 0x1FFF, 8), (0x2000, 0x206F, 4), (0x2070, 0x218F, 4), (0x2190, 0x2BFF, 3), (0x2C00, 0x2DFF, 3),
    (0x2E80, 0x33FF, 5), (0x4E00, 0x9FFF, 4), (0xA640, 0xA7FF, 3), (0xAB30, 0xABBF, 2), (0xAC00, 0xD7FF, 4),
    (0xD800, 0xDFFF, 2), (0xE000, 0xF8FF, 1), (0xF900, 0xFAFF, 4), (0xFB00, 0xFDFF, 5), (0xFE00, 0xFEFF, 3),
    (0xFF00, 0xFFFF, 5), (0x10000, 0x107FF, 3), (0x10800, 0x11FFF, 3), (0x16E00, 0x16FFF, 1), (0x1D000, 0x1D7FF, 4),
    (0x1E000, 0x1EFFF, 3), (0x1F000, 0x1FAFF, 4), (0x1FB00, 0x2FFFF, 2), (0x30000, 0x10FFFF, 3),
]  # fmt: skip


def texts(count: int, rng: np.random.Generator) -> list[str]:
    """Made-up texts of up to 24 code points; most stay in few ranges, as real texts do."""
    bounds = np.array([(first, last + 1) for first, last, _ in RANGES])
    weights = np.array([weight for _, _, weight in RANGES], dtype=np.float64)
    lengths = rng.integers(0, 25, count)
    owner = np.repeat(np.arange(count), lengths)
    palette = rng.choice(len(RANGES), size=(count, 3), p=weights / weights.sum())
    narrow = palette[owner, rng.integers(0, 3, len(owner))]
    wide = rng.choice(len(RANGES), size=len(owner), p=weights / weights.sum())
    chosen = bounds[np.where(rng.random(len(owner)) < 0.7, narrow, wide)]
    points = rng.integers(chosen[:, 0], chosen[:, 1]).astype("<u4")
    points[_pairs(points)] = 0xE000
    ends = np.cumsum(lengths)
    return [
        points[end - size : end].tobytes().decode("utf-32-le", "surrogatepass")
        for end, size in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]


def _pairs(points: Array) -> Array:
    """The low halves that follow a high half: they become code points for private use."""
    high = (points >= 0xD800) & (points < 0xDC00)
    low = (points >= 0xDC00) & (points < 0xE000)
    return np.flatnonzero(low[1:] & high[:-1]) + 1


def digests(batch: list[str]) -> list[str]:
    """What Python finds in each text."""
    hashes, offsets = ngram_hashes(batch, WORDS, CHARS)
    found = []
    for row, text in enumerate(batch):
        own = hashes[offsets[row] : offsets[row + 1]].astype("<u4").tobytes()
        found.append(hashlib.sha256("\0".join(tokens(text)).encode() + b"\0\0" + own).hexdigest()[:16])
    return found


def compare(count: int, seed: int) -> dict[str, Any]:
    """Both sides over `count` texts."""
    began, wrong = time.monotonic(), []
    command = ["node", str(SCRIPT), json.dumps([WORDS, CHARS])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        other = json.loads(node.stdout.readline())
        for batch in _batches(count, seed):
            node.stdin.write(json.dumps(batch) + "\n")
            node.stdin.flush()
            ours = digests(batch)
            theirs = json.loads(node.stdout.readline())
            wrong += [text for text, one, two in zip(batch, ours, theirs, strict=True) if one != two]
        node.stdin.close()
    if node.returncode:
        raise SystemExit(f"node ended with {node.returncode}")
    for text in wrong[:SHOWN]:
        print(f"differs: {text!a}", file=sys.stderr)
    return {
        "texts": count,
        "seed": seed,
        "mismatches": len(wrong),
        "seconds": round(time.monotonic() - began, 1),
        "words": WORDS,
        "chars": CHARS,
        "python": {"version": platform.python_version(), "unicode": unicodedata.unidata_version},
        "node": {"version": other["node"], "unicode": other["host"], "tables": other["tables"]},
    }


def _batches(count: int, seed: int) -> Iterator[list[str]]:
    rng = np.random.default_rng(seed)
    for start in range(0, count, BATCH):
        yield texts(min(BATCH, count - start), rng)


def main() -> int:
    """Compare and report."""
    parser = argparse.ArgumentParser(description="Python and TypeScript on the same texts.")
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="also write the result here, as JSON")
    given = parser.parse_args()
    result = compare(given.texts, given.seed)
    print(json.dumps(result, indent=2))
    if given.write:
        given.write.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return 1 if result["mismatches"] else 0


if __name__ == "__main__":
    sys.exit(main())
