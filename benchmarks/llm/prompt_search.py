"""Prompt search on scripted models: is a planted instruction found, and is nothing found where nothing helps?

    python -m benchmarks.llm.prompt_search [--runs 50] [--nothing 100] [--first SEED] [--keep]
        [--plain 0.55] [--planted 0.95]

A scripted model answers rows of two labels. Its chance to be right is 0.55 with an instruction that lacks the planted
rule, and 0.95 with it; which rows it gets right is drawn anew for each pair of instruction and row, by a hash, and
stays so. A scripted reflecting model is shown failures: with chance 0.5 it writes the rule into its instruction, else
it writes something useless, as a weak model would. Where nothing helps it never writes the rule, and every instruction
is right with the same chance of 0.55. 150 calls of both kinds are allowed, 200 rows are there.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

from smeaton.families._prompt_improve import Found, Graded, Limits, improve

RESULTS = Path(__file__).resolve().parent.parent / "results"
START = "Say whether the message is urgent."
RULE = "A message that names a date is urgent."
CALLS, ROWS = 150, 200
PLAIN, PLANTED, WRITES = 0.55, 0.95, 0.5


def lot(*parts: object) -> float:
    """A number in [0, 1) that the parts decide."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:7]) / 2**56


class Scripted:
    """Both models of one run, and how often they were asked."""

    def __init__(self, seed: int, helps: bool, plain: float = PLAIN, planted: float = PLANTED) -> None:
        self.seed, self.helps, self.plain, self.planted = seed, helps, plain, planted
        self.calls = self.reflections = 0

    def answer(self, instruction: str, rows: Sequence[int]) -> Graded:
        """Right or wrong, by the instruction."""
        self.calls += len(rows)
        chance = self.planted if self.helps and RULE in instruction else self.plain
        scores = [float(lot(self.seed, instruction, row) < chance) for row in rows]
        records = [
            {"Inputs": f"message {row}", "Generated Outputs": "urgent", "Feedback": "right" if right else "wrong"}
            for row, right in zip(rows, scores, strict=True)
        ]
        return Graded(scores, records)

    def reflect(self, prompt: str) -> str:
        """A new instruction in a block, as GEPA's prompt asks for it."""
        self.reflections += 1
        self.calls += 1
        draw = lot(self.seed, "reflect", self.reflections)
        useful = self.helps and "wrong" in prompt and draw < WRITES
        text = f"{START} {RULE}" if useful else f"{START} Be careful, version {self.reflections}."
        return f"```\n{text}\n```"


def run(seed: int, helps: bool, plain: float = PLAIN, planted: float = PLANTED) -> tuple[Found, Scripted]:
    """One search."""
    model = Scripted(seed, helps, plain, planted)
    return improve(START, ROWS, model.answer, model.reflect, Limits(CALLS), seed=seed), model


def main() -> None:
    """All runs, and what they came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--nothing", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the first seed; the part sizes were set on 0 to 49")
    parser.add_argument("--plain", type=float, default=PLAIN)
    parser.add_argument("--planted", type=float, default=PLANTED)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    start = time.monotonic()
    planted = [run(args.first + seed, True, args.plain, args.planted) for seed in range(args.runs)]
    nothing = [run(args.first + 1000 + seed, False, args.plain) for seed in range(args.nothing)]
    report = {
        "runs": args.runs,
        "found": sum(found.certain and RULE in found.best for found, _ in planted),
        "most_calls": max(model.calls for _, model in planted + nothing),
        "reflections": sum(model.reflections for _, model in planted) / max(1, len(planted)),
        "runs_where_nothing_helps": args.nothing,
        "said_no_gain": sum(not found.certain for found, _ in nothing),
        "first_seed": args.first,
        "accuracy": {"plain": args.plain, "planted": args.planted, "reflection_writes_the_rule": WRITES},
        "calls_allowed": CALLS,
        "seconds": round(time.monotonic() - start, 1),
    }
    print(json.dumps(report, indent=1))
    if args.keep:
        (RESULTS / "llm_prompt_search.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
