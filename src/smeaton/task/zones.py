"""Time zones at the end of a moment in text: offsets, `Z`, `UTC`, and names of the IANA database (`Europe/Berlin`).

Abbreviations such as EST or IST are refused: they stand for several zones, and for none of them all year round.
A time that the clocks show twice in autumn is the first of the two; one they leave out in spring is read with the
offset before the change (as PEP 495 has it).
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<h>[0-9]{2}):?(?P<m>[0-9]{2})?")
_COMMENT = re.compile(r"(?<=.)(?: \(.*|\[.*)")
#: What may stand for a zone, in the pattern of a moment; a comment in parentheses follows the offset of JavaScript.
ZONE = (
    r"(?:Z|UTC|GMT|(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?|\[?[A-Za-z_]+(?:/[A-Za-z0-9_+\-]+)+\]?)"
    r"(?: \([^()]*\)|\[[^\[\]]*\])?"
)
#: A text that ends in an abbreviation of a zone.
ABBREVIATED = re.compile(r"(?P<moment>.*[0-9](?: ?[AaPp]\.?[Mm]\.?)?) ?(?P<zone>[A-Z]{2,5})", re.DOTALL)
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


def to_utc(local: int, zone: str) -> int:
    """Microseconds since 1970 on the clock of a zone, as such of UTC.

    Raises:
        ValueError: there is no such zone, or no zone data on this machine.
    """
    shift = _fixed(_COMMENT.sub("", zone))
    if shift is not None:
        return local - shift
    try:
        moment = (_EPOCH + local * _MICROSECOND).replace(tzinfo=_zone(zone.strip("[]")))
        return (moment.astimezone(UTC).replace(tzinfo=None) - _EPOCH) // _MICROSECOND
    except OverflowError as error:
        raise ValueError from error


@lru_cache(maxsize=1_024)
def _fixed(zone: str) -> int | None:
    """The offset of a zone in microseconds; None where it has a name."""
    if zone in ("Z", "UTC", "GMT"):
        return 0
    found = _OFFSET.fullmatch(zone)
    if found is None:
        return None
    minutes = int(found["h"]) * 60 + int(found["m"] or 0)
    if int(found["h"]) > 23 or int(found["m"] or 0) > 59:
        raise ValueError
    return (-1 if found["sign"] == "-" else 1) * minutes * 60_000_000


@lru_cache(maxsize=1_024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"the time zone {name!r} is not known on this machine") from error
