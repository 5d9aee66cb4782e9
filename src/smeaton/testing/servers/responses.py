"""OpenAI's responses wire. Nothing is stored: `previous_response_id`, `background` and `conversation` are refused."""

from collections.abc import Iterator, Mapping
from typing import Any

from smeaton.testing.servers._answer import Answer, Piece, ToolCall
from smeaton.testing.servers._openai import (
    alternatives,
    bearer,
    check_effort,
    error_body,
    format_schema,
    refuse_of_reasoners,
    token,
    tool_schemas,
    usage,
)
from smeaton.testing.servers._refusal import Refused, known_keys, needed, one_of, within, words
from smeaton.testing.servers._wire import Event, instructions, last_user, sse, text_of
from smeaton.testing.servers.script import Request

_KEYS = words(
    "access_programs background background_options context_management conversation image include input "
    "instructions max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls "
    "previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning "
    "safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs "
    "top_p truncation user"
)
_STORED = ("previous_response_id", "conversation", "background", "prompt")
_ROLES = {"developer": "system", "system": "system", "user": "user", "assistant": "assistant"}
_PARTS = {"input_text": "text", "output_text": "text", "refusal": "refusal", "reasoning_text": "text"}
_ITEMS = ("message", "function_call", "function_call_output", "reasoning")
_CREATED = 1_764_000_000
_LOGPROBS = "message.output_text.logprobs"


class Responses:
    """The wire."""

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The bearer key."""
        return bearer(headers)

    def error(self, refused: Refused) -> dict[str, Any]:
        """An error in OpenAI's form."""
        return error_body(refused)

    def read(self, body: Mapping[str, Any], path: Mapping[str, str], dialect: str) -> Request:
        """A request, checked as OpenAI would.

        Raises:
            Refused: it would not be taken.
        """
        known_keys(body, _KEYS)
        needed(body, {"model": str})
        for key in _STORED:
            if body.get(key):
                raise Refused(f"this fake keeps no state: '{key}' cannot be used", param=key)
        for key, low, high in (("temperature", 0, 2), ("top_p", 0, 1), ("top_logprobs", 0, 20)):
            within(body, key, low, high)
        within(body, "max_output_tokens", 16, 1e6)
        effort = (body.get("reasoning") or {}).get("effort")
        check_effort(effort, "reasoning.effort")
        refuse_of_reasoners(body, effort)
        turns = [_turn(item, place) for place, item in enumerate(_items(body))]
        texts = tuple((role, text) for role, text, _ in turns)
        for tool in body.get("tools") or ():
            one_of(tool.get("type"), ("function",), "tools[].type")
        weighed = _LOGPROBS in (body.get("include") or ())
        return Request(
            wire="responses",
            model=body["model"],
            user=last_user(texts),
            system=instructions(texts),
            texts=texts,
            images=sum(images for _, _, images in turns),
            schema=_schema(body.get("text") or {}),
            tools=tool_schemas(body.get("tools") or [], "tools[]"),
            limit=body.get("max_output_tokens"),
            logprobs=int(body.get("top_logprobs") or 0) if weighed else -1,
            stream=bool(body.get("stream")),
            body=body,
        )

    def whole(self, request: Request, answer: Answer) -> dict[str, Any]:
        """A `response`."""
        status = "incomplete" if answer.end in ("length", "filter") else "completed"
        reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(answer.end)
        output = [_reasoning(answer)] if answer.counts.reasoning else []
        if answer.pieces or not answer.calls:
            output.append(_message(request, answer, status))
        output += [_call(call) for call in answer.calls]
        counts = usage(answer.counts, ("input", "output"))
        details = {"reason": reason} if reason else None
        return {
            **_head(request, answer),
            "status": status,
            "incomplete_details": details,
            "output": output,
            "usage": counts,
        }

    def events(self, request: Request, answer: Answer) -> Iterator[Event]:
        """Numbered events from `response.created` to `response.completed` or `response.incomplete`."""
        number = -1

        def event(kind: str, **fields: Any) -> bytes:
            nonlocal number
            number += 1
            return sse({"type": f"response.{kind}", "sequence_number": number, **fields}, event=f"response.{kind}")

        whole = self.whole(request, answer)
        begun = {**_head(request, answer), "status": "in_progress", "output": [], "usage": None}
        yield event("created", response=begun), False
        yield event("in_progress", response=begun), False
        for place, item in enumerate(whole["output"]):
            opened = {**item, "status": "in_progress"}
            if item["type"] == "message":
                opened["content"] = []
            if item["type"] == "function_call":
                opened["arguments"] = ""
            yield event("output_item.added", output_index=place, item=opened), False
            where = {"item_id": item["id"], "output_index": place}
            if item["type"] == "message":
                for kind, fields, piece in _text_events(request, answer, item["content"][0]):
                    yield event(kind, **where, content_index=0, **fields), piece
            if item["type"] == "function_call":
                for kind, fields, piece in _call_events(item):
                    yield event(kind, **where, **fields), piece
            yield event("output_item.done", output_index=place, item=item), False
        yield event(whole["status"], response=whole), False


