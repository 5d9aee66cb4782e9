"""One row asked: the calls it takes, what they brought, what they took."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import msgspec

from smeaton.errors import ProviderError
from smeaton.llm.client import Answer, Client
from smeaton.llm.messages import Ask, Message
from smeaton.runtime.call import Call
from smeaton.runtime.ops import _chat_chance as chances
from smeaton.runtime.ops._chat_answer import reader
from smeaton.runtime.ops._chat_args import MOST_REPEATS, Args
from smeaton.runtime.ops._chat_calibration import Calibration
from smeaton.runtime.ops._chat_messages import Writer
from smeaton.task.table import Array


class Stop:
    """Ends a table's remaining calls: the first error that the whole call fails with."""

    error: BaseException | None = None

    def check(self) -> None:
        """Raise the error, if there is one."""
        if self.error is not None:
            raise self.error


@dataclass(slots=True)
class Told:
    """What came of a row. `error` is None where it was answered."""

    value: Any = None
    chance: Array | None = None
    error: str | None = None
    answers: list[Answer] = field(default_factory=list)

    @property
    def usage(self) -> dict[str, Any] | None:
        """What the row took, over all its calls, None where there was none. Replies paid for earlier count as then."""
        if not self.answers:
            return None
        costs = [answer.cost for answer in self.answers]
        return {
            "cost": None if None in costs else sum(cost for cost in costs if cost is not None),
            "input": sum(answer.reply.usage.input for answer in self.answers),
            "output": sum(answer.reply.usage.output for answer in self.answers),
            "seconds": sum(answer.reply.seconds for answer in self.answers),
            "model": self.answers[-1].reference,
            "calls": len(self.answers),
        }


