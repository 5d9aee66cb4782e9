"""What a worker says to the others, with the supervisor's end of the channel in the test's hands."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from smeaton.errors import BundleError, SmeatonError
from smeaton.service import control
from smeaton.service.channel import ChannelError, Message, pack
from smeaton.service.control import Alone, Supervised, agree


class Line:
    """A worker's end, opened, and the supervisor's."""

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        self.drained: list[bool] = []
        self.reloads = 0
        self.peers = Supervised(theirs, self.drained.append, self.reload)

    async def reload(self) -> None:
        self.reloads += 1

    async def __aenter__(self) -> "Line":
        self.ours.sendall(pack({"kind": "options", "number": 1}))
        self.peers.options()
        await self.peers.open()
        self.reader, self.writer = await asyncio.open_unix_connection(sock=self.ours)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.peers.close()
        self.writer.close()

    async def hear(self) -> Message:
        return dict(json.loads(await asyncio.wait_for(self.reader.readline(), 5)))

    async def say(self, *messages: Message) -> None:
        for message in messages:
            self.writer.write(pack(message))
        await self.writer.drain()


def talk(script: Callable[[Line], Awaitable[None]]) -> Line:
    line = Line()

    async def run() -> None:
        async with asyncio.timeout(10), line:
            await script(line)

    asyncio.run(run())
    return line


def test_the_state_is_what_was_told_last() -> None:
    async def script(line: Line) -> None:
        assert line.peers.state() == {"wanted": 1, "ready": 0}
        await line.say({"kind": "state", "wanted": 2, "ready": 2}, {"kind": "state", "wanted": 2, "ready": 1})
        while line.peers.state()["wanted"] != 2 or line.peers.state()["ready"] != 1:
            await asyncio.sleep(0.001)

    talk(script)


def test_what_came_with_the_options_is_not_lost() -> None:
    line = Line()
    line.ours.sendall(pack({"kind": "options", "number": 3}) + pack({"kind": "state", "wanted": 5, "ready": 4}))
    assert line.peers.options()["number"] == line.peers.number == 3

    async def run() -> None:
        await line.peers.open()
        await asyncio.sleep(0.01)
        assert line.peers.state() == {"wanted": 5, "ready": 4}
        await line.peers.close()

    asyncio.run(run())
    line.ours.close()


@pytest.mark.parametrize("sent", [b"", pack({"kind": "drain", "alone": True})])
def test_without_options_there_is_no_worker(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    ours.sendall(sent)
    ours.close()
    with pytest.raises(ChannelError):
        Supervised(theirs, lambda _: None, Line.reload).options()  # type: ignore[arg-type]
    theirs.close()


def test_a_broadcast_gathers_results() -> None:
    async def script(line: Line) -> None:
        asking = asyncio.ensure_future(line.peers.broadcast({"do": "x"}, 5))
        asked = await line.hear()
        assert asked == {"kind": "broadcast", "id": asked["id"], "message": {"do": "x"}, "seconds": 5}
        await line.say({"kind": "told", "id": 99, "result": []}, {"kind": "told", "id": asked["id"], "result": [{}]})
        assert await asking == [{}]

    talk(script)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (BundleError("damaged", fix="f", where="w"), ("BundleError", "damaged")),
        (KeyError("k"), ("SmeatonError", "KeyError")),
    ],
)
def test_a_handler_that_fails_still_answers(raised: Exception, told: tuple[str, str]) -> None:
    async def script(line: Line) -> None:
        async def handler(message: Message) -> Message:
            if message["do"] == "fail":
                raise raised
            return {"did": message["do"]}

        line.peers.handler = handler
        await line.say({"kind": "do", "id": 1, "message": {"do": "fail"}, "seconds": 5})
        failed = (await line.hear())["result"]["error"]
        assert (failed["type"], failed["message"][: len(told[1])]) == (told[0], told[1])
        await line.say({"kind": "do", "id": 2, "message": {"do": "y"}, "seconds": 5})
        assert await line.hear() == {"kind": "done", "id": 2, "result": {"did": "y"}}

    talk(script)


def test_a_handler_is_not_waited_for_for_ever() -> None:
    async def script(line: Line) -> None:
        async def handler(message: Message) -> Message:
            await asyncio.sleep(60)
            return {}

        line.peers.handler = handler
        await line.say({"kind": "do", "id": 1, "message": {}, "seconds": 0.01})
        assert "not done" in (await line.hear())["result"]["error"]["message"]

    talk(script)


@pytest.mark.parametrize("how", ["close", "noise", "unknown"])
def test_a_supervisor_that_is_gone_or_mad_ends_the_worker(how: str) -> None:
    async def script(line: Line) -> None:
        asking = asyncio.ensure_future(line.peers.snapshots({"series": {}}))
        assert await line.hear() == {"kind": "beat", "snapshot": {"series": {}}}
        assert (await line.hear())["kind"] == "snapshots"
        if how == "close":
            line.writer.close()
        else:
            line.writer.write(b"noise\n" if how == "noise" else pack({"kind": "dance"}))
        with pytest.raises(SmeatonError, match="gone"):
            await asking

    assert talk(script).drained == [False]


def test_wishes_of_the_supervisor_are_passed_on() -> None:
    async def script(line: Line) -> None:
        await line.say({"kind": "reload"}, {"kind": "drain", "alone": True})
        while not line.drained:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)

    line = talk(script)
    assert line.reloads == 1
    assert line.drained[0] is True


def test_heartbeats_are_left_out_while_nobody_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_HANG_UP_SECONDS", 0.05)

    async def script(line: Line) -> None:
        for _ in range(100):
            line.peers.beat({"snapshot": {"text": "a" * 100_000}})
        assert line.peers._writer is not None
        assert line.peers._writer.transport.get_write_buffer_size() < 2_000_000
        assert (await line.reader.readexactly(15)) == b'{"kind":"beat",'

    talk(script)


class FakePeers(Alone):
    """Three workers of which some refuse."""

    def __init__(self, refuses: dict[str, int]) -> None:
        super().__init__()
        self.refuses = refuses
        self.phases: list[str] = []

    async def broadcast(self, message: Message, seconds: float = 5) -> list[Message]:
        self.phases.append(message["phase"])
        error = {"error": {"type": "BundleError", "message": "damaged", "fix": "", "where": ""}}
        return [error if self.refuses.get(message["phase"]) == number else {"n": number} for number in range(3)]


def test_a_change_is_made_by_all() -> None:
    peers = FakePeers({})
    assert asyncio.run(agree(peers, {"do": "reload"})) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert peers.phases == ["prepare", "commit"]


@pytest.mark.parametrize(("phase", "phases"), [("prepare", ["prepare", "abandon"]), ("commit", ["prepare", "commit"])])
def test_a_change_one_cannot_make_is_made_by_none(phase: str, phases: list[str]) -> None:
    peers = FakePeers({phase: 1})
    with pytest.raises(BundleError, match="damaged"):
        asyncio.run(agree(peers, {"do": "reload"}))
    assert peers.phases == phases


def test_alone_asks_itself() -> None:
    alone = Alone()

    async def handler(message: Message) -> Any:
        return {"got": message["do"]}

    alone.handler = handler
    assert asyncio.run(alone.broadcast({"do": "x"})) == [{"got": "x"}]
    assert asyncio.run(alone.snapshots({})) == []
    assert alone.state() == {"wanted": 1, "ready": 1}
