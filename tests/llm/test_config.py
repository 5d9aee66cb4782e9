import pytest

from smeaton.errors import InputError
from smeaton.llm import config


def written(tmp_path, monkeypatch, text):
    path = tmp_path / "llm.toml"
    path.write_text(text)
    monkeypatch.setenv(config.VARIABLE, str(path))
    return path


def test_without_a_file_nothing_is_stated(tmp_path, monkeypatch):
    monkeypatch.delenv(config.VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.path() is None
    assert config.config() == config.Config()


def test_the_usual_place(tmp_path, monkeypatch):
    monkeypatch.delenv(config.VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = tmp_path / ".config" / "smeaton" / "llm.toml"
    usual.parent.mkdir(parents=True)
    usual.write_text('[prices."a:b"]\ninput = 1\noutput = 2\n')
    assert config.config().prices["a:b"] == config.StatedPrice(input=1.0, output=2.0)


def test_a_change_is_seen(tmp_path, monkeypatch):
    path = written(tmp_path, monkeypatch, "")
    assert config.config().providers == {}
    path.write_text('[providers.a]\nwire = "openai"\n')
    assert config.config().providers["a"].wire == "openai"


@pytest.mark.parametrize(
    "text",
    [
        "[providers",
        "[other]\n",
        '[providers.a]\nkey = "secret"\n',
        '[providers.hub]\nwire = "openai"\n',
        '[providers."a:b"]\nwire = "openai"\n',
        '[prices."a:b"]\ninput = -1\noutput = 2\n',
        '[prices."a:b"]\ninput = nan\noutput = 2\n',
        '[prices."a:b"]\ninput = 1\n',
        "[prices.a]\ninput = 1\noutput = 2\n",
        '[providers.a]\ncassette_mode = "play"\n',
    ],
)
def test_what_is_not_in_the_form_is_refused(tmp_path, monkeypatch, text):
    path = written(tmp_path, monkeypatch, text)
    with pytest.raises(InputError) as caught:
        config.config()
    assert caught.value.where == str(path)
    assert caught.value.fix


def test_a_file_that_is_named_must_be_there(tmp_path, monkeypatch):
    monkeypatch.setenv(config.VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(InputError, match="cannot be read"):
        config.config()
