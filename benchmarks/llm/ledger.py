"""The ledger under faults: real processes spend from one file against a fake server whose bill is the truth.

    python -m benchmarks.llm.ledger [--runs 1000] [--seed 0] [--keep]

Each run draws its own trouble: two to four processes with some calls at once each, 429s, 500s, replies that never come,
are cut off or are no JSON, a cap that may be too small, processes killed with SIGKILL at a random moment. Then one
process asks everything again, as a build does that is taken up. The server counts what it bills: every reply it made,
whoever got it, at the tokens it stated. A run holds if

    cap        the bill never passes the cap, nor does what is settled plus what is reserved
    covered    what is settled plus what the dead had reserved is at least the bill
    price      what was settled for each kept reply is exactly its tokens times the price
    exact      where nothing was killed, late, cut off or broken, all that is settled is exactly the bill
    repeats    nothing kept before is asked for again, and asking everything twice brings no further call

With `--keep` the result goes to benchmarks/results/llm_ledger.json.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"
MODEL = "openai:fake-small"
INPUT, OUTPUT = 1.0, 10.0  # dollars for a million tokens
NANO_INPUT, NANO_OUTPUT = 1_000, 10_000  # the same in nanodollars for one
MAX_TOKENS = 20
#: Faults whose reply the provider makes, and bills, although it does not arrive whole.
BILLED = ("timeout", "cut", "malformed")
#: The modules that every process has before it starts, so that a start takes milliseconds.
PRELOADED = [
    "openai",
    "pydantic_ai.models.openai",
    "smeaton.llm.client",
    "smeaton.llm.ledger",
    "smeaton.llm.wires.openai",
]


@dataclass
class Plan:
    """The trouble of one run."""

    number: int
    processes: int
    parallel: int
    questions: int
    cap: float
    kill: bool
    chances: dict[str, float]

    @property
    def timeout(self) -> float:
        """Seconds for a reply: where all must come, a busy machine shall not make one late."""
        return 30.0 if self.clean else 0.2

    @property
    def parts(self) -> list[range]:
        """The questions of each process."""
        size = self.questions
        return [range(place * size, (place + 1) * size) for place in range(self.processes)]

    @property
    def clean(self) -> bool:
        """Whether every call's cost is known to the client."""
        return not self.kill and not any(self.chances[name] for name in (*BILLED, "500"))


@dataclass
class Bill:
    """What the server billed in one run, in nanodollars, and how often it was asked each question."""

    total: int = 0
    asked: Counter[str] = field(default_factory=Counter)


