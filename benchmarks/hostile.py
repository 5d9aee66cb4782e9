"""Generated hostile files: each must end in an outcome with an exit code, never a traceback, never a hang.

    python benchmarks/hostile.py --files 1000 --seed 0 --jobs 2        read, typed, split, profiled, probed for leaks
    python benchmarks/hostile.py --files 1000 --whole 10               each tenth is built whole, by the command line
    python benchmarks/hostile.py --only 137 --keep /tmp/case           one case, its file kept

What is read happens in a process that takes case after case; it is ended where one takes over a minute. A whole case is
`smeaton build FILE --target COL --budget 3s`, and `smeaton predict` with the bundle where there is one. Exit code 1, a
fault of Smeaton, is a violation too. Prints counts and each violation with its seed; exits 1 where there are any.
"""

import argparse
import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from hostile_files import Case, make

LIMIT = 60.0
_LIMIT = "HOSTILE_LIMIT"
CODES = (0, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case. `code` is an exit code, -1 for a hang; `violation` is empty where all is well."""

    seed: int
    what: str
    code: int
    said: str
    seconds: float
    violation: str = ""


def _limit() -> float:
    return float(os.environ.get(_LIMIT, LIMIT))


# -- reading ----------------------------------------------------------------------------------------------------------


def serve() -> None:
    """Read seeds from standard input, answer each with a line of JSON."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        print(json.dumps(asdict(_read(int(line)))), file=answers, flush=True)


def _read(seed: int) -> Outcome:
    from smeaton.errors import SmeatonError

    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        folder = Path(name)
        (folder / "in").mkdir()
        case = make(seed, folder / "in")
        code, said, violation = 0, "", ""
        try:
            _prepared(case, folder / "out")
        except SmeatonError as error:
            code, said = error.exit_code, str(error)
            violation = "" if code in CODES and error.fix else "a fault of Smeaton" if code not in CODES else "no fix"
        except OSError as error:  # as the command line says it
            code, said = 2, f"{error.strerror}: {error.filename}"
        except Exception:  # noqa: BLE001 - what this looks for
            code, said, violation = 1, traceback.format_exc(), "traceback"
        seconds = time.monotonic() - begun
        if seconds > _limit():
            violation = violation or f"it took {seconds:.0f} s"
        return Outcome(seed, case.what, code, said, seconds, violation)


def _prepared(case: Case, out: Path) -> None:
    """All that a build does before anything is tried, and what each family says of the task."""
    from smeaton.flow.prepare import prepare, spaces
    from smeaton.flow.request import resolve

    request = resolve(str(case.path), case.target, None, out)
    spaces(prepare(request, 0, lambda notice: None))


class Reader:
    """The process that reads; a new one where a case killed or hung the last."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def read(self, seed: int) -> Outcome:
        """The outcome of a case, a violation where the process gave none in time."""
        if self.process is None:
            command = [sys.executable, __file__, "--serve", "--limit", str(_limit())]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
        process, lines = self.process, queue.SimpleQueue[str]()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{seed}\n")
        threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()  # type: ignore[union-attr]
        begun = time.monotonic()
        try:
            line = lines.get(timeout=_limit() + 10)
        except queue.Empty:
            self.close()
            return Outcome(seed, _what(seed), -1, "", time.monotonic() - begun, "hang while it was read")
        if not line:
            code = process.wait()
            self.process = None
            return Outcome(seed, _what(seed), code, "", time.monotonic() - begun, f"reading ended the process ({code})")
        return Outcome(**json.loads(line))

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _what(seed: int) -> str:
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        return make(seed, Path(name)).what


# -- whole builds -----------------------------------------------------------------------------------------------------


def build(seed: int, budget: str, keep: Path | None = None) -> Outcome:
    """Build a case by the command line, and predict with what came of it."""
    with contextlib.ExitStack() as held:
        folder = keep or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="hostile-")))
        (folder / "in").mkdir(parents=True, exist_ok=True)
        case = make(seed, folder / "in")
        target = [] if case.target is None else [f"--target={case.target}"]
        path = f"./{case.path.name}" if case.path.name.startswith("-") else case.path.name
        arguments = ["build", path, *target, "--budget", budget, "--out", str(folder / "out")]
        begun = time.monotonic()
        code, said = _command(arguments, folder / "in")
        violation = _violation(code, said)
        if not violation and code == 2 and (folder / "out").exists():
            violation = "refused, and something was left behind"
        for bundle in (folder / "out").glob("*.bundle"):
            answers = ["predict", str(bundle), path, "-o", str(folder / "answers.jsonl")]
            code_, said_ = _command(answers, folder / "in")
            wrong = _violation(code_, said_)
            if wrong and not violation:
                code, said, violation = code_, said_, f"predict: {wrong}"
        return Outcome(seed, case.what, code, said, time.monotonic() - begun, violation)


def _command(arguments: list[str], folder: Path) -> tuple[int, str]:
    try:
        command = [sys.executable, "-m", "smeaton", *arguments]
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=_limit(), check=False
        )
    except subprocess.TimeoutExpired as error:
        return -1, ((error.stdout or b"") + (error.stderr or b"")).decode(errors="replace")
    except ValueError as error:  # a NUL in a name: no shell could say it either
        return 2, str(error)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def _violation(code: int, said: str) -> str:
    if code == -1:
        return f"hang: over {_limit():.0f} s"
    if "Traceback" in said:
        return "traceback"
    if code not in CODES:
        return f"exit code {code}"
    return "refused without a fix" if code == 2 and "fix: " not in said else ""


# -- all of them ------------------------------------------------------------------------------------------------------


def run(seeds: list[int], jobs: int, whole: int, budget: str) -> Iterator[Outcome]:
    """Outcomes as they come; every `whole`-th case is built (0: none)."""
    waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
    for seed in seeds:
        waiting.put(seed)

    def work() -> None:
        reader = Reader()
        try:
            while (seed := waiting.get()) is not None:
                done.put(build(seed, budget) if whole and seed % whole == 0 else reader.read(seed))
        finally:
            reader.close()
            done.put(None)

    for _ in range(jobs):
        waiting.put(None)
        threading.Thread(target=work).start()
    left = jobs
    while left:
        outcome = done.get()
        if outcome is None:
            left -= 1
        else:
            yield outcome


def main() -> int:
    """Run the cases and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--whole", type=int, default=10, help="every so-manyth is built whole (0: none, 1: all)")
    parser.add_argument("--budget", default="3s")
    parser.add_argument(
        "--limit", type=float, default=LIMIT, help="seconds a case may take (a busy machine needs more)"
    )
    parser.add_argument("--only", type=int, help="one seed, built whole")
    parser.add_argument("--keep", type=Path, help="with --only: a folder to keep the case in")
    parser.add_argument("--out", type=Path, help="a .jsonl file for every outcome")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ[_LIMIT] = str(args.limit)  # for the processes that read, too
    if args.serve:
        serve()
        return 0
    if args.only is not None:
        outcome = build(args.only, args.budget, args.keep)
        print(json.dumps(asdict(outcome), indent=1, ensure_ascii=False))
        return 1 if outcome.violation else 0
    return report(list(range(args.seed, args.seed + args.files)), args)


def report(seeds: list[int], args: Any) -> int:
    """Run and count."""
    codes: Counter[int] = Counter()
    broken, longest, begun = [], 0.0, time.monotonic()
    with args.out.open("w", encoding="utf-8") if args.out else contextlib.nullcontext() as file:
        for outcome in run(seeds, args.jobs, args.whole, args.budget):
            codes[outcome.code] += 1
            longest = max(longest, outcome.seconds)
            if outcome.violation:
                broken.append(outcome)
                last = (outcome.said.strip().splitlines() or [""])[-1][:300]
                print(f"seed {outcome.seed}: {outcome.violation}: {outcome.what}\n    {last}", flush=True)
            if file is not None:
                print(json.dumps(asdict(outcome)), file=file, flush=True)
    counts = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
    print(f"{len(seeds)} files in {time.monotonic() - begun:.0f} s, the longest {longest:.1f} s; exit codes {counts}")
    print(f"{len(broken)} violations" + (f": seeds {sorted(one.seed for one in broken)}" if broken else ""))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