def _items(body: Mapping[str, Any]) -> list[Any]:
    """Instructions and input as a list of items."""
    given = body.get("input")
    if not isinstance(given, str | list) or not given:
        raise Refused("Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    first = [{"role": "system", "content": body["instructions"]}] if body.get("instructions") else []
    return first + items


def _turn(item: Any, place: int) -> tuple[str, str, int]:
    """Role, text and number of pictures."""
    where = f"input[{place}]"
    if not isinstance(item, dict):
        raise Refused(f"Invalid type for '{where}'.", param=where, code="invalid_type")
    kind = item.get("type", "message")
    one_of(kind, _ITEMS, f"{where}.type")
    if kind == "function_call":
        needed(item, {"call_id": str, "name": str})
        return "assistant", str(item.get("arguments", "")), 0
    if kind == "function_call_output":
        needed(item, {"call_id": str})
        text, images = text_of(item.get("output"), f"{where}.output", _PARTS, ("input_image", "input_file"))
        return "tool", text, images
    if kind == "reasoning":
        return "assistant", "", 0
    one_of(item.get("role"), _ROLES, f"{where}.role")
    text, images = text_of(item.get("content"), f"{where}.content", _PARTS, ("input_image", "input_file"))
    return _ROLES[item["role"]], text, images


def _schema(text: Mapping[str, Any]) -> Mapping[str, Any] | None:
    known_keys(text, ("format", "verbosity"), "text")
    form = text.get("format")
    if form is None:
        return None
    one_of(form.get("type"), ("text", "json_object", "json_schema"), "text.format.type")
    return format_schema(form, "text.format") if form["type"] == "json_schema" else None


def _head(request: Request, answer: Answer) -> dict[str, Any]:
    body = request.body
    return {
        "id": f"resp_{answer.id}",
        "object": "response",
        "created_at": _CREATED,
        "model": answer.model,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation", "disabled"),
    }


def _reasoning(answer: Answer) -> dict[str, Any]:
    return {"id": f"rs_{answer.id}", "type": "reasoning", "summary": []}


def _message(request: Request, answer: Answer, status: str) -> dict[str, Any]:
    content: dict[str, Any] = {"type": "output_text", "text": answer.text, "annotations": []}
    if answer.end == "refusal":
        content = {"type": "refusal", "refusal": answer.text}
    elif request.logprobs >= 0:
        content["logprobs"] = [_weighed(request, piece) for piece in answer.pieces]
    return {"id": f"msg_{answer.id}", "type": "message", "role": "assistant", "status": status, "content": [content]}


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": f"fc_{call.id}",
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def _weighed(request: Request, piece: Piece) -> dict[str, Any]:
    return {**token(piece.text, piece.logprob), "top_logprobs": alternatives(piece, request.logprobs)}


def _text_events(request: Request, answer: Answer, part: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Kind and fields of each event of a message's text, and whether it carries a piece."""
    refused = part["type"] == "refusal"
    empty = {"type": "refusal", "refusal": ""} if refused else {"type": "output_text", "text": "", "annotations": []}
    name = "refusal" if refused else "output_text"
    yield "content_part.added", {"part": empty}, False
    for piece in answer.pieces:
        weighed = {} if refused else {"logprobs": [_weighed(request, piece)] if request.logprobs >= 0 else []}
        yield f"{name}.delta", {"delta": piece.text, **weighed}, True
    done = {"refusal": answer.text} if refused else {"text": answer.text, "logprobs": part.get("logprobs", [])}
    yield f"{name}.done", done, False
    yield "content_part.done", {"part": part}, False


def _call_events(item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    arguments: str = item["arguments"]
    half = len(arguments) // 2
    for part in (arguments[:half], arguments[half:]):
        yield "function_call_arguments.delta", {"delta": part}, True
    yield "function_call_arguments.done", {"arguments": arguments, "name": item["name"]}, False