class Asker:
    """Asks the rows of a step, one at a time."""

    def __init__(self, args: Args, writer: Writer, calibration: Calibration | None) -> None:
        self._args, self.writer, self._calibration = args, writer, calibration
        self._read = reader(args)
        self._many = args.output.answer == "many"
        self._names = args.kind.text_labels() or tuple(str(label).lower() for label in args.labels)
        self._codes = {label: code for code, label in enumerate(args.labels)}

    async def row(self, client: Client, row: Mapping[str, Any], call: Call, stop: Stop) -> Told:
        """The answer to a row; a row that cannot be answered says why.

        Raises:
            ProviderError: the key is refused: no row will be answered.
            OutOfMoney, DeadlineExceeded, Cancelled: the call is over.
        """
        samples = self._args.samples
        try:
            seeds = [call.seed * MOST_REPEATS + sample for sample in range(samples)]
            asks = [self.writer.ask(row, seed if samples > 1 else None) for seed in seeds]
        except ValueError as error:
            return self.failed(str(error))
        source = self.writer.source(row)
        tries = [self._sample(client, ask, seed, source, call, stop) for ask, seed in zip(asks, seeds, strict=True)]
        found = await asyncio.gather(*tries, return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException):
                raise one
        return self._together([one for one in found if isinstance(one, Told)])

    async def pieces(self, client: Client, row: Mapping[str, Any], call: Call, told: Told) -> AsyncGenerator[str]:
        """Free text in pieces as the model writes it; `told` holds the rest at the end. An empty reply is no answer,
        and not asked for again.

        Raises:
            ProviderError: the model broke off after the first piece, or refuses the key.
            OutOfMoney, DeadlineExceeded, Cancelled: the call is over.
        """
        said = ""
        try:
            ask = self.writer.ask(row)
        except ValueError as error:
            told.error = str(error)
            return
        source = client.stream(
            ask,
            purse=call.purse,
            deadline=call.deadline,
            cancelled=call.cancelled,
            salt=call.seed * MOST_REPEATS,
            told=told.answers.append,
        )
        try:
            async with aclosing(source):
                async for piece in source:
                    said += piece.text
                    if piece.text:
                        yield piece.text
            told.value = self._read(said, None)
        except ProviderError as error:
            if said or error.kind == "key":
                raise
            told.error = error.message
        except ValueError as error:
            if said:
                raise ProviderError(
                    f"the model wrote what is no text: {error}", kind="malformed", billed=True
                ) from error
            told.error = str(error)
        if told.answers and told.answers[-1].reply.finish == "filter":
            if said:
                raise ProviderError("the model's provider filtered the text", kind="filtered", billed=True)
            told.error = "filtered"

    def failed(self, reason: str, answers: Sequence[Answer] = ()) -> Told:
        """A row without an answer."""
        count = len(self._args.labels)
        return Told(None, chances.even(count, self._many) if count else None, reason, list(answers))

    def read(self, answer: Answer, source: str | None = None) -> Any:
        """The typed value of a reply.

        Raises:
            ValueError: it holds none, in words for the model.
        """
        return self._read(answer.reply.text, source)

    async def _sample(self, client: Client, ask: Ask, salt: int, source: str | None, call: Call, stop: Stop) -> Told:
        answers: list[Answer] = []
        reason = ""
        for _ in range(self._args.repair + 1):
            stop.check()
            try:
                answer = await client.ask(
                    ask, purse=call.purse, deadline=call.deadline, cancelled=call.cancelled, salt=salt
                )
            except ProviderError as error:
                if error.kind == "key":
                    raise
                return self.failed(error.message, answers)
            answers.append(answer)
            reply = answer.reply
            if reply.finish == "filter":
                return self.failed(f"the model refused: {reply.text}" if reply.text else "filtered", answers)
            try:
                return Told(self.read(answer, source), None, None, answers)
            except ValueError as error:
                reason = str(error)
            if reply.finish == "length":
                return self.failed(f"the reply was cut off at {ask.max_tokens} tokens", answers)
            ask = _repaired(ask, reply.text, reason)
        return self.failed(reason, answers)

    def _together(self, told: Sequence[Told]) -> Told:
        """One answer of all samples: what most of them say, of equals the first."""
        answers = [answer for one in told for answer in one.answers]
        good = [one for one in told if one.error is None]
        if not good:
            return self.failed(told[0].error or "", answers)
        if not self._args.labels or good[0].value is None:
            return Told(good[0].value, self.failed("").chance, None, answers)
        samples = [self._said(one.value) for one in good]
        codes = _most(samples, self._many)
        chance = self._chance(samples, codes, good)
        labels = self._args.labels
        if self._many:
            return Told([labels[code] for code in codes], chance, None, answers)
        best = int(chance.argmax())
        return Told(labels[best if chance[best] > chance[codes[0]] else codes[0]], chance, None, answers)

    def _said(self, value: Any) -> list[int]:
        return [self._codes[label] for label in (value if self._many else [value])]

    def _chance(self, samples: Sequence[list[int]], codes: list[int], good: Sequence[Told]) -> Array:
        count, how = len(self._args.labels), self._args.probability
        chance: Array | None = None
        if how == "repeats":
            chance = chances.of_repeats(samples, count, self._many)
        elif how == "logprobs":
            tokens = good[0].answers[-1].reply.tokens
            chance = chances.token_chances(tokens, self._names, codes[0], self._args.how == "json")
        if chance is None:
            chance = chances.of_said(codes, count, self._many)
        said = codes[0] if codes else 0
        return chance if self._calibration is None else self._calibration.correct(chance, said, self._many)


def _most(samples: Sequence[Sequence[int]], many: bool) -> list[int]:
    counts = Counter(code for codes in samples for code in codes)
    if many:
        return [code for code, count in counts.items() if 2 * count > len(samples)]
    return [counts.most_common(1)[0][0]]


def _repaired(ask: Ask, said: str, reason: str) -> Ask:
    form = "the answer alone" if ask.schema is None else "the corrected JSON object and nothing else"
    turns = (
        Message(role="assistant", text=said or "(nothing)"),
        Message(role="user", text=f"That reply cannot be used: {reason}. Reply again, with {form}."),
    )
    return msgspec.structs.replace(ask, messages=(*ask.messages, *turns))
