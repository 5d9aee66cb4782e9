"""`POST /v1/chat/completions`: one message of the user in, one choice out, whole or as chunks."""

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
from smeaton.service.protocols._openai_request import Wish, read_chat
from smeaton.service.usage import Used

_encode = msgspec.json.Encoder().encode


async def chat(model: Hosted, asked: Asked) -> Reply:
    """Answer one chat. Raises as `read_chat` and `Hosted.answer`."""
    model.admit(1)
    wish: Wish = await model.parse(lambda body: read_chat(model, body), asked.body)
    base = {
        "id": f"chatcmpl-{asked.id}",
        "object": "chat.completion.chunk" if wish.stream else "chat.completion",
        "created": int(time.time()),
        "model": f"{model.name}@{model.version}",
        "system_fingerprint": model.version,
    }
    if streams(model, wish):
        live = Live(model, wish, asked)
        await live.begin()
        return Reply(headers=EVENTS, pieces=guarded(_live(base, live, wish), model, asked, _told))
    whole = await said(model, wish, asked)
    if wish.stream:
        return Reply(headers=EVENTS, pieces=guarded(_whole(base, whole, wish), model, asked, _told))
    return Reply(_encode(base | {"choices": [_choice(whole, wish, asked.id)], "usage": usage(whole.used)}))


def usage(used: Used) -> dict[str, Any]:
    """Tokens as chats tell them, and the dollars, which OpenAI's form has no place for."""
    told: dict[str, Any] = {
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cached},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning},
    }
    return told | {"cost": used.cost} if used.calls else told


def _choice(whole: Said, wish: Wish, id_: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": whole.text, "refusal": None}
    if wish.form.kind == "call":
        message |= {"content": None, "tool_calls": [_call(whole, wish, id_)]}
    return {"index": 0, "message": message, "logprobs": _logprobs(whole), "finish_reason": _finish(wish)}


def _call(whole: Said, wish: Wish, id_: str) -> dict[str, Any]:
    function = {"name": wish.form.name, "arguments": whole.text}
    return {"id": f"call_{id_}", "type": "function", "function": function}


def _logprobs(whole: Said) -> dict[str, Any] | None:
    return None if whole.tokens is None else {"content": whole.tokens, "refusal": None}


def _finish(wish: Wish) -> str:
    return "tool_calls" if wish.form.kind == "call" else "stop"


async def _live(base: dict[str, Any], live: Live, wish: Wish) -> AsyncGenerator[bytes, None]:
    delta: dict[str, Any] = {"role": "assistant"}
    async for text in live.texts():
        yield _chunk(base, wish, delta | {"content": text})
        delta = {}
    yield (_chunk(base, wish, delta | {"content": ""}) if delta else b"") + _ending(base, wish, live.used)


async def _whole(base: dict[str, Any], whole: Said, wish: Wish) -> AsyncGenerator[bytes, None]:
    delta: dict[str, Any] = {"role": "assistant", "content": whole.text}
    if wish.form.kind == "call":
        delta = {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **_call(whole, wish, base["id"])}]}
    yield _chunk(base, wish, delta, _logprobs(whole))
    yield _ending(base, wish, whole.used)


def _ending(base: dict[str, Any], wish: Wish, used: Used) -> bytes:
    last = _chunk(base, wish, {}, finish=_finish(wish))
    if wish.usage:
        last += _data(base | {"choices": [], "usage": usage(used)})
    return last + b"data: [DONE]\n\n"


def _chunk(
    base: dict[str, Any],
    wish: Wish,
    delta: dict[str, Any],
    logprobs: dict[str, Any] | None = None,
    finish: str | None = None,
) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return _data(base | {"choices": [choice]} | ({"usage": None} if wish.usage else {}))


def _data(content: dict[str, Any]) -> bytes:
    return b"data: " + _encode(content) + b"\n\n"


def _told(problem: Problem) -> bytes:
    return _data({"error": error_of(problem)})
