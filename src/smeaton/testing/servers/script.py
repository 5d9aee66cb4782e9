"""`Script`: what a fake server answers. Rules, or a function of the request."""

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

Fault = Literal[
    "400",
    "401",
    "403",
    "404",
    "408",
    "413",
    "429",
    "500",
    "502",
    "503",
    "504",
    "529",
    "timeout",
    "cut",
    "truncate",
    "malformed",
    "bad_json",
    "refusal",
    "filter",
]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, whatever the wire.

    `wire` is `openai`, `responses`, `anthropic`, `gemini` or `embeddings`. `user` is the last user's text, `system` all
    instructions, `texts` every turn as (role, text). `schema` is the JSON Schema that the reply shall satisfy, None
    without one. `tools` are the parameters' schemas of those that may be called. `limit` is the most output tokens,
    `stop` ends the text where it would say one of these, `logprobs` is how many alternatives are wanted (-1 = none).
    `stream_usage` says that a stream shall end with its token counts. `body` is the JSON as it came, `number` counts
    from 0, `at` is `time.monotonic()` on arrival.
    """

    wire: str
    model: str
    user: str = ""
    system: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    images: int = 0
    schema: Mapping[str, Any] | None = None
    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limit: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int = -1
    stream: bool = False
    stream_usage: bool = False
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One answer. What is left out keeps the value of the next rule that fits.

    Content: `text`; or `json`, any value, said as JSON text; or `schema=True`, a value made to satisfy the schema asked
    for; `calls` are tools to call: (name, arguments). `odds` gives the chance of each word where the reply says one of
    them: they become log-probabilities. `reasoning` are hidden tokens, billed before the answer. `vector` is an
    embedding.

    Time, in seconds: `delay` before anything is sent, `first_delay` before the first piece of a stream, `pace` between
    two pieces. `fault` is what goes wrong; `retry_after` is sent with 429, 503 and 529. `usage` replaces token counts
    by name: `input`, `output`, `cached`, `cache_write`, `reasoning`.
    """

    text: str | None = None
    json: Any = None
    schema: bool | None = None
    calls: Sequence[tuple[str, Mapping[str, Any]]] | None = None
    odds: Mapping[str, float] | None = None
    reasoning: int | None = None
    vector: Sequence[float] | None = None
    delay: float | None = None
    first_delay: float | None = None
    pace: float | None = None
    fault: Fault | None = None
    retry_after: float | None = None
    usage: Mapping[str, int] | None = None

    @property
    def complete(self) -> bool:
        """Whether it says what the reply holds."""
        return any(value is not None for value in (self.text, self.json, self.schema, self.calls, self.vector))

    def over(self, other: "Say") -> "Say":
        """This, and where this is silent `other`. Content is taken whole from the first that has any."""
        content = {"text", "json", "schema", "calls"} if self.complete else set()
        changes = {
            entry.name: getattr(other, entry.name)
            for entry in fields(self)
            if getattr(self, entry.name) is None and entry.name not in content
        }
        return replace(self, **changes)


#: What answers a request in code.
Answerer = Callable[[Request], "Say | str"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`say` for requests whose last user text, system text, model and wire match (regular expressions, searched).

    It holds for the first `times` of the requests that match, after `skip` of them, and then with probability
    `chance`. A rule that says nothing of the content only adds its fault or delay: the next that fits gives the rest.
    """

    say: Say | str = Say()
    user: str = ""
    system: str = ""
    model: str = ""
    wire: str = ""
    times: int | None = None
    skip: int = 0
    chance: float = 1.0

    def matches(self, request: Request) -> bool:
        """Whether the request is of this kind."""
        pairs = ((self.user, request.user), (self.system, request.system), (self.model, request.model))
        return self.wire in ("", request.wire) and all(re.search(a, b, re.S) is not None for a, b in pairs)


@dataclass(slots=True)
class Script:
    """What a server answers: `answer` is a function of the request, or rules of which the first that fits decides.

    `default` is said where no rule fits. `key` is the only key let in (None: any key, but there must be one). `models`
    are those listed; any name is answered. `dialect` makes it behave as a server of local models: `llama-cpp-python`,
    `llama-server`, `ollama`, `vllm`, `lmstudio`; '' is the provider itself. `seed` decides the rules' chances: a
    request meets the same fate whatever runs beside it.
    """

    answer: Answerer | Sequence[Rule] = ()
    default: Say | str = "ok"
    key: str | None = None
    models: Sequence[str] = ("fake-small", "fake-large")
    dialect: str = ""
    seed: int = 0
    _counts: Counter[Any] = field(default_factory=Counter, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def decide(self, request: Request) -> Say:
        """The answer to a request."""
        if callable(self.answer):
            return _said(self.answer(request)).over(_said(self.default))
        answer = Say()
        for place, rule in enumerate(self.answer):
            if not answer.complete and rule.matches(request) and self._holds(place, rule, request):
                answer = answer.over(_said(rule.say))
        return answer.over(_said(self.default))

    def _holds(self, place: int, rule: Rule, request: Request) -> bool:
        with self._lock:
            seen = self._counts[place]
            self._counts[place] += 1
            asked = (place, request.model, request.texts)
            again = self._counts[asked]
            self._counts[asked] += 1
        if seen < rule.skip or (rule.times is not None and seen >= rule.skip + rule.times):
            return False
        return rule.chance >= 1 or _lot(self.seed, *asked, again) < rule.chance


def _said(answer: Say | str) -> Say:
    return Say(text=answer) if isinstance(answer, str) else answer


def _lot(*parts: object) -> float:
    """A number in [0, 1) that the parts decide."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:7]) / 2**56
