"""What a language model is asked and what it replies: plain data, the same for every provider."""

from typing import Any, Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]
Finish = Literal["stop", "length", "tools", "filter"]
Reasoning = Literal["off", "low", "medium", "high"]


class Form(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of everything here: immutable plain data, so that its JSON is its identity."""


class Image(Form, frozen=True, kw_only=True):
    """A picture as bytes; nothing is fetched from an address."""

    media_type: str
    data: bytes


class ToolCall(Form, frozen=True, kw_only=True):
    """A tool the model wants called. `arguments` is JSON text as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


class Message(Form, frozen=True, kw_only=True):
    """One turn. `calls` belong to the assistant; a `tool` message answers the call `call_id`."""

    role: Role
    text: str = ""
    images: tuple[Image, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


class Tool(Form, frozen=True, kw_only=True):
    """A function the model may ask for. `schema` is the JSON Schema of its arguments."""

    name: str
    description: str = ""
    schema: dict[str, Any] = {}


class Ask(Form, frozen=True, kw_only=True):
    """Everything that decides a reply, besides the model.

    `schema` is a JSON Schema (an object) that the reply's text must satisfy as JSON; how the wire gets it (a response
    format, a grammar, a forced tool, words in the prompt) is the wire's business. `tool_choice` is `auto`, `none`,
    `required` or the name of a tool. None and empty mean: the provider's default. `reasoning` where the model has it.
    `logprobs` asks for so many alternatives of each token, where the wire has them.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    schema: dict[str, Any] | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    reasoning: Reasoning | None = None
    logprobs: int = 0


class Usage(Form, frozen=True, kw_only=True):
    """Tokens as the provider counted them. `input` includes `cached` (read from its cache) and `cache_write`; `output`
    includes `reasoning`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


class Token(Form, frozen=True, kw_only=True):
    """A token of the reply with its natural log-probability and the alternatives, the likeliest first."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class Reply(Form, frozen=True, kw_only=True):
    """What came back. `model` and `id` as the provider states them; `seconds` is the provider's time for this call,
    `first` that to its first byte."""

    text: str
    finish: Finish = "stop"
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    model: str = ""
    id: str = ""
    tokens: tuple[Token, ...] = ()
    seconds: float = 0.0
    first: float = 0.0


class Piece(Form, frozen=True, kw_only=True):
    """A part of a streamed reply: text, or a part of a tool call (`call` counts from 0; `id` and `name` come with its
    first part, `arguments` in pieces). The last piece carries the whole `reply`, and nothing else."""

    text: str = ""
    call: int | None = None
    id: str = ""
    name: str = ""
    arguments: str = ""
    reply: Reply | None = None
