import asyncio

import pytest

from smeaton.errors import DataError
from smeaton.llm.cassette import Cassette
from smeaton.llm.client import Client
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask, Message, ToolCall
from smeaton.llm.purse import MemoryPurse
from smeaton.testing.servers import Rule, Say, Script, serve

ENDPOINT = Endpoint(reference="openai:m", wire="openai", url="https://x.example.com", model="m", host="x", key="secret")


def question(text):
    return Ask(messages=(Message(role="user", text=text),), max_tokens=20)


def configured(tmp_path, monkeypatch, server, mode):
    (tmp_path / "llm.toml").write_text(
        f"""
        [providers.rec]
        wire = "openai"
        url = "{server.url("openai")}"
        key_env = "REC_KEY"
        cassette = "replies.jsonl"
        cassette_mode = "{mode}"
        [prices."rec:m"]
        input = 1.0
        output = 1.0
        """
    )
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "llm.toml"))
    monkeypatch.setenv("REC_KEY", "secret-key")


def ask(*texts, stream=False):
    async def all_():
        answers = []
        async with Client(["rec:m"]) as client:
            for text in texts:
                if stream:
                    pieces = [piece async for piece in client.stream(question(text), purse=MemoryPurse(1.0))]
                    answers.append(pieces[-1].reply)
                else:
                    answers.append((await client.ask(question(text), purse=MemoryPurse(1.0))).reply)
        return answers

    return asyncio.run(all_())


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_recorded_is_replayed_without_a_server(tmp_path, monkeypatch, stream):
    rules = [Rule(user="^tool", say=Say(calls=[("look", {"a": 1})])), Rule(say=Say(text="hello there"))]
    with serve(Script(rules)) as server:
        configured(tmp_path, monkeypatch, server, "auto")
        recorded = ask("hi", "other", "hi", stream=stream)
        assert len(server.requests) == 2
        configured(tmp_path, monkeypatch, server, "replay")
    monkeypatch.delenv("REC_KEY")
    assert ask("other", "hi", stream=not stream) == [recorded[1], recorded[0]]
    text = (tmp_path / "replies.jsonl").read_text()
    assert "secret" not in text
    assert "127.0.0.1" not in text


def test_record_asks_always_and_replay_gives_each_in_turn(tmp_path, monkeypatch):
    rules = [Rule(say=Say(text="one"), times=1), Rule(say=Say(text="two"))]
    with serve(Script(rules)) as server:
        configured(tmp_path, monkeypatch, server, "record")
        ask("hi", "hi")
        configured(tmp_path, monkeypatch, server, "replay")
    assert [reply.text for reply in ask("hi", "hi", "hi")] == ["one", "two", "one"]


def test_a_missing_reply_names_the_question_and_costs_nothing(tmp_path, monkeypatch):
    with serve(Script()) as server:
        configured(tmp_path, monkeypatch, server, "replay")
        (tmp_path / "replies.jsonl").write_text("")
    purse = MemoryPurse(1.0)

    async def one():
        async with Client(["rec:m"]) as client:
            await client.ask(question("where is it"), purse=purse)

    with pytest.raises(DataError, match="'where is it'") as caught:
        asyncio.run(one())
    assert caught.value.where.endswith("replies.jsonl")
    assert (purse.spent, purse.reserved) == (0.0, 0.0)


@pytest.mark.parametrize("text", ["{", '{"key": "a"}', "[]"])
def test_a_damaged_line_is_refused(tmp_path, text):
    path = tmp_path / "c.jsonl"
    path.write_text(text + "\n")
    with pytest.raises(DataError, match="line 1"):
        Cassette(path)


def test_a_missing_file_is_refused_only_where_it_is_needed(tmp_path):
    with pytest.raises(DataError):
        Cassette(tmp_path / "none.jsonl")
    assert Cassette(tmp_path / "none.jsonl", "auto").play("m", question("hi")) is None


def test_calls_of_tools_come_back_in_pieces():
    from smeaton.llm.cassette import pieces
    from smeaton.llm.messages import Reply

    reply = Reply(text="t", calls=(ToolCall(id="1", name="look", arguments="{}"),))
    assert [(piece.text, piece.call, piece.name) for piece in pieces(reply)][:2] == [("t", None, ""), ("", 0, "look")]
