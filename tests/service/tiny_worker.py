"""A worker that serves a small application; its options say how it behaves. Started by the supervisor in tests."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from smeaton.errors import BundleError, SmeatonError
from smeaton.service.control import agree
from smeaton.service.http import UsualLimits
from smeaton.service.worker import work


class Tiny:
    """Answers its process id; `/slow` after a while, `/hang` never again, `/exit` by ending."""

    tls = None

    def __init__(self, options: dict[str, Any], peers: Any) -> None:
        self.options = options
        self.peers = peers
        self.limits = UsualLimits()
        self.count = 0
        self.version = 1
        self.staged = 0
        self.draining = False

    def facts(self) -> dict[str, Any]:
        return {"pid": os.getpid()}

    def snapshot(self) -> dict[str, Any]:
        series = {"requests": [self.count]}
        return {"worker": "", "pid": os.getpid(), "in_flight": 0, "series": series, "exemplars": {}}

    def rejected(self, reason: str) -> None:
        self.count += 1

    def drain(self) -> None:
        self.draining = True

    def close(self) -> None:
        if "closed" in self.options:
            Path(self.options["closed"]).touch()

    async def reload(self) -> None:
        await agree(self.peers, {"do": "reload"}, 5)

    async def obey(self, message: dict[str, Any]) -> dict[str, Any]:
        match message:
            case {"do": "reload", "phase": "prepare"}:
                if Path(self.options["bad"]).exists() and self.peers.number == 1:
                    raise BundleError("the bundle is damaged", fix="build it again", where="x.bundle")
                self.staged = self.version + 1
            case {"do": "reload", "phase": "commit"}:
                self.version = self.staged
            case {"do": "sleep"}:
                await asyncio.sleep(30)
        return {"pid": os.getpid()}

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.count += 1
        status, answer = 200, await self.answer(scope["path"])
        if self.draining and scope["path"] == "/health/ready":
            status = 503
        content = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def answer(self, path: str) -> Any:
        match path:
            case "/slow":
                await asyncio.sleep(0.5)
            case "/hang":
                time.sleep(60)
            case "/exit":
                os._exit(7)
            case "/state":
                return self.peers.state()
            case "/snapshots":
                return await self.peers.snapshots(self.snapshot())
            case "/all":
                return await self.peers.broadcast({"do": "tell"}, 5)
            case "/reload":
                try:
                    return await agree(self.peers, {"do": "reload"}, 5)
                except SmeatonError as error:
                    return {"refused": error.message, "type": type(error).__name__}
        return {"pid": os.getpid(), "version": self.version, "path": path}


def open_tiny(options: dict[str, Any], peers: Any) -> Tiny:
    """Open it, or fail as the options say."""
    fail = options.get("fail")
    if fail and (":" not in fail or Path(fail.partition(":")[2]).exists()):
        if fail.startswith("crash"):
            os._exit(9)
        raise BundleError("the bundle is damaged", fix="build it again", where="x.bundle")
    time.sleep(options.get("opening", 0))
    return Tiny(options, peers)


if __name__ == "__main__":
    sys.exit(work(int(sys.argv[1]), open_tiny))
