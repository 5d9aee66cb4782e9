import json

import pytest

from smeaton.errors import InputError
from smeaton.testing.servers import Request, Say, read_script
from smeaton.testing.servers.data import script_of

YAML = """
key: secret
seed: 3
rules:
  - {match: urgent, fault: 429, retry_after: 2, times: 1}
  - match: {system: strict, model: mini}
    reply: {json: {team: bug}, odds: {bug: 0.9, billing: 0.1}}
    delay: 0.1
  - match: "^call"
    reply: {calls: [[look_up, {id: 1}]]}
  - reply: schema
"""


def test_yaml_becomes_rules(tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text(YAML)
    script = read_script(path)
    assert (script.key, script.seed) == ("secret", 3)
    first = script.decide(Request(wire="openai", model="mini", user="urgent", system="strict"))
    assert first == Say(json={"team": "bug"}, odds={"bug": 0.9, "billing": 0.1}, delay=0.1, fault="429", retry_after=2)
    assert script.decide(Request(wire="openai", model="m", user="urgent")).schema is True
    (call,) = script.decide(Request(wire="openai", model="m", user="call it")).calls
    assert call == ("look_up", {"id": 1})


def test_json_needs_no_yaml_reader(tmp_path):
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"default": "hello", "dialect": "ollama", "models": ["a"]}))
    script = read_script(path)
    assert script.decide(Request(wire="openai", model="m")).text == "hello"
    assert (script.dialect, script.models) == ("ollama", ("a",))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"rule": []}, "rule"),
        ({"rules": [{"match": "("}]}, "regular expression"),
        ({"rules": [{"fault": "explode"}]}, "explode"),
        ({"rules": [{"chance": 2}]}, "chance"),
        ({"rules": [{"reply": {"txt": "a"}}]}, "txt"),
        ({"dialect": "gpt"}, "gpt"),
        ([], "object"),
    ],
)
def test_mistakes_are_told(value, word):
    with pytest.raises(ValueError, match=word):
        script_of(value)


@pytest.mark.parametrize("text", ["{", '{"rules": 3}', None])
def test_a_file_that_is_no_script(tmp_path, text):
    path = tmp_path / "script.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=r"script\.json"):
        read_script(path)
