"""Anthropic's messages wire."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from smeaton.testing.servers._answer import Answer, Counts, ToolCall
from smeaton.testing.servers._openai import bearer
from smeaton.testing.servers._refusal import Refused, known_keys, needed, one_of, texts_in, within, words
from smeaton.testing.servers._schema import check_schema
from smeaton.testing.servers._wire import Event, instructions, last_user, sse, text_of
from smeaton.testing.servers.script import Request

_KEYS = words(
    "cache_control container context_management diagnostics inference_geo max_tokens mcp_servers messages "
    "metadata model output_config output_format service_tier speed stop_sequences stream system temperature "
    "thinking tool_choice tools top_k top_p user_profile_id workspace_id"
)
_PARTS = {"text": "text", "tool_result": "content", "thinking": "thinking"}
_PICTURES = ("image", "document")
_FINISH = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tools": "tool_use",
    "filter": "refusal",
    "refusal": "refusal",
}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_NO_SAMPLING = re.compile(r"claude-(opus-(4-[78]|5)|sonnet-5|haiku-5-5|fable-5|mythos-5)")
EFFORTS = ("low", "medium", "high", "xhigh", "max")


class Messages:
    """The wire."""

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The key of `x-api-key`, or a bearer key, as newer clients send it."""
        return headers.get("x-api-key") or bearer(headers)

    def error(self, refused: Refused) -> dict[str, Any]:
        """An error in Anthropic's form."""
        kind = _KINDS.get(refused.status, "invalid_request_error" if refused.status < 500 else "api_error")
        return {"type": "error", "error": {"type": kind, "message": refused.message}, "request_id": "req_fake"}

    def read(self, body: Mapping[str, Any], path: Mapping[str, str], dialect: str) -> Request:
        """A request, checked as Anthropic would.

        Raises:
            Refused: it would not be taken.
        """
        for key in body:
            if key not in _KEYS:
                raise Refused(f"{key}: Extra inputs are not permitted")
        needed(body, {"model": str, "max_tokens": int, "messages": list})
        within(body, "max_tokens", 1, 1e6)
        within(body, "temperature", 0, 1)
        within(body, "top_p", 0, 1)
        _check_sampling(body)
        _check_thinking(body)
        system, _ = text_of(body.get("system"), "system", _PARTS)
        turns = [("system", system, 0)] if system else []
        turns += [_turn(message, place) for place, message in enumerate(body["messages"])]
        texts = tuple((role, text) for role, text, _ in turns)
        return Request(
            wire="anthropic",
            model=body["model"],
            user=last_user(texts),
            system=instructions(texts),
            texts=texts,
            images=sum(images for _, _, images in turns),
            schema=_schema(body),
            tools=_tools(body),
            limit=body["max_tokens"],
            stop=texts_in(body.get("stop_sequences"), "stop_sequences"),
            stream=bool(body.get("stream")),
            body=body,
        )

    def whole(self, request: Request, answer: Answer) -> dict[str, Any]:
        """A `message`."""
        content: list[dict[str, Any]] = [{"type": "text", "text": answer.text}] if answer.pieces else []
        content += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": msgspec.json.decode(call.arguments)}
            for call in answer.calls
        ]
        return _head(answer) | {
            "content": content,
            "stop_reason": _FINISH[answer.end],
            "usage": _usage(answer.counts),
        }

    def events(self, request: Request, answer: Answer) -> Iterator[Event]:
        """`message_start`, the blocks in pieces, `message_delta` with the counts, `message_stop`."""

        def event(kind: str, **fields: Any) -> bytes:
            return sse({"type": kind, **fields}, event=kind)

        begun = _usage(answer.counts) | {"output_tokens": min(answer.counts.output, 1)}
        yield event("message_start", message=_head(answer) | {"content": [], "usage": begun}), False
        yield event("ping"), False
        place = 0
        if answer.pieces:
            yield event("content_block_start", index=0, content_block={"type": "text", "text": ""}), False
            for piece in answer.pieces:
                yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece.text}), True
            yield event("content_block_stop", index=0), False
            place = 1
        for index, call in enumerate(answer.calls, place):
            for kind, fields, is_piece in _call_events(call):
                yield event(kind, index=index, **fields), is_piece
        delta = {"stop_reason": _FINISH[answer.end], "stop_sequence": None}
        yield event("message_delta", delta=delta, usage=_usage(answer.counts)), False
        yield event("message_stop"), False


