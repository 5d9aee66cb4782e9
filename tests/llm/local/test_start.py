"""Starting a server. `llama-server` is a stand-in here: a script that serves the fake of that dialect."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from smeaton.errors import ExtraMissing, InputError, ProviderError
from smeaton.llm.local import LOCAL_LLM, Options, address, started
from smeaton.llm.local.server import listens

STAND_IN = f"""#!{sys.executable}
import sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
name = given["--alias"]
if name == "broken":
    sys.exit("the model is broken")
if name == "unlucky" and not __import__("os").path.exists("again"):
    open("again", "w").close()
    sys.exit("couldn't bind HTTP server socket: address already in use")
from smeaton.testing.servers import Script, serve
with serve(Script(dialect="llama-server", models=(name,)), int(given["--port"])) as server:
    server.wait()
"""
PARENT = """
import os, sys, time
from pathlib import Path
from smeaton.llm.local import started
with started(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def model(tmp_path, monkeypatch) -> Path:
    binary = tmp_path / "bin/llama-server"
    binary.parent.mkdir()
    binary.write_text(STAND_IN)
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{binary.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv(LOCAL_LLM, raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF")
    return path


def gone(url: str) -> bool:
    """Whether nobody listens there any more, within a few seconds."""
    for _ in range(100):
        if not listens(url):
            return True
        time.sleep(0.05)
    return False


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_server_runs_while_the_block_does(model, tmp_path):
    with started(model) as server:
        assert (server.kind, server.models) == ("llama-server", ("tiny",))
        assert os.environ[LOCAL_LLM] == server.url
        assert address() == server
    assert gone(server.url)
    assert LOCAL_LLM not in os.environ
    assert not list(tmp_path.glob("*.log"))


def test_a_server_that_cannot_start_shows_its_log(model):
    with pytest.raises(ProviderError, match="the model is broken") as caught, started(model, name="broken"):
        pass
    assert "the model is broken" in Path(caught.value.where).read_text()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.gguf"), started(tmp_path / "none.gguf"):
        pass


def test_an_interpreter_without_the_package(model, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho 'No module named llama_cpp' >&2; exit 1\n")
    bare.chmod(0o755)
    monkeypatch.setenv("SMEATON_LLAMA_PYTHON", str(bare))
    with pytest.raises(ExtraMissing), started(model):
        pass


@pytest.mark.slow
def test_another_port_where_the_first_was_taken(model, tmp_path):
    with started(model, name="unlucky", log_file=tmp_path / "logs/server.log") as server:
        assert server.models == ("unlucky",)
    assert "already in use" in (tmp_path / "logs/server.log").read_text()


@pytest.mark.slow
def test_two_at_once_do_not_meet(model):
    with started(model, name="one") as first:
        with started(model, name="two") as second:
            assert address() == second
        assert address() == first
    assert gone(first.url)


@pytest.mark.slow
def test_a_server_that_dies_is_told(model, caplog):
    others = set(children(os.getpid()))  # what another test has running for the session
    with started(model) as server:
        (keeper,) = set(children(os.getpid())) - others
        os.kill(children(keeper)[0], signal.SIGKILL)
        assert gone(server.url)
        time.sleep(0.2)
    assert "status 137" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["parent", "keeper"])
def test_it_ends_with_its_parent_even_on_kill(model, victim):
    with subprocess.Popen([sys.executable, "-c", PARENT, str(model)], stdout=subprocess.PIPE, text=True) as parent:
        url = parent.stdout.readline().strip()
        assert listens(url)
        os.kill(parent.pid if victim == "parent" else children(parent.pid)[0], signal.SIGKILL)
        assert gone(url)
        parent.kill()


@pytest.mark.slow
@pytest.mark.skipif("SMEATON_TEST_GGUF" not in os.environ, reason="SMEATON_TEST_GGUF names no model (a GGUF file)")
def test_a_real_model(monkeypatch):
    schema = {
        "type": "object",
        "properties": {"team": {"type": "string", "enum": ["billing", "bug"]}},
        "required": ["team"],
        "additionalProperties": False,
    }
    question = "Is this about billing or a bug? Answer in JSON: 'The app crashes.'"
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": question}],
        "max_tokens": 40,
        "temperature": 0,
        "response_format": {"type": "json_object", "schema": schema},
        "logprobs": True,
        "top_logprobs": 5,
    }
    with started(Path(os.environ["SMEATON_TEST_GGUF"]), name="tiny", options=Options(context=1024)) as server:
        assert server.kind in ("llama-cpp-python", "llama-server")
        replies = [httpx.post(f"{server.url}/chat/completions", json=body, timeout=60).json() for _ in range(2)]
        monkeypatch.delenv("SMEATON_LOCAL_LLM_IS")
        assert address() == server
    first, second = (reply["choices"][0] for reply in replies)
    assert first["message"]["content"] == second["message"]["content"]
    assert json.loads(first["message"]["content"])["team"] in ("billing", "bug")
    assert all(entry["top_logprobs"] for entry in first["logprobs"]["content"])
    assert replies[0]["usage"]["completion_tokens"] > 0
    assert gone(server.url)
