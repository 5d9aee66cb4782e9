"""`Server`: an OpenAI-compatible server of models on this machine, and what kind it is."""

import http.client
import ipaddress
import json
import socket
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

Kind = Literal["llama-cpp-python", "llama-server", "ollama", "vllm", "lmstudio", "other"]

#: Environment variables: the address of the server to use, what it is (set with the address by `started`, so that
#: nobody need ask a server that is busy), and the GGUF file to start one for.
LOCAL_LLM = "SMEATON_LOCAL_LLM"
LOCAL_LLM_IS = "SMEATON_LOCAL_LLM_IS"
GGUF = "SMEATON_GGUF"

_CONNECT = 0.2  # seconds for the loopback to accept or refuse
_OURS = "smeaton"  # who owns the models of a Smeaton service, which is no language model


@dataclass(frozen=True, slots=True)
class Server:
    """`url` is the base address with `/v1`, `kind` decides the dialect, `models` are the names it lists."""

    url: str
    kind: Kind
    models: tuple[str, ...]


def loopback(url: str) -> bool:
    """Whether an address is on this machine, so that what is sent there leaves it not."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listens(url: str) -> bool:
    """Whether something takes connections there."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), _CONNECT).close()
    except OSError:
        return False
    return True


def identified(url: str, patience: float) -> Server | None:
    """The server at a base address (with `/v1` or without), None if none answers as one within `patience` seconds.

    A server that generates may answer nothing else meanwhile: llama-cpp-python's lists its models only between two
    replies.
    """
    if not listens(url):
        return None
    root = url.rstrip("/").removesuffix("/v1")
    listed = fetched(f"{root}/v1/models", patience)
    if not isinstance(listed, dict) or not isinstance(listed.get("data"), list):
        return None
    entries = [entry for entry in listed["data"] if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    if any(entry.get("owned_by") == _OURS for entry in entries):
        return None
    return Server(f"{root}/v1", kind_of(root, patience), tuple(entry["id"] for entry in entries))


def kind_of(root: str, patience: float) -> Kind:
    """Which software listens, by addresses that only it has; `other` where none of them answers as it should."""
    props = fetched(f"{root}/props", patience)
    if isinstance(props, dict) and "default_generation_settings" in props:
        return "llama-server"
    described = fetched(f"{root}/openapi.json", patience)
    title = described.get("info", {}).get("title", "") if isinstance(described, dict) else ""
    if "llama.cpp Python" in title:
        return "llama-cpp-python"
    if fetched(root, patience) == "Ollama is running":
        return "ollama"
    loaded = fetched(f"{root}/api/v0/models", patience)
    if isinstance(loaded, dict) and loaded.get("object") == "list":
        return "lmstudio"
    version = fetched(f"{root}/version", patience)
    if isinstance(version, dict) and set(version) == {"version"}:
        return "vllm"
    return "other"


def fetched(url: str, patience: float) -> Any:
    """What a GET brings with status 200: the value of JSON, else the text; None without such an answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=patience)
    try:
        connection.request("GET", parts.path or "/", headers={"Connection": "close"})
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
