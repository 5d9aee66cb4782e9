"""Prompt search on scripted models: is a planted instruction found, and is nothing found where nothing helps?

    python -m benchmarks.llm.prompt_search [--runs 50] [--nothing 100] [--keep]

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

from smeaton.families._prompt_improve import Found, Graded, improve

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

    def __init__(self, seed: int, helps: bool) -> None:
        self.seed, self.helps = seed, helps
        self.calls = self.reflections = 0

    def answer(self, instruction: str, rows: Sequence[int]) -> Graded:
        """Right or wrong, by the instruction."""
        self.calls += len(rows)
        chance = PLANTED if self.helps and RULE in instruction else PLAIN
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


def run(seed: int, helps: bool) -> tuple[Found, Scripted]:
    """One search."""
    model = Scripted(seed, helps)
    return improve(START, ROWS, model.answer, model.reflect, calls=CALLS, seed=seed), model


def main() -> None:
    """All runs, and what they came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--nothing", type=int, default=100)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    start = time.monotonic()
    planted = [run(seed, True) for seed in range(args.runs)]
    nothing = [run(1000 + seed, False) for seed in range(args.nothing)]
    report = {
        "runs": args.runs,
        "found": sum(found.certain and RULE in found.best for found, _ in planted),
        "most_calls": max(model.calls for _, model in planted + nothing),
        "reflections": sum(model.reflections for _, model in planted) / max(1, len(planted)),
        "runs_where_nothing_helps": args.nothing,
        "said_no_gain": sum(not found.certain for found, _ in nothing),
        "accuracy": {"plain": PLAIN, "planted": PLANTED, "reflection_writes_the_rule": WRITES},
        "calls_allowed": CALLS,
        "seconds": round(time.monotonic() - start, 1),
    }
    print(json.dumps(report, indent=1))
    if args.keep:
        (RESULTS / "llm_prompt_search.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
