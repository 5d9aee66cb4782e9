"""A pydantic-ai response as `Reply`, and the events of its stream as `Piece`."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from pydantic_ai.messages import (
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)

from smeaton.llm.messages import Finish, Piece, Reply, Token, ToolCall, Usage

_FINISH: dict[str | None, Finish] = {"length": "length", "content_filter": "filter", "tool_call": "tools"}


def reply(response: ModelResponse, *, seconds: float, first: float) -> Reply:
    """What came back, whole."""
    details = response.provider_details or {}
    calls = tuple(
        ToolCall(id=part.tool_call_id, name=part.tool_name, arguments=part.args_as_json_str())
        if not isinstance(part.args, str)
        else ToolCall(id=part.tool_call_id, name=part.tool_name, arguments=part.args)
        for part in response.parts
        if isinstance(part, ToolCallPart)
    )
    texts = [part for part in response.parts if isinstance(part, TextPart)]
    text = "".join(part.content for part in texts)
    finish = _FINISH.get(response.finish_reason, "stop")
    return Reply(
        text=text or str(details.get("refusal") or ""),
        finish="tools" if calls and finish == "stop" else finish,
        calls=calls,
        usage=_usage(response.usage),
        model=response.model_name or "",
        id=response.provider_response_id or "",
        tokens=_tokens(_logprobs(details, texts)),
        seconds=seconds,
        first=first,
    )


class Pieces:
    """Turns the events of one stream into pieces; counts its tool calls."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}

    def of(self, event: Any) -> Piece | None:
        """The piece an event brings, None where it brings nothing of the reply."""
        if isinstance(event, PartStartEvent):
            part = event.part
            if isinstance(part, TextPart):
                return Piece(text=part.content) if part.content else None
            if isinstance(part, ToolCallPart):
                place = self._calls.setdefault(event.index, len(self._calls))
                return Piece(call=place, id=part.tool_call_id, name=part.tool_name, arguments=_text(part.args))
        if isinstance(event, PartDeltaEvent):
            delta = event.delta
            if isinstance(delta, TextPartDelta):
                return Piece(text=delta.content_delta) if delta.content_delta else None
            if isinstance(delta, ToolCallPartDelta) and event.index in self._calls and delta.args_delta:
                return Piece(call=self._calls[event.index], arguments=_text(delta.args_delta))
        return None


def _text(arguments: Any) -> str:
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return msgspec.json.encode(arguments).decode()


def _usage(usage: Any) -> Usage:
    details = usage.details or {}
    return Usage(
        input=usage.input_tokens,
        output=usage.output_tokens,
        cached=usage.cache_read_tokens,
        cache_write=usage.cache_write_tokens,
        reasoning=details.get("reasoning_tokens", details.get("thoughts_tokens", 0)),
    )


def _logprobs(details: Mapping[str, Any], texts: Iterable[TextPart]) -> Any:
    if "logprobs" in details:
        return details["logprobs"]
    return [entry for part in texts for entry in (part.provider_details or {}).get("logprobs", ())]


def _tokens(found: Any) -> tuple[Token, ...]:
    """Log-probabilities in OpenAI's form (a list), or in Gemini's: chosen and top candidates side by side."""
    if isinstance(found, Mapping):
        chosen = found.get("chosen_candidates") or []
        tops = [entry.get("candidates") or [] for entry in found.get("top_candidates") or []]
        tops += [[]] * (len(chosen) - len(tops))
        return tuple(_token(one, top, "log_probability") for one, top in zip(chosen, tops, strict=False))
    return tuple(_token(entry, entry.get("top_logprobs") or [], "logprob") for entry in found or ())


def _token(chosen: Mapping[str, Any], top: Iterable[Mapping[str, Any]], name: str) -> Token:
    others = sorted(((str(entry["token"]), float(entry[name])) for entry in top), key=lambda pair: -pair[1])
    return Token(text=str(chosen["token"]), logprob=float(chosen[name]), top=tuple(others))
