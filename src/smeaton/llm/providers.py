"""Who answers: a reference `provider:model` resolved to an `Endpoint`.

Built in are `openai`, `responses`, `anthropic`, `gemini` and `local`, the server on this machine; the operator's
configuration (`config.py`) adds others and overrides these.
"""

import importlib.util
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from smeaton.errors import InputError
from smeaton.llm import config
from smeaton.llm.config import Stated
from smeaton.llm.endpoint import LOCAL, Endpoint

#: One cheap model of each provider, and the server on this machine: what is tried where a task names none.
DEFAULTS: tuple[str, ...] = ("openai:gpt-5-mini", "anthropic:claude-haiku-4-5", "gemini:gemini-2.5-flash", "local:")

_OPENAI = "https://api.openai.com/v1"
BUILT_IN: dict[str, Stated] = {
    "openai": Stated(wire="openai", url=_OPENAI, key_env="OPENAI_API_KEY", family="gpt"),
    "responses": Stated(wire="responses", url=_OPENAI, key_env="OPENAI_API_KEY", family="gpt"),
    "anthropic": Stated(
        wire="anthropic", url="https://api.anthropic.com", key_env="ANTHROPIC_API_KEY", family="claude"
    ),
    "gemini": Stated(
        wire="gemini", url="https://generativelanguage.googleapis.com", key_env="GEMINI_API_KEY", family="gemini"
    ),
    LOCAL: Stated(wire="openai"),
}


def is_model(reference: str) -> bool:
    """Whether a reference names a model of a known provider."""
    name, colon, _ = reference.partition(":")
    return bool(colon) and (name in BUILT_IN or name in config.config().providers)


def resolve(reference: str) -> Endpoint:
    """Where and how a model is asked.

    Raises:
        InputError: the provider is unknown, its key is missing, or no server runs on this machine.
        ExtraMissing: the packages of the extra `llm` are not installed.
    """
    name, _, model = reference.partition(":")
    stated = _stated(reference)
    if name == LOCAL and not stated.url:
        return _on_this_machine(reference, model, stated)
    if not model:
        raise InputError(f"{reference!r} names no model", fix=f"write {name}:MODEL")
    if not stated.wire or not stated.url:
        raise InputError(
            f"the provider {name!r} is stated without its {'url' if stated.wire else 'wire'}",
            fix="state wire and url in the configuration of language models",
            where=str(config.path()),
        )
    replayed = bool(stated.cassette) and stated.cassette_mode == "replay"
    key = os.environ.get(stated.key_env, "") if stated.key_env else ""
    if stated.key_env and not key and not replayed:
        raise InputError(f"{reference} needs a key", fix=f"set {stated.key_env}")
    return Endpoint(
        reference=reference,
        wire=stated.wire,
        url=stated.url,
        model=model,
        host=_host(stated.url),
        key=key,
        dialect=stated.dialect,
        family=stated.family or family(model),
        cassette=_beside(stated.cassette),
        cassette_mode=stated.cassette_mode,
    )


def missing(reference: str) -> str:
    """'' if the model can be asked now, else in words what that needs.

    Raises:
        InputError: it is no reference to a model at all, or the configuration cannot be read.
    """
    if not is_model(reference):
        raise _unknown(reference)
    if importlib.util.find_spec("pydantic_ai") is None:
        return "needs pip install 'smeaton[llm]'"
    try:
        resolve(reference)
    except InputError as error:
        return f"needs {error.message.partition(' needs ')[2] or error.message}; {error.fix}".rstrip("; ")
    return ""


def host(reference: str) -> str:
    """The host a reference's rows go to, `local` for this machine; needs neither key nor running server.

    Raises:
        InputError: the provider is unknown.
    """
    stated = _stated(reference)
    return _host(stated.url) if stated.url else LOCAL


def address(reference: str) -> str:
    """The address a reference's provider has by the configuration, '' for one that is looked for on this machine.

    Raises:
        InputError: the provider is unknown.
    """
    return _stated(reference).url


def family(model: str) -> str:
    """The line a model belongs to by its name: `qwen` of `Qwen/Qwen2.5-7B-Instruct`; '' where the name tells none."""
    begin = re.match(r"[a-z]+", model.rpartition("/")[2].lower())
    return begin[0] if begin else ""


def _stated(reference: str) -> Stated:
    name, colon, _ = reference.partition(":")
    own, built_in = config.config().providers.get(name), BUILT_IN.get(name)
    if not colon or (own is None and built_in is None):
        raise _unknown(reference)
    if own is None or built_in is None:
        return own or built_in or Stated()
    given = {key: value for key, value in msgspec.structs.asdict(own).items() if value}
    return msgspec.structs.replace(built_in, **given)


def _unknown(reference: str) -> InputError:
    names = sorted({*BUILT_IN, *config.config().providers})
    return InputError(
        f"{reference!r} names no model of a known provider; providers are {', '.join(names)}",
        fix=f"write provider:model, or state the provider in the file that {config.VARIABLE} names",
    )


def _on_this_machine(reference: str, model: str, stated: Stated) -> Endpoint:
    from smeaton.llm import local

    server = local.address()
    if server is None:
        raise InputError(
            f"{reference} needs a server of language models on this machine: {local.absent()}",
            fix=f"start one, or set {local.LOCAL_LLM} to its address",
        )
    if model and server.models and model not in server.models:
        raise InputError(
            f"{reference} needs a model that the server at {server.url} does not have; it has: "
            f"{', '.join(server.models)}",
            fix="name one of these, or load the model there",
        )
    chosen = model or (server.models[0] if server.models else "default")
    return Endpoint(
        reference=reference,
        wire="openai",
        url=server.url,
        model=chosen,
        host=LOCAL,
        dialect=stated.dialect or ("" if server.kind == "other" else server.kind),
        family=stated.family or family(Path(chosen).name),
        cassette=_beside(stated.cassette),
        cassette_mode=stated.cassette_mode,
    )


def _host(url: str) -> str:
    name = urlsplit(url).hostname or ""
    loopback = name in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", name) is not None
    return LOCAL if loopback else name


def _beside(cassette: str) -> str:
    """A cassette's path, relative to the configuration that names it."""
    found = config.path()
    return str(found.parent / cassette) if cassette and found is not None else ""
