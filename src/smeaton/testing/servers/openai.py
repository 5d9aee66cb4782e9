"""OpenAI's chat completions, and the same wire as servers of local models speak it."""

from collections.abc import Iterator, Mapping
from typing import Any

from smeaton.testing.servers._answer import Answer, ToolCall
from smeaton.testing.servers._openai import (
    alternatives,
    bearer,
    check_effort,
    error_body,
    format_schema,
    reasons,
    refuse_of_reasoners,
    token,
    tool_schemas,
    usage,
)
from smeaton.testing.servers._refusal import Refused, known_keys, needed, one_of, texts_in, within, words
from smeaton.testing.servers._schema import check_schema
from smeaton.testing.servers._wire import Event, instructions, last_user, sse, text_of
from smeaton.testing.servers.script import Request

_KEYS = words(
    "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens "
    "messages metadata modalities model moderation n parallel_tool_calls prediction presence_penalty "
    "prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort response_format "
    "safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools "
    "top_logprobs top_p user verbosity web_search_options"
)
_ROLES = {"developer": "system", "system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
_PARTS = {"text": "text", "refusal": "refusal"}
_FINISH = {"stop": "stop", "length": "length", "tools": "tool_calls", "filter": "content_filter", "refusal": "stop"}
_CREATED = 1_764_000_000
_TEXT = "\n"


class Chat:
    """The wire."""

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The bearer key."""
        return bearer(headers)

    def error(self, refused: Refused) -> dict[str, Any]:
        """An error in OpenAI's form."""
        return error_body(refused)

    def read(self, body: Mapping[str, Any], path: Mapping[str, str], dialect: str) -> Request:
        """A request, checked as OpenAI would, or as the server of local models whose dialect is spoken.

        Raises:
            Refused: it would not be taken.
        """
        schema = _local_schema(body, dialect) if dialect else _checked(body)
        bare = dialect == "llama-cpp-python"
        turns = [_turn(message, place) for place, message in enumerate(body["messages"])]
        texts = tuple((role, text) for role, text, _ in turns)
        stop = body.get("stop") or ()
        return Request(
            wire="openai",
            model=str(body.get("model", "")),
            user=last_user(texts),
            system=instructions(texts),
            texts=texts,
            images=sum(images for _, _, images in turns),
            schema=schema,
            tools=tool_schemas([tool["function"] for tool in body.get("tools") or ()], "tools[].function"),
            limit=body.get("max_tokens") if bare else body.get("max_completion_tokens", body.get("max_tokens")),
            stop=texts_in(stop, "stop"),
            logprobs=int(body.get("top_logprobs") or 0) if body.get("logprobs") else -1,
            stream=bool(body.get("stream")),
            stream_usage=not bare and bool((body.get("stream_options") or {}).get("include_usage")),
            body=body,
        )

    def whole(self, request: Request, answer: Answer) -> dict[str, Any]:
        """A `chat.completion`."""
        refused = answer.end == "refusal"
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if refused or (answer.calls and not answer.text) else answer.text,
            "refusal": answer.text if refused else None,
        }
        if answer.calls:
            message["tool_calls"] = [_call(call) for call in answer.calls]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": _logprobs(request, answer) if request.logprobs >= 0 else None,
            "finish_reason": _FINISH[answer.end],
        }
        counts = usage(answer.counts, ("prompt", "completion"))
        return {**_head(answer, "chat.completion"), "choices": [choice], "usage": counts}

    def events(self, request: Request, answer: Answer) -> Iterator[Event]:
        """Chunks, `usage` in a last one of its own where it was asked for, and `[DONE]`."""
        head = _head(answer, "chat.completion.chunk") | ({"usage": None} if request.stream_usage else {})
        field = "refusal" if answer.end == "refusal" else "content"

        def chunk(delta: Mapping[str, Any], finish: str | None = None, logprobs: Any = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
            return sse({**head, "choices": [choice]})

        yield chunk({"role": "assistant", "content": "" if answer.pieces else None, "refusal": None}), False
        for place, piece in enumerate(answer.pieces):
            weighed = _logprobs(request, answer, place) if request.logprobs >= 0 else None
            yield chunk({field: piece.text}, None, weighed), True
        for place, call in enumerate(answer.calls):
            yield chunk({"tool_calls": [{"index": place, **_call(call, "")}]}), True
            half = len(call.arguments) // 2
            for part in (call.arguments[:half], call.arguments[half:]):
                yield chunk({"tool_calls": [{"index": place, "function": {"arguments": part}}]}), True
        yield chunk({}, _FINISH[answer.end]), False
        if request.stream_usage:
            yield sse({**head, "choices": [], "usage": usage(answer.counts, ("prompt", "completion"))}), False
        yield b"data: [DONE]\n\n", False


def _head(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{answer.id}",
        "object": kind,
        "created": _CREATED,
        "model": answer.model,
        "system_fingerprint": "fp_fake",
    }


def _call(call: ToolCall, arguments: str | None = None) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments if arguments is None else arguments}
    return {"id": call.id, "type": "function", "function": function}


