"""What the LLM layer adds to a provider's own time: one call at a time, first byte of a stream, many streams at once.

A fake provider in a process of its own answers after a fixed delay. The same request is sent by a bare httpx client and
by `Client` in turns, so that whatever else the machine does meets both. Added time is the percentiles' difference.

    python -m benchmarks.llm.layer [--calls 300] [--streams 500] [--keep]
"""

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from smeaton.llm.client import Client, Policy
from smeaton.llm.ledger import Ledger
from smeaton.llm.messages import Ask, Message
from smeaton.llm.purse import MemoryPurse, Purse

RESULT = Path(__file__).parents[1] / "results" / "llm_layer.json"
DELAY = 0.05  # seconds the provider takes
WORDS = 10  # of each of the many streams; a piece each
PACE = 0.05  # seconds between two pieces of the many streams
TARGETS = {"added p50 ms": 3.0, "added p95 ms": 10.0, "first byte later by ms": 5.0}
MODEL = "openai:gpt-4o"
ASK = Ask(
    messages=(
        Message(role="system", text="Say which team answers the ticket. " * 10),
        Message(role="user", text="My card was charged twice. " * 10),
    ),
    max_tokens=64,
)
BODY = {
    "model": "gpt-4o",
    "stream": False,
    "messages": [{"role": turn.role, "content": turn.text} for turn in ASK.messages],
    "max_completion_tokens": 64,
}
HEADERS = {"Authorization": "Bearer fake"}


