"""Streams of a prompt's bundle through the service: 500 at once on one worker, and how much later the first byte comes.

    python -m benchmarks.llm.service [--streams 500] [--calls 100] [--keep]

A free-text task is built with one prompt to a scripted model (a fake server of the product on this machine that writes
20 words, 50 ms apart, the first after 100 ms), then served by one worker. Measured over bare sockets, the same way for
both: one call after another straight to the fake server and through `/v1/chat/completions` of the
service (`stream: true`), then all streams at once. Every text is compared with what the model wrote.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from smeaton.testing.servers import Request, Say, Script, serve

RESULTS = Path(__file__).resolve().parent.parent / "results"
WORDS, PACE, FIRST = 20, 0.05, 0.1
MODEL = "openai:fake-small"


def said(number: int) -> str:
    """What the model writes for a row."""
    return " ".join(f"word{number}x{place}" for place in range(WORDS))


def answer(request: Request) -> Say:
    """Writes slowly where it streams."""
    text = json.loads(request.user)["question"] if request.user.startswith("{") else request.user
    number = int(text.rsplit(" ", 1)[1])
    if not request.stream:
        return Say(text=said(number))
    return Say(text=said(number), first_delay=FIRST, pace=PACE)


def bundle(folder: Path) -> Path:
    """Build the bundle."""
    import smeaton

    rows = "".join(f"say {number},{said(number)}\n" for number in range(60))
    (folder / "rows.csv").write_text("question,reply\n" + rows)
    (folder / "smeaton.yaml").write_text(
        "smeaton: 1\nname: writer\ndata: rows.csv\ninputs: {question: text}\noutput: {reply: text}\n"
        f'budget: {{time: 20s, money: $1}}\nsolutions: {{only: [prompt], add: ["{MODEL}"]}}\n'
    )
    built = smeaton.build(folder / "smeaton.yaml")
    assert built.bundle is not None
    assert built.winner == "prompt", built.summary()
    return Path(built.bundle)


async def stream(host: str, port: int, body: dict[str, Any]) -> tuple[float, float, str]:
    """One streamed call: seconds to the first piece of text, to the end, and the text."""
    start = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, port)
    data = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer fake\r\n"
    head += f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data)
    text, first = [], 0.0
    status = await reader.readline()
    if b" 200 " not in status:
        raise RuntimeError(f"{status.decode().strip()}: {(await reader.read()).decode()[-200:]}")
    while line := await reader.readline():
        if line.startswith(b"data: ") and not line.startswith(b"data: [DONE]"):
            for choice in json.loads(line[6:]).get("choices", ()):
                piece = choice.get("delta", {}).get("content")
                if piece:
                    first = first or time.perf_counter() - start
                    text.append(piece)
    writer.close()
    return first, time.perf_counter() - start, "".join(text)


def asked(model: str, content: str) -> dict[str, Any]:
    """A request of either server."""
    return {"model": model, "messages": [{"role": "user", "content": content}], "stream": True}


async def measured(provider: int, service: int, args: argparse.Namespace) -> dict[str, Any]:
    """Single calls in turn, then all at once."""
    direct, through = [], []
    for number in range(args.calls):
        direct.append((await stream("127.0.0.1", provider, asked("fake-small", f"say {number}")))[0])
        through.append((await stream("127.0.0.1", service, asked("writer", f"say {number}")))[0])
    start = time.perf_counter()
    many = await asyncio.gather(
        *(stream("127.0.0.1", service, asked("writer", f"say {number}")) for number in range(args.streams)),
        return_exceptions=True,
    )
    whole = [one for one in many if not isinstance(one, BaseException)]
    right = sum(one[2] == said(number) for number, one in enumerate(many) if not isinstance(one, BaseException))
    odd = {f"other text: {one[2][:80]!r}" for one in whole if one[2][:4] != "word"}
    firsts = sorted(one[0] for one in whole)
    later = sorted(after - before for before, after in zip(direct, through, strict=True))
    return {
        "first_byte_later_ms": {"p50": 1000 * statistics.median(later), "p95": 1000 * later[int(0.95 * len(later))]},
        "streams": args.streams,
        "right": right,
        "wrong": sorted({f"{one!r}"[:120] for one in many if isinstance(one, BaseException)} | odd),
        "seconds": time.perf_counter() - start,
        "a_stream_alone_seconds": FIRST + PACE * (WORDS - 1),
        "first_byte_of_all_ms": {"p50": 1000 * firsts[len(firsts) // 2], "p95": 1000 * firsts[int(0.95 * len(firsts))]},
    }


def main() -> None:
    """Build, serve, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smeaton-bench-") as scratch, serve(Script(answer)) as fake:
        os.environ.update(fake.config(Path(scratch) / "llm.toml"))
        made = bundle(Path(scratch))
        command = [sys.executable, "-m", "smeaton", "serve", str(made), "--port", "0", "--workers", "1", "--json"]
        with subprocess.Popen([*command, "--allow-external", "local"], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            try:
                report = asyncio.run(measured(fake.port, int(url.rsplit(":", 1)[1]), args))
                report["peak_at_the_provider"] = fake.peak
            finally:
                process.terminate()
    print(json.dumps(report, indent=1))
    if args.keep:
        (RESULTS / "llm_service.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
