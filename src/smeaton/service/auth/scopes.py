"""What a key allows. A key has only the scopes it was given: `admin` holds none of the others."""

from collections.abc import Iterable

from smeaton.errors import InputError

#: Each scope and what it allows.
MEANINGS = {
    "predict": "ask a model for answers, and read what models there are",
    "feedback": "send the truth about earlier answers",
    "learn": "write to a model's state",
    "metrics": "read the metrics of the service",
    "admin": "load, unload and swap bundles",
}
SCOPES = tuple(MEANINGS)


def checked_scopes(names: Iterable[str], where: str = "") -> frozenset[str]:
    """Scopes by their names.

    Raises:
        InputError: there is none, or one that does not exist.
    """
    found = frozenset(names)
    unknown = sorted(found - MEANINGS.keys())
    if unknown:
        from smeaton.task.items import nearest  # brings numpy, which a process without models need not load

        raise InputError(f"there is no scope {unknown[0]!r}", fix=nearest(unknown[0], SCOPES), where=where)
    if not found:
        raise InputError("a key without a scope allows nothing", fix=f"use some of: {', '.join(SCOPES)}", where=where)
    return found
