"""OpenAI's responses. Nothing is stored at the provider, and no conversation is kept there. They have no seed: an ask's
is left out."""

from typing import Any

from smeaton.errors import ProviderError
from smeaton.extras import needs
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask
from smeaton.llm.wires import Connection


class ResponsesWire:
    """The wire of responses."""

    def connect(self, endpoint: Endpoint) -> Connection:
        """A connection to the model of an endpoint. Nothing is sent yet.

        Raises:
            ExtraMissing: the packages of the extra `llm` are not installed.
        """
        with needs("llm"):
            from openai import AsyncOpenAI
            from pydantic_ai.models.openai import OpenAIResponsesModel
            from pydantic_ai.providers.openai import OpenAIProvider

            from smeaton.llm.wires._connection import ModelConnection, http
            from smeaton.llm.wires._sampling import without_sampling
        sender = http()
        client = AsyncOpenAI(
            api_key=endpoint.key or "none",
            base_url=endpoint.url,
            http_client=sender,
            max_retries=0,
            timeout=sender.timeout,
        )
        model = OpenAIResponsesModel(endpoint.model, provider=OpenAIProvider(openai_client=client))
        return ModelConnection(
            endpoint, model, lambda ask: without_sampling(_settings(ask), model.profile), client.close
        )


def _settings(ask: Ask) -> dict[str, Any]:
    from smeaton.llm.wires._conversation import settings

    if ask.stop:
        raise ProviderError("the wire of responses cannot stop at a text", kind="refused", fix="ask by the wire openai")
    given = settings(ask) | {"openai_store": False}
    if ask.logprobs:
        given |= {"openai_logprobs": True, "openai_top_logprobs": ask.logprobs}
    return given


part = ResponsesWire()