@contextmanager
def provider() -> Iterator[str]:
    """A fake provider in a process of its own; gives its address."""
    code = (
        "import sys\n"
        "from smeaton.testing.servers import Rule, Say, Script, serve\n"
        f"slowly = Say(text=' '.join(['word'] * {WORDS}), first_delay={DELAY}, pace={PACE})\n"
        "many = Rule(user='^many', say=slowly)\n"
        f"with serve(Script([many, Rule(say=Say(text='billing', delay={DELAY}))])) as server:\n"
        "    print(server.url('openai'), flush=True)\n"
        "    sys.stdin.read()\n"
        "    print(server.peak, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(30)


async def bare(client: httpx.AsyncClient, url: str) -> float:
    """Seconds a bare client takes for the call."""
    start = time.perf_counter()
    reply = await client.post(f"{url}/chat/completions", json=BODY, headers=HEADERS)
    assert reply.json()["choices"][0]["message"]["content"] == "billing"
    return time.perf_counter() - start


async def through(client: Client, purse: Purse, number: int) -> float:
    """Seconds the layer takes for it."""
    start = time.perf_counter()
    answer = await client.ask(ASK, purse=purse, salt=number)
    assert answer.reply.text == "billing"
    return time.perf_counter() - start


async def bare_first(client: httpx.AsyncClient, url: str) -> float:
    """Seconds until a bare client has the first text of a stream."""
    start = time.perf_counter()
    body = BODY | {"stream": True, "stream_options": {"include_usage": True}}
    seconds = 0.0
    async with client.stream("POST", f"{url}/chat/completions", json=body, headers=HEADERS) as reply:
        async for line in reply.aiter_lines():
            if not seconds and re.search(r'"content": ?"\w', line):
                seconds = time.perf_counter() - start
    assert seconds
    return seconds


async def first(client: Client, purse: Purse, number: int) -> float:
    """Seconds until the layer hands out the first text of a stream."""
    start = time.perf_counter()
    seconds = 0.0
    async for piece in client.stream(ASK, purse=purse, salt=number):
        if piece.text and not seconds:
            seconds = time.perf_counter() - start
    return seconds


async def one_at_a_time(url: str, calls: int, purse: Purse) -> dict[str, Any]:
    """Added time of whole calls, and of the first byte, a call at a time."""
    taken: dict[str, list[float]] = {"bare": [], "layer": [], "bare first": [], "layer first": []}
    async with httpx.AsyncClient() as plain, Client([MODEL]) as client:
        for warm in range(10):
            await asyncio.gather(bare(plain, url), through(client, purse, -1 - warm))
        for number in range(calls):
            taken["bare"].append(await bare(plain, url))
            taken["layer"].append(await through(client, purse, number))
            taken["bare first"].append(await bare_first(plain, url))
            taken["layer first"].append(await first(client, purse, calls + number))
    percents = {name: np.percentile(np.array(values) * 1000, [50, 95]) for name, values in taken.items()}
    added, later = percents["layer"] - percents["bare"], percents["layer first"] - percents["bare first"]
    return {
        "calls": calls,
        "provider's own ms (bare client) p50, p95": percents["bare"].round(2).tolist(),
        "added p50 ms": round(float(added[0]), 2),
        "added p95 ms": round(float(added[1]), 2),
        "first byte later by ms": round(float(later[0]), 2),
        "first byte later by ms, p95": round(float(later[1]), 2),
    }


async def many(streams: int) -> dict[str, Any]:
    """So many streams at once in this process."""
    ask = Ask(messages=(Message(role="user", text="many"),), max_tokens=200)
    purse = MemoryPurse(1000.0)
    under_way, most, pieces = 0, 0, 0
    firsts: list[float] = []

    async def one(client: Client, number: int) -> None:
        nonlocal under_way, most, pieces
        start, begun = time.perf_counter(), False
        async for piece in client.stream(ask, purse=purse, salt=number):
            if piece.text:
                pieces += 1
                if not begun:
                    begun = True
                    under_way += 1
                    most = max(most, under_way)
                    firsts.append(time.perf_counter() - start)
        under_way -= 1

    async with Client([MODEL], Policy(parallel=streams, attempts=1)) as client:
        await one(client, -1)
        firsts.clear()
        start, cpu, pieces = time.perf_counter(), time.process_time(), 0
        await asyncio.gather(*(one(client, number) for number in range(streams)))
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "streams": streams,
        "most under way at once": most,
        "pieces": pieces,
        "pieces a second": round(pieces / wall),
        "CPU ms a piece, this process": round(cpu / pieces * 1000, 3),
        "first byte ms p50, p95": np.percentile(np.array(firsts) * 1000, [50, 95]).round(1).tolist(),
        "wall s": round(wall, 2),
        "peak memory MiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def measured(calls: int, streams: int) -> dict[str, Any]:
    """All figures."""
    with provider() as url, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "llm.toml")
        path.write_text(f'[providers.openai]\nurl = "{url}"\n[prices."{MODEL}"]\ninput = 2.5\noutput = 10.0\n')
        os.environ |= {"SMEATON_LLM_CONFIG": str(path), "OPENAI_API_KEY": "fake"}
        ledger = Ledger(Path(folder, "ledger.db"), 1000.0)
        try:
            found: dict[str, Any] = {
                "delay ms": DELAY * 1000,
                "paid from memory": asyncio.run(one_at_a_time(url, calls, MemoryPurse(1000.0))),
                "paid from the ledger on disk": asyncio.run(one_at_a_time(url, calls, ledger)),
            }
        finally:
            ledger.close()
        found["many streams"] = asyncio.run(many(streams))
    memory = found["paid from memory"]
    found["met"] = {name: memory[name] <= most for name, most in TARGETS.items()}
    found["met"]["streams at once"] = found["many streams"]["most under way at once"] >= streams
    return found


def main() -> None:
    """Measure, say, and keep the result where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--keep", action="store_true", help=f"write {RESULT.name}")
    arguments = parser.parse_args()
    found = measured(arguments.calls, arguments.streams)
    print(json.dumps(found, indent=2))
    for name, most in TARGETS.items():
        value = found["paid from memory"][name]
        print(f"{name}: {value} (at most {most}): {'met' if value <= most else 'NOT met'}")
    print(f"streams at once: {found['many streams']['most under way at once']} of {arguments.streams}")
    if arguments.keep:
        RESULT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
