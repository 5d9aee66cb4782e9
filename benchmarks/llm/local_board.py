"""One board with a real local model: trained, prompted, few-shot, optimised, distilled and cascaded rows of one small
task, every figure as the build measured it.

    python -m benchmarks.llm.local_board DATA.csv --text COLUMN --label COLUMN --gguf MODEL.gguf [--rows 300]

DATA is any table with a text and a label; `--rows` of it are taken evenly, and a fifth of them is the sealed test.
Nothing leaves the machine and no key is needed. With `--keep` the board goes to benchmarks/results/llm_board_NAME.json.
"""

import argparse
import csv
import gzip
import io
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"


def main() -> None:
    """Build and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--text", required=True, metavar="COLUMN")
    parser.add_argument("--label", required=True, metavar="COLUMN")
    parser.add_argument("--goal", default="", help="one sentence the prompts are made from")
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--budget", default="15m")
    parser.add_argument("--metric", default="log_loss")
    parser.add_argument("--out", type=Path, help="folder of the build (default: a temporary one)")
    parser.add_argument("--keep", metavar="NAME")
    args = parser.parse_args()
    os.environ["SMEATON_GGUF"] = str(args.gguf.resolve())
    folder = args.out or Path(tempfile.mkdtemp(prefix="smeaton-board-"))
    folder.mkdir(parents=True, exist_ok=True)
    report = run(args, folder)
    print(json.dumps(report["rows"], indent=1))
    if args.keep:
        (RESULTS / f"llm_board_{args.keep}.json").write_text(json.dumps(report, indent=1) + "\n")


def run(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Build the task in `folder`, and what the board says."""
    from smeaton.flow.build import board_plot, board_text, build

    rows, others = sample(args.data, args.text, args.label, args.rows)
    with (folder / "unlabelled.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text"])
        writer.writerows([text] for text, _ in others)
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        writer.writerows(rows)
    task = {
        "smeaton": 1,
        "name": "board",
        "data": {"examples": "rows.csv", "unlabelled": "unlabelled.csv"},
        "inputs": {"text": "text"},
        "output": {"label": "category"},
        "metric": args.metric,
        "budget": {"time": args.budget},
        "solutions": {"add": ["local:"]},
        **({"goal": args.goal} if args.goal else {}),
    }
    start = time.monotonic()
    built = build(task, out=folder, listen=lambda notice: say(start, notice))
    print(board_text(built.board))
    print(board_plot(built.board))
    print(built.summary())
    return {
        "model": args.gguf.name,
        "rows_of_data": len(rows),
        "seconds": round(time.monotonic() - start, 1),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "outcome": built.outcome,
        "rows": [shown(row) for row in built.board.rows],
        "ledger": nothing_lost(folder),
    }


def sample(path: Path, text: str, label: str, count: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Evenly chosen rows with both values, as (text, label), and up to 2,000 others, whose labels nobody sees."""
    plain = path.read_bytes()
    lines = (gzip.decompress(plain) if path.suffix == ".gz" else plain).decode("utf-8")
    found = [(row[text], row[label]) for row in csv.DictReader(io.StringIO(lines)) if row[text] and row[label]]
    found = list(dict(found).items())  # a text twice would be in two folds
    chosen = {number * len(found) // count for number in range(min(count, len(found)))}
    others = [row for place, row in enumerate(found) if place not in chosen]
    return [found[place] for place in sorted(chosen)], others[:2000]


def say(start: float, notice: Any) -> None:
    """One line of the build's story."""
    if notice.kind not in ("started", "progress"):
        print(f"{time.monotonic() - start:7.1f}s  {notice.text}", file=sys.stderr, flush=True)


def shown(row: Any) -> dict[str, Any]:
    """A row of the board as plain data."""
    score = None if row.score is None else [row.score.value, row.score.low, row.score.high]
    cost = None if row.cost is None else {"p95": row.cost.p95, "per_1k": row.cost.cost_per_1k, "size": row.cost.size}
    return {
        "name": row.name,
        "what": row.what,
        "state": row.state,
        "score": score,
        "cost": cost,
        "seconds": round(row.seconds, 1),
        "why": row.why,
    }


def nothing_lost(folder: Path) -> dict[str, int]:
    """How many answers out of fold all full trials gave, how many carry an error (scored as wrong), and how many have
    probabilities that are no numbers (must be 0)."""
    import numpy as np

    from smeaton.task.arrays import open_table

    answers = errors = not_numbers = 0
    for path in folder.glob(".smeaton/*/trials/*/oof"):
        table = open_table(path)
        answers += len(table["prediction"])
        errors += sum(one is not None for one in table["error"].tolist()) if "error" in table else 0
        not_numbers += int((~np.isfinite(np.asarray(table["probability"], dtype=float)).all(axis=1)).sum())
    return {"answers": answers, "errors": errors, "not_numbers": not_numbers}


if __name__ == "__main__":
    main()
