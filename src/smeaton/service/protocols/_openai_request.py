"""What an OpenAI client sends, read strictly: a parameter is honoured or refused, never passed over.

A bundle is a solution as it was built: its instruction, its settings and its history are in it. So what would change
them is refused unless it says what is so anyway (null, or a value under `NEUTRAL`).
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from smeaton.errors import RowsError
from smeaton.service.body import parse_object
from smeaton.service.hosted import Hosted, Rows
from smeaton.service.problem import Problem, place, reason_of
from smeaton.service.protocols._openai_form import Form, json_form, schema_form, tool_form

Body = Mapping[str, Any]
_MOST_LIKELY = 20  # alternatives of a token that may be asked for

CHAT = frozenset((
    "messages", "model", "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
    "max_completion_tokens", "max_tokens", "metadata", "modalities", "moderation", "n", "parallel_tool_calls",
    "prediction", "presence_penalty", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
    "reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier", "stop", "store",
    "stream", "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user",
    "verbosity", "web_search_options",
))  # fmt: skip
RESPONSES = frozenset((
    "access_programs", "background", "background_options", "context_management", "conversation", "image",
    "include", "input", "instructions", "max_output_tokens", "max_tool_calls", "metadata", "model",
    "moderation", "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key",
    "prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store",
    "stream", "stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p",
    "truncation", "user",
))  # fmt: skip
#: Values of parameters that say what is so anyway.
NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "store": (False,),
    "background": (False,),
    "modalities": (["text"],),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "stop": ([],),
    "service_tier": ("auto", "default"),
    "parallel_tool_calls": (True, False),
    "truncation": ("disabled",),
    "metadata": ({},),
}
_TEXT_PARTS = frozenset({"text", "input_text"})


@dataclass(frozen=True, slots=True)
class Wish:
    """A request as a model can answer it. `row` is unchecked, `rows` the same checked; `path` leads to it. `top` is how
    many likely alternatives are asked for with the log-probability, None where that is not."""

    row: Mapping[str, Any]
    rows: Rows
    path: str
    form: Form
    stream: bool = False
    usage: bool = False
    top: int | None = None
    body: Body = field(default_factory=dict)


def read_chat(model: Hosted, content: bytes) -> Wish:
    """A body of `POST /v1/chat/completions`.

    Raises:
        Problem: something in it cannot be honoured; the path leads to it.
    """
    body = parse_object(content, model.limits)
    handled = {"model", "messages", "stream", "stream_options", "response_format", "tools", "tool_choice"}
    _check(body, CHAT, handled | {"logprobs", "top_logprobs"})
    stream = _flag(body, "stream")
    options = _options(body, stream, frozenset({"include_usage", "include_obfuscation"}))
    path, text = _message(body.get("messages"), "messages")
    form = tool_form(model, body.get("tools"), body.get("tool_choice"), True)
    form = form or _format(model, body.get("response_format"), "response_format", True)
    top = None
    if _flag(body, "logprobs"):
        top = _top(model, body, form, "logprobs")
    elif body.get("top_logprobs") is not None:
        raise Problem(400, "invalid_value", "it has a meaning with logprobs only", "top_logprobs")
    row, rows = _row(model, text, path)
    return Wish(row, rows, path, form, stream, options.get("include_usage") is True, top, body)


def read_response(model: Hosted, content: bytes) -> Wish:
    """A body of `POST /v1/responses`. Raises as `read_chat`."""
    body = parse_object(content, model.limits)
    handled = {"model", "input", "stream", "stream_options", "text", "tools", "tool_choice", "include", "top_logprobs"}
    _check(body, RESPONSES, handled)
    stream = _flag(body, "stream")
    _options(body, stream, frozenset({"include_obfuscation"}))
    given = body.get("input")
    path, text = ("input", given) if isinstance(given, str) else _message(given, "input")
    wanted = body.get("text") or {}
    if not isinstance(wanted, dict) or set(wanted) - {"format"}:
        raise Problem(400, "unsupported_value", "only a format may be asked for", "text")
    form = tool_form(model, body.get("tools"), body.get("tool_choice"), False)
    form = form or _format(model, wanted.get("format"), "text.format", False)
    include = body.get("include") or []
    if include not in ([], ["message.output_text.logprobs"]):
        raise Problem(400, "unsupported_value", "only message.output_text.logprobs can be included", "include")
    if body.get("top_logprobs") is not None and not include:
        raise Problem(400, "invalid_value", "include message.output_text.logprobs to be told them", "top_logprobs")
    top = _top(model, body, form, "include") if include else None
    row, rows = _row(model, text, path)
    return Wish(row, rows, path, form, stream, True, top, body)


def row_problem(error: RowsError, path: str) -> Problem:
    """What a caller reads of a row that does not fit the model's inputs."""
    first = error.faults[0]
    return Problem(400, "invalid_value", reason_of(first.reason), place(path, None, first.column), error.fix)


def _check(body: Body, known: Set[str], handled: Set[str]) -> None:
    for name, value in body.items():
        if name in handled or (name in known and value is None):
            continue
        if name not in known:
            path = place("", None, name) or "body"
            raise Problem(400, "unknown_parameter", "there is no such parameter", path)
        if not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in NEUTRAL.get(name, ())):
            message = "a bundle answers as it was built: this cannot be chosen here"
            raise Problem(400, "unsupported_parameter", message, name, "leave it out")


