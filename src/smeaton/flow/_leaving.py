"""Which models a build would ask, how often, with how many tokens and for how much."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smeaton.families import Choice, Space
from smeaton.llm import prices
from smeaton.llm.endpoint import LOCAL
from smeaton.llm.providers import host, is_model
from smeaton.task.task import Task

#: Tokens of the instruction, the labels and the schema that go with each row.
_INSTRUCTION = 300
#: Tokens of an answer: a label or a number in JSON; free text and objects.
_SHORT_ANSWER, _LONG_ANSWER = 20, 200
#: The most tokens of an answer where a configuration does not say.
_MOST_ANSWER = 1024
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A model that would be asked. `input` and `output` are about how many tokens all calls take, `most_input` and
    `most_output` the most; `price`, `most` and `per_1k` are dollars, None where the price is unknown. `reference` is
    empty for a family that names a host and no model."""

    reference: str
    host: str
    families: tuple[str, ...]
    rows: int
    calls: int
    input: int
    output: int
    most_input: int
    most_output: int
    price: float | None
    most: float | None
    per_1k: float | None
    as_of: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Try:
    family: str
    rows: int
    examples: int = 0
    answer: int = 0
    more: int = 0

    @property
    def calls(self) -> int:
        """One for each row, and those of its own search."""
        return self.rows + self.more


def asks_others(spaces: Mapping[str, Space], judge: str) -> bool:
    """Whether anything of these families, or the judge, is not on this machine: told without a look at the rows.

    Raises:
        InputError: a provider is unknown.
    """
    asked = [reference for name, space in spaces.items() for reference, _ in _tries(name, space, 1)]
    if judge and is_model(judge):
        asked.append(judge)
    return any(host(reference) != LOCAL for reference in asked) or any(_nameless(spaces, 1))


def planned(
    task: Task, spaces: Mapping[str, Space], rows: Sequence[Mapping[str, Any]], judge: str
) -> tuple[Asked, ...]:
    """The models that are not on this machine, by reference: what the first tries of these families ask of each.

    A try is one entry of `Space.starts`: the models it names are asked once for each row, and `calls` times for a
    search of its own. A model that only the search may choose (`Space.params`) is counted as one try. A family that
    names hosts and no model comes last, without numbers. `rows` are as they would leave.

    Raises:
        InputError: a provider is unknown.
    """
    sizes = [len(json.dumps(row, ensure_ascii=False, default=str).encode()) for row in rows]
    tries: dict[str, list[_Try]] = {}
    for name, space in spaces.items():
        for reference, one in _tries(name, space, len(rows)):
            if host(reference) != LOCAL:
                tries.setdefault(reference, []).append(one)
    if judge and is_model(judge) and host(judge) != LOCAL:
        asked = [one for found in tries.values() for one in found]
        times = [_Try(f"the judge of {one.family}", one.rows) for one in asked]
        tries.setdefault(judge, []).extend(times or [_Try("the judge", len(rows))])
    answer = _SHORT_ANSWER if task.answer in ("class", "number", "many") else _LONG_ANSWER
    models = [_asked(reference, tries[reference], sizes, answer) for reference in sorted(tries)]
    named = {one.family for found in tries.values() for one in found}
    return (*models, *_nameless({name: space for name, space in spaces.items() if name not in named}, len(rows)))


def _tries(name: str, space: Space, rows: int) -> Iterator[tuple[str, _Try]]:
    asked = min(space.asked_rows or rows, rows)
    seen = set()
    for config in space.starts:
        for reference in _models(config):
            seen.add(reference)
            sizes = (_whole(config, key) for key in ("examples", "max_tokens", "calls"))
            yield reference, _Try(name, asked, *sizes)
    for param in space.params.values():
        for value in param.values if isinstance(param, Choice) else ():
            if isinstance(value, str) and is_model(value) and value not in seen:
                seen.add(value)
                yield value, _Try(name, asked)


def _models(config: Mapping[str, Any]) -> Iterator[str]:
    """The models that a configuration names, wherever in it."""
    for value in config.values():
        parts = value if isinstance(value, list | tuple) else [value]
        for part in parts:
            name = part.get("model") if isinstance(part, Mapping) else part
            if isinstance(name, str) and is_model(name):
                yield name


def _whole(config: Mapping[str, Any], name: str) -> int:
    value = config.get(name, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _asked(reference: str, tries: Sequence[_Try], sizes: Sequence[int], answer: int) -> Asked:
    mean, longest = (sum(sizes) / len(sizes), max(sizes)) if sizes else (0.0, 0)
    calls = sum(one.calls for one in tries)
    each = [_INSTRUCTION + (1 + one.examples) * mean / _BYTES_PER_TOKEN for one in tries]
    # A token stands for at least one byte: of the row and its examples, and four for each of the instruction's.
    most_each = [_INSTRUCTION * _BYTES_PER_TOKEN + (1 + one.examples) * longest for one in tries]
    most_out = [one.answer or _MOST_ANSWER for one in tries]
    about = sum(one.calls * tokens for one, tokens in zip(tries, each, strict=True))
    most_in = sum(one.calls * tokens for one, tokens in zip(tries, most_each, strict=True))
    most_output = sum(one.calls * tokens for one, tokens in zip(tries, most_out, strict=True))
    rate = prices.rate(reference)
    price = prices.estimate(reference, about, calls * answer)
    return Asked(
        reference=reference,
        host=host(reference),
        families=tuple(dict.fromkeys(one.family for one in tries)),
        rows=max(one.rows for one in tries),
        calls=calls,
        input=round(about),
        output=calls * answer,
        most_input=most_in,
        most_output=most_output,
        price=price,
        most=prices.estimate(reference, most_in, most_output),
        per_1k=None if price is None or not calls else 1000 * price / calls,
        as_of=rate.as_of if rate else "",
        source=rate.source if rate else "",
    )


def _nameless(spaces: Mapping[str, Space], rows: int) -> Iterator[Asked]:
    """Hosts of families that name no model: of the user's code, and of what works on other trials."""
    hosts: dict[str, list[str]] = {}
    for name, space in spaces.items():
        for reached in space.external:
            if reached != LOCAL:
                hosts.setdefault(reached, []).append(name)
    for reached, names in sorted(hosts.items()):
        yield Asked("", reached, tuple(names), rows, 0, 0, 0, 0, 0, None, None, None)
