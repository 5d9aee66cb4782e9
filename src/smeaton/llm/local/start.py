"""`started`: a server for a GGUF file, for as long as a block runs.

What to know of llama-cpp-python's server (0.3.36), found by asking it; `llm/wires` and `runtime/ops/chat` act on it:

- A JSON Schema is kept to, by a grammar, in its own form of `response_format`: `{"type": "json_object", "schema":
  ...}`. OpenAI's `json_schema` is answered with 500, and so is a message of the role `developer`.
- A small model may fill a free string until the token limit; the JSON is then cut off (`finish_reason` `length`).
- `max_completion_tokens` is ignored: only `max_tokens` limits. A stream states no usage, asked for or not.
- The same request at temperature 0 brings the same reply, and so does the same `seed` at any temperature.
- One reply at a time: calls wait for each other, and the list of models waits too. A call whose caller gave up is
  computed to its end all the same (a stream is not): where each is given up early, all that follow come late.
- A prompt that is too long is answered with 400, code `context_length_exceeded`.
"""

import contextlib
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from smeaton.errors import ExtraMissing, ProviderError
from smeaton.llm.local import keeper
from smeaton.llm.local.command import Command, Options, command
from smeaton.llm.local.port import free_port
from smeaton.llm.local.server import LOCAL_LLM, LOCAL_LLM_IS, Server, fetched
from smeaton.llm.local.wish import checked

log = logging.getLogger("smeaton.llm")

_USUAL = Options()
_POLL = 0.05  # seconds between two looks whether it answers
_TRIES = 3  # ports tried where another program took the one chosen
_TAIL = 600  # characters of the log that an error shows
_TAKEN = ("address already in use", "couldn't bind")


@dataclass(slots=True)
class _Log:
    """Where a server writes, and whether the file stays when it ends."""

    path: Path
    keep: bool = False


@contextmanager
def started(
    gguf: Path, *, name: str = "", options: Options = _USUAL, log_file: Path | None = None, patience: float = 300.0
) -> Iterator[Server]:
    """Run a server for `gguf` on a free port, and name it in the environment: this process and those it starts use it.

    `name` is the model's name (the file's, without its ending). What the server writes goes to `log_file`; without one
    to a temporary file, kept only if something went wrong. It has `patience` seconds to load the model. It ends with
    the block, and with this process however that ends. Two at once do not disturb each other.

    Raises:
        InputError: the file is not there, or no GGUF file.
        ExtraMissing: no software for it is installed.
        ProviderError: the server ended or did not answer in time; the message shows the end of its log.
    """
    path = checked(gguf, str(gguf))
    name = name or path.stem
    with _log(log_file) as written, _running(path, name, options, written, patience) as server:
        known = {LOCAL_LLM: server.url, LOCAL_LLM_IS: f"{server.url} {server.kind} {name}"}
        before = {key: os.environ.get(key) for key in known}
        os.environ.update(known)
        try:
            yield server
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value


@contextmanager
def _running(gguf: Path, name: str, options: Options, written: _Log, patience: float) -> Iterator[Server]:
    deadline = time.monotonic() + patience
    for attempt in range(_TRIES):
        with free_port() as port:
            wish = command(gguf, name, port, options)
            process = _launched(wish, written)
            server = Server(f"http://127.0.0.1:{port}/v1", wish.kind, (name,))
            try:
                if not _answers(server, process, deadline):
                    if _port_taken(written) and attempt + 1 < _TRIES:
                        continue
                    raise _failed(name, process, written)
                yield server
                if process.poll() is not None:
                    written.keep = True
                    log.error("%s", _failed(name, process, written))
                return
            finally:
                _end(process)


def _launched(wish: Command, written: _Log) -> "subprocess.Popen[bytes]":
    """The keeper with the server below it; in a session of its own, so that Ctrl-C reaches only this process."""
    with written.path.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, keeper.__file__, *wish.arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _answers(server: Server, process: "subprocess.Popen[bytes]", deadline: float) -> bool:
    """Wait until the server lists the model; False if it ended or the time is over."""
    while process.poll() is None and time.monotonic() < deadline:
        listed = fetched(f"{server.url}/models", max(deadline - time.monotonic(), _POLL))
        if isinstance(listed, dict) and server.models[0] in [entry.get("id") for entry in listed.get("data", ())]:
            return True
        time.sleep(_POLL)
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Close the pipe: the keeper ends the server, then itself."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.wait()


def _failed(name: str, process: "subprocess.Popen[bytes]", written: _Log) -> ProviderError | ExtraMissing:
    text = _text(written)
    if "No module named" in text and "llama_cpp" in text:
        return ExtraMissing(
            "the Python that shall run the model has no llama-cpp-python with its server",
            fix="install 'llama-cpp-python[server]' there",
        )
    status = process.poll()
    how = "did not answer in time" if status is None else f"ended with status {status}"
    return ProviderError(
        f"the server of {name} {how}: {text[-_TAIL:].strip() or 'it wrote nothing'}",
        kind="unreachable",
        fix="see its log",
        where=str(written.path),
    )


def _port_taken(written: _Log) -> bool:
    text = _text(written).lower()
    return any(words in text for words in _TAKEN)


def _text(written: _Log) -> str:
    return written.path.read_text("utf-8", "replace")


@contextmanager
def _log(given: Path | None) -> Iterator[_Log]:
    """The log file; a temporary one is removed after a block that went well."""
    if given is not None:
        given.parent.mkdir(parents=True, exist_ok=True)
        yield _Log(given, keep=True)
        return
    handle, name = tempfile.mkstemp(prefix="smeaton-llm-", suffix=".log")
    os.close(handle)
    written = _Log(Path(name))
    yield written
    if not written.keep:
        written.path.unlink(missing_ok=True)
