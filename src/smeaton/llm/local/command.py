"""Which software starts a GGUF file on this machine, and with which options.

`llama-server` of llama.cpp where it is on the PATH, else llama-cpp-python's server, of this interpreter or of the one
that `SMEATON_LLAMA_PYTHON` names.

What the options of llama-cpp-python 0.3.36 do, measured on two cores with models of 135 million (SmolLM2, Q4_1) and 500
million parameters (Qwen2.5-Coder, Q4_K_M), a prompt of 250 tokens of which 240 never change, and an answer of 9 tokens
of JSON under a schema:

- The beginning that a prompt shares with the one before it is not computed again: 0.25 s and 0.5 s an answer, 2 s and
  3.5 s the first. So all rows of one prompt go before those of the next: where two prompts alternate, an answer of the
  small model takes 1.1 s.
- `--cache true` keeps the state of earlier prompts: 0.4 s an answer where two prompts alternate, but 0.3 s and 0.8 s
  where they do not, and 0.5 to 1.2 GB of memory. Off, unless asked for.
- Prompt lookup (`--draft_model`) makes such short answers slower (0.3 s and 0.8 s), flash attention changes nothing.
- Log-probabilities need `--logits_all true`: 4 bytes for each word of the vocabulary and each token of the context in
  use, 0.15 to 0.4 GB here. They are taken before the grammar: the chances of the labels do not sum to 1.
- `--interrupt_requests true`, the default, closes the connection of a stream when another call comes in. Off here.
"""

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from smeaton.errors import ExtraMissing
from smeaton.llm.local.server import Kind

#: Environment variable: the interpreter that has llama-cpp-python.
LLAMA_PYTHON = "SMEATON_LLAMA_PYTHON"


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is run. `context` in tokens, prompt and answer together; `threads` 0 takes every core this process
    may use; `logprobs` whether log-probabilities can be asked for; `cache` the bytes kept for prompts that alternate.
    """

    context: int = 4096
    threads: int = 0
    logprobs: bool = True
    cache: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """An argument list and the kind of server it starts."""

    arguments: tuple[str, ...]
    kind: Kind


def command(gguf: Path, name: str, port: int, options: Options) -> Command:
    """The command that serves a file as the model `name` on a port of the loopback.

    Raises:
        ExtraMissing: there is no software for it.
    """
    threads = str(options.threads or available_cores())
    binary = shutil.which("llama-server")
    if binary is not None:
        given = {"-m": gguf, "--alias": name, "--host": "127.0.0.1", "--port": port, "-c": options.context}
        more = ("-t", threads, "--parallel", "1", "--no-webui", "--jinja")
        return Command((binary, *(str(part) for pair in given.items() for part in pair), *more), "llama-server")
    python = os.environ.get(LLAMA_PYTHON) or sys.executable
    if python == sys.executable and importlib.util.find_spec("llama_cpp") is None:
        raise ExtraMissing(
            "a GGUF file needs llama-server on the PATH, or the package 'llama_cpp' of the extra 'llm-local'",
            fix=f"run: pip install 'smeaton[llm-local]', or set {LLAMA_PYTHON} to a Python that has it",
        )
    settings = {
        "model": gguf,
        "model_alias": name,
        "host": "127.0.0.1",
        "port": port,
        "n_ctx": options.context,
        "n_threads": threads,
        "n_threads_batch": threads,
        "logits_all": options.logprobs,
        "interrupt_requests": False,
        "verbose": False,
    }
    if options.cache:
        settings |= {"cache": True, "cache_size": options.cache}
    given_settings = (part for key, value in settings.items() for part in (f"--{key}", str(value)))
    return Command((python, "-m", "llama_cpp.server", *given_settings), "llama-cpp-python")


def available_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
