"""What a call costs, in dollars: the operator's prices (`config.py`), above those of genai-prices.

genai-prices is data of an installed package; nothing is fetched. A model on this machine (a loopback address) is free
unless the operator states its price, as for a gateway to a paid provider. What no one states is None, never 0.
"""

import importlib.util
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec

from smeaton.llm import config, providers
from smeaton.llm.config import StatedPrice
from smeaton.llm.endpoint import LOCAL
from smeaton.llm.messages import Ask, Usage

_MILLION = 1_000_000
#: Tokens no byte of an ask accounts for: marks around a message, and the provider's own words for tools and schemas.
_PER_MESSAGE = 32
_PER_ASK = 1024
#: The most a picture counts for with any provider, whatever its bytes.
_PER_IMAGE = 50_000
_NAMES = {"openai": "openai", "responses": "openai", "anthropic": "anthropic", "gemini": "google"}


@dataclass(frozen=True, slots=True)
class Rate:
    """Dollars for a million tokens of a short call. `as_of` is the date the source states ('' = none), `source` who
    says so."""

    input: float
    output: float
    cached: float | None = None
    cache_write: float | None = None
    as_of: str = ""
    source: str = ""


def price(reference: str, usage: Usage, at: date | None = None) -> float | None:
    """Dollars for a call of this usage, at a day's prices (today's); 0 on this machine, None where unknown.

    Raises:
        InputError: the reference's provider is unknown.
    """
    if (stated := config.config().prices.get(reference)) is not None:
        return _by(stated, usage)
    if providers.host(reference) == LOCAL:
        return 0.0
    return _calculated(reference, usage, at)


def estimate(reference: str, input_tokens: float, output_tokens: float) -> float | None:
    """Dollars for a call of about so many tokens, none cached; None where unknown.

    Raises:
        InputError: the reference's provider is unknown.
    """
    whole = price(reference, Usage(input=math.floor(input_tokens), output=math.floor(output_tokens)))
    listed = rate(reference)
    if whole is None or listed is None:
        return None
    return whole + ((input_tokens % 1) * listed.input + (output_tokens % 1) * listed.output) / _MILLION


def bound(reference: str, ask: Ask) -> float | None:
    """The most that an ask may cost, None where unknown.

    A token stands for at least one byte of the ask's JSON, or for one of the fixed allowances; the provider cuts the
    reply at `max_tokens`. Input is taken at the dearer of its prices, plain or written to a cache.

    Raises:
        InputError: the reference's provider is unknown.
    """
    images = [image for message in ask.messages for image in message.images]
    pictures = sum(len(image.data) for image in images) * 4 // 3
    size = len(msgspec.json.encode(ask)) - pictures
    tokens = size + _PER_ASK + _PER_MESSAGE * len(ask.messages) + _PER_IMAGE * len(images)
    plain = price(reference, Usage(input=tokens, output=ask.max_tokens))
    written = price(reference, Usage(input=tokens, cache_write=tokens, output=ask.max_tokens))
    return None if plain is None else max(plain, written or 0.0)


def rate(reference: str) -> Rate | None:
    """The price list entry of a model, None where unknown.

    Raises:
        InputError: the reference's provider is unknown.
    """
    if (stated := config.config().prices.get(reference)) is not None:
        source = str(config.path())
        return Rate(stated.input, stated.output, stated.cached, stated.cache_write, stated.as_of, source)
    if providers.host(reference) == LOCAL:
        return Rate(0.0, 0.0, source="this machine")
    found = _found(reference, Usage(input=1, output=1), None)
    if found is None:
        return None
    listed = found.model_price
    return Rate(
        input=_base(listed.input_mtok) or 0.0,
        output=_base(listed.output_mtok) or 0.0,
        cached=_base(listed.cache_read_mtok),
        cache_write=_base(listed.cache_write_mtok),
        source=f"genai-prices {_version()}",
    )


def _by(stated: StatedPrice, usage: Usage) -> float:
    plain = max(usage.input - usage.cached - usage.cache_write, 0)
    cached = stated.input if stated.cached is None else stated.cached
    written = stated.input if stated.cache_write is None else stated.cache_write
    dollars = plain * stated.input + usage.cached * cached + usage.cache_write * written + usage.output * stated.output
    return dollars / _MILLION


def _calculated(reference: str, usage: Usage, at: date | None) -> float | None:
    found = _found(reference, usage, at)
    return None if found is None else float(found.total_price)


def _found(reference: str, usage: Usage, at: date | None) -> Any:
    if not _installed():
        return None
    import genai_prices

    name, _, model = reference.partition(":")
    provider = {"provider_id": _NAMES[name]} if name in _NAMES else {"provider_api_url": providers.address(reference)}
    spent = genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached,
        cache_write_tokens=usage.cache_write,
    )
    moment = None if at is None else datetime.combine(at, time(), UTC)
    try:
        return genai_prices.calc_price(spent, model, genai_request_timestamp=moment, **provider)
    except LookupError:
        return None


def _base(value: Any) -> float | None:
    return None if value is None else float(getattr(value, "base", value))


@cache
def _installed() -> bool:
    return importlib.util.find_spec("genai_prices") is not None


@cache
def _version() -> str:
    return version("genai-prices")
