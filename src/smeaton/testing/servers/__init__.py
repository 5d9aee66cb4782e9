"""Fake servers of language models, for tests: they speak OpenAI's, Anthropic's and Gemini's wires and follow a script.

    from smeaton.testing.servers import Rule, Say, Script, serve

    script = Script([Rule(user="refund", say=Say(json={"team": "billing"})), Rule(say=Say(fault="429", retry_after=1))])
    with serve(script) as server:
        client = openai.OpenAI(base_url=server.url("openai"), api_key="any")

They listen on the loopback, take what the real services take and refuse what those refuse, count tokens in a way that
can be checked, and go wrong on demand. From a shell: `python -m smeaton.testing.servers script.json`.
"""

from smeaton.testing.servers.data import read_script
from smeaton.testing.servers.script import Request, Rule, Say, Script
from smeaton.testing.servers.server import Server, serve

__all__ = ["Request", "Rule", "Say", "Script", "Server", "read_script", "serve"]
