"""Rows picked for labelling against rows at random: how far the same model gets with the same number of labels.

For each seed a tenth to a third of the rows is kept apart to judge. From the rest, batches are labelled in turn: by
`pick` from the model of the last batch, and at random. Printed are the error after each batch, the area under both
curves (mean error), and how many random rows reach what the picked rows reached at the end.

    python benchmarks/labelling.py DATA.csv --text text --label label [--batches 8] [--rows 50] [--seeds 5] [--json]
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.read import read
from smeaton.labelling.pick import pick, rarity, uncertainty
from smeaton.labelling.quick import Quick
from smeaton.similarity.vectors import projected, sparse

MOST = 6000


def grow(
    matrix: Any, vectors: Any, y: Any, judge: Any, pool: Any, args: argparse.Namespace, guided: bool, seed: int
) -> Any:
    """Errors after each batch."""
    labels, draw = int(y.max()) + 1, np.random.default_rng(seed)
    known = np.empty(0, dtype=np.int64)
    errors, unsure = [], None
    for batch in range(args.batches):
        left = np.setdiff1d(pool, known)
        if guided:
            chosen = left[
                pick(vectors[left], unsure, args.rows, seed=seed * 1000 + batch, labelled=vectors[known]).rows
            ]
        else:
            chosen = draw.choice(left, args.rows, replace=False)
        known = np.concatenate([known, chosen])
        model = Quick("class", labels).fit(matrix[known], y[known])
        errors.append(model.errors(matrix[judge], y[judge]).mean())
        chances = model.predict(matrix[np.setdiff1d(pool, known)])
        unsure = uncertainty(chances) * rarity(chances, np.bincount(y[known], minlength=labels))
    return np.array(errors)


def interval(values: Any) -> dict[str, float]:
    """Mean over seeds with a bootstrap interval."""
    draws = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    low, high = np.percentile(np.asarray(values)[draws].mean(axis=1), [2.5, 97.5])
    return {"mean": float(np.mean(values)), "low": float(low), "high": float(high)}


def needed(random: Any, reached: float, rows: int) -> float:
    """Random rows that reach an error, by linear steps; all of them where they do not."""
    sizes = rows * (np.arange(len(random)) + 1)
    falling = np.minimum.accumulate(random)
    return float(np.interp(-reached, -falling, sizes)) if falling[-1] <= reached else float(sizes[-1])


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Both curves over all seeds."""
    table = read(args.data, Path(".")).table
    texts = table[args.text]
    _, y = np.unique(table[args.label].astype(str), return_inverse=True)
    if len(y) > MOST:
        keep = np.random.default_rng(0).choice(len(y), MOST, replace=False)
        texts, y = texts[keep], y[keep]
    matrix = sparse(texts.tolist())
    vectors = projected(matrix)
    curves: dict[str, list[Any]] = {"picked": [], "random": []}
    for seed in range(args.seeds):
        order = np.random.default_rng(seed).permutation(len(y))
        held = max(len(y) // 10, min(1000, len(y) // 3))
        for name, found in curves.items():
            found.append(grow(matrix, vectors, y, order[:held], order[held:], args, name == "picked", seed))
    picked, random = np.array(curves["picked"]), np.array(curves["random"])
    saved = [needed(r, p[-1], args.rows) / (args.rows * args.batches) for p, r in zip(picked, random, strict=True)]
    return {
        "rows": len(y),
        "labels": int(y.max()) + 1,
        "sizes": [args.rows * (batch + 1) for batch in range(args.batches)],
        "picked": picked.mean(axis=0).tolist(),
        "random": random.mean(axis=0).tolist(),
        "area_picked": interval(picked.mean(axis=1)),
        "area_random": interval(random.mean(axis=1)),
        "area_less": interval(random.mean(axis=1) - picked.mean(axis=1)),
        "end_less": interval(random[:, -1] - picked[:, -1]),
        "random_rows_for_the_same_error": interval(saved),
        "random_never_reaches_it": int(sum(r.min() > p[-1] for p, r in zip(picked, random, strict=True))),
    }


def main() -> None:
    """Measure one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = measure(args)
    if args.json:
        print(json.dumps(found))
        return
    print(f"{args.data}: {found['rows']:,} rows, {found['labels']} labels, {args.seeds} seeds")
    for size, picked, random in zip(found["sizes"], found["picked"], found["random"], strict=True):
        print(f"  {size:5} labelled: picked {100 * picked:5.1f} %, random {100 * random:5.1f} %")
    for name in ("area_less", "end_less"):
        value = found[name]
        print(f"  {name}: {100 * value['mean']:.2f} points ({100 * value['low']:.2f} to {100 * value['high']:.2f})")
    saved = found["random_rows_for_the_same_error"]
    never = found["random_never_reaches_it"]
    print(
        f"  the error picked rows end with takes {saved['mean']:.2f} as many at random "
        f"({saved['low']:.2f} to {saved['high']:.2f}); in {never} of {args.seeds} seeds never (counted as 1)"
    )


if __name__ == "__main__":
    main()
