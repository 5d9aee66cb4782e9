"""`typed`: a reply that satisfies a check, with a few tries to repair it."""

import re
from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

import msgspec

from smeaton.llm.client import Answer, Client
from smeaton.llm.messages import Ask, Message

T = TypeVar("T")

_FENCE = re.compile(r"```[\w-]*\s*\n(.*?)\n?\s*```", re.DOTALL)

_BEGINNINGS = 50  # braces that are tried: a reply may be long, and full of them


async def typed(
    client: Client, ask: Ask, check: Callable[[str], T], repairs: int, **paying: Any
) -> tuple[T | None, Answer, str]:
    """The value that `check` makes of the reply's JSON, the last answer, and '' or why there is no value.

    `check` raises ValueError with words for a reply it does not take. Then the model is asked again, with its reply and
    these words, at most `repairs` times. A code fence or prose around the JSON is cut away first. A refused reply is
    not repaired, nor one cut off at its limit of tokens. The answer's cost and attempts are those of all calls.
    `paying` goes to `Client.ask`: purse, deadline, cancelled, salt.

    Raises:
        ProviderError, OutOfMoney, DeadlineExceeded, Cancelled: as `Client.ask`.
    """
    answers: list[Answer] = []
    while True:
        answer = await client.ask(ask, **paying)
        answers.append(answer)
        reply = answer.reply
        if reply.finish == "filter":
            return None, _together(answers), f"the model refused: {reply.text}" if reply.text else "filtered"
        try:
            return check(bare(reply.text)), _together(answers), ""
        except ValueError as error:
            reason = str(error)
        if reply.finish == "length":
            return None, _together(answers), f"the reply was cut off at {ask.max_tokens} tokens: {reason}"
        if len(answers) > repairs:
            return None, _together(answers), reason
        wish = f"That reply cannot be used: {reason}. Reply again, with the corrected JSON object and nothing else."
        turns = (Message(role="assistant", text=reply.text or "(nothing)"), Message(role="user", text=wish))
        ask = msgspec.structs.replace(ask, messages=(*ask.messages, *turns))


def bare(text: str) -> str:
    """The JSON of a reply without the code fence or prose around it; the text as it is if there is no JSON value.

    A reply that is JSON as a whole stays whole. Else it is what a code fence holds, else the first object or array that
    begins at one of the first braces or brackets.
    """
    text = text.strip()
    if _is_json(text):
        return text
    fenced = _FENCE.search(text)
    if fenced is not None and _is_json(fenced[1].strip()):
        return fenced[1].strip()
    for begin in islice(re.finditer(r"[{\[]", text), _BEGINNINGS):
        found = _value(text[begin.start() :])
        if found:
            return found
    return text


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _value(text: str) -> str:
    """The JSON value a text begins with, '' if it begins with none."""
    depth, quoted, escaped = 0, False, False
    for place, character in enumerate(text):
        if quoted:
            quoted, escaped = escaped or character != '"', not escaped and character == "\\"
        elif character == '"':
            quoted = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0:
                return text[: place + 1] if _is_json(text[: place + 1]) else ""
    return ""


def _together(answers: list[Answer]) -> Answer:
    last = answers[-1]
    costs = [answer.cost for answer in answers]
    cost = None if None in costs else sum(cost for cost in costs if cost is not None)
    recalled = all(answer.recalled for answer in answers)
    return Answer(last.reply, cost, recalled, last.reference, sum(answer.attempts for answer in answers))
