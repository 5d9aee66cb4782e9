"""OpenAI's chat completions, and every server that speaks them. What sets a server apart is its dialect."""

from typing import Any

from smeaton.extras import needs
from smeaton.llm.endpoint import Endpoint
from smeaton.llm.messages import Ask
from smeaton.llm.wires import Connection

#: Servers that take `chat_template_kwargs`, by which a model is told not to think first.
_TEMPLATE_ARGUMENTS = ("vllm", "llama-server")
#: Servers that know no `reasoning_effort`.
_NO_EFFORT = ("llama-cpp-python", *_TEMPLATE_ARGUMENTS)
#: Servers without any way to hold the reply to a schema: it is told in words, as any other wish.
WORDS = "words"


class OpenAIWire:
    """The wire of chat completions."""

    def connect(self, endpoint: Endpoint) -> Connection:
        """A connection to the model of an endpoint. Nothing is sent yet.

        Raises:
            ExtraMissing: the packages of the extra `llm` are not installed.
        """
        with needs("llm"):
            from openai import AsyncOpenAI
            from pydantic_ai.models.openai import OpenAIChatModel
            from pydantic_ai.profiles.openai import OpenAIModelProfile
            from pydantic_ai.providers.openai import OpenAIProvider
            from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

            from smeaton.llm.wires._connection import ModelConnection, http
            from smeaton.llm.wires._sampling import without_sampling
        own = endpoint.family == "gpt" and not endpoint.dialect
        sender = http()
        client = AsyncOpenAI(
            api_key=endpoint.key or "none",  # the client wants one; servers of local models ignore it
            base_url=endpoint.url,
            http_client=sender,
            max_retries=0,
            timeout=sender.timeout,
        )
        name = endpoint.reference.partition(":")[0]
        made = OpenAIProvider(openai_client=client) if own else OpenAICompatibleProvider(name, openai_client=client)
        profile = OpenAIModelProfile(
            openai_chat_supports_max_completion_tokens=own, openai_chat_streaming_requires_finish_reason=True
        )
        if endpoint.dialect in _NO_EFFORT:
            profile["supports_thinking"] = False
        model = OpenAIChatModel(endpoint.model, provider=made, profile=profile)
        return ModelConnection(
            endpoint,
            model,
            lambda ask: without_sampling(_settings(ask, endpoint.dialect), model.profile),
            client.close,
            schema=endpoint.dialect != "llama-cpp-python",
            words=endpoint.dialect == WORDS,
        )


def _settings(ask: Ask, dialect: str) -> dict[str, Any]:
    from smeaton.llm.wires._conversation import settings

    given = settings(ask)
    if ask.logprobs:
        given |= {"openai_logprobs": True, "openai_top_logprobs": ask.logprobs}
    extra: dict[str, Any] = {}
    if ask.schema is not None and dialect == "llama-cpp-python":
        extra["response_format"] = {"type": "json_object", "schema": ask.schema}
    if ask.reasoning == "off" and dialect in _TEMPLATE_ARGUMENTS:
        extra["chat_template_kwargs"] = {"enable_thinking": False}
    return given | {"extra_body": extra} if extra else given


part = OpenAIWire()
