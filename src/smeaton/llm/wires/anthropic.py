"""Anthropic's messages. They have no log-probabilities and no seed: an ask's are left out."""

from smeaton.extras import needs
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.wires import Connection


class AnthropicWire:
    """The wire of messages."""

    def connect(self, endpoint: Endpoint) -> Connection:
        """A connection to the model of an endpoint. Nothing is sent yet.

        Raises:
            ExtraMissing: the packages of the extra `llm` are not installed.
        """
        with needs("llm"):
            from anthropic import AsyncAnthropic
            from pydantic_ai.models.anthropic import AnthropicModel
            from pydantic_ai.providers.anthropic import AnthropicProvider

            from smeaton.llm.wires._connection import ModelConnection, http
            from smeaton.llm.wires._conversation import settings
        sender = http()
        client = AsyncAnthropic(
            api_key=endpoint.key or "none",
            base_url=endpoint.url,
            http_client=sender,
            max_retries=0,
            timeout=sender.timeout,
        )
        model = AnthropicModel(endpoint.model, provider=AnthropicProvider(anthropic_client=client))
        return ModelConnection(endpoint, model, settings, client.close)


part = AnthropicWire()
