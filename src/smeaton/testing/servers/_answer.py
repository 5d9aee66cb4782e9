"""`Answer`: one reply worked out, before it is put into a wire's form; and how tokens are counted here.

A token is a word with the blank before it, one other sign, or a run of blanks. Real tokenisers count differently; this
one counts the same for ever and everywhere, so a cost can be checked to the last digit.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from smeaton.testing.servers._schema import example
from smeaton.testing.servers.script import Request, Say

_TOKEN = re.compile(r" ?[^\W_]+|[^\w\s]|_|\s+", re.UNICODE)
_MESSAGE = 4  # tokens each message costs besides its text
_IMAGE = 85  # tokens of a picture
_UNSURE = -9999.0  # what an API states for a token that all but cannot come

End = Literal["stop", "length", "tools", "filter", "refusal"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens: `input` includes `cached` and `cache_write`, `output` includes `reasoning`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A token of the reply, its log-probability and the alternatives, the likeliest first."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool to call; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, how it ended and what it counts."""

    id: str
    model: str
    pieces: tuple[Piece, ...]
    calls: tuple[ToolCall, ...]
    end: End
    counts: Counts
    vector: Sequence[float] | None = None

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces)


def tokens(text: str) -> list[str]:
    """The text cut into tokens; joined they are the text."""
    return _TOKEN.findall(text)


def input_tokens(request: Request) -> int:
    """Tokens of everything that was sent."""
    count = sum(len(tokens(text)) + _MESSAGE for _, text in request.texts) + _IMAGE * request.images
    for extra in (request.schema, request.tools):
        count += len(tokens(compact(extra))) if extra else 0
    return count


def compact(value: Any) -> str:
    """A value as JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def worked_out(request: Request, say: Say) -> Answer:
    """The reply in full."""
    calls = tuple(
        ToolCall(f"call_{request.number}_{place}", name, compact(arguments))
        for place, (name, arguments) in enumerate(say.calls or ())
    )
    pieces = _pieces(_content(request, say, calls), say.odds or {})
    end: End = "tools" if calls else "stop"
    if say.fault in ("refusal", "filter"):
        end = "refusal" if say.fault == "refusal" else "filter"
    most = len(pieces) if request.limit is None else max(request.limit - (say.reasoning or 0), 0)
    if say.fault == "truncate":
        most = min(most, len(pieces) // 2)
    if len(pieces) > most or (say.fault == "truncate" and not pieces):
        pieces, end = pieces[:most], "length"
    spoken = len(pieces) + sum(len(tokens(call.arguments)) + 1 for call in calls)
    hidden = say.reasoning or 0
    counts = Counts(input=input_tokens(request), output=spoken + hidden, reasoning=hidden)
    if say.usage:
        counts = replace(counts, **say.usage)
    return Answer(f"fake-{request.number}", request.model, tuple(pieces), calls, end, counts, say.vector)


def _content(request: Request, say: Say, calls: Sequence[ToolCall]) -> str:
    if say.fault == "refusal":
        return "I can't help with that."
    if say.fault == "filter":
        return ""
    if say.text is not None:
        text = say.text
    elif say.json is not None:
        text = compact(say.json)
    elif say.schema:
        text = compact(example(request.schema or {"type": "object"}))
    else:
        text = ""
    text = text[: min((at for at in map(text.find, request.stop) if at >= 0), default=len(text))]
    if say.fault == "bad_json":
        return f"Sure! Here is the answer: {text[: len(text) // 2 + 1]}"
    return text


def _pieces(text: str, odds: Mapping[str, float]) -> list[Piece]:
    pieces: list[Piece] = []
    start = 0
    for token in tokens(text):
        blank = token[: len(token) - len(token.lstrip())]
        here = start + len(blank)
        pieces.append(_weighed(token, blank, odds if any(text.startswith(word, here) for word in odds) else {}))
        start += len(token)
    return pieces


def _weighed(token: str, blank: str, odds: Mapping[str, float]) -> Piece:
    """A token with its chance: that of all words which begin with it."""
    chances: dict[str, float] = {}
    for word, chance in odds.items():
        first = blank + tokens(word)[0]
        chances[first] = chances.get(first, 0.0) + chance
    chances.setdefault(token, 1.0)
    top = sorted(((name, _log(chance)) for name, chance in chances.items()), key=lambda pair: (-pair[1], pair[0]))
    return Piece(token, _log(chances[token]), tuple(top))


def _log(chance: float) -> float:
    return math.log(chance) if chance > 0 else _UNSURE
