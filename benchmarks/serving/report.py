"""The results as Markdown: `python -m benchmarks.serving.report [--results FOLDER] [--machine TEXT]`.

Of Smeaton and `bare` the code measured last on that machine counts, of the machines the one measured last.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.serving.ratios import multiple_rows, ratio_rows
from benchmarks.serving.results import FOLDER, Record, Results
from benchmarks.serving.servers import SERVERS

_KINDS = ("speed", "cold", "memory", "inputs", "ends")


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; the first column is text, the others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def current(results: Results, machine: str | None) -> dict[str, list[Record]]:
    """The cells of each kind that count."""
    cells = {kind: results.read(kind) for kind in _KINDS}
    stamped = sorted((record for records in cells.values() for record in records), key=lambda record: record["at"])
    here = [record for record in stamped if machine is None or record["machine"] == machine]
    if not here:
        return {kind: [] for kind in _KINDS}
    place = here[-1]["machine"]
    codes = [record["code"] for record in here if record["machine"] == place and record["code"]]
    wanted = {"", codes[-1] if codes else ""}
    return {
        kind: [record for record in records if record["machine"] == place and record["code"] in wanted]
        for kind, records in cells.items()
    }


def speed_rows(cells: Sequence[Record]) -> Iterator[list[str]]:
    """One row a server and number of connections: medians of its rounds."""
    order = list(SERVERS)
    places = sorted({(cell["connections"], order.index(cell["server"])) for cell in cells})
    for connections, place in places:
        server = order[place]
        own = [cell for cell in cells if (cell["connections"], cell["server"]) == (connections, server)]
        middle = {name: median(cell[name] for cell in own) for name in ("rate", "p50", "p99", "pss", "load_average")}
        spent = [cell["cpu_per_request"] for cell in own if cell["cpu_per_request"]]
        errors = sum(sum(cell["errors"].values()) for cell in own)
        yield [
            server,
            str(connections),
            f"{middle['rate']:,.0f}",
            f"{middle['p50'] * 1e3:.2f}",
            f"{middle['p99'] * 1e3:.2f}",
            f"{median(spent) * 1e6:,.0f}" if spent else "",
            str(errors),
            f"{sum(cell['wrong'] for cell in own)} of {sum(cell['checked'] for cell in own)}",
            f"{middle['pss'] / 1e6:.0f}",
            f"{len(own)}",
            f"{middle['load_average']:.1f}",
        ]


def speed(cells: Sequence[Record]) -> Iterator[str]:
    """Speed: against `bare`, against the peers, every cell."""
    yield "### Against `bare`, paired round by round\n"
    yield table(["ratio", "median", "target", "held", "all rounds"], ratio_rows(cells))
    for coded, what in ((False, "as documented"), (True, "or with the categories coded by hand, where that is faster")):
        yield f"\n### Against the peers, each in its best configuration {what}\n"
        yield table(["peer", "best rate (1/s)", "Smeaton"], multiple_rows(cells, coded))
    yield "\n### Every cell (medians of the rounds)\n"
    head = ["server", "c", "rate (1/s)", "p50 (ms)", "p99 (ms)", "CPU a request (us)", "errors", "wrong answers"]
    yield table([*head, "memory (PSS, MB)", "rounds", "load average"], list(speed_rows(cells)))


def life(cells: dict[str, list[Record]]) -> Iterator[str]:
    """Cold start, memory, SIGTERM."""
    yield "\n### Cold start to the first right answer\n"
    rows = [[one["server"], one["seconds"]] for one in cells["cold"]]
    head = ["server", "median (s)", "worst (s)", "starts"]
    yield table(head, [[name, f"{median(all_):.2f}", f"{max(all_):.2f}", len(all_)] for name, all_ in rows])
    yield "\n### Memory (MB), ready and after the requests\n"
    yield table(
        ["server", "processes", "requests", "ready, PSS", "after, PSS", "largest process, RSS", "its peak"],
        [_memory_row(one) for one in cells["memory"]],
    )
    yield "\n### SIGTERM\n"
    rows = [[one["server"], one["status"], f"{one['seconds']:.2f}", len(one["left"])] for one in cells["ends"]]
    yield table(["server", "exit status", "seconds", "processes left behind"], rows)


def _memory_row(record: Record) -> list[Any]:
    ready, after = record["ready"], record["after"]
    first = max(after, key=lambda process: process["rss"])
    totals = [f"{sum(process['pss'] for process in some) / 1e6:.0f}" for some in (ready, after)]
    own = [f"{first[name] / 1e6:.0f}" for name in ("rss", "peak")]
    return [record["server"], len(after), f"{record['requests']:,}", *totals, *own]


def bad_inputs(cells: Sequence[Record]) -> Iterator[str]:
    """What became of each of the thirteen, and the sums."""
    yield "\n### Bad inputs: status; S: scored, E: repeats what was sent, L: over 1,000 bytes, X: answers no more\n"
    names = list(cells[0]["inputs"]) if cells else []
    rows = [[name, *(_mark(cell["inputs"][name]) for cell in cells)] for name in names]
    sums = ["**4xx, nothing scored or repeated, at most 1,000 bytes**"]
    for cell in cells:
        marks = [_mark(found) for found in cell["inputs"].values()]
        sums.append(f"{sum(mark.isdigit() and 400 <= int(mark) < 500 for mark in marks)} of {len(marks)}")
    paths = ["**with a path**"] + [
        str(sum(bool(found.get("path")) for found in cell["inputs"].values())) for cell in cells
    ]
    yield table(["input", *(cell["server"] for cell in cells)], [*rows, sums, paths])


def _mark(found: Record) -> str:
    long = (found.get("bytes") or 0) > 1000
    marks = {"S": found.get("scored"), "E": found.get("echoed"), "L": long, "X": not found["alive"]}
    said = "".join(letter for letter, applies in marks.items() if applies)
    return f"{found['status'] or 'none'} {said}".strip()


def main() -> None:
    """Print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=FOLDER, metavar="FOLDER")
    parser.add_argument("--machine", help="words of the machine to report on, as in the results")
    given = parser.parse_args()
    cells = current(Results(given.results), given.machine)
    every = [record for records in cells.values() for record in records]
    if not every:
        raise SystemExit(f"no results in {given.results}")
    dates = sorted(record["at"][:10] for record in every)
    codes = ", ".join(sorted({record["code"] for record in every if record["code"]})) or "none"
    print(f"Machine: {every[0]['machine']}. {dates[0]} to {dates[-1]}. Code {codes}.\n")
    for part in (speed(cells["speed"]), life(cells), bad_inputs(cells["inputs"])):
        print("\n".join(part))
    print("\n### Versions\n")
    for name, found in {record["server"].partition("+")[0]: record["versions"] for record in every}.items():
        print(f"- {name}: " + ", ".join(f"{package} {number}" for package, number in found.items()))


if __name__ == "__main__":
    main()
