import json
import os
import signal
import subprocess
import sys
import tomllib

import httpx
import pytest

from smeaton.errors import InputError
from smeaton.testing.servers import Script, serve
from smeaton.testing.servers.__main__ import main


def test_a_script_that_cannot_be_used(tmp_path, capsys):
    assert main([str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err


def test_a_port_that_is_taken():
    with serve(Script()) as server, pytest.raises(InputError, match=str(server.port)), serve(Script(), server.port):
        pass


def test_the_configuration_points_every_provider_here(tmp_path):
    with serve(Script(key="k")) as server:
        environment = server.config(tmp_path / "llm.toml", {"openai:gpt-5-mini": (0.25, 2.0)})
        settings = tomllib.loads((tmp_path / "llm.toml").read_text())
        assert settings["providers"]["gemini"]["url"] == server.url("gemini")
    assert environment == {"SMEATON_LLM_CONFIG": str(tmp_path / "llm.toml"), "SMEATON_FAKE_KEY": "k"}
    assert settings["providers"]["anthropic"] | {"url": ""} == {
        "wire": "anthropic",
        "url": "",
        "key_env": "SMEATON_FAKE_KEY",
    }
    assert settings["prices"]["openai:gpt-5-mini"]["output"] == 2.0


@pytest.mark.slow
def test_from_a_shell(tmp_path):
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"default": "from a shell"}))
    command = [sys.executable, "-m", "smeaton.testing.servers", str(path), "--config", str(tmp_path / "llm.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        printed = [process.stdout.readline() for _ in range(5)]
        name, url = printed[0].split()
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        reply = httpx.post(f"{url}/chat/completions", json=body, headers={"authorization": "Bearer k"})
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    assert (name, reply.json()["choices"][0]["message"]["content"]) == ("openai", "from a shell")
    assert printed[3].startswith("export SMEATON_LLM_CONFIG=")
    assert (process.returncode, errors) == (0, "")
