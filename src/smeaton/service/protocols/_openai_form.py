"""`Form`: how an OpenAI client wants the answer of a model written: as text, as a JSON object, as a function call.

A JSON object is the answer itself where the model answers with one. Else it has one property that holds it: the only
one that the caller's schema has, or the one called as the model's target.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem, place
from smeaton.service.protocols._openai_schema import Schema, check_schema, fault, misfit

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Form:
    """`key` is the property that holds the answer ('': the answer is the object); `name` that of the function."""

    kind: Literal["text", "json", "call"] = "text"
    key: str = ""
    name: str = ""
    schema: Schema | None = None

    def write(self, value: Any) -> str:
        """An answer as it is sent.

        Raises:
            Problem: it does not fit the caller's schema.
        """
        if self.kind == "text":
            return value if isinstance(value, str) else _encode(value).decode()
        whole = {self.key: value} if self.key else value
        why = fault(self.schema, whole) if self.schema is not None else ""
        if why:
            raise Problem(422, "no_answer", f"the model's answer does not fit the schema: {why}")
        return _encode(whole).decode()


def json_form(model: Hosted) -> Form:
    """A JSON object without a schema of the caller."""
    return Form("json", "" if model.task.output_type.type == "object" else model.task.target)


def schema_form(model: Hosted, kind: Literal["json", "call"], schema: Any, path: str, name: str = "") -> Form:
    """A JSON object that fits a schema, or a call of the function `name` with such arguments.

    Raises:
        Problem: it is no schema that is taken here, or not every answer of the model would fit it.
    """
    check_schema(schema, path)
    output = model.task.output_type
    if output.type == "object":
        if why := misfit(schema, schema, output):
            raise _unfit(why, path)
        return Form(kind, "", name, schema)
    properties = schema.get("properties", {})
    key = next(iter(properties)) if len(properties) == 1 else model.task.target
    if schema.get("type") != "object" or key not in properties:
        raise _unfit(f"an object with a property {model.task.target!r}, or with only one property, was expected", path)
    if others := set(schema.get("required", ())) - {key}:
        raise _unfit(f"the model answers nothing for {min(others)!r}"[:200], f"{path}.required")
    if why := misfit(properties[key], schema, output):
        raise _unfit(why, place(f"{path}.properties", None, key))
    return Form(kind, key, name, schema)


def tool_form(model: Hosted, tools: Any, choice: Any, nested: bool) -> Form | None:
    """The form that `tools` and `tool_choice` ask for; None where they ask for none. `nested`: a function is described
    inside of `function`, as in chats.

    A model answers; it does not choose. So it calls a function where the caller says which.

    Raises:
        Problem: they leave the choice to the model, or make no sense.
    """
    functions = _functions(tools, nested)
    if choice is None and not functions:
        return None
    if choice == "none" or (choice == "auto" and not functions):
        return None
    if choice in (None, "auto"):
        message = "the model does not choose whether to call a function"
        raise Problem(400, "unsupported_value", message, "tool_choice", 'say "required", "none", or name the function')
    if choice == "required":
        if len(functions) != 1:
            message = "the model does not choose among functions"
            raise Problem(400, "unsupported_value", message, "tool_choice", "name the function, or send only one")
        wanted = next(iter(functions))
    else:
        wanted = _named(choice, nested)
    if wanted not in functions:
        raise Problem(400, "invalid_value", "there is no such function among the tools", "tool_choice")
    number, function = functions[wanted]
    path = f"tools[{number}].function.parameters" if nested else f"tools[{number}].parameters"
    return schema_form(model, "call", function.get("parameters") or {}, path, wanted)


def _functions(tools: Any, nested: bool) -> dict[str, tuple[int, Mapping[str, Any]]]:
    found: dict[str, tuple[int, Mapping[str, Any]]] = {}
    if tools is not None and not isinstance(tools, list):
        raise Problem(400, "invalid_value", "a list of tools was expected", "tools")
    for number, tool in enumerate(tools or ()):
        path = f"tools[{number}]"
        if not isinstance(tool, dict) or tool.get("type") != "function":
            raise Problem(400, "unsupported_value", "only tools of the type function are called", path)
        function = tool.get("function") if nested else {name: part for name, part in tool.items() if name != "type"}
        if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
            raise Problem(400, "invalid_value", "a function with a name was expected", path)
        unknown = set(function) - {"name", "description", "parameters", "strict"}
        unknown |= set(tool) - {"type", "function"} if nested else set()
        if unknown:
            raise Problem(400, "unknown_parameter", "there is no such parameter", place(path, None, min(unknown)))
        if function["name"] in found:
            raise Problem(400, "invalid_value", "two functions have this name", path)
        found[function["name"]] = number, function
    return found


def _named(choice: Any, nested: bool) -> str:
    named = choice.get("function") if nested and isinstance(choice, dict) else choice
    if not isinstance(choice, dict) or choice.get("type") != "function" or not isinstance(named, dict):
        raise Problem(400, "unsupported_value", '"required", "none", or a function was expected', "tool_choice")
    name = named.get("name")
    if not isinstance(name, str):
        raise Problem(400, "invalid_value", "the name of a function was expected", "tool_choice")
    return name


def _unfit(why: str, path: str) -> Problem:
    message = f"the model's answers do not fit this schema: {why}"
    return Problem(400, "unsupported_schema", message, path, "see its output at /openapi.json")
