"""A real example from start to finish: build, ask, serve, one HTTP request, in about a minute.

smeaton demo            the example called bank: whom to call in a telephone campaign
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

HELP = "a real example, start to finish"

EXAMPLES = {"bank": "which clients will subscribe, from 4,119 calls of a bank's campaign (CC BY 4.0)"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    names = "; ".join(f"{name}: {about}" for name, about in EXAMPLES.items())
    parser.add_argument("name", nargs="?", default="bank", choices=list(EXAMPLES), metavar="NAME", help=names)
    parser.add_argument("--out", default="demo", metavar="DIR", help="folder to write the example into (default demo)")
    parser.add_argument("--budget", default="30s", metavar="TIME", help="time for the build (default 30s)")


def run(args: argparse.Namespace) -> int:
    """Write the example, build it, ask it, serve it, and say what to type next."""
    from smeaton.cli.live import listener
    from smeaton.flow.build import Wanted, carry_out
    from smeaton.flow.model import load, sample_row

    folder = Path(args.out) / args.name
    task = _write(args.name, folder)
    if not args.json:
        print(f"The example {args.name}: {EXAMPLES[args.name]}.\nIts task, {task}:\n")
        print("".join(f"    {line}\n" for line in task.read_text(encoding="utf-8").splitlines()))
    with listener(args.json) as listen:
        built = carry_out(Wanted(task, budget=args.budget, started=args.started), listen)
    if built.bundle is None:
        print(built.summary())
        return built.exit_code
    row = sample_row(task, 7)
    answer = load(built.bundle).predict([row])[0]
    reply = _ask_over_http(built.bundle, row)
    if args.json:
        print(json.dumps({**built.as_dict(), "row": row, "answer": answer, "http": reply}))
        return built.exit_code
    print()
    print(built.summary())
    print(f"\nOne row asked in Python:\n    {_short(row)}\n    -> {json.dumps(answer)}")
    print(f"The same row over HTTP, from a service started for it:\n    POST /predict -> {json.dumps(reply)}")
    _next_steps()
    return built.exit_code


def _write(name: str, folder: Path) -> Path:
    source = Path(__file__).resolve().parent.parent / "examples" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        if not (folder / file.name).exists():
            shutil.copyfile(file, folder / file.name)
    return folder / "smeaton.yaml"


def _ask_over_http(bundle: Path, row: dict[str, Any]) -> Any:
    """Start `smeaton serve` on a free port, send one request, stop it."""
    command = [sys.executable, "-m", "smeaton", "serve", str(bundle), "--port", "0", "--json", "--accept", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            address = json.loads(service.stdout.readline())["url"]
            body = json.dumps({"rows": [row]}).encode()
            headers = {"content-type": "application/json"}
            request = urllib.request.Request(f"{address}/predict", body, headers)  # noqa: S310 - our own loopback
            return json.loads(_patient(request))
        finally:
            service.terminate()


def _patient(request: urllib.request.Request) -> bytes:
    """Send a request to a service that may still be coming up; at most 10 s."""
    deadline = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - our own loopback
                content: bytes = reply.read()
                return content
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _short(row: dict[str, Any]) -> str:
    text = json.dumps(row)
    return text if len(text) < 140 else text[:137] + "..."


def _next_steps() -> None:
    program = Path(sys.argv[0])
    command = str(program) if program.name == "smeaton" else f"{sys.executable} -m smeaton"
    print(
        "\nNow your own data:\n"
        f"    {command} build YOUR.csv --target COLUMN --budget 60s\n"
        f"    {command} predict YOUR.bundle NEW.csv -o answers.csv\n"
        f"    {command} serve YOUR.bundle --port 8000"
    )
