"""Times of day and durations in text, `14:30`, `2:30 PM`, `1:23:45.5`: numbers of seconds, under the layout `h:m:s`."""

import re

#: The layout of numbers; two parts are hours and minutes.
CLOCK = "h:m:s"
_TIME = re.compile(
    r"(?P<sign>-)?(?P<h>[0-9]{1,4}):(?P<m>[0-5][0-9])(?::(?P<s>[0-5][0-9](?:\.[0-9]{1,6})?))?"
    r"(?:[ \u00a0\u202f]?(?P<p>[AaPp])\.?[Mm]\.?)?"
)


def clock_text(text: str) -> str | None:
    """Seconds as plain text; None where the text is no time."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hours = int(found["h"])
    if found["p"]:
        if not 1 <= hours <= 12 or found["sign"]:
            return None
        hours = hours % 12 + (12 if found["p"] in "Pp" else 0)
    whole, _, rest = (found["s"] or "0").partition(".")
    seconds = hours * 3600 + int(found["m"]) * 60 + int(whole)
    return f"{found['sign'] or ''}{seconds}{'.' if rest else ''}{rest}"
