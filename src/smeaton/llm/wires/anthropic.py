"""Anthropic's messages. They have no log-probabilities and no seed, and no temperature while the model thinks: what an
ask says of them is left out."""

from collections.abc import Mapping
from typing import Any

from smeaton.extras import needs
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask
from smeaton.llm.wires import Connection

#: Tokens to think with, for models that are given a number.
_BUDGETS = {"low": 2048, "medium": 8192, "high": 16384}
_LEAST = 1024  # the API takes no smaller budget
_ANSWER = 512  # tokens that are left for the answer


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
        sender = http()
        client = AsyncAnthropic(
            api_key=endpoint.key or "none",
            base_url=endpoint.url,
            http_client=sender,
            max_retries=0,
            timeout=sender.timeout,
        )
        model = AnthropicModel(endpoint.model, provider=AnthropicProvider(anthropic_client=client))
        return ModelConnection(endpoint, model, lambda ask: _settings(ask, model.profile), client.close)


def _settings(ask: Ask, profile: Mapping[str, Any]) -> dict[str, Any]:
    """The settings. A budget to think with leaves tokens for the answer; where there are too few, it does not think."""
    from smeaton.llm.wires._conversation import settings

    given = settings(ask)
    if ask.reasoning in (None, "off"):
        return given
    if not profile.get("anthropic_supports_adaptive_thinking", False):
        del given["thinking"]
        budget = min(_BUDGETS[str(ask.reasoning)], ask.max_tokens - _ANSWER)
        if budget < _LEAST:
            return given
        given["anthropic_thinking"] = {"type": "enabled", "budget_tokens": budget}
    return {name: value for name, value in given.items() if name not in ("temperature", "top_p")}


part = AnthropicWire()
