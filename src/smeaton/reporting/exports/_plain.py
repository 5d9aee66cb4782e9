"""Text of the user's in Markdown: never markup, never a mention of somebody, never a link; YAML that is read alike
everywhere; a report as JSON."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from smeaton.bundle.card import plain
from smeaton.bundle.manifest import Score
from smeaton.leaderboard.text import number
from smeaton.reporting.forms import BuildReport
from smeaton.trials.record import Interval

_LONGEST = 300
_UNREADABLE = re.compile("[^\t\n\u0020-\u007e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def safe(text: object, most: int = _LONGEST) -> str:
    """A text as one line in which nothing is markup. Where a forge would make a link, or tell somebody of it, a
    character without width stands between."""
    line = " ".join(str(text).split())
    line = line if len(line) <= most else line[: most - 1] + "…"
    return re.sub(r"@(?=\w)|(?<=https)(?=://)|(?<=http)(?=://)|(?<=www)(?=\.)", _parted, plain(line))


def code(text: object, most: int = 80) -> str:
    """A name as code. It holds no mark that could end the code, or a cell of a table."""
    line = " ".join(str(text).split()).replace("`", "'").replace("|", "¦")
    line = line if len(line) <= most else line[: most - 1] + "…"
    return f"`{line}`" if line else "` `"


def as_json(report: BuildReport) -> bytes:
    """A report as JSON in UTF-8. Half characters, which UTF-8 cannot hold, become question marks."""
    try:
        return msgspec.json.encode(report)
    except UnicodeEncodeError:
        whole = json.dumps(report.as_dict(), ensure_ascii=False).encode("utf-8", "replace")
        return msgspec.json.encode(msgspec.json.decode(whole))


def between(score: Interval | Score) -> str:
    """The ends of an interval for people."""
    return f"{number(score.low)} to {number(score.high)}"


def yaml(value: Any, indent: int = 0) -> str:
    """Mappings, lists and plain values as YAML. Texts are always quoted, so that YAML 1.1 and 1.2 read the same: `no`,
    `1e3` and `on` are texts; what YAML cannot hold, or takes for the end of a
    line, becomes a space."""
    return "".join(f"{line}\n" for line in _lines(value, "  " * indent))


def _lines(value: Any, margin: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _entry(f"{margin}{key}:", part, margin)
    elif isinstance(value, list | tuple) and value:
        for part in value:
            lines = list(_lines(part, margin + "  "))
            yield f"{margin}- {lines[0].lstrip()}"
            yield from lines[1:]
    else:
        yield margin + _scalar(value)


def _entry(head: str, part: Any, margin: str) -> Iterator[str]:
    if isinstance(part, Mapping | list | tuple) and part:
        yield head
        yield from _lines(part, margin + "  ")
    else:
        yield f"{head} {_scalar(part)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(_UNREADABLE.sub(" ", value), ensure_ascii=False)
    text = json.dumps(value)
    if isinstance(value, float) and "e" in text and "." not in text:
        return text.replace("e", ".0e")  # YAML 1.1 takes 1e-05 for a text
    return text


def _parted(found: re.Match[str]) -> str:
    return f"{found[0]}\u200b"
