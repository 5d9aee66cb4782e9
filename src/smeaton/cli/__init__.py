"""The command line: one file a verb. Each verb module has `HELP`, `configure(parser)` and `run(args) -> exit code`."""

import argparse
import importlib
import json
import sys
import time
import warnings
from collections.abc import Sequence
from types import ModuleType

from smeaton.cli._standard import fault, ready_streams, silence, terminable

VERBS = (
    "demo", "new", "import", "build", "board", "report", "label", "duplicates", "search", "predict", "explain", "serve",
    "bench-serve", "journal", "key", "verify", "new-family",
)  # fmt: skip

_EPILOG = """\
start here:
  smeaton demo                                   a real example, start to finish, in about a minute
  smeaton build customers.csv --target churned   the best solution for your own table, as a bundle
  smeaton predict customers.bundle new.csv -o answers.csv
  smeaton serve customers.bundle --port 8000

exit codes: 0 ready, 1 a fault of Smeaton, 2 wrong input, 3 not ready, 4 no solution, 5 interrupted,
6 some rows unreadable
"""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Each verb on the line of its help: argparse forgets, when it sets the column, that verbs are indented twice."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = max(map(len, VERBS)) + 2 * self._indent_increment


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    started = time.monotonic()
    ready_streams()
    if argv is None and not sys.warnoptions:
        warnings.simplefilter("ignore")  # they are for who writes code; what a user should know is said in words
    arguments = list(sys.argv[1:] if argv is None else argv)
    args = _parser(arguments).parse_args(arguments)
    args.started = started
    return _guarded(args)


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the verb in use is configured, so that `--help` stays fast."""
    from smeaton import __version__

    parser = argparse.ArgumentParser(
        prog="smeaton",
        description="State an AI task once; Smeaton finds, builds, ships and looks after the best solution to it.",
        epilog=_EPILOG,
        formatter_class=_Formatter,
    )
    parser.add_argument("--version", action="version", version=f"smeaton {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name in VERBS:
        module = _verb(name)
        sub = verbs.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in arguments:
            module.configure(sub)
            sub.add_argument("--json", action="store_true", help="print one JSON object instead of words")
        sub.set_defaults(run=module.run)
    return parser


def _verb(name: str) -> ModuleType:
    # `import` is a word of Python's, so its module has a mark behind it.
    module = "import_" if name == "import" else name.replace("-", "_")
    return importlib.import_module(f"smeaton.cli.{module}")


def _guarded(args: argparse.Namespace) -> int:
    """Run the verb; a user's mistake becomes one message and its exit code, never a traceback."""
    from smeaton.errors import SmeatonError

    try:
        with terminable(args.verb):
            code = int(args.run(args))
        sys.stdout.flush()
    except SmeatonError as error:
        _say(args, error.message, error.fix, error.where, error.exit_code)
        return error.exit_code
    except KeyboardInterrupt:
        _say(args, "interrupted; nothing was lost", "run the same command again to go on where it stopped", "", 5)
        return 5
    except BrokenPipeError:
        # The reader of a pipe (`| head`) went away: not a fault, and there is nobody left to tell.
        silence()
        return 0
    except MemoryError:
        _say(args, "there is not enough memory", "give fewer rows or columns, or use a machine with more", "", 2)
        return 2
    except OSError as error:
        where = str(error.filename or "")
        _say(args, error.strerror or str(error), "check the path, its permissions and the free space", where, 2)
        return 2
    except Exception as error:  # noqa: BLE001 - the boundary: nobody above it could say more than a traceback
        _say(args, *fault(error), "", 1)
        return 1
    return code


def _say(args: argparse.Namespace, message: str, fix: str, where: str, code: int) -> None:
    if getattr(args, "json", False):
        print(json.dumps({"error": {"message": message, "fix": fix, "where": where, "exit_code": code}}))
        return
    place = f"{where}: " if where else ""
    print(f"smeaton: {place}{message}", file=sys.stderr)
    if fix:
        print(f"    fix: {fix}", file=sys.stderr)
