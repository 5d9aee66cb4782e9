"""Make a task folder of an evaluation or prompt of another tool: OpenAI Evals, promptfoo, DSPy.

  smeaton import promptfooconfig.yaml -o support       reads tests, asserts, prompts and models
  smeaton import evals-export/ -o triage               definitions, runs and rows of the hosted OpenAI Evals
  smeaton import program.json -o answers               instructions and examples of a DSPy program

The folder holds smeaton.yaml, the rows, checks as readable Python, prompts, and IMPORT.md: what was concluded, and
everything that could not be carried over. Code in the source is neither run nor taken over, unless --trust-code.
"""

import argparse
import json
from typing import Any

HELP = "make a task of OpenAI Evals, promptfoo or DSPy files"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("source", metavar="FILE|FOLDER", help="what the other tool wrote, or reads")
    parser.add_argument("-o", "--output", metavar="FOLDER", help="the new folder (default: named like the source)")
    parser.add_argument("--format", default="", metavar="NAME", help="openai_evals, promptfoo or dspy (default: seen)")
    parser.add_argument(
        "--trust-code", action="store_true", help="take Python code of the source over as checks that builds run"
    )


def run(args: argparse.Namespace) -> int:
    """Import, and say what came of it."""
    from smeaton.flow.importing import import_task

    report = import_task(args.source, args.output, form=args.format, trust_code=args.trust_code)
    if args.json:
        print(json.dumps(report.as_dict()))
        return 0
    _show(report)
    return 0


def _show(report: Any) -> None:
    print(f"{report.folder}: a task from {report.format}, {report.rows:,} rows, {len(report.checks)} checks")
    for name in report.files:
        print(f"  {name}")
    if report.notes:
        print("\nconcluded, to be looked at:")
        for note in report.notes:
            print(f"  {_line(note)}")
    print(f"\nnot carried over: {len(report.lost) or 'nothing'}")
    for lost in report.lost:
        print(f"  {_line(lost.what)} ({_line(lost.where)}): {_line(lost.why)}")
    print("\nnext:")
    for step in report.next:
        print(f"  {step}")


def _line(words: str) -> str:
    """Words of a source on one line; nothing in them may steer the terminal."""
    return "".join(mark if mark.isprintable() else " " for mark in words)
