import pytest

from smeaton.errors import InputError
from smeaton.llm.local import GGUF, wanted


@pytest.fixture(autouse=True)
def _nothing_stated(monkeypatch, tmp_path):
    monkeypatch.delenv(GGUF, raising=False)
    monkeypatch.delenv("SMEATON_LLM_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00")
    return path


def test_nothing_stated_is_nothing_wanted():
    assert wanted() is None


def test_the_environment_comes_before_the_configuration(monkeypatch, tmp_path, model):
    config = tmp_path / "llm.toml"
    config.write_text('[providers.local]\ngguf = "tiny.gguf"\n')
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(config))
    assert wanted() == model
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    monkeypatch.setenv(GGUF, str(other))
    assert wanted() == other


def test_the_configuration_in_the_home_folder(tmp_path, model):
    folder = tmp_path / "home/.config/smeaton"
    folder.mkdir(parents=True)
    (folder / "llm.toml").write_text(f'[providers.local]\ngguf = "{model}"\n')
    assert wanted() == model
    (folder / "llm.toml").write_text('[providers.qwen]\nwire = "openai"\n')
    assert wanted() is None


@pytest.mark.parametrize("content", [None, b"PK\x03\x04", b""])
def test_a_file_that_is_no_model(monkeypatch, tmp_path, content):
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(GGUF, str(path))
    with pytest.raises(InputError, match=r"model\.gguf"):
        wanted()


@pytest.mark.parametrize("text", [None, "providers = [", "\udcff"])
def test_a_configuration_that_cannot_be_read(monkeypatch, tmp_path, text):
    path = tmp_path / "llm.toml"
    if text is not None:
        path.write_text(text, "utf-8", "surrogateescape")
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(path))
    with pytest.raises(InputError, match=r"llm\.toml"):
        wanted()