def _flag(body: Body, name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise Problem(400, "invalid_value", "true or false was expected", name)
    return value is True


def _options(body: Body, stream: bool, known: Set[str]) -> Body:
    options = body.get("stream_options")
    if options is None:
        return {}
    if not stream or not isinstance(options, dict):
        raise Problem(400, "invalid_value", "an object was expected, together with stream", "stream_options")
    for name, value in options.items():
        path = place("stream_options", None, name)
        if name not in known:
            raise Problem(400, "unknown_parameter", "there is no such parameter", path)
        if not isinstance(value, bool):
            raise Problem(400, "invalid_value", "true or false was expected", path)
        if name == "include_obfuscation" and value:
            raise Problem(400, "unsupported_value", "events are not padded here", path)
    return options


def _message(messages: Any, path: str) -> tuple[str, str]:
    """Where the row is, and its text: one message of the user."""
    if not isinstance(messages, list) or not messages:
        raise Problem(400, "invalid_value", "a list with one message was expected", path)
    for number, message in enumerate(messages):
        if not isinstance(message, dict):
            raise Problem(400, "invalid_value", "an object was expected", f"{path}[{number}]")
        if message.get("type", "message") != "message" or message.get("role") != "user":
            told = "only a message of the user is taken: instructions and history are in the bundle"
            raise Problem(400, "unsupported_value", told, f"{path}[{number}]", "send one message with the role user")
        unknown = set(message) - {"role", "content", "type"}
        if unknown:
            where = place(f"{path}[{number}]", None, min(unknown))
            raise Problem(400, "unknown_parameter", "there is no such parameter", where)
    if len(messages) > 1:
        raise Problem(400, "unsupported_value", "one message at a time is answered", f"{path}[1]")
    where, content = f"{path}[0].content", messages[0].get("content")
    if isinstance(content, str):
        return where, content
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        raise Problem(400, "invalid_value", "a text, or a list with one part that is text, was expected", where)
    part = content[0]
    if part.get("type") not in _TEXT_PARTS or not isinstance(part.get("text"), str) or len(part) != 2:
        raise Problem(400, "unsupported_value", "only a part of the type text is taken", f"{where}[0]")
    return where, part["text"]


def _row(model: Hosted, text: str, path: str) -> tuple[Mapping[str, Any], Rows]:
    """The row that a text stands for: the value of the only input if that is text, else a JSON object of the inputs."""
    names = model.engine.program.inputs
    kind = model.task.input_types[names[0]]
    if len(names) == 1 and (kind.type == "text" or (kind.type == "category" and kind.base == "text")):
        row: dict[str, Any] = {names[0]: text}
    else:
        try:
            row = parse_object(text.encode(errors="surrogatepass"), model.limits)
        except Problem as problem:
            told = f"a JSON object of the model's inputs was expected: {', '.join(names)}"
            raise Problem(400, problem.code, told, path) from problem
    try:
        return row, model.check([row])
    except RowsError as error:
        raise row_problem(error, path) from error
    except Problem as problem:
        problem.path = problem.path.replace("rows[0]", path)
        raise


def _format(model: Hosted, wanted: Any, path: str, nested: bool) -> Form:
    """`nested`: name and schema are inside of `json_schema`, as in chats."""
    if wanted is None:
        return Form()
    if not isinstance(wanted, dict):
        raise Problem(400, "invalid_value", "an object was expected", path)
    kind = wanted.get("type")
    if kind in ("text", "json_object"):
        if len(wanted) > 1:
            raise Problem(400, "invalid_value", "it has a type and nothing else", path)
        return Form() if kind == "text" else json_form(model)
    if kind != "json_schema":
        raise Problem(400, "unsupported_value", "text, json_object or json_schema was expected", f"{path}.type")
    told = wanted.get("json_schema") if nested else wanted
    path = f"{path}.json_schema" if nested else path
    if not isinstance(told, dict) or not isinstance(told.get("name"), str):
        raise Problem(400, "invalid_value", "a schema with a name was expected", path)
    unknown = set(told) - {"name", "description", "schema", "strict"} - (set() if nested else {"type"})
    if unknown:
        raise Problem(400, "unknown_parameter", "there is no such parameter", place(path, None, min(unknown)))
    return schema_form(model, "json", told.get("schema"), f"{path}.schema")


def _top(model: Hosted, body: Body, form: Form, path: str) -> int:
    """How many alternatives are asked for; where probabilities are of whole answers, so are these."""
    if "probability" not in model.engine.program.outputs or not model.task.is_class:
        raise Problem(400, "unsupported_value", "this model states no probability of its answer", path)
    if form.kind != "text":
        raise Problem(400, "unsupported_value", "probabilities are those of labels, not of JSON", path)
    top = body.get("top_logprobs")
    if top is None:
        return 0
    if isinstance(top, bool) or not isinstance(top, int) or not 0 <= top <= _MOST_LIKELY:
        raise Problem(400, "invalid_value", f"a whole number from 0 to {_MOST_LIKELY} was expected", "top_logprobs")
    return top
