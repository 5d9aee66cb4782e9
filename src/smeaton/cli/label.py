"""Label the rows most worth a label: on a page in the browser, or through a CSV file.

  smeaton label TASK                          a page on this machine, one row at a time, by keyboard
  smeaton label TASK --csv to_label.csv       the next 100 rows as a file, with the model's suggestions
  smeaton label TASK --take to_label.csv      take the filled-in file back: all answers, or none and why
  smeaton label TASK --gain                   what 100 more rows would bring

The task names its rows: data: {examples: labels.csv, unlabelled: pool.csv}. labels.csv need not exist yet. Before a
build, rows are picked so that they cover the pool; after it, those the bundle is unsure of. A tenth (of the first
hundred a quarter) is drawn at random: they judge the models and say how often each label occurs. Answers go to
labels.csv beside the task, each on the disk before the next row.
"""

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

HELP = "label the rows most worth a label"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("task", metavar="TASK", nargs="?", default=".", help="a task file, or its folder")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--csv", metavar="FILE", help="write the next rows to label into a new .csv file")
    ways.add_argument("--take", metavar="FILE", help="take the answers of such a file")
    ways.add_argument("--gain", action="store_true", help="say what 100 more rows would bring")
    parser.add_argument("--count", type=int, default=100, metavar="N", help="rows of a batch (default 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the choice (default 0)")
    parser.add_argument("--to", metavar="FILE", help="file for the answers (default labels.csv beside the task)")
    parser.add_argument("--into", action="store_true", help="append the answers to the file of the examples itself")
    parser.add_argument("--new-labels", action="store_true", help="--take: accept labels that were not seen before")
    parser.add_argument("--port", type=int, default=8090, metavar="P", help="of the page, 0 picks one (default 8090)")


def run(args: argparse.Namespace) -> int:
    """Label."""
    from smeaton.errors import InputError
    from smeaton.flow.label import Options

    if args.count < 1:
        raise InputError(f"a batch of {args.count} rows is none", fix="give --count 1 or more")
    if args.into and args.to:
        raise InputError("--into and --to name two places for the answers", fix="give one of them")
    options = Options(args.to, args.into, args.count, args.seed)
    if args.csv:
        return _csv(args, options)
    if args.take:
        return _take(args, options)
    return _gain(args, options) if args.gain else _page(args, options)


def _csv(args: argparse.Namespace, options: Any) -> int:
    from smeaton.flow.label import to_csv

    said = to_csv(args.task, args.csv, options)
    if args.json:
        print(json.dumps(said))
        return 0
    for note in said["notes"]:
        print(note)
    print(f"{said['rows']:,} of {said['waiting']:,} rows without a label are in {said['output']}, chosen {said['how']}")
    print(f"{said['random']} of them are drawn at random. Fill in the empty column, then:")
    print(f"  smeaton label {args.task} --take {said['output']}")
    return 0


def _take(args: argparse.Namespace, options: Any) -> int:
    from smeaton.flow.label import take_csv, use_line

    taken, work = take_csv(args.task, args.take, options, new_labels=args.new_labels)
    line = use_line(work)
    if args.json:
        print(json.dumps(asdict(taken) | {"output": str(work.answers.path), "use": line}))
        return 0
    print(f"{taken.taken:,} answers appended to {work.answers.path}")
    if taken.empty:
        print(f"{taken.empty:,} rows have no answer yet")
    if taken.before:
        print(f"{taken.before:,} rows had an answer already and are left as they were")
    _use(line)
    return 0


def _gain(args: argparse.Namespace, options: Any) -> int:
    from smeaton.flow.label import status

    found = status(args.task, options)
    if args.json:
        print(json.dumps(asdict(found)))
        return 0
    print(f"{found.labelled:,} rows have a label, {found.waiting:,} wait")
    print(found.gain.text())
    if found.gain.now is not None:
        print("  by a quick model: the shipped one may start lower, and its curve falls much alike")
    for share in found.shares:
        print(f"  {share.label}: {100 * share.share:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})")
    if found.shares:
        print(f"  shares of the {found.shares[0].rows} rows drawn at random")
    return 0


def _page(args: argparse.Namespace, options: Any) -> int:
    from smeaton.flow.label import serve_desk, use_line

    def announce(url: str, desk: Any) -> None:
        if args.json:
            print(
                json.dumps({"url": url, "rows": len(desk.questions), "output": str(desk.work.answers.path)}), flush=True
            )
            return
        for note in desk.work.notes:
            print(note)
        print(f"{len(desk.questions):,} rows to label, chosen {desk.how}")
        print(f"  open {url}/   answers go to {desk.work.answers.path}; Ctrl-C ends it", flush=True)

    desk = serve_desk(args.task, options, args.port, announce)
    line = use_line(desk.work)
    if args.json:
        print(json.dumps({"answered": desk.answered, "output": str(desk.work.answers.path), "use": line}))
        return 0
    print(f"{desk.answered:,} answers given; they are in {desk.work.answers.path}", file=sys.stdout)
    _use(line)
    return 0


def _use(line: str) -> None:
    if line:
        print(f"to learn from them, write in the task:  {line}")
