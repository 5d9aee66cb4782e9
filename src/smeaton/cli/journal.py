"""Read the journal of a service: what it was asked and answered, and the truth that came later.

  smeaton journal FOLDER                                what it holds
  smeaton journal FOLDER -o asked.parquet               all predictions as a file, one row each
  smeaton journal FOLDER -o today.csv --model customers --since 24h

Works while the service runs. Columns of the file: at, id, row, model, bundle, wire, caller, trace, the inputs (one
column each where one model is exported, else JSON text in `inputs`), prediction, probability_<label>, seconds, truth,
truth_at. Masked columns are not among them: they were never written.
"""

import argparse
import json
import sys
from typing import Any

HELP = "read what a service was asked and answered"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", metavar="FOLDER", help="the folder that the service writes its journal to")
    parser.add_argument("-o", "--output", metavar="OUTPUT", help="a .parquet, .csv, .tsv or .jsonl file to write")
    parser.add_argument("--model", metavar="NAME", help="-o: only of this model")
    parser.add_argument("--since", metavar="T", help="-o: from a moment on (2026-11-28T19:00Z), or so long ago (24h)")
    parser.add_argument("--until", metavar="T", help="-o: before a moment, or so long ago")


def run(args: argparse.Namespace) -> int:
    """Summarise or export; 6 if a segment could not be read."""
    from smeaton.errors import InputError

    if args.output:
        return _export(args)
    if args.model or args.since or args.until:
        raise InputError("--model, --since and --until choose what is exported", fix="name the file with -o")
    return _summary(args)


def _summary(args: argparse.Namespace) -> int:
    from smeaton.flow.journal import journal_summary
    from smeaton.task.units import show_bytes

    said = journal_summary(args.folder)
    if args.json:
        print(json.dumps(said))
        return 6 if said["problems"] else 0
    for model in said["models"]:
        print(f"{model['model']} {model['bundle']}: {_times(model['predictions'], 'prediction')} in", end=" ")
        print(f"{_times(model['entries'], 'request')}, {model['judged']:,} with a truth")
        print(f"  {model['first']} to {model['last']}")
        if model["masked"]:
            print(f"  never written: {', '.join(model['masked'])}")
    if not said["models"]:
        print("nothing was asked yet")
    print(f"{_times(said['feedback'], 'truth')} given; {_times(said['segments'], 'file')}, {show_bytes(said['bytes'])}")
    if said["damaged"]:
        print(f"{_times(said['damaged'], 'damaged file')} moved aside (*.damaged)")
    return _problems(said["problems"])


def _export(args: argparse.Namespace) -> int:
    from smeaton.flow.journal import Which, export_journal

    which = Which(args.model, _moment("--since", args.since), _moment("--until", args.until))
    done = export_journal(args.folder, args.output, which)
    if args.json:
        said: dict[str, Any] = {"rows": done.rows, "columns": done.columns, "output": done.output}
        print(json.dumps(said | {"problems": done.problems}))
        return 6 if done.problems else 0
    print(f"{_times(done.rows, 'prediction')} written to {done.output}")
    return _problems(done.problems)


def _problems(problems: "list[str] | tuple[str, ...]") -> int:
    if problems:
        print(f"{_times(len(problems), 'file')} could not be read:", file=sys.stderr)
        print("\n".join(f"  {line}" for line in problems), file=sys.stderr)
    return 6 if problems else 0


def _times(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def _moment(flag: str, text: str | None) -> float | None:
    """Unix seconds of a moment in ISO 8601, or of a time so long ago."""
    import time

    from smeaton.errors import InputError
    from smeaton.task.moments import read_iso
    from smeaton.task.units import seconds

    if text is None:
        return None
    try:
        return int(read_iso(text).astype("datetime64[us]").astype("int64")) / 1e6
    except ValueError:
        pass  # not a moment: then a time
    try:
        return time.time() - seconds(text)
    except ValueError:
        raise InputError(
            f"{flag} {text!r} is neither a moment nor a time", fix="write 2026-11-28T19:00Z, or 24h for a day ago"
        ) from None
