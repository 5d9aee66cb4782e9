"""Names: of models in other tools' words, of functions, files and columns."""

import keyword
import re
from collections.abc import Container

from smeaton.task.grammar import slug

_PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "gemini": "gemini",
    "ollama": "local",
    "ollama_chat": "local",
}
#: What the files of checks use themselves.
_TAKEN = ("json", "re", "checks", "grade", "get_assert")
_MODES = ("chat", "messages", "completion", "completions", "responses", "text")


def model(said: str) -> str:
    """The reference `provider:model` of a name such as `openai:chat:gpt-4o` or `openai/gpt-4o`.

    It is empty where the provider is not known here.
    """
    provider, mark, rest = said.partition(":" if ":" in said.partition("/")[0] else "/")
    known = _PROVIDERS.get(provider.strip().lower(), "")
    mode, more, name = rest.partition(":")
    if more and mode in _MODES:
        rest = name
        if known == "openai" and mode == "responses":
            known = "responses"
    rest = rest.strip()
    if not mark or not known or not rest or rest in _MODES or any(char.isspace() for char in rest):
        return ""
    return f"{known}:{rest}"


def identifier(words: str, taken: Container[str] = ()) -> str:
    """A name for a function of the words: small letters, digits and `_`, at most 50 of them, not taken yet."""
    base = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:50].strip("_") or "check"
    base = f"check_{base}" if base[0].isdigit() or base in _TAKEN or keyword.iskeyword(base) else base
    return _free(base, "_", taken)


def file_name(words: str, taken: Container[str] = ()) -> str:
    """A name for a file of the words, without its suffix, not taken yet."""
    return _free(slug(words)[:50].strip("-") or "prompt", "-", taken)


def column(wanted: str, taken: Container[str]) -> str:
    """A column's name that is not taken yet."""
    return _free(wanted, "_", taken)


def _free(base: str, between: str, taken: Container[str]) -> str:
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}{between}{number}"
    return name