class Provider:
    """Answers, goes wrong as planned, and counts. Every question's fate is decided by the seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self.plans: dict[int, Plan] = {}
        self.bills: defaultdict[int, Bill] = defaultdict(Bill)

    def __call__(self, request: Any) -> Any:
        """The script of the fake server."""
        from smeaton.testing.servers import Say

        run, question = request.user.split()
        with self._lock:
            bill, plan = self.bills[int(run)], self.plans[int(run)]
            again = bill.asked[question]
            bill.asked[question] += 1
            lot = random.Random(f"{self._seed} {run} {question} {again}")
            fault = _drawn(plan.chances, lot)
            usage = {"input": lot.randrange(20, 400), "output": lot.randrange(1, MAX_TOKENS + 1)}
            if fault is None or fault in BILLED:
                bill.total += usage["input"] * NANO_INPUT + usage["output"] * NANO_OUTPUT
        retry = lot.uniform(0.0, 0.03) if fault == "429" else None
        return Say(text="fine", usage=usage, fault=fault, delay=lot.uniform(0.0, 0.02), retry_after=retry)


def _drawn(chances: dict[str, float], lot: random.Random) -> Any:
    place = lot.random()
    for name, chance in chances.items():
        if place < chance:
            return name
        place -= chance
    return None


def plan(number: int, seed: int) -> Plan:
    """The trouble of a run: a third have none but 429s, the others some of everything; half of these are killed."""
    lot = random.Random(f"{seed} {number}")
    calm = number % 3 == 0
    names = ("429",) if calm else ("429", "500", *BILLED)
    drawn = {name: lot.choice((0.0, 0.05, 0.2)) for name in names}
    return Plan(
        number=number,
        processes=lot.randrange(2, 5),
        parallel=lot.randrange(1, 9),
        questions=lot.randrange(4, 16),
        cap=lot.choice((0.004, 0.01, 0.03, 1.0)),
        kill=not calm and lot.random() < 0.5,
        chances={name: drawn.get(name, 0.0) for name in ("429", "500", *BILLED)},
    )


def spend(path: str, environment: dict[str, str], made: Plan, questions: Sequence[int]) -> None:
    """One process: ask all questions, some at a time, until they are answered or the money is gone."""
    os.environ.update(environment)
    from smeaton.errors import CallError
    from smeaton.llm.client import Client, Policy
    from smeaton.llm.ledger import Ledger
    from smeaton.llm.messages import Ask, Message

    async def work() -> None:
        ledger = Ledger(Path(path))
        policy = Policy(timeout=made.timeout, attempts=3, parallel=made.parallel, backoff=0.01, most_wait=0.05)
        gate = asyncio.Semaphore(made.parallel)

        async def one(client: Client, question: int) -> None:
            ask = Ask(messages=(Message(role="user", text=f"{made.number} q{question}"),), max_tokens=MAX_TOKENS)
            async with gate:
                try:
                    await client.ask(ask, purse=ledger)
                except CallError:
                    return  # no money, or no reply after every attempt: what counts is in the books

        async with Client([MODEL], policy) as client:
            await asyncio.gather(*(one(client, question) for question in questions))
        ledger.close()

    asyncio.run(work())
    Path(path).with_suffix(f".{os.getpid()}").touch()


class Bench:
    """Runs plans against one server."""

    def __init__(self, folder: Path, seed: int) -> None:
        from smeaton.testing.servers import Script, serve

        self._folder, self._seed = folder, seed
        self._provider = Provider(seed)
        self._serving = serve(Script(self._provider))
        server = self._serving.__enter__()
        self._environment = server.config(folder / "llm.toml", {MODEL: (INPUT, OUTPUT)})
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)

    def close(self) -> None:
        """End the server."""
        self._serving.__exit__(None, None, None)

    def run(self, number: int) -> dict[str, Any]:
        """One run; what was broken stands under `broken`."""
        from smeaton.llm.ledger import Ledger

        made = plan(number, self._seed)
        self._provider.plans[number] = made
        bill = self._provider.bills[number]
        path = self._folder / f"{number}.db"
        Ledger(path, made.cap).close()
        every = range(made.processes * made.questions)
        killed, broken = self._ended([self._process(made, path, part) for part in made.parts], path, made)
        broken += self._faults(made, path, bill, clean=made.clean and not killed)
        kept, before = _kept(path), Counter(bill.asked)
        broken += self._ended([self._process(made, path, every)], path)[1]
        broken += self._faults(made, path, bill, clean=made.clean and not killed)
        if any(bill.asked[name] > before[name] for name in kept):
            broken.append("repeats: a kept reply was asked for again")
        known, before = _kept(path), Counter(bill.asked)
        if len(known) == len(every):
            broken += self._ended([self._process(made, path, every)], path)[1]
            if bill.asked != before:
                broken.append("repeats: asking twice brought another call")
        row = {"billed": bill.total, "calls": bill.asked.total(), "killed": killed, "answered": len(known)}
        path.unlink()
        return row | {"clean": made.clean and not killed, "asked": len(every), "broken": broken}

    def _ended(self, running: list[Any], path: Path, made: Plan | None = None) -> tuple[int, list[str]]:
        """Wait for processes, kill some where that is planned; returns how many that ended, and what went wrong. (Their
        exit codes may be read by a start in another thread, so each that ends by itself leaves a mark.)"""
        lot = random.Random(f"{self._seed} {made.number} kills" if made else "")
        victims = running[: lot.randrange(1, len(running) + 1)] if made and made.kill else []
        for victim in victims:
            time.sleep(lot.uniform(0.0, 0.15))
            victim.kill()
        for process in running:
            process.join()
        cut = [process for process in running if not path.with_suffix(f".{process.pid}").exists()]
        failed = sum(process not in victims for process in cut)
        return len(cut), [f"processes: {failed} failed"] if failed else []

    def _process(self, made: Plan, path: Path, questions: Sequence[int]) -> Any:
        process = self._context.Process(target=spend, args=(str(path), self._environment, made, questions))
        process.start()
        return process

    def _faults(self, made: Plan, path: Path, bill: Bill, *, clean: bool) -> list[str]:
        """Which of the promises the books break, as they stand."""
        with sqlite3.connect(path) as db:
            settled, reserved = db.execute(
                "SELECT COALESCE(SUM(settled), 0), COALESCE(SUM(reserved) FILTER (WHERE settled IS NULL), 0) FROM money"
            ).fetchone()
            pairs = db.execute("SELECT settled, reply FROM replies JOIN money USING (ticket)").fetchall()
        db.close()
        cap = round(made.cap * 1e9)
        wrong = sum(cost != _priced(reply) for cost, reply in pairs)
        rules = {
            f"cap: billed {bill.total}, of {cap}": bill.total > cap,
            f"cap: settled {settled} and reserved {reserved}, of {cap}": settled + reserved > cap,
            f"covered: billed {bill.total}, in the books {settled + reserved}": settled + reserved < bill.total,
            f"price: {wrong} replies were not settled at their price": wrong > 0,
            f"exact: billed {bill.total}, settled {settled}, reserved {reserved}": clean
            and (settled != bill.total or reserved != 0),
        }
        return [text for text, is_broken in rules.items() if is_broken]


def _priced(kept: bytes) -> int:
    usage = json.loads(kept)["reply"].get("usage", {})
    return int(usage.get("input", 0) * NANO_INPUT + usage.get("output", 0) * NANO_OUTPUT)


def _kept(path: Path) -> set[str]:
    """The questions whose replies are kept, found by the key of each that may have been asked."""
    from smeaton.llm.messages import Ask, Message
    from smeaton.llm.purse import reply_key

    run = path.stem
    with sqlite3.connect(path) as db:
        keys = {key for (key,) in db.execute("SELECT key FROM replies")}
    db.close()
    names = [f"q{place}" for place in range(64)]
    asks = {name: Ask(messages=(Message(role="user", text=f"{run} {name}"),), max_tokens=MAX_TOKENS) for name in names}
    return {name for name, ask in asks.items() if reply_key(MODEL, MODEL.partition(":")[2], ask, 0) in keys}


def main() -> int:
    """Run all, print what came of it; exit status 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="runs at once, each with a ledger and processes of its own")
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="smeaton-ledger-") as folder:
        bench = Bench(Path(folder), args.seed)
        try:
            with ThreadPoolExecutor(args.jobs) as pool:
                found = enumerate(pool.map(bench.run, range(args.runs)))
                rows = [_told(row, number, args.runs, start) for number, row in found]
        finally:
            bench.close()
    broken = [f"run {number}: {text}" for number, row in enumerate(rows) for text in row["broken"]]
    report = {
        "runs": args.runs,
        "seed": args.seed,
        "seconds": round(time.monotonic() - start, 1),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "processes_killed": sum(row["killed"] for row in rows),
        "runs_with_kills": sum(row["killed"] > 0 for row in rows),
        "runs_exact": sum(row["clean"] for row in rows),
        "questions": sum(row["asked"] for row in rows),
        "answered": sum(row["answered"] for row in rows),
        "calls": sum(row["calls"] for row in rows),
        "dollars_billed": sum(row["billed"] for row in rows) / 1e9,
        "broken": broken,
    }
    print(json.dumps(report, indent=1))
    if args.keep:
        (RESULTS / "llm_ledger.json").write_text(json.dumps(report, indent=1) + "\n")
    return 1 if broken else 0


def _told(row: dict[str, Any], number: int, runs: int, start: float) -> dict[str, Any]:
    for text in row["broken"]:
        print(f"run {number}: {text}", file=sys.stderr, flush=True)
    if (number + 1) % 100 == 0:
        print(f"{number + 1} of {runs} runs, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
