"""Write the report of the last build as a page that explains itself: what was chosen, how good it is, what it costs,
where it is wrong, what the data looks like. Prints what the answers tell about the data: labels mixed up, rows that
look mislabelled, words that decide, phrases that no label covers. No row leaves the machine.

smeaton report                       report.html beside the task of this folder
smeaton report --open                and show it
smeaton report --format md -o -      a summary for a pull request
smeaton report smeaton.yaml --across region --rows 50

formats: html, the page; json, all its figures as data; md, a Markdown summary for a pull request; mlflow, the trials as
MLflow keeps them; card, a Hugging Face model card
"""

import argparse
import gc
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smeaton.reporting.build import Build
    from smeaton.reporting.forms import BuildReport
    from smeaton.reporting.painter import Painter

DEFAULT = "html"
HELP = "the report of a build as a page, and what its answers say about its data"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from smeaton import plugins
    from smeaton.insight.forms import SECONDS

    formats = plugins.names("exports")
    parser.add_argument("task", metavar="TASK", nargs="?", default=".", help="a task file, its folder, or its bundle")
    parser.add_argument("--format", choices=formats, help=f"what to write (default {DEFAULT}): {', '.join(formats)}")
    parser.add_argument("-o", "--out", metavar="OUT", help="where to write it (default beside the task); - prints it")
    parser.add_argument(
        "--across", action="append", default=[], metavar="COLUMN", help="compare how groups of this column are treated"
    )
    parser.add_argument("--rows", type=_count, default=20, metavar="N", help="suspects to name (default 20)")
    parser.add_argument("--seconds", type=_seconds, default=SECONDS, metavar="S",
                        help=f"about how long to look (default {SECONDS:g})")  # fmt: skip
    parser.add_argument("--open", action="store_true", help="show what was written")


def run(args: argparse.Namespace) -> int:
    """Make the report, print what it says of the data, write it."""
    from smeaton.reporting.painter import PAINTED, Painter
    from smeaton.trials.process import pin_threads

    name = args.format or DEFAULT
    writes = args.out != "-" and (not args.json or args.format is not None or args.out is not None)
    pin_threads()  # before numpy is loaded: the other cores draw
    with _no_collection(), Painter() if writes and name == PAINTED else nullcontext() as painter:
        return _reported(args, name, writes, painter)  # the painter gets ready while the rest is loaded


@contextmanager
def _no_collection() -> Iterator[None]:
    """Looking for garbage takes a tenth of the few seconds, and would free a few MB."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _reported(args: argparse.Namespace, name: str, writes: bool, painter: "Painter | None") -> int:
    from smeaton.flow.write_report import make_report, open_build, write_format
    from smeaton.reporting.build import Wish

    build = open_build(args.task, Wish(suspects=args.rows, across=tuple(args.across), seconds=args.seconds))
    report = make_report(build, painter)
    if not (writes or args.json):
        _print(report, build, name)
        return 0
    print(json.dumps(report.as_dict(), ensure_ascii=False) if args.json else _words(report))
    if writes:
        path = write_format(report, build, name, args.out)
        print(f"\n{path}", file=sys.stderr if args.json else sys.stdout)
        if args.open:
            import webbrowser

            webbrowser.open(path.resolve().as_uri())
    return 0


def _words(report: "BuildReport") -> str:
    """What the answers say about the data; where there are none, why."""
    from smeaton.flow.report import report_text

    if report.found is not None:
        return report_text(report.found)
    return "\n".join(f"{title}: {why}" for title, why in report.left_out.items())


def _print(report: "BuildReport", build: "Build", name: str) -> None:
    """One file to the standard output."""
    from smeaton.errors import InputError
    from smeaton.flow.write_report import write_format

    with tempfile.TemporaryDirectory() as folder:
        path = write_format(report, build, name, folder)
        if path.is_dir():
            raise InputError(f"{name} is a folder: it cannot be printed", fix="name one with -o")
        sys.stdout.write(path.read_text("utf-8"))


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0.5 <= number <= 3600:
        raise argparse.ArgumentTypeError("between 0.5 and 3600")
    return number
