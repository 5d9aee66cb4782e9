"""`POST /v1/responses`: the same in the form of the Responses API. Nothing is stored, so nothing can be built upon."""

import time
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from smeaton.service.exchange import Asked, Reply
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem
from smeaton.service.protocols._events import EVENTS, guarded
from smeaton.service.protocols._openai_answer import Live, Said, said, streams
from smeaton.service.protocols._openai_error import error_of
from smeaton.service.protocols._openai_request import Wish, read_response
from smeaton.service.usage import Used

_encode = msgspec.json.Encoder().encode


async def response(model: Hosted, asked: Asked) -> Reply:
    """Answer one request. Raises as `read_response` and `Hosted.answer`."""
    model.admit(1)
    wish: Wish = await model.parse(lambda body: read_response(model, body), asked.body)
    told = _Told(model, wish, asked.id)
    if streams(model, wish):
        live = Live(model, wish, asked)
        await live.begin()
        return Reply(headers=EVENTS, pieces=guarded(told.live(live), model, asked, told.failed))
    whole = await said(model, wish, asked)
    if wish.stream:
        return Reply(headers=EVENTS, pieces=guarded(told.whole(whole), model, asked, told.failed))
    return Reply(_encode(told.done(told.item(whole), whole.used)))


def usage(used: Used) -> dict[str, Any]:
    """Tokens as responses tell them, and the dollars, which OpenAI's form has no place for."""
    told: dict[str, Any] = {
        "input_tokens": used.input,
        "input_tokens_details": {"cached_tokens": used.cached, "cache_write_tokens": 0},
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": used.reasoning},
        "total_tokens": used.input + used.output,
    }
    return told | {"cost": used.cost} if used.calls else told


class _Told:
    """The response object on its way, and the events that tell of it; each has the next number."""

    def __init__(self, model: Hosted, wish: Wish, id_: str) -> None:
        self._wish, self._id, self._number = wish, id_, 0
        body = wish.body
        self._base: dict[str, Any] = {
            "id": f"resp_{id_}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "max_output_tokens": None,
            "metadata": {},
            "model": f"{model.name}@{model.version}",
            "output": [],
            "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "store": False,
            "temperature": None,
            "text": {"format": (body.get("text") or {}).get("format") or {"type": "text"}},
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": body.get("tools") or [],
            "top_logprobs": wish.top or 0,
            "top_p": None,
            "truncation": "disabled",
            "usage": None,
        }

    def item(self, whole: Said, status: str = "completed") -> dict[str, Any]:
        """The one output: a message, or a call of a function."""
        if self._wish.form.kind == "call":
            ids = {"id": f"fc_{self._id}", "call_id": f"call_{self._id}"}
            return {"type": "function_call", **ids, "name": self._wish.form.name, "arguments": whole.text,
                    "status": status}  # fmt: skip
        content = [self._part(whole)] if status == "completed" else []
        return {"type": "message", "id": f"msg_{self._id}", "role": "assistant", "content": content, "status": status}

    def done(self, item: dict[str, Any], used: Used) -> dict[str, Any]:
        """The whole response."""
        return self._base | {"status": "completed", "output": [item], "usage": usage(used)}

    async def live(self, live: Live) -> AsyncGenerator[bytes, None]:
        """The events of an answer that is being made."""
        start, texts = self._start(), list[str]()
        async for text in live.texts():
            yield start + self._text_delta(text)
            start = b""
            texts.append(text)
        whole = Said("".join(texts), live.used)
        yield start + self._text_end(whole) + self._end(whole)

    async def whole(self, whole: Said) -> AsyncGenerator[bytes, None]:
        """The events of an answer that is there."""
        if self._wish.form.kind == "call":
            start, place = self._start(), {"item_id": f"fc_{self._id}", "output_index": 0}
            delta = self._event("response.function_call_arguments.delta", place | {"delta": whole.text})
            named = place | {"name": self._wish.form.name, "arguments": whole.text}
            done = self._event("response.function_call_arguments.done", named)
            yield start + delta + done + self._end(whole)
            return
        yield self._start() + self._text_delta(whole.text, whole.tokens) + self._text_end(whole) + self._end(whole)

    def failed(self, problem: Problem) -> bytes:
        """The last event where something went wrong on the way."""
        error = error_of(problem)
        told = {"code": "server_error" if problem.status >= 500 else error["code"], "message": error["message"]}
        return self._event("response.failed", {"response": self._base | {"status": "failed", "error": told}})

    def _part(self, whole: Said) -> dict[str, Any]:
        return {"type": "output_text", "text": whole.text, "annotations": [], "logprobs": whole.tokens or []}

    def _start(self) -> bytes:
        nothing = Said("", Used())
        events = self._event("response.created", {"response": self._base})
        events += self._event("response.in_progress", {"response": self._base})
        item = self.item(nothing, "in_progress")
        events += self._event("response.output_item.added", {"output_index": 0, "item": item})
        if self._wish.form.kind == "call":
            return events
        return events + self._event("response.content_part.added", self._place() | {"part": self._part(nothing)})

    def _text_delta(self, text: str, tokens: list[dict[str, Any]] | None = None) -> bytes:
        return self._event("response.output_text.delta", self._place() | {"delta": text, "logprobs": tokens or []})

    def _text_end(self, whole: Said) -> bytes:
        done = self._place() | {"text": whole.text, "logprobs": whole.tokens or []}
        events = self._event("response.output_text.done", done)
        return events + self._event("response.content_part.done", self._place() | {"part": self._part(whole)})

    def _end(self, whole: Said) -> bytes:
        item = self.item(whole)
        events = self._event("response.output_item.done", {"output_index": 0, "item": item})
        return events + self._event("response.completed", {"response": self.done(item, whole.used)})

    def _place(self) -> dict[str, Any]:
        return {"item_id": f"msg_{self._id}", "output_index": 0, "content_index": 0}

    def _event(self, kind: str, more: dict[str, Any]) -> bytes:
        content = {"type": kind, "sequence_number": self._number, **more}
        self._number += 1
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), _encode(content))
