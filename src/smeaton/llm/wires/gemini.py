"""Google's Gemini API. Log-probabilities come with whole replies only, not with streamed ones."""

from typing import Any

from smeaton.extras import needs
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask
from smeaton.llm.wires import Connection


class GeminiWire:
    """The wire of `generateContent`."""

    def connect(self, endpoint: Endpoint) -> Connection:
        """A connection to the model of an endpoint. Nothing is sent yet.

        Raises:
            ExtraMissing: the packages of the extra `llm` are not installed.
        """
        with needs("llm"):
            from pydantic_ai.models.google import GoogleModel
            from pydantic_ai.providers.google import GoogleProvider

            from smeaton.llm.wires._connection import ModelConnection, http
        sender = http()
        provider = GoogleProvider(api_key=endpoint.key or "none", base_url=endpoint.url, http_client=sender)
        return ModelConnection(endpoint, GoogleModel(endpoint.model, provider=provider), _settings, sender.aclose)


def _settings(ask: Ask) -> dict[str, Any]:
    from smeaton.llm.wires._conversation import settings

    given = settings(ask)
    if ask.logprobs:
        given |= {"google_logprobs": True, "google_top_logprobs": ask.logprobs}
    return given


part = GeminiWire()
