"""What a model that reasons does not take: its temperature and log-probabilities are the provider's own."""

from collections.abc import Mapping
from typing import Any

_SAMPLING = ("temperature", "top_p", "openai_logprobs", "openai_top_logprobs")


def without_sampling(given: dict[str, Any], profile: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of an OpenAI model without those it refuses, or has ignored, while it reasons."""
    if not profile.get("openai_supports_reasoning", False):
        return given
    thinks = given.get("thinking", profile.get("thinking_enabled_by_default", False))
    if profile.get("openai_supports_reasoning_effort_none", False) and not thinks:
        return given
    return {name: value for name, value in given.items() if name not in _SAMPLING}
