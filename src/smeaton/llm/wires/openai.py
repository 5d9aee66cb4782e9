"""OpenAI's chat completions, and every server that speaks them (llama.cpp, Ollama, vLLM, LM Studio, ...).

The dialect says how a server differs: llama-cpp-python's takes a schema only as `json_object` with a `schema` beside it
and answers 500 to OpenAI's `json_schema`.
"""

from typing import Any

from smeaton.extras import needs
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask
from smeaton.llm.wires import Connection

_SCHEMA_IN_BODY = ("llama-cpp-python",)


class OpenAIWire:
    """Chat completions."""

    def connect(self, endpoint: Endpoint) -> Connection:
        """A connection; raises ExtraMissing without the extra `llm`."""
        with needs("llm"):
            from openai import AsyncOpenAI
            from pydantic_ai.models.openai import OpenAIChatModel
            from pydantic_ai.providers.openai import OpenAIProvider

            from smeaton.llm.wires._connection import ModelConnection, http
        client = http()
        sdk = AsyncOpenAI(base_url=endpoint.url, api_key=endpoint.key or "none", http_client=client, max_retries=0)
        foreign = bool(endpoint.dialect)
        profile: dict[str, Any] = {"supports_json_schema_output": True}
        if foreign:
            profile |= {
                "openai_chat_supports_max_completion_tokens": False,
                "openai_supports_strict_tool_definition": False,
            }
        model = OpenAIChatModel(endpoint.model, provider=OpenAIProvider(openai_client=sdk), profile=profile)
        in_body = endpoint.dialect in _SCHEMA_IN_BODY

        def settings(ask: Ask) -> dict[str, Any]:
            found: dict[str, Any] = {}
            if ask.logprobs:
                found |= {"openai_logprobs": True, "openai_top_logprobs": ask.logprobs}
            if ask.reasoning is not None and not foreign:
                found["thinking"] = False if ask.reasoning == "off" else ask.reasoning
            if in_body and ask.schema is not None:
                found["extra_body"] = {"response_format": {"type": "json_object", "schema": ask.schema}}
            return found

        return ModelConnection(endpoint, model, settings, client.aclose, native=not in_body)


part = OpenAIWire()
