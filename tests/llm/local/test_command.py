import sys
from pathlib import Path

import pytest

from smeaton.errors import ExtraMissing
from smeaton.llm.local import Options, command
from smeaton.llm.local.command import LLAMA_PYTHON

MODEL = Path("/models/tiny.gguf")


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(LLAMA_PYTHON, raising=False)
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)


def pairs(arguments):
    return dict(zip(arguments[3::2], arguments[4::2], strict=True))


def test_without_software_it_says_what_to_install():
    with pytest.raises(ExtraMissing, match="llm-local"):
        command.command(MODEL, "tiny", 8123, Options())


def test_the_interpreter_that_was_named(monkeypatch):
    monkeypatch.setenv(LLAMA_PYTHON, "/opt/other/python")
    made = command.command(MODEL, "tiny", 8123, Options(context=1000, threads=3, logprobs=False))
    assert made.kind == "llama-cpp-python"
    assert made.arguments[:3] == ("/opt/other/python", "-m", "llama_cpp.server")
    given = pairs(made.arguments)
    assert given["--interrupt_requests"] == "False"
    assert (given["--model"], given["--model_alias"], given["--port"]) == (str(MODEL), "tiny", "8123")
    assert (given["--n_ctx"], given["--n_threads"], given["--logits_all"]) == ("1000", "3", "False")
    assert "--cache" not in given


def test_this_interpreter_with_a_cache(monkeypatch):
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: object())
    made = command.command(MODEL, "tiny", 8123, Options(cache=10**9))
    assert made.arguments[0] == sys.executable
    assert pairs(made.arguments)["--cache_size"] == "1000000000"
    assert int(pairs(made.arguments)["--n_threads"]) >= 1


def test_llama_server_comes_first(monkeypatch, tmp_path):
    binary = tmp_path / "llama-server"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    monkeypatch.setenv(LLAMA_PYTHON, "/opt/other/python")
    made = command.command(MODEL, "tiny", 8123, Options())
    assert made.kind == "llama-server"
    assert made.arguments[:5] == (str(binary), "-m", str(MODEL), "--alias", "tiny")
