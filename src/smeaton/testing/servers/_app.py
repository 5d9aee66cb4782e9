"""The application: addresses of every wire, who is let in, and the record of what was asked."""

import itertools
import time
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request as Http
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from smeaton.testing.servers import anthropic, embeddings, gemini, openai, responses
from smeaton.testing.servers._answer import input_tokens, worked_out
from smeaton.testing.servers._probes import model_entry, probes
from smeaton.testing.servers._refusal import Refused, readable
from smeaton.testing.servers._send import Refusal, Reply, Traffic
from smeaton.testing.servers._wire import Wire
from smeaton.testing.servers.script import Request, Script

_ADDRESSES: dict[str, Wire] = {
    "/v1/chat/completions": openai.Chat(),
    "/v1/responses": responses.Responses(),
    "/v1/embeddings": embeddings.Embeddings(),
    "/v1/messages": anthropic.Messages(),
    "/v1beta/models/{model}:{method}": gemini.Generate(),
}
_METHODS = ("generateContent", "streamGenerateContent", "countTokens")


@dataclass(slots=True)
class Desk:
    """Takes requests. `asked` are the well formed, in order of arrival; `refused` why the others were not taken."""

    script: Script
    traffic: Traffic = field(default_factory=Traffic)
    asked: list[Request] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    def app(self) -> ASGIApp:
        """All addresses."""
        script = self.script
        routes = [] if script.dialect else [Route("/v1/messages/count_tokens", self._counted, methods=["POST"])]
        local = ("/v1/chat/completions", "/v1/embeddings")
        for address, wire in _ADDRESSES.items():
            if not script.dialect or address in local:
                routes.append(Route(address, self._endpoint(wire), methods=["POST"]))
        routes.append(Route("/v1/models", self._models))
        routes.append(Route("/v1/models/{name:path}", self._model))
        for address, body in probes(script.dialect, script.models).items():
            routes.append(Route(address, _fixed(body)))
        return Starlette(routes=routes)

    def _endpoint(self, wire: Wire) -> Any:
        async def answer(http: Http) -> Any:
            try:
                request = self._read(wire, http, await http.body())
            except Refused as refused:
                self.refused.append(refused.message)
                return Refusal(wire, refused)
            if http.path_params.get("method") == "countTokens":
                return JSONResponse({"totalTokens": input_tokens(request)})
            self.asked.append(request)
            say = self.script.decide(request)
            return Reply(wire, request, say, worked_out(request, say), self.traffic)

        return answer

    def _read(self, wire: Wire, http: Http, content: bytes) -> Request:
        self._let_in(wire, http)
        if isinstance(wire, anthropic.Messages) and "anthropic-version" not in http.headers:
            raise Refused("anthropic-version: header is required")
        if http.path_params.get("method", _METHODS[0]) not in _METHODS:
            raise Refused("there is no such method", status=404)
        try:
            body = msgspec.json.decode(content)
        except msgspec.DecodeError as error:
            raise Refused(f"We could not parse the JSON body of your request: {error}") from error
        if not isinstance(body, dict):
            raise Refused("the body is not a JSON object")
        with readable():
            request = wire.read(body, http.path_params, self.script.dialect)
        return replace(request, headers=dict(http.headers), number=next(self._numbers), at=time.monotonic())

    def _let_in(self, wire: Wire, http: Http) -> None:
        key = wire.key(http.headers, http.query_params)
        wanted = self.script.key
        if self.script.dialect and wanted is None:
            return
        if key is None:
            raise Refused("You didn't provide an API key.", status=401)
        if wanted is not None and key != wanted:
            raise Refused("Incorrect API key provided.", status=401, code="invalid_api_key")

    async def _counted(self, http: Http) -> Any:
        wire = _ADDRESSES["/v1/messages"]
        try:
            body = msgspec.json.encode({"max_tokens": 1} | msgspec.json.decode(await http.body()))
            return JSONResponse({"input_tokens": input_tokens(self._read(wire, http, body))})
        except Refused as refused:
            self.refused.append(refused.message)
            return Refusal(wire, refused)

    async def _models(self, http: Http) -> Any:
        wire = _ADDRESSES["/v1/messages" if "anthropic-version" in http.headers else "/v1/chat/completions"]
        try:
            self._let_in(wire, http)
        except Refused as refused:
            return Refusal(wire, refused)
        if isinstance(wire, anthropic.Messages):
            data = [_anthropic_model(name) for name in self.script.models]
            ends = {"first_id": self.script.models[0], "last_id": self.script.models[-1]}
            return JSONResponse({"data": data, "has_more": False, **ends})
        data = [model_entry(name, self.script.dialect) for name in self.script.models]
        return JSONResponse({"object": "list", "data": data})

    async def _model(self, http: Http) -> Any:
        wire, name = _ADDRESSES["/v1/chat/completions"], http.path_params["name"]
        try:
            self._let_in(wire, http)
            if name not in self.script.models:
                raise Refused(f"The model '{name}' does not exist", status=404, code="model_not_found")
        except Refused as refused:
            return Refusal(wire, refused)
        return JSONResponse(model_entry(name, self.script.dialect))


def _fixed(body: Any) -> Any:
    async def fixed(http: Http) -> Response:
        return PlainTextResponse(body) if isinstance(body, str) else JSONResponse(body)

    return fixed


def _anthropic_model(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
