"""The `tracestate` header: what other tracing systems say about a trace, passed on with our own member first.

Rules: W3C Trace Context Level 2, sections 3.3 "Tracestate Header" and 3.5 "Mutating the tracestate Field".
"""

import re

OWN = "smeaton"  #: the key of our own member; its value is our span id
MEMBERS = 32  #: members of a list, ours included
LENGTH = 512  #: characters passed on of what others wrote
_LONG = 128  # characters: longer members are the first to go when the list is too long

_KEY = r"[a-z0-9][a-z0-9_\-*/@]{0,255}"
_VALUE = r"[ -+\--<>-~]{0,255}[!-+\--<>-~]"
_MEMBER = re.compile(f"({_KEY})={_VALUE}").fullmatch


def members(given: bytes) -> dict[str, str]:
    """The members of a header by key, in order, each as it was written; empty if the header breaks the grammar.

    A list with a key twice, a bad member or more than 32 of them is dropped whole: what it means is not known.
    """
    found: dict[str, str] = {}
    for part in given.decode("latin-1").split(","):
        member = part.strip(" \t")
        if not member:
            continue  # allowed: some senders leave an empty one behind
        match = _MEMBER(member)
        if match is None or match[1] in found or len(found) == MEMBERS:
            return {}
        found[match[1]] = member
    return found


def pass_on(given: bytes, span_id: str) -> str:
    """The header for what we call in turn: our member leftmost, then those of others, in order and whole."""
    others = [member for key, member in members(given).items() if key != OWN][: MEMBERS - 1]
    return ",".join([f"{OWN}={span_id}", *_shortened(others)])


def _shortened(others: list[str]) -> list[str]:
    """Drop whole members from the right until the rest fits, the long ones first."""
    kept = list(others)
    for longer_than in (_LONG, 0):
        for member in reversed(others):
            if sum(map(len, kept)) + len(kept) - 1 <= LENGTH:
                return kept
            if len(member) > longer_than and member in kept:
                kept.remove(member)
    return kept