def _head(answer: Answer) -> dict[str, Any]:
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "stop_reason": None,
        "stop_sequence": None,
    }


def _usage(counts: Counts) -> dict[str, Any]:
    """Anthropic counts what its cache read and wrote apart from `input_tokens`."""
    return {
        "input_tokens": counts.input - counts.cached - counts.cache_write,
        "cache_read_input_tokens": counts.cached,
        "cache_creation_input_tokens": counts.cache_write,
        "output_tokens": counts.output,
    }


def _call_events(call: ToolCall) -> Iterator[tuple[str, dict[str, Any], bool]]:
    block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
    yield "content_block_start", {"content_block": block}, False
    half = len(call.arguments) // 2
    for part in ("", call.arguments[:half], call.arguments[half:]):
        yield "content_block_delta", {"delta": {"type": "input_json_delta", "partial_json": part}}, bool(part)
    yield "content_block_stop", {}, False


def _turn(message: Any, place: int) -> tuple[str, str, int]:
    """Role, text and number of pictures; what tools were called with is text too."""
    where = f"messages.{place}"
    if not isinstance(message, dict):
        raise Refused(f"{where}: Input should be an object")
    known_keys(message, ("role", "content"), where)
    one_of(message.get("role"), ("user", "assistant", "system"), f"{where}.role")
    content = message.get("content")
    if not content:
        raise Refused(f"{where}: all messages must have non-empty content")
    calls = []
    if isinstance(content, list):
        calls = [part for part in content if isinstance(part, dict) and part.get("type") == "tool_use"]
        content = [part for part in content if part not in calls]
    text, images = text_of(content, f"{where}.content", _PARTS, _PICTURES)
    said = [text, *(msgspec.json.encode(call.get("input")).decode() for call in calls)]
    return message["role"], "\n".join(filter(None, said)), images


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of `output_config.format`, or of the older `output_format`."""
    config = body.get("output_config") or {}
    known_keys(config, ("effort", "format", "task_budget"), "output_config")
    if config.get("effort") is not None:
        one_of(config["effort"], EFFORTS, "output_config.effort")
    form = config.get("format") or body.get("output_format")
    if form is None:
        return None
    known_keys(form, ("type", "schema"), "output_config.format")
    one_of(form.get("type"), ("json_schema",), "output_config.format.type")
    check_schema(form.get("schema"), strict=False)
    if form["schema"].get("type") == "object" and form["schema"].get("additionalProperties") is not False:
        message = (
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false"
        )
        raise Refused(message)
    schema: Mapping[str, Any] = form["schema"]
    return schema


def _tools(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for tool in body.get("tools") or ():
        one_of(tool.get("type", "custom"), ("custom",), "tools.type")
        needed(tool, {"name": str, "input_schema": dict})
        check_schema(tool["input_schema"], strict=False)
        found[tool["name"]] = tool["input_schema"]
    choice = body.get("tool_choice")
    if choice is not None:
        one_of(choice.get("type"), ("auto", "any", "tool", "none"), "tool_choice.type")
        if choice["type"] == "tool":
            one_of(choice.get("name"), found, "tool_choice.name")
    return found


def _check_sampling(body: Mapping[str, Any]) -> None:
    """Newer models take no sampling settings."""
    for key in ("temperature", "top_p", "top_k"):
        if body.get(key) is not None and _NO_SAMPLING.match(body["model"]):
            raise Refused(f"`{key}` is not supported for this model")


def _check_thinking(body: Mapping[str, Any]) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    one_of(thinking.get("type"), ("enabled", "disabled", "adaptive", "between_tools"), "thinking.type")
    if thinking["type"] == "enabled":
        budget = thinking.get("budget_tokens", 0)
        if budget < 1024:
            raise Refused("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
        if budget >= body["max_tokens"]:
            raise Refused("`max_tokens` must be greater than `thinking.budget_tokens`")
    if thinking["type"] != "disabled" and body.get("temperature") not in (None, 1):
        raise Refused("`temperature` may only be set to 1 when thinking is enabled")
