"""Finding the server that runs already: the one the environment names, or whoever answers on a well-known port."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

from smeaton.llm.local.server import LOCAL_LLM, LOCAL_LLM_IS, Kind, Server, identified, listens, loopback

#: Ports these servers take if nobody says otherwise: Ollama, llama-server, vLLM and llama-cpp-python, LM Studio.
PORTS = (11434, 8080, 8000, 1234)
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_PATIENCE = 5.0  # seconds for a server nobody named to list its models
_NAMED_PATIENCE = 60.0  # the same for the one that was named: it may be in the middle of a long reply


def find() -> tuple[Server, ...]:
    """Every server of local models that answers: the named one first, then by well-known port. At once if there is
    none: a port where nobody listens refuses, and is not waited for.
    """
    named = _named()
    with ThreadPoolExecutor(len(PORTS)) as pool:
        others = list(pool.map(lambda port: identified(f"http://127.0.0.1:{port}", _PATIENCE), PORTS))
    found: dict[str, Server] = {}
    for server in (named, *others):
        if server is not None:
            found.setdefault(server.url, server)
    return tuple(found.values())


def address() -> Server | None:
    """The server to use: the one that `SMEATON_LOCAL_LLM` names and no other, else the first found. `absent` says why
    there is none.
    """
    if os.environ.get(LOCAL_LLM):
        return _named()
    return next(iter(find()), None)


def absent() -> str:
    """Why `address` finds nothing, and what would help."""
    url = os.environ.get(LOCAL_LLM)
    if url and not loopback(url):
        return f"{LOCAL_LLM} is {url}, which is not on this machine: name it as a provider in llm.toml"
    if url:
        return f"{LOCAL_LLM} is {url}, where no server of language models answers"
    ports = ", ".join(map(str, PORTS))
    return f"no server of language models answers on this machine (ports {ports}): start one, or set SMEATON_GGUF"


def _named() -> Server | None:
    url = os.environ.get(LOCAL_LLM)
    if not url or not loopback(url):
        return None
    said, kind, model = f"{os.environ.get(LOCAL_LLM_IS, '')}  ".split(" ", 2)
    if said != url:
        return identified(url, _NAMED_PATIENCE)
    return Server(url, _KINDS[kind], (model.strip(),)) if listens(url) else None
