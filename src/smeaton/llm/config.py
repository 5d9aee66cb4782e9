"""The operator's configuration of language models: providers and prices, from a TOML file.

```toml
[providers.qwen]                 # a name of the operator's, or a built-in provider whose entries it overrides
wire = "openai"                  # a part of llm/wires
url = "https://models.example.com/v1"
key_env = "QWEN_KEY"             # the environment variable that holds the key
family = "qwen"
dialect = "vllm"                 # vllm, llama-server, llama-cpp-python, ollama, lmstudio, words
cassette = "replies.jsonl"       # answers come from this file, beside the configuration; cassette_mode: replay,
                                 # record, auto
[prices."qwen:qwen3-32b"]        # dollars for a million tokens
input = 0.25
output = 2.0
cached = 0.025
as_of = "2026-11-28"
```

The file is the one that `SMEATON_LLM_CONFIG` names, else `~/.config/smeaton/llm.toml` if it is there.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from smeaton.errors import InputError

#: The environment variable that names the file.
VARIABLE = "SMEATON_LLM_CONFIG"
_USUAL = Path(".config", "smeaton", "llm.toml")
_TAKEN = ("hub", "package")  # what stands before the colon of a reference to weights
_Dollars = Annotated[float, msgspec.Meta(ge=0)]


class Stated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the operator says of a provider; '' is left open. `gguf` is the model file of the provider `local`."""

    wire: str = ""
    url: str = ""
    key_env: str = ""
    family: str = ""
    dialect: str = ""
    cassette: str = ""
    cassette_mode: Literal["replay", "record", "auto"] = "replay"
    gguf: str = ""


class StatedPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dollars for a million tokens. Without `cached` and `cache_write` these tokens cost what others do."""

    input: _Dollars
    output: _Dollars
    cached: _Dollars | None = None
    cache_write: _Dollars | None = None
    as_of: str = ""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    providers: dict[str, Stated] = {}
    prices: dict[str, StatedPrice] = {}


def path() -> Path | None:
    """The configuration's file, None where there is none."""
    if stated := os.environ.get(VARIABLE):
        return Path(stated)
    usual = Path.home() / _USUAL
    return usual if usual.exists() else None


def config() -> Config:
    """The configuration as it is now; empty without a file.

    Raises:
        InputError: the file is missing or not in the form.
    """
    found = path()
    if found is None:
        return Config()
    try:
        return _read(found, found.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the configuration of language models cannot be read: {error}",
            fix=f"correct the file, or unset {VARIABLE}",
            where=str(found),
        ) from error


@lru_cache(maxsize=8)
def _read(found: Path, _changed: int) -> Config:
    import tomllib

    read = msgspec.convert(tomllib.loads(found.read_text("utf-8")), Config)
    for name in read.providers:
        if name in _TAKEN or not name.replace("-", "").replace("_", "").isalnum():
            raise ValueError(f"a provider cannot be called {name!r}: letters, digits, - and _ only, and not {_TAKEN}")
    for reference in read.prices:
        if ":" not in reference:
            raise ValueError(f"a price is stated for `provider:model`, not {reference!r}")
    return read
