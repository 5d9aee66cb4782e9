import pytest

from smeaton.errors import InputError
from smeaton.llm import local, providers

CONFIG = """
[providers.qwen]
wire = "openai"
url = "https://models.example.com/v1"
key_env = "QWEN_KEY"
family = "qwen"
dialect = "vllm"
[providers.openai]
url = "http://127.0.0.1:1234/v1"
[providers.half]
wire = "openai"
[providers.recorded]
wire = "openai"
url = "https://models.example.com/v1"
key_env = "QWEN_KEY"
cassette = "replies.jsonl"
"""


@pytest.fixture(autouse=True)
def configured(tmp_path, monkeypatch):
    (tmp_path / "llm.toml").write_text(CONFIG)
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "llm.toml"))
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "QWEN_KEY", "SMEATON_LOCAL_LLM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(local, "address", lambda: None)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [("openai:gpt-5-mini", True), ("local:", True), ("qwen:any", True), ("local:qwen2.5:7b", True)]
    + [(text, False) for text in ("x.py:name", "hub:a/b", "package:x", "openai", "other:m", "", ":m")],
)
def test_what_is_a_model(reference, expected):
    assert providers.is_model(reference) is expected


@pytest.mark.parametrize("reference", [reference for reference in providers.DEFAULTS if reference != "local:"])
def test_built_in_providers_need_their_key(reference, monkeypatch):
    monkeypatch.setenv("SMEATON_LLM_CONFIG", "")
    variable = f"{reference.partition(':')[0].upper()}_API_KEY"
    with pytest.raises(InputError, match="needs a key") as caught:
        providers.resolve(reference)
    assert caught.value.fix == f"set {variable}"
    assert providers.missing(reference) == f"needs a key; set {variable}"
    monkeypatch.setenv(variable, "secret-key")
    found = providers.resolve(reference)
    assert providers.missing(reference) == ""
    assert (found.key, found.reference, found.local) == ("secret-key", reference, False)
    assert found.host in ("api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com")
    assert "secret-key" not in repr(found)


def test_the_operators_provider(monkeypatch):
    monkeypatch.setenv("QWEN_KEY", "k")
    found = providers.resolve("qwen:qwen3:32b")
    assert (found.model, found.wire, found.dialect, found.family) == ("qwen3:32b", "openai", "vllm", "qwen")
    assert (found.host, found.key) == ("models.example.com", "k")


def test_the_operator_overrides_what_is_built_in(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    found = providers.resolve("openai:gpt-4o")
    assert (found.url, found.host, found.wire, found.family) == ("http://127.0.0.1:1234/v1", "local", "openai", "gpt")


def test_a_cassette_that_is_replayed_needs_no_key(tmp_path):
    found = providers.resolve("recorded:m")
    assert (found.cassette, found.cassette_mode, found.key) == (str(tmp_path / "replies.jsonl"), "replay", "")


@pytest.mark.parametrize(
    ("reference", "match"),
    [("other:m", "no model of a known provider"), ("openai:", "names no model"), ("half:m", "without its url")],
)
def test_what_cannot_be_resolved(reference, match):
    with pytest.raises(InputError, match=match) as caught:
        providers.resolve(reference)
    assert caught.value.fix


def test_a_server_on_this_machine(monkeypatch):
    monkeypatch.setattr(
        local, "address", lambda: local.Server("http://127.0.0.1:8080/v1", "llama-server", ("a/Qwen2.5.gguf", "b"))
    )
    found = providers.resolve("local:")
    assert (found.model, found.dialect, found.family, found.local) == ("a/Qwen2.5.gguf", "llama-server", "qwen", True)
    assert providers.resolve("local:b").model == "b"
    with pytest.raises(InputError, match="does not have"):
        providers.resolve("local:c")


def test_no_server_on_this_machine(monkeypatch):
    assert providers.missing("local:").startswith("needs a server of language models")
    with pytest.raises(InputError, match="this machine"):
        providers.resolve("local:any")


def test_missing_of_no_reference_at_all_raises():
    with pytest.raises(InputError):
        providers.missing("x.py:name")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:1/v1", "local"),
        ("http://127.9.9.9/v1", "local"),
        ("http://[::1]:8/v1", "local"),
        ("https://127.0.0.1.example.com/v1", "127.0.0.1.example.com"),
        ("https://localhost.example.com/v1", "localhost.example.com"),
    ],
)
def test_only_a_loopback_address_is_this_machine(tmp_path, monkeypatch, url, host):
    (tmp_path / "other.toml").write_text(f'[providers.p]\nwire = "openai"\nurl = "{url}"\n')
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "other.toml"))
    assert providers.host("p:m") == providers.resolve("p:m").host == host
