"""Check that a bundle is whole and answers as it did when it was built.

  smeaton verify customers.bundle

Every file is hashed, unlisted files are refused, and the stored samples are answered again and compared.
"""

import argparse
import json
from pathlib import Path

HELP = "check a bundle's files and replay its samples"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument(
        "--trust-code",
        action="append",
        default=[],
        metavar="NAME",
        help="code in the bundle that may run (model.py:make)",
    )


def run(args: argparse.Namespace) -> int:
    """Verify; 2 if the bundle is damaged or answers differently."""
    from smeaton.bundle.verify import verify

    verdict = verify(Path(args.bundle), trust=args.trust_code)
    if args.json:
        print(json.dumps(verdict.as_dict()))
    else:
        print("\n".join(verdict.lines()))
    return 0 if verdict.ok else 2
