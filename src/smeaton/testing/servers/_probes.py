"""What servers of local models answer when one asks who they are. `smeaton.llm.local` tells them apart by it."""

from collections.abc import Mapping, Sequence
from typing import Any

_OWNERS = {
    "llama-cpp-python": "me",
    "llama-server": "llamacpp",
    "ollama": "library",
    "vllm": "vllm",
    "lmstudio": "organization_owner",
    "": "system",
}
_CREATED = 1_764_000_000
DIALECTS = tuple(_OWNERS)


def model_entry(name: str, dialect: str) -> dict[str, Any]:
    """One model of `/v1/models`."""
    entry = {"id": name, "object": "model", "created": _CREATED, "owned_by": _OWNERS[dialect]}
    if dialect == "llama-cpp-python":
        entry["permissions"] = []
    if dialect == "vllm":
        entry |= {"max_model_len": 8192, "root": name, "parent": None}
    return entry


def probes(dialect: str, models: Sequence[str]) -> Mapping[str, Any]:
    """Body by path of the addresses that only this server has; a str is sent as text."""
    if dialect == "llama-cpp-python":
        title = "\N{LLAMA} llama.cpp Python API"
        return {"/openapi.json": {"openapi": "3.1.0", "info": {"title": title, "version": "0.3.36"}, "paths": {}}}
    if dialect == "llama-server":
        settings = {"n_ctx": 8192, "params": {}}
        props = {"default_generation_settings": settings, "total_slots": 1, "build_info": "b7000-fake"}
        return {"/props": props, "/health": {"status": "ok"}}
    if dialect == "ollama":
        tags = {"models": [{"name": name, "model": name} for name in models]}
        return {"/": "Ollama is running", "/api/version": {"version": "0.13.0"}, "/api/tags": tags}
    if dialect == "vllm":
        return {"/version": {"version": "0.12.0"}, "/health": ""}
    if dialect == "lmstudio":
        entries = [{"id": name, "object": "model", "type": "llm", "state": "loaded"} for name in models]
        return {"/api/v0/models": {"object": "list", "data": entries}}
    return {}
