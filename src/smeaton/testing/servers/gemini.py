"""Gemini's `generateContent` and `streamGenerateContent`."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from smeaton.testing.servers._answer import Answer, Counts, Piece
from smeaton.testing.servers._refusal import Refused, one_of, texts_in, within, words
from smeaton.testing.servers._schema import check_schema
from smeaton.testing.servers._wire import Event, last_user, sse
from smeaton.testing.servers.script import Request

_KEYS = words(
    "contents systemInstruction generationConfig tools toolConfig safetySettings cachedContent model serviceTier "
    "labels store"
)
_SETTINGS = words(
    "temperature topP topK maxOutputTokens candidateCount stopSequences responseMimeType responseSchema "
    "responseJsonSchema _responseJsonSchema seed presencePenalty frequencyPenalty responseLogprobs logprobs "
    "thinkingConfig responseModalities speechConfig mediaResolution enableEnhancedCivicAnswers responseFormat"
)
_UNDERSCORE = re.compile(r"(?<=[a-z])_([a-z])")
_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "tools": "STOP", "filter": "SAFETY", "refusal": "STOP"}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Generate:
    """The wire."""

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """The key of `x-goog-api-key`, or of the address."""
        return headers.get("x-goog-api-key") or query.get("key") or None

    def error(self, refused: Refused) -> dict[str, Any]:
        """An error in Google's form."""
        status = _STATUS.get(refused.status, "INVALID_ARGUMENT" if refused.status < 500 else "INTERNAL")
        return {"error": {"code": refused.status, "message": refused.message, "status": status}}

    def read(self, body: Mapping[str, Any], path: Mapping[str, str], dialect: str) -> Request:
        """A request, checked as Google would.

        Raises:
            Refused: it would not be taken.
        """
        fields = _camel(body)
        _known(fields, _KEYS, "")
        settings = _camel(fields.get("generationConfig") or {})
        _known(settings, _SETTINGS, "generation_config")
        for key, low, high in (
            ("temperature", 0, 2),
            ("topP", 0, 1),
            ("logprobs", 0, 20),
            ("candidateCount", 1, 1),
            ("maxOutputTokens", 1, 1e6),
        ):
            within(settings, key, low, high)
        if settings.get("logprobs") is not None and not settings.get("responseLogprobs"):
            raise Refused("logprobs can only be set if response_logprobs is true")
        if not fields.get("contents"):
            raise Refused("* GenerateContentRequest.contents: contents is not specified")
        system, _ = _text(fields.get("systemInstruction") or {}, "system_instruction")
        turns = [_turn(content, place) for place, content in enumerate(fields["contents"])]
        texts = tuple((role, text) for role, text, _ in turns)
        return Request(
            wire="gemini",
            model=path["model"],
            user=last_user(texts),
            system=system,
            texts=(("system", system), *texts) if system else texts,
            images=sum(images for _, _, images in turns),
            schema=_schema(settings),
            tools=_tools(fields),
            limit=settings.get("maxOutputTokens"),
            stop=texts_in(settings.get("stopSequences"), "stopSequences"),
            logprobs=int(settings.get("logprobs") or 0) if settings.get("responseLogprobs") else -1,
            stream=path["method"] == "streamGenerateContent",
            body=body,
        )

    def whole(self, request: Request, answer: Answer) -> dict[str, Any]:
        """A response with one candidate; with none where the prompt itself was blocked."""
        if answer.end == "filter":
            return _head(answer) | {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": _usage(answer.counts)}
        return _head(answer) | {
            "candidates": [_candidate(request, answer, answer.pieces, last=True)],
            "usageMetadata": _usage(answer.counts),
        }

    def events(self, request: Request, answer: Answer) -> Iterator[Event]:
        """Responses with a part of the text each; the last says how it ended."""
        if answer.end == "filter":
            yield sse(self.whole(request, answer), end=b"\r\n\r\n"), True
            return
        counts = {"usageMetadata": _usage(answer.counts)}
        for piece in answer.pieces:
            part = _candidate(request, answer, (piece,), last=False)
            yield sse(_head(answer) | {"candidates": [part]} | counts, end=b"\r\n\r\n"), True
        last = _candidate(request, answer, (), last=True)
        yield sse(_head(answer) | {"candidates": [last]} | counts, end=b"\r\n\r\n"), bool(answer.calls)


def _head(answer: Answer) -> dict[str, Any]:
    return {"responseId": answer.id, "modelVersion": answer.model}


def _candidate(request: Request, answer: Answer, pieces: tuple[Piece, ...], *, last: bool) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if pieces or not (last and answer.calls):
        parts.append({"text": "".join(piece.text for piece in pieces)})
    if last:
        parts += [
            {"functionCall": {"id": call.id, "name": call.name, "args": msgspec.json.decode(call.arguments)}}
            for call in answer.calls
        ]
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
    if last:
        candidate["finishReason"] = _FINISH[answer.end]
    if request.logprobs >= 0 and pieces:
        candidate["avgLogprobs"] = sum(piece.logprob for piece in pieces) / len(pieces)
        candidate["logprobsResult"] = {
            "chosenCandidates": [_weighed(piece.text, piece.logprob) for piece in pieces],
            "topCandidates": [
                {"candidates": [_weighed(*pair) for pair in piece.top[: request.logprobs]]} for piece in pieces
            ],
        }
    return candidate


def _weighed(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logProbability": logprob}


def _usage(counts: Counts) -> dict[str, Any]:
    """Google counts thoughts apart from the candidates' tokens."""
    usage = {
        "promptTokenCount": counts.input,
        "candidatesTokenCount": counts.output - counts.reasoning,
        "totalTokenCount": counts.input + counts.output,
    }
    if counts.reasoning:
        usage["thoughtsTokenCount"] = counts.reasoning
    if counts.cached:
        usage["cachedContentTokenCount"] = counts.cached
    return usage


def _camel(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields under their JSON names: Google takes `top_p` for `topP` too."""
    return {_UNDERSCORE.sub(lambda found: found[1].upper(), name): value for name, value in fields.items()}


def _known(body: Mapping[str, Any], allowed: Collection[str], where: str) -> None:
    for key in body:
        if key not in allowed:
            place = f" at '{where}'" if where else ""
            raise Refused(f'Invalid JSON payload received. Unknown name "{key}"{place}: Cannot find field.')


def _turn(content: Any, place: int) -> tuple[str, str, int]:
    if not isinstance(content, dict):
        raise Refused(f"Invalid value at 'contents[{place}]'")
    role = content.get("role", "user")
    if role not in ("user", "model", "function"):
        raise Refused("Please use a valid role: user, model.")
    text, images = _text(content, f"contents[{place}]")
    return "assistant" if role == "model" else role, text, images


def _text(content: Mapping[str, Any], where: str) -> tuple[str, int]:
    """The text of a content's parts (what tools were called with and returned is text too), and its pictures."""
    texts, pictures = [], 0
    for part in map(_camel, content.get("parts") or ()):
        if "text" in part:
            texts.append(part["text"])
        elif "inlineData" in part or "fileData" in part:
            pictures += 1
        elif "functionCall" in part:
            texts.append(msgspec.json.encode(part["functionCall"].get("args")).decode())
        elif "functionResponse" in part:
            texts.append(msgspec.json.encode(part["functionResponse"].get("response")).decode())
        else:
            raise Refused(f"{where}.parts: required oneof field 'data' must have one initialized field")
    return "\n".join(texts), pictures


def _schema(settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema asked for as JSON Schema; Google's own form names its types in capitals."""
    schema = settings.get("responseJsonSchema") or settings.get("_responseJsonSchema")
    schema = schema or _lowered(settings.get("responseSchema"))
    if schema is None:
        return None
    if settings.get("responseMimeType") != "application/json":
        raise Refused("response_schema is only supported with response_mime_type application/json")
    check_schema(schema, strict=False)
    return schema  # type: ignore[no-any-return]


def _lowered(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: value.lower() if key == "type" and isinstance(value, str) else _lowered(value)
            for key, value in schema.items()
        }
    return [_lowered(part) for part in schema] if isinstance(schema, list) else schema


def _tools(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for tool in body.get("tools") or ():
        for function in map(_camel, _camel(tool).get("functionDeclarations") or ()):
            if not function.get("name"):
                raise Refused("function_declarations.name: must be specified")
            schema = function.get("parametersJsonSchema") or _lowered(function.get("parameters")) or {}
            check_schema(schema, strict=False)
            found[function["name"]] = schema
    config = _camel(body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    if config:
        one_of(config.get("mode", "AUTO"), ("AUTO", "ANY", "NONE", "VALIDATED"), "tool_config.mode")
    return found
