"""A script as data: JSON, or YAML where the extra `build` is installed."""

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import msgspec

from smeaton.errors import InputError
from smeaton.extras import needs
from smeaton.testing.servers._probes import DIALECTS
from smeaton.testing.servers.script import Fault, Rule, Say, Script

_CONTENT = ("text", "json", "schema", "calls", "odds", "reasoning", "vector")


class _Match(msgspec.Struct, forbid_unknown_fields=True):
    user: str = ""
    system: str = ""
    model: str = ""
    wire: str = ""


class _Reply(msgspec.Struct, forbid_unknown_fields=True):
    text: str | None = None
    json: Any = None
    schema: bool | None = None
    calls: list[tuple[str, dict[str, Any]]] | None = None
    odds: dict[str, float] | None = None
    reasoning: int | None = None
    vector: list[float] | None = None


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    match: str | _Match = ""
    reply: str | _Reply | None = None
    delay: float | None = None
    first_delay: float | None = None
    pace: float | None = None
    fault: str | int | None = None
    retry_after: float | None = None
    usage: dict[str, int] | None = None
    times: int | None = None
    skip: int = 0
    chance: float = 1.0


class _Script(msgspec.Struct, forbid_unknown_fields=True):
    rules: list[_Rule] = []
    default: str | _Reply = "ok"
    key: str | None = None
    models: tuple[str, ...] = ("fake-small", "fake-large")
    dialect: str = ""
    seed: int = 0


def read_script(path: Path) -> Script:
    """The script in a file: `.json`, `.yaml` or `.yml`. `docs/fakes.md` describes the form.

    Raises:
        InputError: it is not there, or not in the form.
        ExtraMissing: it is YAML, and no YAML reader is installed.
    """
    try:
        return script_of(_content(path))
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError, ValueError) as error:
        raise InputError(
            f"this is not a script: {error}", fix="see docs/fakes.md for the form", where=str(path)
        ) from error


def script_of(value: Any) -> Script:
    """A script from plain data.

    Raises:
        ValueError: it is not in the form.
    """
    data = msgspec.convert(value, _Script)
    if data.dialect not in DIALECTS:
        raise ValueError(f"the dialect is one of {', '.join(filter(None, DIALECTS))}, not {data.dialect!r}")
    return Script(
        [_rule(rule, place) for place, rule in enumerate(data.rules)],
        default=Say(**_reply(data.default)),
        key=data.key,
        models=data.models,
        dialect=data.dialect,
        seed=data.seed,
    )


def _content(path: Path) -> Any:
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        return msgspec.json.decode(text)
    with needs("build"):
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ValueError(str(error)) from error


def _rule(rule: _Rule, place: int) -> Rule:
    match = _Match(user=rule.match) if isinstance(rule.match, str) else rule.match
    patterns = msgspec.structs.asdict(match)
    for key, pattern in patterns.items():
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"rules[{place}].match.{key} is not a regular expression: {error}") from error
    fault = None if rule.fault is None else str(rule.fault)
    if fault is not None and fault not in get_args(Fault):
        raise ValueError(f"rules[{place}].fault is one of {', '.join(get_args(Fault))}, not {fault!r}")
    if not 0 <= rule.chance <= 1:
        raise ValueError(f"rules[{place}].chance is a probability, not {rule.chance}")
    given = {**_reply(rule.reply), **_timing(rule), "fault": fault}
    return Rule(say=Say(**given), times=rule.times, skip=rule.skip, chance=rule.chance, **patterns)


def _reply(reply: str | _Reply | None) -> dict[str, Any]:
    if reply is None:
        return {}
    if isinstance(reply, str):
        return {"schema": True} if reply == "schema" else {"text": reply}
    return msgspec.structs.asdict(reply)


def _timing(rule: _Rule) -> Mapping[str, Any]:
    others = {entry.name for entry in fields(Say)} - {*_CONTENT, "fault"}
    return {name: getattr(rule, name) for name in others}