def _logprobs(request: Request, answer: Answer, place: int | None = None) -> dict[str, Any]:
    pieces = answer.pieces if place is None else answer.pieces[place : place + 1]
    content = [
        {**token(piece.text, piece.logprob), "top_logprobs": alternatives(piece, request.logprobs)} for piece in pieces
    ]
    return {"content": content, "refusal": None}


def _turn(message: Any, place: int) -> tuple[str, str, int]:
    """Role, text and number of pictures."""
    where = f"messages[{place}]"
    if not isinstance(message, dict):
        raise Refused(f"Invalid type for '{where}'.", param=where, code="invalid_type")
    allowed = ("role", "content", "name", "tool_calls", "tool_call_id", "refusal", "audio", "function_call")
    known_keys(message, allowed, where)
    one_of(message.get("role"), _ROLES, f"{where}.role")
    if message["role"] == "tool":
        needed(message, {"tool_call_id": str})
    if message.get("content") is None and not (message["role"] == "assistant" and message.get("tool_calls")):
        raise Refused(f"Invalid value for '{where}.content': expected a string, got null.", param=f"{where}.content")
    text, images = text_of(message.get("content"), f"{where}.content", _PARTS, ("image_url", "input_audio", "file"))
    said = [text, *(call["function"]["arguments"] for call in message.get("tool_calls") or ())]
    return _ROLES[message["role"]], _TEXT.join(filter(None, said)), images


def _checked(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema asked for, after OpenAI's checks."""
    known_keys(body, _KEYS)
    needed(body, {"model": str, "messages": list})
    for key, low, high in (
        ("temperature", 0, 2),
        ("top_p", 0, 1),
        ("top_logprobs", 0, 20),
        ("max_tokens", 1, 1e6),
        ("max_completion_tokens", 1, 1e6),
        ("n", 1, 1),
    ):
        within(body, key, low, high)
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        raise Refused("'top_logprobs' needs 'logprobs' to be true.", param="top_logprobs", code="invalid_value")
    if body.get("stream_options") is not None and not body.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise Refused(message, param="stream_options")
    check_effort(body.get("reasoning_effort"), "reasoning_effort")
    if "max_tokens" in body and reasons(body["model"]):
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        raise Refused(message, param="max_tokens", code="unsupported_parameter")
    refuse_of_reasoners(body, body.get("reasoning_effort"))
    _check_tools(body)
    return _response_format(body)


def _check_tools(body: Mapping[str, Any]) -> None:
    for tool in body.get("tools") or ():
        one_of(tool.get("type"), ("function",), "tools[].type")
    choice = body.get("tool_choice")
    if choice is not None and not body.get("tools"):
        raise Refused("'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")
    if isinstance(choice, dict):
        names = [tool["function"]["name"] for tool in body["tools"]]
        one_of(choice.get("function", {}).get("name"), names, "tool_choice.function.name")


def _response_format(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    form = body.get("response_format")
    if form is None:
        return None
    one_of(form.get("type"), ("text", "json_object", "json_schema"), "response_format.type")
    if form["type"] == "json_object" and "json" not in str(body["messages"]).lower():
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
        raise Refused(message, param="messages")
    if form["type"] != "json_schema":
        return None
    needed(form, {"json_schema": dict})
    return format_schema(form["json_schema"], "response_format.json_schema")


def _local_schema(body: Mapping[str, Any], dialect: str) -> Mapping[str, Any] | None:
    """The schema asked for, as servers of local models take it; they ignore what they do not know."""
    needed(body, {"messages": list})
    for key, low, high in (("max_tokens", 1, 1e6), ("max_completion_tokens", 1, 1e6), ("top_logprobs", 0, 20)):
        within(body, key, low, high)
    if dialect == "llama-cpp-python" and any(message["role"] == "developer" for message in body["messages"]):
        raise Refused("7 validation errors: ('messages', 0, 'role'): Input should be 'system'", status=500)
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        if dialect == "llama-cpp-python":
            message = "1 validation error: ('body', 'response_format', 'type'): Input should be 'text' or 'json_object'"
            raise Refused(message, status=500)
        needed(form, {"json_schema": dict})
        form = form["json_schema"]
    elif form.get("type") != "json_object":
        return None
    schema: Mapping[str, Any] | None = form.get("schema")
    if schema is not None:
        check_schema(schema, strict=False)
    return schema
