import time

import pytest

from smeaton.llm.local import LOCAL_LLM, absent, address, find, search
from smeaton.llm.local.server import LOCAL_LLM_IS, Server
from smeaton.testing.servers import Script, serve


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch):
    monkeypatch.delenv(LOCAL_LLM, raising=False)
    monkeypatch.delenv(LOCAL_LLM_IS, raising=False)
    with serve(Script()) as gone:
        closed = gone.port
    monkeypatch.setattr(search, "PORTS", (closed,))


def test_where_nothing_listens_it_is_known_at_once():
    begun = time.monotonic()
    assert find() == ()
    assert time.monotonic() - begun < 0.3
    assert address() is None
    assert "SMEATON_GGUF" in absent()


def test_the_named_comes_first_and_once(monkeypatch):
    with serve(Script(dialect="ollama")) as named, serve(Script(dialect="vllm")) as other:
        monkeypatch.setattr(search, "PORTS", (other.port, named.port))
        assert [server.kind for server in find()] == ["vllm", "ollama"]
        monkeypatch.setenv(LOCAL_LLM, named.url())
        assert [server.kind for server in find()] == ["ollama", "vllm"]
        assert address().kind == "ollama"


def test_the_named_alone_is_used(monkeypatch):
    with serve(Script(dialect="vllm")) as other:
        monkeypatch.setattr(search, "PORTS", (other.port,))
        assert address().url == other.url()
        monkeypatch.setenv(LOCAL_LLM, "http://127.0.0.1:9")
        assert address() is None
        assert "http://127.0.0.1:9" in absent()


def test_rows_go_to_no_other_machine(monkeypatch):
    monkeypatch.setenv(LOCAL_LLM, "http://192.0.2.1:8000/v1")
    begun = time.monotonic()
    assert address() is None
    assert time.monotonic() - begun < 0.3
    assert "not on this machine" in absent()


def test_what_is_known_of_it_is_not_asked_again(monkeypatch):
    with serve(Script(dialect="vllm")) as server:
        monkeypatch.setenv(LOCAL_LLM, server.url())
        monkeypatch.setenv(LOCAL_LLM_IS, f"{server.url()} llama-cpp-python My Model")
        assert address() == Server(server.url(), "llama-cpp-python", ("My Model",))
        monkeypatch.setenv(LOCAL_LLM_IS, "http://127.0.0.1:9/v1 llama-cpp-python other")
        assert address().kind == "vllm"
    assert address() is None
