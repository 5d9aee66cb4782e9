"""A model's answer to one row as the OpenAI endpoints tell it: text, log-probability, tokens."""

import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import msgspec

from smeaton.errors import RowsError
from smeaton.service.exchange import Asked
from smeaton.service.hosted import Delta, Hosted
from smeaton.service.problem import Problem
from smeaton.service.protocols._openai_request import Wish, row_problem
from smeaton.service.usage import Used, used_by
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, USAGE
from smeaton.task.types import label_text

_IMPOSSIBLE = -9999.0  # what OpenAI writes for a log-probability of nothing


@dataclass(frozen=True, slots=True)
class Said:
    """`tokens` are in OpenAI's form: the whole label is one, for the probability is the label's."""

    text: str
    used: Used
    tokens: list[dict[str, Any]] | None = None


def streams(model: Hosted, wish: Wish) -> bool:
    """Whether an answer is sent while it is made: text of another machine. All else is made whole, then sent."""
    return wish.stream and wish.form.kind == "text" and wish.top is None and model.engine.effect == "external"


async def said(model: Hosted, wish: Wish, asked: Asked) -> Said:
    """The whole answer.

    Raises:
        Problem: the row could not be answered. CallError: no time or no money is left. As `Hosted.answer` raises.
    """
    try:
        answered = await model.answer(wish.rows, asked)
    except RowsError as error:
        raise row_problem(error, wish.path) from error
    answer = answered.rows(usage=True)[0]
    _refuse_failed(answer.get(ERROR), answer[PREDICTION])
    used = used_by((answer.get(USAGE),))
    tokens = None if wish.top is None else _tokens(answer, wish.top)
    value = answer[PREDICTION]
    return Said(wish.form.write(value), used, tokens)


class Live:
    """An answer that is sent while it is made: `begin`, then `texts`, then `used`."""

    def __init__(self, model: Hosted, wish: Wish, asked: Asked) -> None:
        self._deltas: AsyncGenerator[Delta, None] = model.stream([wish.row], asked)
        self._path = wish.path
        self._first = ""
        self._cells: dict[str, str] = {}

    async def begin(self) -> None:
        """Wait for the first piece of text: until then a problem still has a status of its own.

        Raises: as `said`.
        """
        try:
            self._first = await self._next() or ""
        except RowsError as error:
            raise row_problem(error, self._path) from error
        if not self._first:
            _refuse_failed(self._cells.get(ERROR), None)

    async def texts(self) -> AsyncGenerator[str, None]:
        """The pieces of the text, the first one too. Raises Problem where the row fails on the way."""
        async with aclosing(self._deltas):
            if self._first:
                yield self._first
                while (text := await self._next()) is not None:
                    yield text
        _refuse_failed(self._cells.get(ERROR), None)

    @property
    def used(self) -> Used:
        """What it took, once all is said."""
        told = self._cells.get(USAGE)
        return used_by((msgspec.json.decode(told),)) if told else Used()

    async def _next(self) -> str | None:
        async for _, output, text in self._deltas:
            if output == PREDICTION:
                if text:
                    return text
            else:
                self._cells[output] = self._cells.get(output, "") + text
        return None


def _refuse_failed(error: str | None, prediction: Any) -> None:
    """A row that failed has no answer to send, and asking again brings the same."""
    if error and prediction is None:
        raise Problem(422, "no_answer", f"the model gave no answer: {error}")


def _tokens(answer: Mapping[str, Any], top: int) -> list[dict[str, Any]]:
    shares: dict[str, float] = answer[PROBABILITY]
    likely = sorted(shares.items(), key=lambda pair: -pair[1])[:top]
    chosen = label_text(answer[PREDICTION])
    return [_token(chosen, shares[chosen]) | {"top_logprobs": [_token(*pair) for pair in likely]}]


def _token(text: str, share: float) -> dict[str, Any]:
    logprob = math.log(share) if share > 0 else _IMPOSSIBLE
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}
