"""Turns and settings of an `Ask` as pydantic-ai has them."""

from typing import Any

import msgspec
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.tools import ToolDefinition

from smeaton.llm.messages import Ask, Message


def conversation(messages: tuple[Message, ...]) -> list[ModelMessage]:
    """The turns: what the assistant did not say, up to where it speaks, is one request."""
    turns: list[ModelMessage] = []
    waiting: list[Any] = []
    names: dict[str, str] = {}  # of tools, by the call's id
    for message in messages:
        if message.role != "assistant":
            waiting.append(_part(message, names))
            continue
        if waiting:
            turns.append(ModelRequest(parts=waiting))
            waiting = []
        names |= {call.id: call.name for call in message.calls}
        said: list[Any] = [TextPart(message.text)] if message.text else []
        said += [ToolCallPart(call.name, call.arguments, tool_call_id=call.id) for call in message.calls]
        turns.append(ModelResponse(parts=said))
    if waiting:
        turns.append(ModelRequest(parts=waiting))
    return turns


def settings(ask: Ask) -> dict[str, Any]:
    """The settings that every wire has under the same name."""
    given: dict[str, Any] = {
        "max_tokens": ask.max_tokens,
        "temperature": ask.temperature,
        "top_p": ask.top_p,
        "seed": ask.seed,
        "stop_sequences": list(ask.stop) or None,
        "thinking": False if ask.reasoning == "off" else ask.reasoning,
    }
    if ask.tools and ask.tool_choice != "auto":
        named = ask.tool_choice not in ("none", "required")
        given["tool_choice"] = [ask.tool_choice] if named else ask.tool_choice
    return {name: value for name, value in given.items() if value is not None}


def parameters(ask: Ask, *, native: bool) -> ModelRequestParameters:
    """Tools, and with `native` the schema of the reply as the provider's own response format."""
    tools = [
        ToolDefinition(
            name=tool.name, description=tool.description or None, parameters_json_schema=_object(tool.schema)
        )
        for tool in ask.tools
    ]
    if ask.schema is None or not native:
        return ModelRequestParameters(function_tools=tools)
    form = OutputObjectDefinition(json_schema=ask.schema, name="reply")
    return ModelRequestParameters(function_tools=tools, output_mode="native", output_object=form)


def in_words(ask: Ask) -> tuple[Message, ...]:
    """The messages, with the schema of the reply told in the first system message."""
    if ask.schema is None:
        return ask.messages
    schema = msgspec.json.encode(ask.schema, order="deterministic").decode()
    told = f"Reply with one JSON object and nothing else. It satisfies this JSON Schema:\n{schema}"
    first, *rest = ask.messages
    if first.role == "system":
        return (msgspec.structs.replace(first, text=f"{first.text}\n\n{told}"), *rest)
    return (Message(role="system", text=told), *ask.messages)


def _part(message: Message, names: dict[str, str]) -> Any:
    if message.role == "system":
        return SystemPromptPart(message.text)
    if message.role == "tool":
        name = names.get(message.call_id, "")
        return ToolReturnPart(tool_name=name, content=message.text, tool_call_id=message.call_id)
    if not message.images:
        return UserPromptPart(message.text)
    pictures = [BinaryContent(data=image.data, media_type=image.media_type) for image in message.images]
    return UserPromptPart([message.text, *pictures] if message.text else pictures)


def _object(schema: dict[str, Any]) -> dict[str, Any]:
    return schema or {"type": "object", "properties": {}}
