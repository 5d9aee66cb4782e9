"""Make, list and revoke the API keys that `serve --key-file FILE` accepts.

  smeaton key new keys.toml --name ci --scope predict --expires 90d     prints the key, once
  smeaton key list keys.toml
  smeaton key revoke keys.toml ci

The file holds hashes, never keys. Scopes: predict, feedback, learn, metrics, admin; a key has those it is given, and no
other. To replace a key, make a second one under another name, give it to the callers, then revoke the first: a running
service takes up each step within a second.
"""

import argparse
import json
import sys
from pathlib import Path

HELP = "make, list and revoke the API keys of a service"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="new|list|revoke", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("file", metavar="FILE", help="the file of keys (TOML)")
    # The verb has --json too: without a default here, what was said before the action is not undone after it.
    shared.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
    new = actions.add_parser("new", parents=[shared], help="make a key and print it, once")
    new.add_argument("--name", required=True, metavar="NAME", help="who or what it is for")
    new.add_argument("--scope", action="append", required=True, metavar="SCOPE", help="what it allows; may be repeated")
    new.add_argument("--expires", metavar="T", help="how long it is valid, such as 90d or 12h (default: for ever)")
    actions.add_parser("list", parents=[shared], help="show names, scopes and moments")
    revoke = actions.add_parser("revoke", parents=[shared], help="remove a key")
    revoke.add_argument("name", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    return {"new": _new, "list": _list, "revoke": _revoke}[args.action](args)


def _new(args: argparse.Namespace) -> int:
    from smeaton.flow.key import as_dict, make_key

    made = make_key(Path(args.file), args.name, args.scope, args.expires)
    if args.json:
        print(json.dumps({"key": made.text} | as_dict(made.key) | {"file": args.file}))
        return 0
    # The key alone on stdout, so that a script can take it.
    print(made.text)
    print(f"this is shown once: {args.file} holds only its hash", file=sys.stderr)
    print(f"  start with it:  smeaton serve BUNDLE --key-file {args.file}", file=sys.stderr)
    print("  send it as:     Authorization: Bearer KEY", file=sys.stderr)
    return 0


def _list(args: argparse.Namespace) -> int:
    from smeaton.flow.key import as_dict, keys_of

    keys = [as_dict(key) for key in keys_of(Path(args.file))]
    if args.json:
        print(json.dumps({"file": args.file, "keys": keys}))
        return 0
    lines = [["name", "scopes", "created", "expires"]]
    for key in keys:
        ends = f"{key['expires'] or 'never'}{' (expired)' if key['expired'] else ''}"
        lines.append([key["name"], ", ".join(key["scopes"]), key["created"], ends])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if not keys:
        print("there are no keys: a service with this file lets nobody in")
    return 0


def _revoke(args: argparse.Namespace) -> int:
    from smeaton.flow.key import revoke_key

    left = revoke_key(Path(args.file), args.name)
    if args.json:
        print(json.dumps({"revoked": args.name, "left": left, "file": args.file}))
        return 0
    print(f"{args.name} is revoked; {left} {'key is' if left == 1 else 'keys are'} left")
    print("  running services that read this file refuse it within a second")
    return 0
